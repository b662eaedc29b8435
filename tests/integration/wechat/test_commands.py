"""``bot wechat`` as an operator types it, against the platform's stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from bot.core import make_store
from bot.domain.clock import SystemClock
from bot.domain.people import Role, Staff
from bot.domain.roster import ALWAYS
from bot.roster.repository import Office, RosterRepository
from bot.settings import Settings
from bot.wechat_commands import wechat_app
from tests.platform import Platform, Registration, standing_in

MAIN = Registration(token="tokenofours")
SECOND = replace(
    MAIN, app_id="wx0000000000000002", original_id="gh_000000000002", path="/wechat/guandu"
)
PUBLIC_URL = "https://12348.example.cn"
ADMIN = Staff(1, "admin", "管理员", "", Role.ADMIN)


@pytest.fixture
def platform() -> Iterator[Platform]:
    with standing_in(MAIN) as found:
        found.register(SECOND)
        yield found
        assert found.books.broken == []


@pytest.fixture
def configured(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """Settings of two accounts, in an empty folder; returns what changes them."""
    monkeypatch.chdir(tmp_path)
    values = {
        "BOT_DATA_DIR": str(tmp_path / "var"),
        "BOT_PUBLIC_URL": PUBLIC_URL,
        "BOT_WECHAT_MORE__GUANDU__APP_ID": SECOND.app_id,
        "BOT_WECHAT_MORE__GUANDU__TOKEN": SECOND.token,
        "BOT_WECHAT_MORE__GUANDU__SECRET": SECOND.secret,
        "BOT_WECHAT_MORE__GUANDU__API_URL": platform.url,
        "BOT_WECHAT__APP_ID": MAIN.app_id,
        "BOT_WECHAT__TOKEN": MAIN.token,
        "BOT_WECHAT__SECRET": MAIN.secret,
        "BOT_WECHAT__API_URL": platform.url,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def wechat(*words: str) -> Result:
    return CliRunner().invoke(wechat_app, words)


def refused(result: Result) -> str:
    """Return the one sentence by which a command ended."""
    assert result.exit_code == 2
    assert result.stdout == ""
    [sentence] = result.stderr.strip().splitlines()
    assert sentence.startswith("✗ ")
    return sentence


# --- the menu -----------------------------------------------------------------------------------


def test_a_menu_is_compared_then_pushed_then_the_same(
    platform: Platform, configured: pytest.MonkeyPatch
) -> None:
    before = wechat("menu", "diff")
    assert before.exit_code == 1
    assert "新增“问法律 › 老板欠薪”：点击 topics_wage" in before.stdout
    assert platform.menu() is None
    pushed = wechat("menu", "push")
    assert pushed.exit_code == 0, pushed.stderr
    assert pushed.stdout == before.stdout
    assert "五分钟" in pushed.stderr
    menu = platform.menu()
    assert menu is not None
    assert [button["name"] for button in menu["button"]] == ["问法律", "办事情", "我的"]
    after = wechat("menu", "diff")
    assert (after.exit_code, after.stdout) == (0, "")
    assert "一致" in after.stderr


def test_a_menu_that_is_the_same_is_not_pushed_again(
    platform: Platform, configured: pytest.MonkeyPatch
) -> None:
    wechat("menu", "push")
    again = wechat("menu", "push")
    assert again.exit_code == 0
    assert "不用推" in again.stderr
    assert len(platform.books.called("menu/create")) == 1


def test_the_menu_that_is_up_is_shown(platform: Platform, configured: pytest.MonkeyPatch) -> None:
    assert "还没有" in wechat("menu", "show").stderr
    wechat("menu", "push")
    shown = wechat("menu", "show")
    assert f"办事情 › 服务清单：打开网页 {PUBLIC_URL}/m/services" in shown.stdout.splitlines()


def test_an_account_is_chosen_by_its_name(
    platform: Platform, configured: pytest.MonkeyPatch
) -> None:
    assert wechat("menu", "push", "--account", "guandu").exit_code == 0
    assert platform.menu(SECOND) is not None
    assert platform.menu() is None


# --- what goes wrong ----------------------------------------------------------------------------


def test_without_an_account_it_says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOT_DATA_DIR", str(tmp_path / "var"))
    assert "BOT_WECHAT__APP_ID" in refused(wechat("menu", "show"))


def test_an_account_that_is_not_there_is_named_with_those_that_are(
    configured: pytest.MonkeyPatch,
) -> None:
    sentence = refused(wechat("menu", "show", "--account", "chenggong"))
    assert "chenggong" in sentence
    assert "主公众号、guandu" in sentence


def test_an_account_without_a_secret_says_which_setting_is_missing(
    configured: pytest.MonkeyPatch, platform: Platform
) -> None:
    configured.delenv("BOT_WECHAT_MORE__GUANDU__SECRET")
    sentence = refused(wechat("menu", "push", "--account", "guandu"))
    assert "BOT_WECHAT_MORE__GUANDU__SECRET" in sentence
    assert platform.books.calls == []


def test_a_page_without_a_public_address_stops_the_menu(configured: pytest.MonkeyPatch) -> None:
    configured.setenv("BOT_PUBLIC_URL", "")
    assert "公网地址" in refused(wechat("menu", "push"))


def test_the_address_to_put_on_the_list_is_named(
    configured: pytest.MonkeyPatch, platform: Platform
) -> None:
    platform.whitelisted = False
    sentence = refused(wechat("menu", "diff"))
    assert "127.0.0.1" in sentence
    assert "白名单" in sentence


def test_a_wrong_secret_is_called_so(configured: pytest.MonkeyPatch) -> None:
    configured.setenv("BOT_WECHAT__SECRET", "f" * 32)
    sentence = refused(wechat("menu", "diff"))
    assert "AppSecret 不对" in sentence
    assert "f" * 32 not in sentence


@pytest.mark.parametrize(
    ("endpoint", "code", "words"),
    [
        ("menu/create", 48001, "没有认证"),
        ("menu/create", 40054, "错误码 40054"),
        ("menu/get", 45009, "明天"),
        ("menu/get", 45011, "一分钟"),
        ("menu/get", -1, "过一会儿"),
        ("stable_token", 40013, "BOT_WECHAT__APP_ID"),
        ("stable_token", 89503, "管理员确认"),
    ],
)
def test_every_refusal_says_what_to_do(
    configured: pytest.MonkeyPatch, platform: Platform, endpoint: str, code: int, words: str
) -> None:
    platform.fail(endpoint, errcode=code)
    assert words in refused(wechat("menu", "push"))


def test_a_platform_that_does_not_answer_is_said(
    configured: pytest.MonkeyPatch, platform: Platform
) -> None:
    platform.fail("*", cut=True, times=None)
    assert platform.url in refused(wechat("menu", "show"))


# --- QR codes -----------------------------------------------------------------------------------


def offices(*names: str, active: bool = True) -> list[int]:
    store = make_store(Settings())
    roster = RosterRepository(store, SystemClock())
    found = [
        roster.save_office(ADMIN, Office(0, name, "0871-12348", ALWAYS, active)) for name in names
    ]
    store.engine.dispose()
    return found


def test_an_offices_code_is_a_picture_that_opens_its_scene(
    configured: pytest.MonkeyPatch, platform: Platform, tmp_path: Path
) -> None:
    _, second = offices("示范县法律援助中心", "官渡街道司法所")
    made = wechat("qr", str(second))
    assert made.exit_code == 0, made.stderr
    assert "官渡街道司法所" in made.stderr
    [code] = platform.account().codes
    assert (code.scene, code.ends_at) == (f"office-{second}", None)
    with Image.open(tmp_path / f"office-{second}.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == picture.height > 300


def test_a_code_goes_into_the_file_that_was_named(
    configured: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [office_id] = offices("示范县法律援助中心")
    assert wechat("qr", str(office_id), "--file", "海报.png").exit_code == 0
    assert (tmp_path / "海报.png").exists()


def test_an_office_that_is_not_in_use_gets_no_code(
    configured: pytest.MonkeyPatch, platform: Platform
) -> None:
    [office_id] = offices("示范县法律援助中心")
    [closed] = offices("旧址", active=False)
    for number in (closed, 99):
        sentence = refused(wechat("qr", str(number)))
        assert f"{office_id} 示范县法律援助中心" in sentence
        assert "旧址" not in sentence
    assert platform.account().codes == []


def test_no_file_is_overwritten_and_none_of_another_kind_made(
    configured: pytest.MonkeyPatch, platform: Platform, tmp_path: Path
) -> None:
    [office_id] = offices("示范县法律援助中心")
    (tmp_path / "kept.png").write_bytes(b"kept")
    assert "已经有了" in refused(wechat("qr", str(office_id), "--file", "kept.png"))
    assert (tmp_path / "kept.png").read_bytes() == b"kept"
    assert ".png" in refused(wechat("qr", str(office_id), "--file", "code.txt"))
    assert "写不了" in refused(wechat("qr", str(office_id), "--file", "no/such/folder.png"))
