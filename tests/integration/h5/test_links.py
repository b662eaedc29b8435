"""Links from the official account: opened once, by whom they were sent to, and told to nobody."""

from __future__ import annotations

import logging
import re
import threading

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import delete, select

from bot.apply.session import COOKIE as APPLY_COOKIE
from bot.h5.links import ANSWER_VALID, Links
from bot.h5.repository import LinkRepository
from bot.h5.session import COOKIE
from bot.store.tables import conversations
from bot.store.unit import Store
from bot.store.wechat_tables import passes, wechat_bindings, wechat_links
from tests.conftest import FixedClock
from tests.integration.h5.conftest import (
    OPENID,
    OTHER_OPENID,
    SITE,
    House,
    Phones,
    location,
    open_house,
    path_of,
)


def uses(house: House) -> list[object]:
    with house.store.read() as connection:
        return list(connection.execute(select(wechat_links.c.used_at)).scalars())


def test_a_link_opens_its_page_at_the_press_of_a_button(house: House, phones: Phones) -> None:
    follower = house.follow()
    asked = house.ask(house.talk_of(follower), "老板拖欠工资")
    link = house.link(follower, f"answer:{asked}")
    assert link.startswith(f"{SITE}/m/")
    phone = phones(house).open(link)
    assert phone.path == f"/m/answer/{asked}"
    assert "工资转账、考勤、工作群记录、工友证言。" in phone.words


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("me", "/m/me"), ("talk", "/m/talk#newest"), ("progress", "/m/progress"),
        ("rate", "/m/rate"), ("upload", "/m/upload"), ("services", "/m/services"),
        ("notify", "/m/notify"),
        ("bind", "/m/bind"), ("apply", "/apply"),
    ],
)  # fmt: skip
def test_every_target_has_its_page(
    light_house: House, phones: Phones, target: str, path: str
) -> None:
    phone = phones(light_house).get(light_house.link(light_house.follow(), target))
    answer = phone.client.post(
        phone.path, data={"device": phone.value("device")}, follow_redirects=False
    )
    assert (answer.status_code, answer.headers["location"]) == (303, path)


@pytest.mark.parametrize("target", [" ", "answer:", "answer:0", "answer:x", "https://evil.example"])
def test_no_link_is_made_to_anywhere_else(light_house: House, target: str) -> None:
    with pytest.raises(ValueError, match=re.escape(target)):
        light_house.link(light_house.follow(), target)
    assert uses(light_house) == []


def test_no_link_is_made_where_our_address_is_unknown(
    sqlite_store: Store, clock: FixedClock
) -> None:
    house = open_house(sqlite_store, clock, public_url="")
    assert house.link(house.follow()) == ""
    assert uses(house) == []


def test_previews_never_use_a_link_up(house: House, phones: Phones) -> None:
    link = house.link(house.follow())
    for _ in range(3):
        preview = phones(house).get(link)
        assert preview.page.status_code == 200
        assert COOKIE not in preview.client.cookies
        assert preview.client.head(path_of(link)).status_code == 405
    assert uses(house) == [None]
    assert phones(house).open(link).path == "/m/me"


def test_the_page_of_a_link_tells_nothing_of_what_is_behind_it(
    light_house: House, phones: Phones
) -> None:
    follower = light_house.follow()
    asked = light_house.ask(light_house.talk_of(follower), "老板拖欠工资")
    phone = phones(light_house).get(light_house.link(follower, f"answer:{asked}"))
    for secret in ("工资", "答复", str(follower.conversation_id), OPENID, f"answer:{asked}"):
        assert secret not in phone.page.text


def test_a_second_browser_cannot_open_the_link(house: House, phones: Phones) -> None:
    follower = house.follow()
    house.ask(house.talk_of(follower), "老板拖欠工资")
    link = house.link(follower, "talk")
    second = phones(house).get(link)
    phones(house).open(link)
    assert second.tap().page.status_code == 410
    assert "已经打开过" in second.words
    assert "看全文" in second.words
    assert "工资" not in second.words
    assert COOKIE not in second.client.cookies
    assert phones(house).get(link).page.status_code == 410


def test_tapping_twice_opens_it_all_the_same(house: House, phones: Phones) -> None:
    phone = phones(house).get(house.link(house.follow()))
    path, device = phone.path, phone.value("device")
    phone.post(path, device=device)
    # As if the answer to the first tap had been lost with its cookies.
    phone.client.cookies.clear()
    assert phone.post(path, device=device).path == "/m/me"


def test_two_browsers_pressing_at_once_are_one_winner(house: House, phones: Phones) -> None:
    link = house.link(house.follow())
    both = [phones(house).get(link) for _ in range(2)]
    start = threading.Barrier(2)

    def press(number: int) -> None:
        start.wait(10)
        both[number].tap()

    threads = [threading.Thread(target=press, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(phone.page.status_code for phone in both) == [200, 410]
    with house.store.read() as connection:
        assert len(connection.execute(select(passes)).all()) == 1


def test_a_link_is_good_for_half_an_hour(house: House, phones: Phones) -> None:
    link = house.link(house.follow())
    late, too_late = phones(house).get(link), phones(house).get(link)
    house.clock.advance(minutes=29, seconds=59)
    assert phones(house).get(link).page.status_code == 200
    house.clock.advance(seconds=1)
    assert too_late.tap().page.status_code == 410
    assert late.get(link).page.status_code == 410
    assert uses(house) == [None]


def test_an_answer_can_be_opened_for_a_week(house: House, phones: Phones) -> None:
    follower = house.follow()
    target = f"answer:{house.ask(house.talk_of(follower), '欠薪')}"
    first, second = house.link(follower, target), house.link(follower, target)
    house.clock.advance(seconds=ANSWER_VALID.total_seconds() - 1)
    assert phones(house).open(first).page.status_code == 200
    house.clock.advance(seconds=1)
    assert phones(house).get(second).page.status_code == 410


@pytest.mark.parametrize(
    "token", ["x", "a" * 46, "A" * 46, "..%2f..%2fetc", "%00", "登录", "me2", "0" * 400]
)
def test_garbage_is_refused_without_a_look_into_the_database(
    light_house: House, phones: Phones, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: object) -> None:
        raise AssertionError("looked up")

    monkeypatch.setattr(LinkRepository, "find", unexpected)
    phone = phones(light_house).get(f"/m/{token}")
    assert phone.page.status_code == 404
    posted = phone.client.post(f"/m/{token}", data={"device": "0" * 32})
    assert posted.status_code == 404


def test_one_wrong_letter_is_not_looked_up(
    light_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = path_of(light_house.link(light_house.follow())).removeprefix("/m/")
    assert light_house.links.find(token) is not None
    looked: list[str] = []
    monkeypatch.setattr(LinkRepository, "find", lambda _self, name: looked.append(name))
    for place in range(len(token)):
        wrong = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        assert light_house.links.find(wrong) is None
    assert looked == []


def test_only_the_digest_of_a_link_and_of_a_pass_is_kept(house: House, phones: Phones) -> None:
    link = house.link(house.follow())
    phone = phones(house).open(link)
    token = path_of(link).removeprefix("/m/")
    with house.store.read() as connection:
        kept = repr(connection.execute(select(wechat_links)).all())
        kept += repr(connection.execute(select(passes)).all())
    assert token not in kept
    assert phone.key
    assert phone.key not in kept


def test_no_token_and_no_openid_is_logged(
    house: House, phones: Phones, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = house.follow()
    link, broken = house.link(follower), house.link(follower)
    with structlog.testing.capture_logs() as ours, caplog.at_level(logging.DEBUG):
        phone = phones(house).open(link)
        phones(house).get(link)
        monkeypatch.setattr(Links, "find", lambda *_: 1 / 0)
        failing = TestClient(house.small.app, raise_server_exceptions=False)
        assert failing.get(path_of(broken)).status_code == 500
    logged = [str(entry) for entry in ours]
    assert any("request_failed" in line for line in logged)
    # The test's own client names what it asks for; a server's access lines are switched off.
    logged += [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    for secret in (path_of(link)[3:], path_of(broken)[3:], phone.key, OPENID):
        assert secret
        assert not any(secret in line for line in logged)


# --- who has been here before ---------------------------------------------------------------------


def test_who_was_let_in_goes_straight_on_even_by_a_used_link(house: House, phones: Phones) -> None:
    follower = house.follow()
    used, late = house.link(follower, "rate"), house.link(follower, "talk")
    phone = phones(house).open(used)
    assert location(phone, used) == (303, "/m/rate")
    house.clock.advance(hours=1)
    assert location(phone, late) == (303, "/m/talk#newest")
    fresh = house.link(follower, "progress")
    assert location(phone, fresh) == (303, "/m/progress")
    # Used up by that: whom it is forwarded to afterwards would get into everything.
    assert phones(house).get(fresh).page.status_code == 410
    assert location(phone, fresh) == (303, "/m/progress")


def test_a_link_opened_by_its_owner_s_browser_lets_nobody_else_in(
    house: House, phones: Phones
) -> None:
    follower = house.follow()
    link = house.link(follower, "talk")
    stranger = phones(house).get(link)
    owner = phones(house).open(house.link(follower))
    assert owner.get(link).path == "/m/talk"
    assert stranger.tap().page.status_code == 410
    assert "已经打开过" in stranger.words
    assert COOKIE not in stranger.client.cookies
    assert owner.get(link).path == "/m/talk"


def test_the_button_of_a_browser_let_in_since_uses_the_link_up(
    house: House, phones: Phones
) -> None:
    follower = house.follow()
    link = house.link(follower, "progress")
    phone = phones(house).get(link)
    path, device = phone.path, phone.value("device")
    phone.open(house.link(follower))
    assert phone.post(path, device=device).path == "/m/progress"
    assert phones(house).get(link).page.status_code == 410


def test_another_follower_s_browser_does_not_use_a_link_up(house: House, phones: Phones) -> None:
    other = phones(house).open(house.link(house.follow(OTHER_OPENID)))
    link = house.link(house.follow())
    assert other.get(link).page.status_code == 200
    assert phones(house).open(link).path == "/m/me"


def test_somebody_else_s_pass_opens_no_used_link(house: House, phones: Phones) -> None:
    link = house.link(house.follow())
    phones(house).open(link)
    other = phones(house).open(house.link(house.follow(OTHER_OPENID)))
    assert other.get(link).page.status_code == 410


def test_a_link_of_another_conversation_brings_its_pass_along(house: House, phones: Phones) -> None:
    follower = house.follow()
    house.ask(house.talk_of(follower), "微信里问的")
    web = house.on_the_web(follower)
    house.ask(web, "网页上问的")
    phone = phones(house).open(house.link(follower, "talk"))
    assert "微信里问的" in phone.words
    former = phone.key
    phone.get(house.link(follower, "talk", web))
    assert "网页上问的" in phone.words
    assert house.small.conversations.by_token(former) is None


def test_an_erased_conversation_leaves_no_link(house: House, phones: Phones) -> None:
    follower = house.follow()
    link = house.link(follower)
    with house.store.write() as connection:
        connection.execute(delete(conversations))
    assert phones(house).get(link).page.status_code == 404


# --- passes -----------------------------------------------------------------------------------


def test_a_pass_is_kept_where_no_script_reads_it_and_for_these_pages_alone(
    house: House, phones: Phones
) -> None:
    phone = phones(house).get(house.link(house.follow()))
    answer = phone.client.post(
        phone.path, data={"device": phone.value("device")}, follow_redirects=False
    )
    cookies = answer.headers.get_list("set-cookie")
    for name, path in ((COOKIE, "/m"), (APPLY_COOKIE, "/apply")):
        cookie = next(line for line in cookies if line.startswith(f"{name}="))
        for part in ("HttpOnly", "SameSite=lax", f"Path={path}", "Max-Age=2592000"):
            assert part in cookie
    assert phone.key not in answer.headers["location"]
    assert phone.key not in phone.get("/m/me").page.text


def test_the_application_opens_signed_in(house: House, phones: Phones) -> None:
    follower = house.follow()
    phone = phones(house).open(house.link(follower, "apply"))
    assert phone.path == "/apply"
    assert "同意，开始填写" not in phone.words
    phone.post("/apply/begin")
    assert phone.path.startswith("/apply/q/")
    assert house.applicant(house.talk_of(follower)).service.draft(house.talk_of(follower))


@pytest.mark.parametrize(("kept_for", "days"), [(180, 30), (7, 7)])
def test_a_pass_ends_after_thirty_days_or_with_the_conversation(
    sqlite_store: Store, clock: FixedClock, phones: Phones, kept_for: int, days: int
) -> None:
    house = open_house(sqlite_store, clock, retention_days=kept_for)
    phone = phones(house).open(house.link(house.follow()))
    clock.advance(days=days, seconds=-1)
    assert house.small.conversations.by_token(phone.key) is not None
    assert phone.get("/m/me").page.status_code == 200
    key = phone.key
    clock.advance(seconds=1)
    assert house.small.conversations.by_token(key) is None
    assert phone.get("/m/me").page.status_code == 401
    assert "公众号" in phone.words


def test_a_pass_ends_with_the_binding(house: House, phones: Phones) -> None:
    phone = phones(house).open(house.link(house.follow()))
    with house.store.write() as connection:
        connection.execute(delete(wechat_bindings))
    assert house.small.conversations.by_token(phone.key) is None
    assert phone.get("/m/me").page.status_code == 401


def test_a_code_redeemed_elsewhere_leaves_the_pass_behind(house: House, phones: Phones) -> None:
    phone = phones(house).open(house.link(house.follow(), "apply"))
    code = re.search(r"\d{4} \d{4}", phone.client.post("/apply/code").text)
    assert code is not None
    other = phones(house)
    other.get("/apply")
    other.post("/apply/resume", code=code[0], device="d" * 32)
    assert other.page.status_code == 200
    assert phone.get("/m/me").page.status_code == 401
    assert phone.get("/apply/later").path == "/apply"
    assert "换到另一台设备" in phone.words


def test_what_is_past_its_time_is_swept_away(house: House, phones: Phones) -> None:
    follower = house.follow()
    link = house.link(follower)
    phones(house).open(link)
    assert house.links.forget_expired() == 0
    house.clock.advance(days=30)
    assert house.links.forget_expired() == 1
    house.clock.advance(hours=1)
    assert house.links.forget_expired() == 1
    with house.store.read() as connection:
        assert connection.execute(select(wechat_links)).all() == []


def test_no_page_takes_the_token_of_a_conversation_for_a_pass(house: House, phones: Phones) -> None:
    _, token = house.small.conversations.create("web", "2026-11")
    phone = phones(house)
    phone.client.cookies.set(COOKIE, token)
    assert phone.get("/m/me").page.status_code == 401


def test_a_form_of_another_site_opens_nothing(house: House, phones: Phones) -> None:
    phone = phones(house).get(house.link(house.follow()))
    answer = phone.client.post(
        phone.path,
        data={"device": phone.value("device")},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert uses(house) == [None]
