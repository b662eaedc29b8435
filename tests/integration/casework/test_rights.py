"""Who may read and do what with whose application: every route, every role, every office."""

from __future__ import annotations

import re

import pytest

from bot.casework.steps import LAWYERS, Step
from bot.domain.aid import AidState
from bot.uploads.repository import UploadRepository
from tests.conftest import FixedClock
from tests.integration.casework.conftest import PERSONAL, Pages

FILE = "a" * 32
OFFICERS = ("zhao", "sun", "admin")
"""Of the office, of every office, and the administrator."""
STRANGERS = ("qian", "zhou", "wu", "boss")
"""An officer of another office, a lawyer without the case, a mediator, a supervisor."""
READS = ("", f"/files/{FILE}", "/letters/application")
FORM = {
    "own": "合同", "due": "2026-12-10", "reason": "理由", "reasons": "理由", "words": "话",
    "note": "话", "said": "昆明市盘龙区", "item": "44(1)", "head": "48(7)", "result": "upheld",
    "filed": "2026-11-23", "form": "22(6)", "hearings": "1", "days": "1", "warned": "1",
}  # fmt: skip


@pytest.fixture
def case(pages: Pages, clock: FixedClock) -> str:
    """An assigned and accepted case of the office in 官渡, with a file of its papers."""
    number = pages.bureau.assigned(taken=True)
    upload(pages, clock, FILE, "欠条.png", b"own")
    tie(pages, number, FILE)
    return number


def upload(pages: Pages, clock: FixedClock, file_id: str, name: str, body: bytes) -> None:
    """Put a file into the conversation of the latest application."""
    UploadRepository(pages.bureau.store, clock).add(
        pages.bureau.applicants[-1].conversation_id, file_id, name, "image/png", body
    )


def tie(pages: Pages, number: str, file_id: str) -> None:
    """Say, as an officer, in which file a paper came."""
    item = pages.bureau.items(number)[0]
    form = {f"state-{item.id}": "received", f"file-{item.id}": file_id}
    assert pages.step("zhao", number, "settle", form).status_code == 303


def test_strangers_are_sent_to_the_sign_in_page(pages: Pages, case: str) -> None:
    stranger, before = pages.of(""), pages.bureau.actions(case)
    answers = [stranger.get(f"/desk/aid/{case}{path}") for path in READS]
    answers += [stranger.get("/desk/aid"), stranger.post("/desk/aid/search", data={"q": "张小明"})]
    answers += [stranger.post(f"/desk/aid/{case}/{step}", data=FORM) for step in Step]
    answers.append(stranger.post(f"/desk/aid/{case}/reveal"))
    for answer in answers:
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
        assert "张" not in answer.text
    assert pages.bureau.actions(case) == before


@pytest.mark.parametrize("login", OFFICERS)
def test_officers_of_the_office_read_everything(pages: Pages, case: str, login: str) -> None:
    client = pages.of(login)
    for path in READS:
        assert client.get(f"/desk/aid/{case}{path}").status_code == 200
    assert client.post(f"/desk/aid/{case}/reveal").status_code == 200
    assert case in client.get("/desk/aid").text


@pytest.mark.parametrize("login", STRANGERS)
def test_others_do_not_learn_that_it_is_there(pages: Pages, case: str, login: str) -> None:
    client, before = pages.of(login), pages.bureau.actions(case)
    assert case not in client.get("/desk/aid?state=all").text
    for path in READS[:2]:
        assert client.get(f"/desk/aid/{case}{path}").status_code == 404
    assert client.get(f"/desk/aid/{case}/letters/application").status_code in (403, 404)
    assert client.post(f"/desk/aid/{case}/reveal").status_code == 404
    for step in Step:
        answer = client.post(f"/desk/aid/{case}/{step}", data=FORM)
        is_officers = login != "qian" and step not in LAWYERS
        assert answer.status_code == (403 if is_officers else 404), step
        for hidden in PERSONAL:
            assert hidden not in answer.text
    assert pages.bureau.actions(case) == before
    assert pages.bureau.state(case) is AidState.ASSIGNED


def test_the_lawyer_reads_the_own_case_and_decides_nothing(pages: Pages, case: str) -> None:
    client = pages.of("li")
    page = client.get(f"/desk/aid/{case}").text
    for hidden in ("条件对照", "决定给予</h2>", "/letters/", "/settle", "/terminate", "/close"):
        assert hidden not in page
    assert client.get(f"/desk/aid/{case}/files/{FILE}").content == b"own"
    assert client.get(f"/desk/aid/{case}/letters/application").status_code == 403
    assert PERSONAL[0] in client.post(f"/desk/aid/{case}/reveal").text
    before = pages.bureau.actions(case)
    assert before[-2:] == ["file", "reveal"]
    for step in set(Step) - LAWYERS:
        assert client.post(f"/desk/aid/{case}/{step}", data=FORM).status_code == 403, step
    assert pages.bureau.actions(case) == before


def test_before_accepting_a_lawyer_reads_what_shows_a_conflict_and_no_more(
    pages: Pages, clock: FixedClock
) -> None:
    bureau = pages.bureau
    number = bureau.assigned(
        address="官渡区关上街道 1 号",
        facts="去年三月起在李某某的城东工地干活，工头王铁柱欠我工资。",
    )
    upload(pages, clock, FILE, "欠条.png", b"own")
    tie(pages, number, FILE)
    bureau.casework.closing.note(number, bureau.person("zhao"), "工头王铁柱来过电话")
    client = pages.of("li")
    page = client.get(f"/desk/aid/{number}").text
    for shown in ("城东建筑公司", "讨要工资", "云南省昆明市官渡区", "农民工", "要回工资两万元"):
        assert shown in page
    for hidden in ("110105", "138", "欠条", "关上街道", "王铁柱", "本人申请"):
        assert hidden not in page
    assert client.post(f"/desk/aid/{number}/reveal").status_code == 403
    assert client.get(f"/desk/aid/{number}/files/{FILE}").status_code == 403
    bureau.casework.assigning.take(number, bureau.person("li"))
    page = client.get(f"/desk/aid/{number}").text
    for shown in ("关上街道", "王铁柱", "本人申请", "欠条"):
        assert shown in page


def test_a_lawyer_reads_the_files_of_the_papers_and_an_officer_all(
    pages: Pages, clock: FixedClock, case: str
) -> None:
    other = "c" * 32
    yesterday = FixedClock()
    yesterday.advance(days=-1)
    upload(pages, yesterday, other, "另一件事.png", b"other")
    upload(pages, clock, "d" * 32, "后来交的.png", b"later")
    assert "后来交的" in pages.read("li", case)
    assert "申请以前的文件要这样对上" in pages.read("zhao", case)
    assert "另一件事" in pages.read("zhao", case)
    assert "另一件事" not in pages.read("li", case)
    before = pages.bureau.actions(case)
    assert pages.of("li").get(f"/desk/aid/{case}/files/{other}").status_code == 404
    assert pages.bureau.actions(case) == before
    assert pages.of("zhao").get(f"/desk/aid/{case}/files/{other}").content == b"other"


def test_a_lawyers_list_is_the_own_cases(pages: Pages, case: str) -> None:
    other = pages.bureau.assigned("zhou")
    page = pages.of("li").get("/desk/aid").text
    assert case in page
    assert other not in page
    assert "本机构" not in page
    assert "没有指派给您的案件" in pages.of("wu").get("/desk/aid").text


def test_what_no_office_has_every_officer_sees_and_can_take(pages: Pages) -> None:
    bureau = pages.bureau
    number = bureau.hand_in(place="北京市东城区")
    assert bureau.get(number).office_id is None
    for login in ("zhao", "qian", "sun", "admin"):
        assert number in pages.of(login).get("/desk/aid").text
    form = {"office": str(bureau.offices["官渡"]), "reason": "由本中心受理"}
    answer = pages.step("zhao", number, "forward", form)
    assert answer.headers["location"] == f"/desk/aid/{number}?done=forward"
    assert number not in pages.of("qian").get("/desk/aid").text


def test_a_form_on_another_site_changes_nothing(pages: Pages, case: str) -> None:
    before = pages.bureau.actions(case)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        for path in (*(str(step) for step in Step), "reveal"):
            answer = pages.of("zhao").post(f"/desk/aid/{case}/{path}", data=FORM, headers=headers)
            assert answer.status_code == 403
        search = pages.of("zhao").post("/desk/aid/search", data={"q": case}, headers=headers)
        assert search.status_code == 403
    assert pages.bureau.actions(case) == before


def test_a_page_offers_the_steps_of_the_state_and_no_others(pages: Pages) -> None:
    bureau = pages.bureau
    refused = bureau.hand_in()
    bureau.casework.deciding.refuse(refused, bureau.person("zhao"), "不在范围")
    for number, offered in (
        (refused, {"objected", "objection", "note"}),
        (bureau.hand_in(), {"accept", "ask", "approve", "refuse", "urgent", "forward", "place",
                            "settle", "note"}),
        (bureau.granted(), {"assign", "terminate", "forward", "place", "settle", "note"}),
        (bureau.assigned(), {"replace", "progress", "close", "terminate", "settle", "note"}),
    ):  # fmt: skip
        found = re.findall(rf'action="/desk/aid/{number}/(\w+)"', pages.read("zhao", number))
        assert set(found) - {"reveal"} == offered


def test_an_unknown_number_or_step_is_not_found(pages: Pages, case: str) -> None:
    assert pages.of("zhao").get("/desk/aid/FY20261123-0009-1").status_code == 404
    assert pages.of("zhao").post(f"/desk/aid/{case}/state", data=FORM).status_code == 422
