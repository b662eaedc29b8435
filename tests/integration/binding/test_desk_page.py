"""The page on which a supervisor parts a visitor's matter from a WeChat that is not his."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.accounts.trail.repository import NOTE
from bot.binding.pages import create_parting_router
from bot.domain.follower import Follower
from bot.domain.people import Role, Staff
from bot.store.tables import audit
from bot.store.wechat_tables import passes, wechat_links, wechat_sends
from bot.web.http import install_error_handlers
from bot.web.staff import COOKIE, StaffGuard
from tests.integration.binding.conftest import PHONE, Room

PAGE = "/desk/binding"
TEMPLATES = Path(__file__).resolve().parents[3] / "bot" / "web" / "templates"
WHY = "来电人报出姓名、证件号码和申请经过，都对得上"

Browser = Callable[[str], TestClient]


class Sessions:
    """Whoever names a role holds it."""

    def session(self, token: str) -> Staff | None:
        return Staff(1, token, "周静", "", Role(token)) if token in set(Role) else None


@pytest.fixture
def browser(room: Room) -> Browser:
    app = FastAPI()
    install_error_handlers(app)
    templates = Jinja2Templates(TEMPLATES)
    app.include_router(create_parting_router(room.service, StaffGuard(Sessions()), templates))

    def opened(role: str) -> TestClient:
        return TestClient(app, cookies={COOKIE: role} if role else {}, follow_redirects=False)

    return opened


@pytest.fixture
def taken(room: Room, follower: Follower) -> tuple[str, str]:
    """A matter that a stranger has bound; give its number and its conversation."""
    web = room.bound(follower)
    room.browser(follower, web)
    return room.matter(web, PHONE), web


def seen(zhou: TestClient, number: str) -> str:
    """Return what the form of the page says of what was shown."""
    page = zhou.get(PAGE, params={"number": number}).text
    found = re.search(r'name="shown" value="([^"]*)"', page)
    return found[1] if found else ""


def reasons(room: Room) -> list[tuple[str, str, str]]:
    query = select(audit).where(audit.c.action == "wechat_unbound")
    with room.store.read() as connection:
        rows = connection.execute(query).all()
    cipher = room.store.cipher
    return [(r.actor, r.subject, cipher.decrypt(NOTE, r.note_enc)) for r in rows if r.note_enc]


def test_nothing_is_left_to_the_stranger(
    room: Room, browser: Browser, follower: Follower, taken: tuple[str, str]
) -> None:
    number, web = taken
    zhou = browser("supervisor")
    shown = zhou.get(PAGE, params={"number": number}).text
    assert "绑定了 1 个微信" in shown
    assert "能看全部内容" in shown
    parted = zhou.post(PAGE, data={"number": number, "reason": WHY, "shown": seen(zhou, number)})
    assert parted.status_code == 303
    assert "已解除" in zhou.get(parted.headers["location"]).text
    assert room.hears(follower) == {follower.conversation_id}
    for table in (passes, wechat_links, wechat_sends):
        assert room.count(table) == 0
    assert reasons(room) == [("supervisor", web, WHY)]
    assert "工作人员" in room.told(web)[-1]
    assert web in [talk for talk, _ in room.announced]


def test_an_application_is_found_by_its_number(
    room: Room, browser: Browser, follower: Follower
) -> None:
    applicant, number = room.applicant()
    code = room.code(applicant.conversation_id)
    assert room.service.by_code(follower.id, code).is_good
    zhou = browser("admin")
    assert "绑定了 1 个微信" in zhou.get(PAGE, params={"number": f" {number.lower()} "}).text
    zhou.post(PAGE, data={"number": number, "reason": WHY, "shown": seen(zhou, number)})
    assert room.hears(follower) == {follower.conversation_id}


def test_how_much_is_seen_is_said(room: Room, browser: Browser, follower: Follower) -> None:
    applicant, number = room.applicant()
    with room.store.write() as connection:
        held = room.service._repository.hold(connection, follower.id, [applicant.conversation_id])
        room.service._join(connection, held, (applicant.conversation_id,), proven=False)
    assert "只收办理进度" in browser("supervisor").get(PAGE, params={"number": number}).text


def test_a_number_is_looked_up_and_the_old_news_not_repeated(
    room: Room, browser: Browser, follower: Follower, taken: tuple[str, str]
) -> None:
    number, web = taken
    zhou = browser("supervisor")
    looked = zhou.post(f"{PAGE}/find", data={"number": number})
    assert looked.headers["location"] == f"{PAGE}?number={number}"
    parted = zhou.post(
        PAGE, data={"number": number, "reason": WHY, "shown": seen(zhou, number)}
    ).headers["location"]
    assert room.service.by_code(follower.id, room.code(web)).is_good
    again = zhou.get(parted).text
    assert "已解除" not in again
    assert "绑定了 1 个微信" in again


def test_who_bound_it_after_the_page_was_opened_is_not_parted_unseen(
    room: Room, browser: Browser, follower: Follower, taken: tuple[str, str]
) -> None:
    number, web = taken
    zhou = browser("supervisor")
    shown = seen(zhou, number)
    room.service.unbind(follower.id)
    room.clock.advance(minutes=1)
    assert room.service.by_code(follower.id, room.code(web)).is_good
    answer = zhou.post(PAGE, data={"number": number, "reason": WHY, "shown": shown})
    assert answer.status_code == 422
    assert "又有微信绑定了这件事" in answer.text
    assert f'value="{WHY}"' in answer.text
    assert web in room.hears(follower)
    again = {"number": number, "reason": WHY, "shown": seen(zhou, number)}
    assert zhou.post(PAGE, data=again).status_code == 303
    assert web not in room.hears(follower)


def test_a_reason_is_needed_and_the_page_keeps_the_number(
    room: Room, browser: Browser, follower: Follower, taken: tuple[str, str]
) -> None:
    number, web = taken
    answer = browser("supervisor").post(PAGE, data={"number": number, "reason": "  "})
    assert answer.status_code == 422
    assert "怎样核对" in answer.text
    assert f'value="{number}"' in answer.text
    assert web in room.hears(follower)


@pytest.mark.parametrize("role", ["lawyer", "mediator", "officer", ""])
def test_others_may_not(
    room: Room, browser: Browser, follower: Follower, taken: tuple[str, str], role: str
) -> None:
    number, web = taken
    person = browser(role)
    expected = 403 if role else 303
    assert person.get(PAGE, params={"number": number}).status_code == expected
    assert person.post(PAGE, data={"number": number, "reason": WHY}).status_code == expected
    assert web in room.hears(follower)


def test_a_form_from_another_site_is_refused(
    room: Room, browser: Browser, follower: Follower, taken: tuple[str, str]
) -> None:
    number, web = taken
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = browser("supervisor").post(
        PAGE, data={"number": number, "reason": WHY}, headers=foreign
    )
    assert answer.status_code == 403
    assert web in room.hears(follower)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("工资", "没看懂"),
        ("FY20260105-0012-4", "抄错了一位"),
        ("12345678", "抄错了一位"),
        ("FY20260105-0012", "没有这个编号"),
        ("9" * 80, "没看懂"),
    ],
)
def test_a_number_that_is_none_is_said_to_be_so(browser: Browser, typed: str, said: str) -> None:
    zhou = browser("supervisor")
    for answer in (
        zhou.post(f"{PAGE}/find", data={"number": typed}),
        zhou.get(PAGE, params={"number": typed}),
        zhou.post(PAGE, data={"number": typed, "reason": WHY}),
    ):
        assert answer.status_code == 422
        assert said in answer.text


def test_what_nobody_has_bound_cannot_be_parted(
    room: Room, browser: Browser, follower: Follower
) -> None:
    """Neither a visitor's own, nor what a follower began himself."""
    zhou = browser("supervisor")
    for conversation_id in (room.visitor(), follower.conversation_id):
        number = room.matter(conversation_id, PHONE)
        assert "没有和微信绑定" in zhou.get(PAGE, params={"number": number}).text
        again = zhou.post(PAGE, data={"number": number, "reason": WHY})
        assert "已解除" not in zhou.get(again.headers["location"]).text
    assert room.hears(follower) == {follower.conversation_id}
    assert reasons(room) == []
