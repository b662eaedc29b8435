"""The staff pages over HTTP: who may see what, who may decide, and what is masked."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient

import bot.web
from bot.aid.endpoints import create_aid_router
from bot.domain.aid import AidState
from bot.domain.people import Role, Staff
from bot.store.unit import Store
from bot.uploads.repository import UploadRepository
from bot.web.http import install_error_handlers
from bot.web.staff import COOKIE, StaffGuard
from tests.conftest import FixedClock
from tests.integration.aid.conftest import Applicant, make_applicant

TEMPLATES = Path(bot.web.__file__).parent / "templates"
PERSONAL = ("张小明", "11010519491231002X", "13800138000")


class Sessions:
    """Accounts whose session token is the role itself."""

    def session(self, token: str) -> Staff | None:
        return Staff(7, token, "王主任", "", Role(token)) if token in list(Role) else None


class Pages:
    def __init__(self, applicant: Applicant) -> None:
        self.applicant = applicant
        self.announced: list[tuple[str, int]] = []
        self.app = FastAPI()
        install_error_handlers(self.app)
        self.app.include_router(
            create_aid_router(
                applicant.service,
                StaffGuard(Sessions()),
                Jinja2Templates(TEMPLATES),
                self._announce,
            )
        )

    async def _announce(self, conversation_id: str, message_id: int) -> None:
        self.announced.append((conversation_id, message_id))

    def as_role(self, role: str) -> TestClient:
        cookies = {COOKIE: role} if role else {}
        return TestClient(self.app, cookies=cookies, follow_redirects=False)


@pytest.fixture
def pages(sqlite_store: Store, clock: FixedClock) -> Pages:
    return Pages(make_applicant(sqlite_store, clock))


def test_strangers_are_sent_to_the_sign_in_page(pages: Pages) -> None:
    number = pages.applicant.apply().number
    stranger = pages.as_role("")
    for answer in (
        stranger.get("/desk/aid"),
        stranger.get(f"/desk/aid/{number}"),
        stranger.post(f"/desk/aid/{number}/reveal"),
        stranger.post(f"/desk/aid/{number}/state", data={"to": "accepted"}),
    ):
        assert answer.status_code == 303
        assert "张" not in answer.text
    assert pages.applicant.service.get(number).state is AidState.SUBMITTED


def test_the_list_shows_number_matter_days_and_a_masked_name(pages: Pages) -> None:
    number = pages.applicant.apply().number
    page = pages.as_role("lawyer").get("/desk/aid").text
    for shown in (number, "讨要工资", "已提交", "7 天", "张**"):
        assert shown in page
    for hidden in PERSONAL:
        assert hidden not in page


def test_the_list_can_be_narrowed_to_a_state(pages: Pages) -> None:
    number = pages.applicant.apply().number
    officer = pages.as_role("officer")
    assert number in officer.get("/desk/aid", params={"state": "submitted"}).text
    assert number not in officer.get("/desk/aid", params={"state": "closed"}).text
    assert officer.get("/desk/aid", params={"state": "nonsense"}).status_code == 422


def test_a_late_application_says_so(pages: Pages, clock: FixedClock) -> None:
    pages.applicant.apply()
    clock.advance(days=9)
    assert "超期 2 天" in pages.as_role("officer").get("/desk/aid").text


def test_an_application_is_masked_until_it_is_revealed_and_that_is_recorded(pages: Pages) -> None:
    number = pages.applicant.apply().number
    officer = pages.as_role("officer")
    masked = officer.get(f"/desk/aid/{number}").text
    assert "138****8000" in masked
    assert "110105********002X" in masked
    for hidden in PERSONAL:
        assert hidden not in masked
    revealed = officer.post(f"/desk/aid/{number}/reveal").text
    for shown in PERSONAL:
        assert shown in revealed
    last = pages.applicant.service.trail(number)[-1]
    assert (last.actor, last.action) == ("7:王主任", "reveal")


def test_officers_see_what_the_rules_make_of_an_application(pages: Pages) -> None:
    number = pages.applicant.apply().number
    page = pages.as_role("officer").get(f"/desk/aid/{number}").text
    assert "可能符合条件，免予核查经济困难状况" in page
    assert "法律援助法第三十一条第五项；法律援助法第四十二条第三项" in page
    assert "条件对照" not in pages.as_role("lawyer").get(f"/desk/aid/{number}").text


def test_a_matter_in_the_applicants_own_words_is_to_be_asked_about(pages: Pages) -> None:
    number = pages.applicant.apply(matter="邻居占了我的地").number
    page = pages.as_role("officer").get(f"/desk/aid/{number}").text
    assert "还不能判断" in page
    assert "是什么事" in page


def test_a_number_inside_the_story_is_masked_too(pages: Pages) -> None:
    pages.applicant.fill(until="facts")
    pages.applicant.say("老板的电话是 13900139000，一直不接，欠我两万元工资。")
    pages.applicant.say("农民工")
    pages.applicant.say("同意")
    number = pages.applicant.service.submit(pages.applicant.conversation_id).number
    assert "13900139000" not in pages.as_role("officer").get(f"/desk/aid/{number}").text


def test_a_change_of_state_is_carried_out_told_and_announced(pages: Pages) -> None:
    number = pages.applicant.apply().number
    answer = pages.as_role("officer").post(f"/desk/aid/{number}/state", data={"to": "accepted"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/desk/aid/{number}"
    assert pages.applicant.service.get(number).state is AidState.ACCEPTED
    assert "已受理" in pages.applicant.told()[-1]
    assert pages.announced[0][0] == pages.applicant.conversation_id


def test_a_refusal_without_reasons_shows_what_is_missing(pages: Pages) -> None:
    number = pages.applicant.apply().number
    answer = pages.as_role("admin").post(f"/desk/aid/{number}/state", data={"to": "refused"})
    assert answer.status_code == 422
    assert "写明理由" in answer.text
    assert pages.applicant.service.get(number).state is AidState.SUBMITTED


def test_an_impossible_change_is_a_conflict(pages: Pages) -> None:
    number = pages.applicant.apply().number
    answer = pages.as_role("officer").post(f"/desk/aid/{number}/state", data={"to": "closed"})
    assert answer.status_code == 409
    assert pages.applicant.told() == []


def test_lawyers_neither_decide_nor_see_full_numbers(pages: Pages) -> None:
    number = pages.applicant.apply().number
    lawyer = pages.as_role("lawyer")
    assert lawyer.post(f"/desk/aid/{number}/reveal").status_code == 403
    changed = lawyer.post(f"/desk/aid/{number}/state", data={"to": "accepted"})
    assert changed.status_code == 403
    assert "110105" not in lawyer.get(f"/desk/aid/{number}").text
    assert '<button type="submit">确定</button>' not in lawyer.get(f"/desk/aid/{number}").text


def test_a_form_on_another_site_changes_nothing(pages: Pages) -> None:
    number = pages.applicant.apply().number
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = pages.as_role("officer").post(
            f"/desk/aid/{number}/state", data={"to": "accepted"}, headers=headers
        )
        assert answer.status_code == 403
    assert pages.applicant.service.get(number).state is AidState.SUBMITTED


def test_markup_in_an_application_is_shown_as_text(pages: Pages) -> None:
    pages.applicant.fill(until="facts")
    pages.applicant.say("<script>alert(1)</script> 老板欠我两万元工资")
    pages.applicant.say("农民工")
    pages.applicant.say("同意")
    number = pages.applicant.service.submit(pages.applicant.conversation_id).number
    page = pages.as_role("officer").get(f"/desk/aid/{number}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_after_an_error_the_choice_and_the_note_are_kept(pages: Pages) -> None:
    number = pages.applicant.apply().number
    officer = pages.as_role("officer")
    form = {"to": "need_supplement", "note": "  "}
    answer = officer.post(f"/desk/aid/{number}/state", data=form)
    assert answer.status_code == 422
    assert 'value="need_supplement" required checked' in answer.text
    assert answer.text.count(" checked") == 1
    conflict = officer.post(f"/desk/aid/{number}/state", data={"to": "closed", "note": "补<合同"})
    assert conflict.status_code == 409
    assert ">补&lt;合同</textarea>" in conflict.text


def test_uploads_of_the_conversation_are_listed_and_downloads_recorded(
    pages: Pages, sqlite_store: Store, clock: FixedClock
) -> None:
    applicant = pages.applicant
    number = applicant.apply().number
    officer = pages.as_role("officer")
    assert "还没有" in officer.get(f"/desk/aid/{number}").text
    uploads = UploadRepository(sqlite_store, clock)
    stored = uploads.add(
        applicant.conversation_id, "a" * 32, "合同13900139000.pdf", "application/pdf", b"%PDF-1.7"
    )
    page = officer.get(f"/desk/aid/{number}").text
    address = f"/desk/aid/{number}/files/{stored.id}"
    assert address in page
    assert "合同" in page
    assert "13900139000" not in page
    answer = officer.get(address)
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["content-disposition"].startswith("attachment")
    last = applicant.service.trail(number)[-1]
    assert (last.actor, last.action) == ("7:王主任", "file")
    trail = officer.get(f"/desk/aid/{number}").text
    assert "下载上传的文件" in trail
    assert "13900139000" not in trail


def test_files_are_for_officers_and_only_of_their_own_application(
    pages: Pages, sqlite_store: Store, clock: FixedClock
) -> None:
    number = pages.applicant.apply().number
    other = make_applicant(sqlite_store, clock)
    uploads = UploadRepository(sqlite_store, clock)
    uploads.add(pages.applicant.conversation_id, "a" * 32, "欠条.png", "image/png", b"own")
    uploads.add(other.conversation_id, "b" * 32, "别人.png", "image/png", b"other")
    lawyer, officer = pages.as_role("lawyer"), pages.as_role("officer")
    assert "欠条" not in lawyer.get(f"/desk/aid/{number}").text
    assert lawyer.get(f"/desk/aid/{number}/files/{'a' * 32}").status_code == 403
    assert pages.as_role("").get(f"/desk/aid/{number}/files/{'a' * 32}").status_code == 303
    assert officer.get(f"/desk/aid/{number}/files/{'b' * 32}").status_code == 404
    assert officer.get(f"/desk/aid/{number}/files/nonsense").status_code == 422


def test_an_unknown_number_is_not_found(pages: Pages) -> None:
    assert pages.as_role("officer").get("/desk/aid/FY20261123-0009-1").status_code == 404
