"""The copilot over HTTP: what a lawyer's script gets, and the pages a supervisor reviews on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient
from httpx2 import Response

import bot.web
from bot.copilot.endpoints import create_copilot_router
from bot.domain.people import Role, Staff
from bot.store.unit import Store
from bot.web.http import install_error_handlers
from bot.web.staff import COOKIE, SCRIPT_HEADER, SCRIPT_VALUE, StaffGuard
from knowledge_base.loader import ROOT, load
from knowledge_base.models import KnowledgeBase
from tests.conftest import FixedClock
from tests.unit.copilot.conftest import Room, furnish_copilot

TEMPLATES = Path(bot.web.__file__).parent / "templates"
QUESTION = "老板拖欠工资怎么办"


class Sessions:
    """Accounts whose session token is the login name."""

    def __init__(self, people: dict[str, Staff]) -> None:
        self._people = people

    def session(self, token: str) -> Staff | None:
        return self._people.get(token)


class Site:
    def __init__(self, room: Room) -> None:
        self.room = room
        people = {one.login: one for one in (room.office.wang, room.office.li, room.chief)}
        people["sun"] = Staff(90, "sun", "孙干事", "", Role.OFFICER)
        self.app = FastAPI()
        install_error_handlers(self.app)
        guard, templates = StaffGuard(Sessions(people)), Jinja2Templates(TEMPLATES)
        self.app.include_router(create_copilot_router(room.copilot, guard, templates))

    def browser(self, login: str = "", *, script: bool = True) -> TestClient:
        client = TestClient(
            self.app, cookies={COOKIE: login} if login else {}, follow_redirects=False
        )
        if script:
            client.headers[SCRIPT_HEADER] = SCRIPT_VALUE
        return client

    def proposed(self, question: str = QUESTION, chosen: list[str] | None = None) -> int:
        conversation_id = self.room.talk("老板欠我工资怎么办，我有聊天记录")
        keys = ["劳动合同法/30"] if chosen is None else chosen
        answer = self.browser("wang").post(
            f"/api/desk/conversations/{conversation_id}/corrections",
            json={"question": question, "offered": ["劳动法/50"], "chosen": keys},
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def decide(self, correction_id: int, decision: str, **fields: str) -> Response:
        return self.browser("zhou", script=False).post(
            f"/desk/corrections/{correction_id}", data={"decision": decision, **fields}
        )


@pytest.fixture(scope="module")
def kb() -> KnowledgeBase:
    return load(ROOT)


@pytest.fixture
def site(sqlite_store: Store, clock: FixedClock, tmp_path: Path, kb: KnowledgeBase) -> Site:
    return Site(furnish_copilot(sqlite_store, clock, kb, tmp_path / "data"))


def test_the_suggestion_is_json_with_every_part(site: Site) -> None:
    site.room.search.finds("article", {"劳动合同法/30": 0.8}, 0.6)
    conversation_id = site.room.talk("2026年10月8日我被公司辞退，还欠我工资，怎么办？有聊天记录")
    answer = site.browser("wang").get(f"/api/desk/conversations/{conversation_id}/copilot")
    assert answer.status_code == 200
    body = answer.json()
    assert body["statutes"][0]["key"] == "劳动合同法/30"
    assert "《劳动合同法》第三十条" in body["draft"]
    assert body["facts_on"]["first"] == "2026-10-08"
    assert body["evidence"] == [{"kind": "聊天记录", "held": True, "said": "聊天记录"}]
    assert body["deadlines"][0]["ends_on"] == "2027-10-08"
    assert {"missing", "cases", "transitions", "notes", "topic", "confidence"} <= body.keys()


def test_a_broken_index_is_no_server_error(site: Site) -> None:
    site.room.search.broken = OSError("no index")
    conversation_id = site.room.talk(QUESTION)
    answer = site.browser("wang").get(f"/api/desk/conversations/{conversation_id}/copilot")
    assert answer.status_code == 200
    assert answer.json()["statutes"] == []
    assert "检索暂时不可用" in answer.json()["notes"][0]


@pytest.mark.parametrize(("login", "status"), [("", 401), ("sun", 403), ("li", 403)])
def test_others_get_neither_suggestion_nor_correction(site: Site, login: str, status: int) -> None:
    conversation_id = site.room.talk(QUESTION)
    url = f"/api/desk/conversations/{conversation_id}"
    browser = site.browser(login)
    body = {"question": QUESTION, "offered": [], "chosen": []}
    assert browser.get(f"{url}/copilot").status_code == status
    assert browser.post(f"{url}/corrections", json=body).status_code == status
    assert site.room.repository.pending(10) == []


def test_a_correction_needs_the_scripts_header(site: Site) -> None:
    conversation_id = site.room.talk(QUESTION)
    answer = site.browser("wang", script=False).post(
        f"/api/desk/conversations/{conversation_id}/corrections",
        json={"question": QUESTION, "offered": [], "chosen": []},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"question": QUESTION, "offered": ["不是编号"], "chosen": []},
        {"question": QUESTION, "offered": [], "chosen": ["劳动合同法/30\t恶意"]},
        {"question": QUESTION, "offered": [], "chosen": ["甲法/1,乙法/2"]},
        {"question": "长" * 2001, "offered": [], "chosen": []},
        {"question": QUESTION, "offered": [], "chosen": ["合同法/206"]},
    ],
)
def test_a_body_that_cannot_be_taken_is_refused(site: Site, body: dict[str, object]) -> None:
    conversation_id = site.room.talk(QUESTION)
    answer = site.browser("wang").post(
        f"/api/desk/conversations/{conversation_id}/corrections", json=body
    )
    assert answer.status_code == 422
    assert site.room.repository.pending(10) == []


def test_strangers_and_lawyers_do_not_see_the_review_list(site: Site) -> None:
    correction_id = site.proposed()
    assert site.browser().get("/desk/corrections").status_code == 303
    for login in ("wang", "sun"):
        browser = site.browser(login)
        answer = browser.get("/desk/corrections")
        assert answer.status_code == 403
        assert QUESTION not in answer.text
        done = browser.post(
            f"/desk/corrections/{correction_id}",
            data={"decision": "accept", "question": QUESTION, "articles": "劳动合同法/30"},
        )
        assert done.status_code == 403
    assert not site.room.files.questions.exists()


def test_the_page_shows_question_offered_and_chosen_with_their_gists(site: Site) -> None:
    site.proposed()
    page = site.browser("zhou").get("/desk/corrections").text
    kb = site.room.copilot.kb
    for shown in (
        QUESTION,
        "王敏",
        "劳动法第五十条",
        "劳动合同法第三十条",
        kb.articles["劳动法/50"].gist,
        kb.articles["劳动合同法/30"].gist,
        "待审核（1）",
    ):
        assert shown in page


def test_every_field_has_a_label_and_nothing_is_inline(site: Site) -> None:
    site.decide(site.proposed(), "decline")
    site.proposed()
    page = site.browser("zhou").get("/desk/corrections").text
    ids = re.findall(r'<textarea id="([^"]+)"', page)
    assert len(ids) == 4
    assert len(set(ids)) == 4
    for one in ids:
        assert f'<label for="{one}"' in page
    assert "<script" not in page
    assert "style=" not in page


def test_accepting_on_the_page_writes_the_files_and_says_so(site: Site) -> None:
    correction_id = site.proposed()
    answer = site.decide(
        correction_id, "accept", question="老板欠工资怎么要", articles="劳动合同法第三十条"
    )
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/desk/corrections?done=accepted",
    )
    assert "劳动合同法/30\t老板欠工资怎么要" in site.room.files.questions.read_text("utf-8")
    page = site.browser("zhou").get("/desk/corrections?done=accepted").text
    assert "已收录。" in page
    assert "撤销收录" in page
    assert "周主任" in page


def test_an_error_stands_above_its_form_with_what_was_typed(site: Site) -> None:
    correction_id = site.proposed()
    answer = site.decide(
        correction_id, "accept", question="我电话13812345678怎么办", articles="大概是劳动法"
    )
    assert answer.status_code == 422
    assert "看不出是哪一条" in answer.text
    assert "大概是劳动法" in answer.text
    assert answer.text.index("看不出是哪一条") < answer.text.index("<textarea")
    assert not site.room.files.questions.exists()


def test_a_stale_page_is_told_that_a_colleague_was_faster(site: Site) -> None:
    correction_id = site.proposed()
    site.decide(correction_id, "decline")
    answer = site.decide(correction_id, "decline")
    assert answer.status_code == 409
    assert "已经被同事处理过" in answer.text


def test_undo_and_decline_lead_back_with_their_sentence(site: Site) -> None:
    correction_id = site.proposed()
    site.decide(correction_id, "accept", question=QUESTION, articles="劳动合同法/30")
    undone = site.decide(correction_id, "undo")
    assert undone.headers["location"] == "/desk/corrections?done=undone"
    assert QUESTION not in site.room.files.questions.read_text("utf-8")
    assert QUESTION not in site.room.files.regressions.read_text("utf-8")


def test_saving_keeps_the_correction_pending(site: Site) -> None:
    correction_id = site.proposed()
    saved = site.decide(correction_id, "save", question="老板欠工资怎么要", articles="")
    assert saved.headers["location"] == "/desk/corrections?done=saved"
    assert site.room.repository.pending(10)[0].question == "老板欠工资怎么要"


def test_words_that_may_be_personal_are_pointed_at(site: Site) -> None:
    site.proposed("我叫李小花，住在幸福小区，老板欠薪怎么办")
    page = site.browser("zhou").get("/desk/corrections").text
    assert "可能有个人的事：我叫、住在幸福小区" in page


def test_what_a_visitor_wrote_is_never_markup(site: Site) -> None:
    site.proposed("<script>alert(1)</script>欠薪怎么办")
    page = site.browser("zhou").get("/desk/corrections").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_form_from_another_site_is_refused(site: Site) -> None:
    correction_id = site.proposed()
    answer = site.browser("zhou", script=False).post(
        f"/desk/corrections/{correction_id}",
        data={"decision": "decline"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert len(site.room.repository.pending(10)) == 1


def test_an_unknown_correction_or_decision_is_no_server_error(site: Site) -> None:
    assert site.decide(999, "decline").status_code == 404
    assert site.decide(site.proposed(), "explode").status_code == 422
