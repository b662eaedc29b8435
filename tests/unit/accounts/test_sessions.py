"""The devices on which somebody is signed in: what is shown, and what ends."""

from __future__ import annotations

import pytest

from bot.accounts.wording import load_wording
from tests.unit.accounts.conftest import PASSWORD, Bureau

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 14; PJA110) AppleWebKit/537.36 (KHTML, like Gecko) "
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36", "Windows 上的 Chrome 浏览器"),
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Windows 上的 Edge 浏览器"),
        (MAC + "Version/18.0 Safari/605.1.15", "Mac 上的 Safari 浏览器"),
        (IPHONE + "Version/18.0 Mobile/15E148 Safari/604.1", "iPhone 上的 Safari 浏览器"),
        (IPHONE + "Mobile/15E148 MicroMessenger/8.0.50", "iPhone 上的 微信"),
        (ANDROID + "Chrome/120.0 Mobile Safari/537.36 MicroMessenger/8.0", "安卓 上的 微信"),
        (ANDROID + "Chrome/120.0 HuaweiBrowser/15.0 Mobile", "安卓 上的 华为浏览器"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
         "Linux 上的 火狐浏览器"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 ArkWeb/4.1",
         "鸿蒙 上的 华为浏览器"),
        ("something else", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_device_is_named_in_plain_words(agent: str, words: str) -> None:
    assert load_wording().device(agent) == words


def test_a_device_fits_its_column_whatever_is_sent() -> None:
    assert len(load_wording().device("Windows Chrome" * 10_000)) <= 60


def test_my_sessions_are_listed_newest_first_and_this_one_is_marked(bureau: Bureau) -> None:
    _, first = bureau.accounts.authenticate("wang", PASSWORD, "Windows 上的 Chrome 浏览器")
    bureau.clock.advance(minutes=5)
    _, second = bureau.accounts.authenticate("wang", PASSWORD, "iPhone 上的 微信")
    bureau.accounts.authenticate("chen", PASSWORD, "Mac 上的 Safari 浏览器")
    listed = bureau.accounts.sessions(bureau.wang, first)
    assert [(one.device, one.is_this) for one in listed] == [
        ("iPhone 上的 微信", False),
        ("Windows 上的 Chrome 浏览器", True),
    ]
    assert listed[0].opened_at == bureau.clock.now()
    assert all(one.key not in (first, second) for one in listed)


def test_the_key_on_the_page_opens_nothing(bureau: Bureau) -> None:
    _, token = bureau.accounts.authenticate("wang", PASSWORD)
    (listed,) = bureau.accounts.sessions(bureau.wang, token)
    assert bureau.accounts.session(listed.key) is None


def test_ending_one_session_leaves_the_others(bureau: Bureau) -> None:
    _, lost = bureau.accounts.authenticate("wang", PASSWORD, "lost")
    _, mine = bureau.accounts.authenticate("wang", PASSWORD, "mine")
    key = next(one.key for one in bureau.accounts.sessions(bureau.wang, mine) if not one.is_this)
    bureau.accounts.revoke_one(bureau.wang, key)
    bureau.accounts.revoke_one(bureau.wang, key)
    assert bureau.accounts.session(lost) is None
    assert bureau.accounts.session(mine) is not None
    assert [one.device for one in bureau.accounts.sessions(bureau.wang, mine)] == ["mine"]
    assert bureau.actions().count(("wang", "session_ended", "wang")) == 1


def test_nobody_ends_anothers_session(bureau: Bureau) -> None:
    _, token = bureau.accounts.authenticate("chen", PASSWORD)
    (listed,) = bureau.accounts.sessions(bureau.admin, token)
    for key in (listed.key, "", "%"):
        bureau.accounts.revoke_one(bureau.wang, key)
    assert bureau.accounts.session(token) == bureau.admin


def test_ending_the_others_keeps_this_one(bureau: Bureau) -> None:
    tokens = [bureau.accounts.authenticate("wang", PASSWORD)[1] for _ in range(3)]
    _, chens = bureau.accounts.authenticate("chen", PASSWORD)
    assert bureau.accounts.revoke_others(bureau.wang, tokens[1]) == 2
    open_now = [bureau.accounts.session(token) is not None for token in (*tokens, chens)]
    assert open_now == [False, True, False, True]


def test_sessions_that_are_over_are_not_listed(bureau: Bureau) -> None:
    bureau.accounts.authenticate("wang", PASSWORD)
    bureau.clock.advance(hours=12)
    assert bureau.accounts.sessions(bureau.wang, "") == []
