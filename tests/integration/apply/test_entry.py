"""Coming to the form and leaving it: consent, the cookie, codes, one's own data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from bot.apply.session import COOKIE
from bot.store.tables import aid_applications, offices
from bot.store.unit import Store
from tests.conftest import ROOT, FixedClock
from tests.integration.aid.conftest import ANSWERS
from tests.integration.apply.conftest import HTML, Browser
from tests.integration.web.small_app import SmallApp, build

CONSENT = ROOT / "connectors" / "web" / "static" / "frame" / "locales" / "zh-Hans.json"


def code_on(browser: Browser) -> str:
    browser.post("/apply/code")
    words = browser.words
    start = words.index("里输入：") + 4
    return words[start:].strip()[:9].strip()


def test_nothing_is_kept_before_the_consent(citizen: Browser) -> None:
    citizen.get("/apply")
    assert citizen.page.status_code == 200
    assert COOKIE not in citizen.client.cookies
    words = citizen.words
    for said in ("免费", "由人决定", "工作人员", "180 天后自动删除"):
        assert said in words
    # The same notice as in the chat, of the same version.
    chat = json.loads(CONSENT.read_text("utf-8"))
    assert chat["consent_purpose_words"] in words
    assert citizen.value("consent") == "2026-11"


def test_the_consent_opens_a_conversation_with_a_cookie_no_script_can_read(
    citizen: Browser, small: SmallApp
) -> None:
    answer = citizen.client.post(
        "/apply/begin", data={"consent": "2026-11"}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/apply/fill")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/apply"):
        assert part in cookie
    assert "Max-Age" not in cookie
    citizen.get("/apply/fill")
    assert citizen.path == "/apply/q/for_whom"
    conversation = small.conversations.by_token(citizen.token)
    assert conversation is not None
    assert conversation.channel == "web"
    assert citizen.token not in citizen.page.text


def test_an_application_begun_at_a_counter_is_lodged_there(
    citizen: Browser, small: SmallApp
) -> None:
    with small.conversations.store.write() as connection:
        connection.execute(
            insert(offices).values(
                id=4, name="盘龙法律援助中心", hours='{"weekly": {}}', active=True, areas=""
            )
        )
    assert "您正在" not in citizen.get("/apply?at=9").words
    assert citizen.get("/apply?at=x").page.status_code == 200
    assert "您正在 盘龙法律援助中心 申请" in citizen.get("/apply?at=4").words
    citizen.post("/apply/begin", consent="2026-11", at=citizen.value("at"))
    citizen.fill()
    citizen.post("/apply/submit", option="aid.pledge.agree")
    with small.conversations.store.read() as connection:
        assert connection.execute(select(aid_applications.c.lodged_at)).scalar_one() == 4


def test_every_page_is_fresh_and_in_no_search_engine(citizen: Browser) -> None:
    citizen.begin().fill()
    for path in ("/apply", "/apply/q/name", "/apply/check", "/apply/pledge", "/apply/later"):
        headers = citizen.get(path).page.headers
        assert headers["cache-control"] == "no-store", path
        assert "noindex" in headers["x-robots-tag"]
        assert "unsafe" not in headers["content-security-policy"]


def test_sessions_are_limited_for_an_address(sqlite_store: Store, clock: FixedClock) -> None:
    from fastapi.testclient import TestClient

    small = build(sqlite_store, clock, sessions_per_address="2/minute")
    client = TestClient(small.app, headers=HTML)
    # One counter with the chat's sessions.
    assert client.post("/api/web/sessions", json={}).status_code == 201
    assert client.post("/apply/begin", data={"consent": "2026-11"}).status_code == 200
    client.cookies.clear()
    refused = client.post("/apply/begin", data={"consent": "2026-11"})
    assert refused.status_code == 429
    assert "操作太频繁" in refused.text
    assert "text/html" in refused.headers["content-type"]


def test_a_draft_begun_in_the_chat_goes_on_here_and_back(
    visiting: Callable[[], Browser], small: SmallApp
) -> None:
    browser = visiting()
    chat = browser.client.post("/api/web/sessions", json={}).json()
    held = {"Authorization": f"Bearer {chat['token']}"}
    talking = browser.applicant(chat["token"])
    talking.fill(until="phone")
    code = browser.client.post("/api/web/continuations", headers=held).json()["code"]
    browser.get("/apply")
    browser.post("/apply/resume", code=f"{code[:4]} {code[4:]}", device=browser.value("device"))
    assert browser.path == "/apply/q/phone"
    assert browser.mine.conversation_id == chat["session"]
    gone = browser.client.get("/api/web/messages", headers={**held, "Accept": "*/*"})
    assert gone.json()["error"]["code"] == "continued_elsewhere"
    browser.answer("phone", ANSWERS["phone"])

    code = code_on(browser)
    again = {"code": code, "id": "0123456789abcdef0123"}
    back = browser.client.post("/api/web/continuations/redeem", json=again).json()
    assert back["session"] == chat["session"]
    draft = talking.service.open_draft(chat["session"])
    assert draft is not None
    assert draft.values["phone"] == ANSWERS["phone"]
    assert talking.service.asked(draft).key == "place"
    # This browser has been left, and says so.
    browser.get("/apply/fill")
    assert browser.path == "/apply"
    assert "换到另一台设备" in browser.words
    assert not browser.token


def test_a_code_works_once_and_its_form_may_be_sent_twice(
    visiting: Callable[[], Browser],
) -> None:
    first, second, third = visiting(), visiting(), visiting()
    first.begin().fill(until="phone")
    code = code_on(first)
    second.get("/apply")
    device = second.value("device")
    second.post("/apply/resume", code=code, device=device)
    assert second.path == "/apply/q/phone"
    token = second.token
    second.post("/apply/resume", code=code, device=device)
    assert (second.path, second.token) == ("/apply/q/phone", token)
    third.get("/apply")
    third.post("/apply/resume", code=code, device=third.value("device"))
    assert third.page.status_code == 422
    assert "接续码不对" in third.words
    assert code.replace(" ", "") in third.page.text.replace(" ", "")
    assert not third.token


def test_a_code_is_over_after_ten_minutes(
    visiting: Callable[[], Browser], clock: FixedClock
) -> None:
    first, second = visiting(), visiting()
    first.begin()
    code = code_on(first)
    assert "10 分钟内（到 09:10 为止）" in first.words
    clock.advance(minutes=11)
    second.get("/apply")
    second.post("/apply/resume", code=code, device=second.value("device"))
    assert second.page.status_code == 422


def test_the_chat_of_the_same_site_enters_with_its_token_in_the_body(
    citizen: Browser,
) -> None:
    chat = citizen.client.post("/api/web/sessions", json={}).json()
    citizen.applicant(chat["token"]).fill(until="name")
    citizen.post("/apply/enter", token=chat["token"])
    assert citizen.path == "/apply/q/name"
    assert chat["token"] not in str(citizen.page.url)
    citizen.client.cookies.clear()
    citizen.post("/apply/enter", token="guessed")
    assert citizen.path == "/apply"
    assert not citizen.token


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_forms_of_other_sites_are_refused(citizen: Browser, headers: dict[str, str]) -> None:
    citizen.begin()
    token = citizen.token
    for path in ("begin", "enter", "resume", "q/for_whom", "typed", "submit", "code", "keep",
                 "leave", "erase", "status", "papers/FY20261123-0001-6/1"):  # fmt: skip
        answer = citizen.client.post(
            f"/apply/{path}", data={"text": "x", "token": token}, headers={**HTML, **headers}
        )
        assert answer.status_code == 403, path
        assert "不是从本站的页面发出" in answer.text
    assert citizen.draft.values == {}
    assert citizen.token == token


def test_another_cookie_sees_nothing_of_it(visiting: Callable[[], Browser]) -> None:
    first, second = visiting(), visiting()
    first.begin().fill()
    first.submit()
    number = first.made[0].number
    second.begin()
    for path in ("/apply/check", "/apply/done", "/apply/status", "/apply/data", "/apply/q/name"):
        second.get(path)
        assert number not in second.page.text, path
        assert "张小明" not in second.page.text
    assert second.get(f"/apply/letter/{number}").page.status_code == 404
    assert second.upload(f"/apply/papers/{number}/1", b"x").status_code == 404
    second.client.cookies.clear()
    second.client.cookies.set(COOKIE, "forged", path="/apply")
    assert second.get("/apply/check").path == "/apply"


def test_an_erased_conversation_begins_anew_and_loses_no_words(citizen: Browser) -> None:
    citizen.begin().fill(until="facts")
    token = citizen.token
    citizen.client.delete("/api/web/session", headers={"Authorization": f"Bearer {token}"})
    written = "老板欠了我三个月的工资"
    citizen.post("/apply/q/facts", text=written)
    assert citizen.page.status_code == 401
    assert written in citizen.words
    citizen.get("/apply/q/facts")
    assert citizen.path == "/apply"
    assert "没有填写中的申请" in citizen.words
    assert not citizen.token
    citizen.begin()
    assert citizen.path == "/apply/q/for_whom"


def test_a_script_is_told_in_the_error_shape(citizen: Browser) -> None:
    answer = citizen.client.post(
        "/apply/typed", data={"key": "name", "text": "张"}, headers={"Accept": "*/*"}
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_signed_in"


def test_a_phone_of_ones_own_is_remembered_and_a_public_one_left(citizen: Browser) -> None:
    citizen.begin().fill(until="name")
    answer = citizen.client.post("/apply/keep", follow_redirects=False)
    assert f"Max-Age={30 * 24 * 3600}" in answer.headers["set-cookie"]
    assert "30 天以内" in citizen.get("/apply/later?kept=1").words
    assert "2 项" in citizen.words
    citizen.post("/apply/leave")
    assert not citizen.token
    assert "已经退出" in citizen.words


def test_what_is_kept_can_be_taken_away_and_erased(citizen: Browser) -> None:
    citizen.begin().fill(until="place")
    held = citizen.get("/apply/export").page
    assert held.headers["content-disposition"].startswith("attachment")
    assert ANSWERS["phone"] in json.dumps(held.json(), ensure_ascii=False)
    assert "x-aigc" in held.headers
    citizen.get("/apply/data").post("/apply/erase")
    assert "已经删除" in citizen.words
    assert not citizen.token


def test_large_print_is_carried_on_without_a_script(citizen: Browser) -> None:
    citizen.begin()
    assert 'class="large"' not in citizen.page.text
    back = {"Referer": "http://testserver/apply/q/for_whom"}
    citizen.page = citizen.client.get("/apply/large", headers={**HTML, **back})
    assert citizen.path == "/apply/q/for_whom"
    assert 'class="large"' in citizen.page.text
    foreign = {"Referer": "https://evil.example//evil.example/apply"}
    citizen.page = citizen.client.get("/apply/large", headers={**HTML, **foreign})
    assert citizen.path == "/apply"
    assert 'class="large"' not in citizen.page.text


def test_a_phone_loads_little(citizen: Browser) -> None:
    citizen.begin().fill()
    own = ROOT / "bot" / "web" / "static"
    files: list[Path] = [own / name for name in ("demo.css", "apply.css", "demo.js", "apply.js")]
    files += [own / "emblem.svg", ROOT / "connectors" / "web" / "static" / "widget.js"]
    shared = sum(path.stat().st_size for path in files)
    for path in ("/apply", "/apply/q/matter", "/apply/check"):
        page = citizen.get(path).page
        assert shared + len(page.content) < 100_000, path


@pytest.mark.parametrize(
    "form", ["begin", "enter", "resume", "code", "keep", "leave", "erase", "submit"]
)
def test_the_address_of_a_form_alone_leads_to_the_application(citizen: Browser, form: str) -> None:
    citizen.begin()
    citizen.get(f"/apply/{form}")
    assert citizen.page.status_code == 200
    assert citizen.path == "/apply"
