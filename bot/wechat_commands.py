"""``bot wechat``: the official account's menu and the QR codes of offices."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import segno
import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from bot.core import make_store
from bot.domain.clock import SystemClock
from bot.errors import LawbridgeError
from bot.roster.repository import RosterRepository
from bot.settings import Settings
from bot.tenants import accounts_of
from bot.wechat.advice import advice, setting
from bot.wechat.own_menu import own_menu
from bot.wechat.tokens import DirectTokens
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.client import WeChatApi
from connectors.wechat.failures import ApiFailed
from connectors.wechat.menu import described, differences

wechat_app = typer.Typer(no_args_is_help=True, help="微信公众号：菜单、服务点的二维码")
menu_app = typer.Typer(no_args_is_help=True, help="公众号的自定义菜单（bot/wechat/menu.yml）")
wechat_app.add_typer(menu_app, name="menu")

console = Console(stderr=True)
TROUBLE = 2
"""Not 1, by which ``diff`` says that there are differences."""
MAIN = "主公众号"
SCENE = "office-{id}"
PIXELS = 12
"""For each module of a code: sharp when printed on a poster."""

Account = Annotated[
    str, typer.Option(help="公众号的名字（BOT_WECHAT_MORE__ 后面的那个）；不填是主公众号")
]


@menu_app.command("show")
def show(account: Account = "") -> None:
    """列出公众号上现在的菜单。"""
    with _calling(Settings(), account) as api:
        present = api.menu()
    if present is None:
        console.print("公众号上还没有用接口设过菜单；bot wechat menu push 可以设。", soft_wrap=True)
        return
    for line in described(present):
        typer.echo(line)


@menu_app.command("diff")
def diff(account: Account = "") -> None:
    """列出公众号上的菜单和菜单文件的不同；有不同时以 1 退出。"""
    settings = Settings()
    with _calling(settings, account) as api:
        lines = differences(own_menu(settings.public_url), api.menu())
    for line in lines:
        typer.echo(line)
    if not lines:
        console.print("公众号上的菜单和菜单文件一致。")
    raise typer.Exit(1 if lines else 0)


@menu_app.command("push")
def push(account: Account = "") -> None:
    """把菜单文件里的菜单推到公众号上。"""
    settings = Settings()
    with _calling(settings, account) as api:
        wanted = own_menu(settings.public_url)
        lines = differences(wanted, api.menu())
        if lines:
            api.set_menu(wanted)
    for line in lines:
        typer.echo(line)
    if lines:
        console.print("菜单已更新，手机上五分钟左右能看到。", soft_wrap=True)
    else:
        console.print("公众号上的菜单和菜单文件一致，不用推。", soft_wrap=True)


@wechat_app.command("qr")
def qr(
    office_id: Annotated[int, typer.Argument(help="服务点的编号（排班页面里能看到）")],
    file: Annotated[Path | None, typer.Option(help="存成哪个 PNG 文件")] = None,
    account: Account = "",
) -> None:
    """做一个服务点的永久二维码：群众扫码关注后，由这个服务点接待。"""
    settings = Settings()
    target = file or Path(f"office-{office_id}.png")
    if target.suffix.lower() != ".png":
        _fail(f"{target} 不是 .png 文件名")
    if target.exists():
        _fail(f"{target} 已经有了：请换个文件名，或先删掉它")
    with _calling(settings, account) as api:
        office = _office(settings, office_id)
        code = segno.make_qr(api.make_qr(SCENE.format(id=office_id)), error="m")
    try:
        code.save(str(target), scale=PIXELS)
    except OSError as error:
        _fail(f"{target} 写不了：{error.strerror}")
    console.print(f"{office}的二维码已存到 {target}，长期有效。", soft_wrap=True, highlight=False)


def _office(settings: Settings, office_id: int) -> str:
    try:
        store = make_store(settings)
        offices = RosterRepository(store, SystemClock()).offices()
        store.engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        _fail(f"数据库连不上（{type(error).__name__}）：请用 bot doctor 检查")
    in_use = {office.id: office.name for office in offices if office.active}
    if office_id not in in_use:
        listed = "、".join(f"{number} {name}" for number, name in sorted(in_use.items()))
        _fail(f"没有编号是 {office_id} 的服务点；现有：{listed or '无，请先在排班页面添加'}")
    return in_use[office_id]


@contextlib.contextmanager
def _calling(settings: Settings, name: str) -> Iterator[WeChatApi]:
    """Give the account's calls; whatever fails ends the command with one sentence."""
    account = _account(settings, name)
    api = WeChatApi(account, DirectTokens())
    try:
        yield api
    except ApiFailed as failed:
        _fail(advice(account, failed))
    except (LawbridgeError, ValueError) as error:
        _fail(str(error))
    finally:
        api.close()


def _account(settings: Settings, name: str) -> WeChatAccount:
    accounts = {account.name: account for account in accounts_of(settings)}
    if not accounts:
        _fail("还没有配置公众号：请设 BOT_WECHAT__APP_ID、BOT_WECHAT__TOKEN、BOT_WECHAT__SECRET")
    found = accounts.get(name.lower())
    if found is None:
        named = "、".join(one or MAIN for one in accounts)
        _fail(f"没有叫“{name or MAIN}”的公众号；配置了的有：{named}")
    if not found.can_call:
        _fail(f"没有设 AppSecret，不能调用微信接口：请设 {setting(found, 'secret')}")
    return found


def _fail(sentence: str) -> NoReturn:
    console.print(f"[red]✗[/] {sentence}", soft_wrap=True, highlight=False)
    raise typer.Exit(TROUBLE)
