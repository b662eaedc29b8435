"""What ``bot doctor`` says of the official accounts, against the platform and our own callback."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from bot.core import make_store
from bot.domain.people import Role, Staff
from bot.domain.roster import ALWAYS
from bot.findings import Finding
from bot.h5.verifying import FOLDER, create_verification_router
from bot.roster.repository import Office, RosterRepository
from bot.settings import Settings, WeChatSettings
from bot.wechat.own_menu import own_menu
from bot.wechat_doctor import examine_accounts
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.incoming import WeChatMessage
from connectors.wechat.ports import Gone
from connectors.wechat.router import create_wechat_router
from tests.conftest import FixedClock, free_port
from tests.platform import Platform, Registration, standing_in

MAIN = Registration(token="tokenofours")


class Silent:
    """A product that answers nothing."""

    async def take(self, account: WeChatAccount, message: WeChatMessage, gone: Gone) -> str:
        return ""


@pytest.fixture
def platform(clock: FixedClock) -> Iterator[Platform]:
    with standing_in(MAIN, clock=clock) as found:
        yield found
        assert found.books.broken == []


def settings(tmp_path: Path, platform: Platform | None, **more: object) -> Settings:
    """Return the settings of the registered account, some of them changed."""
    wechat: dict[str, object] = {
        "app_id": MAIN.app_id,
        "token": MAIN.token,
        "aes_key": MAIN.aes_key,
        "secret": MAIN.secret,
        "customer_service": True,
        "original_id": MAIN.original_id,
    }
    if platform is not None:
        wechat["api_url"] = platform.url
    others = {name: more.pop(name) for name in ("public_url", "wechat_more") if name in more}
    made = {"public_url": "", "wechat": WeChatSettings(**{**wechat, **more}), **others}
    return Settings(data_dir=tmp_path, **made)


def found(settings: Settings, clock: FixedClock) -> dict[str, Finding]:
    """Return the findings by the step, without the title."""
    findings = examine_accounts(settings, clock)
    return {one.name.removeprefix("微信公众号").strip(): one for one in findings}


@contextmanager
def serving(settings: Settings, clock: FixedClock, token: str = MAIN.token) -> Iterator[str]:
    """Serve our callback and the platform's files; give the public address."""
    account = WeChatAccount("", MAIN.app_id, token, MAIN.aes_key)
    app = FastAPI()
    app.include_router(create_wechat_router((account,), Silent(), lambda: clock.now().timestamp()))
    app.include_router(create_verification_router(settings.data_dir / FOLDER))
    line = socket.socket()
    line.bind(("127.0.0.1", 0))
    line.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
    thread = threading.Thread(target=server.run, args=([line],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{line.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        line.close()


def test_without_an_account_it_is_idle_and_nothing_is_called(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    [finding] = examine_accounts(settings(tmp_path, platform, token=""), clock)
    assert (finding.name, finding.state) == ("微信公众号", "idle")
    assert platform.books.calls == []


def test_all_is_well(tmp_path: Path, clock: FixedClock, platform: Platform) -> None:
    with serving(settings(tmp_path, platform), clock) as url:
        given = settings(tmp_path, platform, public_url=url)
        steps = found(given, clock)
    # The stand-in has no certificate; so the address, and the menu that would lead there, are not.
    assert {name: one.state for name, one in steps.items() if name not in ("公网地址", "菜单")} == {
        "配置": "good",
        "回调": "good",
        "时钟": "good",
        "AppSecret": "good",
        "客服消息": "good",
    }
    assert not any(MAIN.secret in one.note or MAIN.token in one.note for one in steps.values())


# --- the configuration ---------------------------------------------------------------------------


def test_an_account_that_needs_nothing_but_answers_is_enough(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    given = settings(tmp_path, platform, secret="", customer_service=False)
    steps = found(given, clock)
    assert steps["配置"].state == "good"
    assert steps["AppSecret"].state == "idle"
    assert "客服消息" not in steps
    assert platform.books.calls == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"app_id": "gh_123"}, "BOT_WECHAT__APP_ID 应为 wx 开头"),
        ({"token": "with-hyphen"}, "BOT_WECHAT__TOKEN 应为 3 到 32 个"),
        ({"token": "ab"}, "BOT_WECHAT__TOKEN 应为 3 到 32 个"),
        ({"aes_key": "short"}, "BOT_WECHAT__AES_KEY 应为"),
        ({"aes_key": "a" * 42 + "="}, "BOT_WECHAT__AES_KEY 应为"),
        ({"aes_key": "", "mode": "compatible"}, "BOT_WECHAT__AES_KEY 应为"),
        ({"original_id": "12348"}, "BOT_WECHAT__ORIGINAL_ID 应以 gh_ 开头"),
        ({"secret": ""}, "BOT_WECHAT__CUSTOMER_SERVICE，但没有设 BOT_WECHAT__SECRET"),
        (
            {"secret": "", "notice_template": "x"},
            "BOT_WECHAT__NOTICE_TEMPLATE，但没有设 BOT_WECHAT__SECRET",
        ),
        ({"oauth": True}, "BOT_WECHAT__OAUTH，但没有设 BOT_PUBLIC_URL"),
    ],
)
def test_what_cannot_work_is_named_by_its_setting(
    tmp_path: Path,
    clock: FixedClock,
    platform: Platform,
    changed: dict[str, object],
    words: str,
) -> None:
    # Configured wrongly, the account is one that the stand-in does not know.
    finding = found(settings(tmp_path, platform, **changed), clock)["配置"]
    assert finding.state == "bad"
    assert words in finding.note


def test_plain_mode_is_allowed_and_advised_against(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    given = settings(tmp_path, platform, mode="plain", aes_key="")
    finding = found(given, clock)["配置"]
    assert finding.state == "warn"
    assert "安全模式" in finding.note


def test_more_accounts_are_looked_at_one_by_one(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    more = WeChatSettings(app_id="wx0000000000000009", token="another1", aes_key="short")
    steps = found(settings(tmp_path, platform, wechat_more={"guandu": more}), clock)
    assert steps["配置"].state == "good"
    assert "BOT_WECHAT_MORE__GUANDU__AES_KEY" in steps["guandu 配置"].note
    assert steps["guandu AppSecret"].state == "idle"


def test_the_office_of_newcomers_must_be_one_in_use(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    given = settings(tmp_path, platform, office=1)
    assert found(given, clock)["接待单位"].state == "idle"
    store = make_store(given)
    roster, admin = RosterRepository(store, clock), Staff(1, "admin", "管理员", "", Role.ADMIN)
    missing = found(given, clock)["接待单位"]
    assert missing.state == "warn"
    assert "没有编号是 1 的单位" in missing.note
    assert "BOT_WECHAT__OFFICE" in missing.note
    office = Office(0, "岳麓区法律援助中心", "0731-1234567", ALWAYS, True)
    assert roster.save_office(admin, office) == 1
    there = found(given, clock)["接待单位"]
    assert there.state == "good"
    assert "岳麓区法律援助中心" in there.note
    roster.save_office(admin, replace(office, id=1, active=False))
    closed = found(given, clock)["接待单位"]
    assert closed.state == "warn"
    assert "已停用" in closed.note
    store.engine.dispose()
    assert "接待单位" not in found(settings(tmp_path, platform), clock)


# --- from outside --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "state"), [("", "warn"), ("http://", "bad"), ("https://", "good")]
)
def test_the_public_address_must_be_https(
    tmp_path: Path, clock: FixedClock, scheme: str, state: str
) -> None:
    url = f"{scheme}127.0.0.1:{free_port()}" if scheme else ""
    given = settings(tmp_path, None, public_url=url, secret="")
    assert found(given, clock)["公网地址"].state == state


def test_a_callback_that_knows_another_token_is_found(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    with serving(settings(tmp_path, platform), clock, token="another1") as url:
        finding = found(settings(tmp_path, platform, public_url=url), clock)["回调"]
    assert finding.state == "bad"
    assert "不认签名" in finding.note


def test_a_callback_that_is_not_there_is_found(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    with serving(settings(tmp_path, platform), clock) as url:
        given = settings(tmp_path, platform, public_url=f"{url}/elsewhere")
        assert "没有这个地址" in found(given, clock)["回调"].note
    given = settings(tmp_path, platform, public_url=f"http://127.0.0.1:{free_port()}")
    finding = found(given, clock)["回调"]
    assert finding.state == "bad"
    assert "连不上" in finding.note


def test_the_file_of_the_domain_is_looked_for_and_fetched(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    with serving(settings(tmp_path, platform), clock) as url:
        given = settings(tmp_path, platform, public_url=url, oauth=True)
        missing = found(given, clock)["网页授权"]
        assert missing.state == "warn"
        assert str(tmp_path / FOLDER) in missing.note
        (tmp_path / FOLDER).mkdir()
        (tmp_path / FOLDER / "MP_verify_abcdefgh12345678.txt").write_text("abcdefgh12345678")
        there = found(given, clock)["网页授权"]
        assert there.state == "good"
        assert url.removeprefix("http://") in there.note
        # Something in between serves other files at the root.
        elsewhere = settings(tmp_path, platform, public_url=f"{url}/wechat", oauth=True)
        assert found(elsewhere, clock)["网页授权"].state == "bad"


# --- at the platform -----------------------------------------------------------------------------


def test_an_address_that_is_not_listed_is_the_one_to_add(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    platform.whitelisted = False
    steps = found(settings(tmp_path, platform), clock)
    assert steps["AppSecret"].state == "bad"
    assert "127.0.0.1" in steps["AppSecret"].note
    assert "白名单" in steps["AppSecret"].note
    assert "菜单" not in steps


def test_a_wrong_secret_is_found(tmp_path: Path, clock: FixedClock, platform: Platform) -> None:
    finding = found(settings(tmp_path, platform, secret="f" * 32), clock)["AppSecret"]
    assert finding.state == "bad"
    assert "BOT_WECHAT__SECRET" in finding.note


def test_a_platform_that_is_away_is_said_in_sentences(tmp_path: Path, clock: FixedClock) -> None:
    given = settings(tmp_path, None, api_url=f"http://127.0.0.1:{free_port()}")
    steps = found(given, clock)
    assert (steps["时钟"].state, steps["AppSecret"].state) == ("warn", "bad")
    assert "连不上" in steps["AppSecret"].note


@pytest.mark.parametrize(("ahead_s", "state"), [(-59, "good"), (61, "bad"), (-700, "bad")])
def test_a_clock_that_is_wrong_is_found(
    tmp_path: Path, clock: FixedClock, platform: Platform, ahead_s: int, state: str
) -> None:
    ours = FixedClock(clock.now() + dt.timedelta(seconds=ahead_s))
    finding = found(settings(tmp_path, platform), ours)["时钟"]
    assert finding.state == state
    if state == "bad":
        assert f"{'快' if ahead_s > 0 else '慢'} {abs(ahead_s)} 秒" in finding.note


@pytest.mark.parametrize(
    ("is_allowed", "is_set", "state", "words"),
    [
        (True, True, "good", "已启用"),
        (True, False, "warn", "BOT_WECHAT__CUSTOMER_SERVICE=true"),
        (False, True, "bad", "BOT_WECHAT__CUSTOMER_SERVICE=false"),
        (False, False, "idle", "被动回复"),
    ],
)
def test_the_right_to_push_agrees_with_the_setting(
    tmp_path: Path, clock: FixedClock, is_allowed: bool, is_set: bool, state: str, words: str
) -> None:
    registration = Registration(token=MAIN.token, has_customer_service=is_allowed)
    with standing_in(registration, clock=clock) as platform:
        given = settings(tmp_path, platform, customer_service=is_set)
        finding = found(given, clock)["客服消息"]
    assert finding.state == state
    assert words in finding.note


def test_a_customer_service_that_was_never_opened_is_said(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    platform.fail("customservice/getkflist", errcode=65400)
    finding = found(settings(tmp_path, platform), clock)["客服消息"]
    assert finding.state == "warn"
    assert "还没有开通客服功能" in finding.note


def test_a_menu_that_differs_is_found_until_it_is_pushed(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    url = f"https://127.0.0.1:{free_port()}"
    given = settings(tmp_path, platform, public_url=url)
    before = found(given, clock)["菜单"]
    assert before.state == "warn"
    assert "bot wechat menu push" in before.note
    platform.account().menu = own_menu(url)
    assert found(given, clock)["菜单"].state == "good"


def unverified(clock: FixedClock) -> AbstractContextManager[Platform]:
    return standing_in(Registration(token=MAIN.token, has_customer_service=False), clock=clock)


def test_the_menu_that_an_unverified_account_may_not_have_is_nothing_to_mend(
    tmp_path: Path, clock: FixedClock
) -> None:
    with unverified(clock) as platform:
        # Without a public address its menu could not be put up either.
        finding = found(settings(tmp_path, platform, customer_service=False), clock)["菜单"]
    assert (finding.state, finding.note[:3]) == ("idle", "不适用")


def test_a_verified_account_that_lost_the_right_to_a_menu_hears_of_it(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    platform.fail("menu/get", errcode=48001)
    finding = found(settings(tmp_path, platform), clock)["菜单"]
    assert finding.state == "warn"
    assert "48001" in finding.note


TEMPLATES = {"一次性订阅消息": "subscribe_template", "订阅通知": "notice_template"}
ABROAD = "https://12348.example.invalid"


@pytest.mark.parametrize("step", TEMPLATES)
@pytest.mark.parametrize("is_set", [True, False])
def test_notices_that_can_never_be_sent_are_found_with_what_to_do(
    tmp_path: Path, clock: FixedClock, step: str, is_set: bool
) -> None:
    given = {TEMPLATES[step]: MAIN.templates[0], "customer_service": is_set}
    with unverified(clock) as platform:
        steps = found(settings(tmp_path, platform, public_url=ABROAD, **given), clock)
        assert platform.books.called("wxaapi/newtmpl/gettemplate") == []
    assert steps[step].state == "warn"
    assert f"设了 BOT_WECHAT__{TEMPLATES[step].upper()}" in steps[step].note
    assert "微信认证" in steps[step].note
    assert (TEMPLATES.keys() & steps.keys()) == {step}


@pytest.mark.parametrize("step", TEMPLATES)
def test_notices_of_an_account_that_does_not_push_are_found(
    tmp_path: Path, clock: FixedClock, platform: Platform, step: str
) -> None:
    given = {TEMPLATES[step]: MAIN.templates[0], "customer_service": False}
    finding = found(settings(tmp_path, platform, public_url=ABROAD, **given), clock)[step]
    assert finding.state == "warn"
    assert "请设 BOT_WECHAT__CUSTOMER_SERVICE=true" in finding.note


def test_a_template_of_the_page_is_good_but_cannot_be_looked_up(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    given = {"subscribe_template": "anything"}
    finding = found(settings(tmp_path, platform, public_url=ABROAD, **given), clock)
    assert finding["一次性订阅消息"].state == "good"
    assert "不让查" in finding["一次性订阅消息"].note
    assert "12348.example.invalid" in finding["一次性订阅消息"].note
    finding = found(settings(tmp_path, platform, **given), clock)
    assert finding["一次性订阅消息"].state == "warn"
    assert "没有设 BOT_PUBLIC_URL" in finding["一次性订阅消息"].note


@pytest.mark.parametrize(
    ("template", "field", "state", "words"),
    [
        (MAIN.templates[0], "thing1", "good", "thing1"),
        (MAIN.templates[0], "thing4", "bad", "有 thing1、time2：请改 BOT_WECHAT__NOTICE_FIELD"),
        ("another", "thing1", "bad", "核对 BOT_WECHAT__NOTICE_TEMPLATE"),
    ],
)
def test_a_template_of_the_pop_up_is_looked_up_with_its_field(
    tmp_path: Path,
    clock: FixedClock,
    platform: Platform,
    template: str,
    field: str,
    state: str,
    words: str,
) -> None:
    given = settings(tmp_path, platform, notice_template=template, notice_field=field)
    finding = found(given, clock)["订阅通知"]
    assert finding.state == state
    assert words in finding.note


def test_a_list_of_templates_that_cannot_be_had_is_no_verdict(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    platform.fail("wxaapi/newtmpl/gettemplate", status=502, times=None)
    given = settings(tmp_path, platform, notice_template=MAIN.templates[0])
    assert found(given, clock)["订阅通知"].state == "warn"


def test_a_menu_that_cannot_be_put_up_is_found(
    tmp_path: Path, clock: FixedClock, platform: Platform
) -> None:
    finding = found(settings(tmp_path, platform), clock)["菜单"]
    assert finding.state == "bad"
    assert "公网地址" in finding.note
