"""Signing in and out, and what protects the session."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.integration.desk.conftest import PASSWORD, Building
from tests.office import BUREAU

READING = ["/api/desk/queue", f"/api/desk/conversations/{'0' * 32}", "/api/desk/files/abc"]
CHANGING = ["claim", "messages", "typing", "return", "close", "reveal"]


def code_of(answer) -> str:
    return answer.json()["error"]["code"]


def test_the_desk_shows_a_login_form_to_strangers(building: Building) -> None:
    page = building.browser().get("/desk")
    assert page.status_code == 200
    assert 'action="/desk/login"' in page.text
    assert "data-canned" not in page.text


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(building: Building) -> None:
    answer = building.browser().post("/desk/login", data={"login": "zhao", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert re.match(r"lawbridge_staff=[\w-]{40,};", cookie)
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Max-Age=43200" in cookie
    assert "Secure" not in cookie


def test_the_cookie_is_secure_where_the_service_is(build: Callable[..., Building]) -> None:
    browser = build(cookie_secure=True).browser(base_url="https://testserver")
    answer = browser.post("/desk/login", data={"login": "zhao", "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]


def test_a_signed_in_lawyer_sees_the_desk_without_inline_code(building: Building) -> None:
    page = building.browser("zhao").get("/desk")
    assert "赵律" in page.text
    assert "data-canned" in page.text
    assert f'data-office="{BUREAU}"' in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page.text)
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_an_officer_goes_to_the_applications(building: Building) -> None:
    answer = building.browser("sun").get("/desk")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/aid")


def test_the_way_to_the_sign_in_page_carries_no_error(building: Building) -> None:
    answer = building.browser().get("/desk/password")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login")
    assert answer.content == b""


def test_an_officer_receives_no_visitors(building: Building) -> None:
    browser = building.browser("sun")
    assert browser.get("/api/desk/queue").status_code == 403
    conversation_id = building.office.queued()
    claimed = browser.post(f"/api/desk/conversations/{conversation_id}/claim")
    assert claimed.status_code == 403


def test_a_wrong_password_ten_times_locks(building: Building) -> None:
    browser = building.browser()
    wrong = {"login": "zhao", "password": "wrong"}
    statuses = [browser.post("/desk/login", data=wrong).status_code for _ in range(10)]
    assert statuses == [401] * 5 + [429] * 5
    right = browser.post("/desk/login", data={"login": "zhao", "password": PASSWORD})
    assert right.status_code == 429
    assert "15 分钟" in right.text


def test_one_address_cannot_try_forever(build: Callable[..., Building]) -> None:
    browser = build(login_limit="3/minute").browser()
    statuses = [
        browser.post("/desk/login", data={"login": f"name{n}", "password": "wrong"}).status_code
        for n in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]


def test_what_was_typed_comes_back_as_text(building: Building) -> None:
    typed = '"><script>alert(1)</script>'
    page = building.browser().post("/desk/login", data={"login": typed, "password": "x"})
    assert page.status_code == 401
    assert "<script>alert" not in page.text


def test_a_form_of_another_site_cannot_sign_in_or_out(building: Building) -> None:
    foreign = {"Origin": "https://evil.example"}
    form = {"login": "zhao", "password": PASSWORD}
    refused = building.browser().post("/desk/login", data=form, headers=foreign)
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    browser = building.browser("zhao")
    assert browser.post("/desk/logout", headers=foreign).status_code == 403
    assert browser.get("/api/desk/queue").status_code == 200


@pytest.mark.parametrize("path", READING)
def test_strangers_read_nothing(building: Building, path: str) -> None:
    answer = building.browser().get(path)
    assert (answer.status_code, code_of(answer)) == (401, "not_signed_in")


@pytest.mark.parametrize("action", CHANGING)
def test_strangers_change_nothing(building: Building, action: str) -> None:
    conversation_id = building.office.queued()
    answer = building.browser().post(
        f"/api/desk/conversations/{conversation_id}/{action}",
        json={"id": "a", "text": "您好"},
        headers={"X-Lawbridge": "desk"},
    )
    assert (answer.status_code, code_of(answer)) == (401, "not_signed_in")


@pytest.mark.parametrize("action", CHANGING)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Lawbridge": ""},
        {"X-Lawbridge": "desk", "Origin": "https://evil.example"},
        {"X-Lawbridge": "desk", "Origin": "null"},
        {"X-Lawbridge": "desk", "Sec-Fetch-Site": "cross-site"},
        {"X-Lawbridge": "desk", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_asked_for_by_another_site_is_refused(
    building: Building, action: str, headers: dict[str, str]
) -> None:
    conversation_id = building.office.queued()
    before = building.office.conversations.get(conversation_id)
    answer = building.browser("zhao").post(
        f"/api/desk/conversations/{conversation_id}/{action}",
        json={"id": "a", "text": "您好"},
        headers=headers,
    )
    assert (answer.status_code, code_of(answer)) == (403, "forbidden")
    assert building.office.conversations.get(conversation_id) == before


def test_our_own_pages_may_change_things(building: Building) -> None:
    conversation_id = building.office.queued()
    answer = building.browser("zhao").post(
        f"/api/desk/conversations/{conversation_id}/claim",
        headers={"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.json() == {"id": conversation_id, "mode": "human"}


def test_signing_out_ends_the_session_itself_not_only_the_cookie(building: Building) -> None:
    browser = building.browser("zhao")
    token = browser.cookies["lawbridge_staff"]
    assert browser.post("/desk/logout").status_code == 303
    thief = building.browser()
    thief.cookies.set("lawbridge_staff", token)
    assert thief.get("/api/desk/queue").status_code == 401


def test_signing_out_everywhere_ends_the_other_browser_too(building: Building) -> None:
    one, two, other = (building.browser(login) for login in ("zhao", "zhao", "qian"))
    assert one.post("/desk/logout/everywhere").status_code == 303
    assert two.get("/api/desk/queue").status_code == 401
    assert other.get("/api/desk/queue").status_code == 200


def test_an_expired_session_is_no_session(building: Building) -> None:
    browser = building.browser("zhao")
    building.office.clock.advance(hours=12, seconds=1)
    assert browser.get("/api/desk/queue").status_code == 401


def test_a_new_sign_in_ends_the_session_that_was_in_this_browser(building: Building) -> None:
    browser = building.browser("zhao")
    old = browser.cookies["lawbridge_staff"]
    browser.post("/desk/login", data={"login": "qian", "password": PASSWORD})
    assert building.accounts.session(old) is None
