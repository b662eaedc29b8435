"""Signing in with a code, in a browser."""

from __future__ import annotations

import pytest

from bot.accounts.endpoints import TICKET_COOKIE
from bot.web.staff import COOKIE
from tests.integration.accounts.conftest import Building, make_app
from tests.unit.accounts.conftest import PASSWORD

FORM = {"login": "wang", "password": PASSWORD}


def test_the_password_leads_to_the_code_and_the_code_to_the_desk(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    browser = building.browser()
    answer = browser.post("/desk/login", data=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login/code")
    assert COOKIE not in browser.cookies
    page = browser.get("/desk/login/code")
    assert page.status_code == 200
    assert 'autocomplete="one-time-code"' in page.text
    answer = browser.post("/desk/login/code", data={"code": telephone.code()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert browser.get("/desk/account").status_code == 200
    assert TICKET_COOKIE not in browser.cookies


def test_the_ticket_is_a_short_cookie_of_the_code_page_alone(building: Building) -> None:
    building.bureau.enrol(building.bureau.wang)
    answer = building.browser().post("/desk/login", data=FORM)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{TICKET_COOKIE}=")
    for part in ("HttpOnly", "Max-Age=300", "Path=/desk/login/code", "SameSite=strict"):
        assert part in cookie
    assert "Secure" not in cookie
    secure = make_app(building.bureau, cookie_secure=True)
    building.app = secure
    assert "Secure" in building.browser().post("/desk/login", data=FORM).headers["set-cookie"]


def test_a_wrong_code_is_said_on_the_same_page(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    browser = building.browser()
    browser.post("/desk/login", data=FORM)
    page = browser.post("/desk/login/code", data={"code": telephone.wrong()})
    assert page.status_code == 401
    assert "验证码不对" in page.text
    assert COOKIE not in browser.cookies
    assert browser.post("/desk/login/code", data={"code": telephone.code()}).status_code == 303


def test_six_wrong_codes_lock_the_door(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    browser = building.browser()
    browser.post("/desk/login", data=FORM)
    wrong = {"code": telephone.wrong()}
    statuses = [browser.post("/desk/login/code", data=wrong).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert browser.post("/desk/login/code", data={"code": telephone.code()}).status_code == 429
    assert browser.post("/desk/login", data=FORM).status_code == 429


def test_without_a_ticket_there_is_no_second_step(building: Building) -> None:
    browser = building.browser()
    answer = browser.get("/desk/login/code")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
    page = browser.post("/desk/login/code", data={"code": "123456"})
    assert page.status_code == 401
    assert 'action="/desk/login"' in page.text
    assert "重新输入密码" in page.text


def test_after_five_minutes_the_password_is_asked_again(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    browser = building.browser()
    browser.post("/desk/login", data=FORM)
    building.bureau.clock.advance(minutes=5)
    page = browser.post("/desk/login/code", data={"code": telephone.code()})
    assert page.status_code == 401
    assert 'action="/desk/login"' in page.text


def test_another_site_cannot_give_the_code(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    browser = building.browser()
    browser.post("/desk/login", data=FORM)
    foreign = {"Origin": "https://evil.example"}
    answer = browser.post("/desk/login/code", data={"code": telephone.code()}, headers=foreign)
    assert answer.status_code == 403
    assert COOKIE not in browser.cookies


def test_codes_count_towards_the_limit_of_an_address(building: Building) -> None:
    building.bureau.enrol(building.bureau.wang)
    building.app = make_app(building.bureau, login_limit="3/minute")
    browser = building.browser()
    browser.post("/desk/login", data=FORM)
    statuses = [
        browser.post("/desk/login/code", data={"code": "abc"}).status_code for _ in range(3)
    ]
    assert statuses == [401, 401, 429]


def test_the_second_step_ends_the_session_that_was_in_this_browser(building: Building) -> None:
    telephone = building.bureau.enrol(building.bureau.wang)
    browser = building.browser("chen")
    old = browser.cookies[COOKIE]
    browser.post("/desk/login", data=FORM)
    assert building.bureau.accounts.session(old) is not None
    browser.post("/desk/login/code", data={"code": telephone.code()})
    assert building.bureau.accounts.session(old) is None
    assert building.bureau.accounts.session(browser.cookies[COOKIE]) == building.bureau.wang


@pytest.mark.parametrize("code", ["", "1" * 41, "<script>"])
def test_what_is_no_code_is_refused_without_echo(building: Building, code: str) -> None:
    building.bureau.enrol(building.bureau.wang)
    browser = building.browser()
    browser.post("/desk/login", data=FORM)
    page = browser.post("/desk/login/code", data={"code": code})
    assert page.status_code in (401, 422)
    assert "<script>" not in page.text
