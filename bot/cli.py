"""The ``bot`` command: start, ask, measure, check, and look after a deployment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bot import backup as backups
from bot import doctor as doctoring
from bot.accounts.repository import AccountRepository
from bot.accounts.service import AccountService
from bot.core import Core, build_citing, build_index, make_store, publish_learned
from bot.domain.clock import SystemClock, china_date
from bot.errors import LawbridgeError
from bot.kb_commands import kb_app
from bot.log import configure
from bot.measuring import Measuring
from bot.preparation import prepare as make_ready
from bot.rasa_server import RasaMissing
from bot.routing import RouteResult, route_messages
from bot.session import temporary_bot
from bot.settings import Settings
from bot.wechat_commands import wechat_app
from connectors.console import render
from knowledge_base.rules.wording import AidWording

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, help="法桥：公共法律服务咨询机器人"
)
index_app = typer.Typer(no_args_is_help=True, help="检索索引")
lawyer_app = typer.Typer(no_args_is_help=True, help="律师和工作人员账号")
app.add_typer(kb_app, name="kb")
app.add_typer(index_app, name="index")
app.add_typer(lawyer_app, name="lawyer")
app.add_typer(wechat_app, name="wechat")

console = Console(stderr=True)


@app.command()
def up() -> None:
    """准备并启动全部服务，直到按下 Ctrl-C。"""
    # Instead of this process, which has loaded everything: the supervisor stays and must be small.
    os.execv(sys.executable, [sys.executable, "-m", "bot.supervisor"])


@app.command(hidden=True)
def prepare() -> None:
    """只准备数据库、索引和模型（bot up 会调用）。"""
    settings = Settings()
    configure(settings.log_level, json=settings.log_json)
    with _explained():
        make_ready(settings, console)


@app.command(hidden=True)
def serve(
    fd: Annotated[int | None, typer.Option(help="已经在监听的套接字；不填则自己监听")] = None,
) -> None:
    """只启动应用进程（bot up 使用）。"""
    from uvicorn.loops.auto import auto_loop_factory

    from bot.app import serve as run_application

    settings = Settings()
    configure(settings.log_level, json=settings.log_json)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(run_application(settings, fd))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="要问的话；不填则进入连续对话")] = "",
) -> None:
    """在终端里提问，回答与网页上相同。"""
    asyncio.run(_ask(question))


async def _ask(question: str) -> None:
    quiet()
    with _explained():
        async with temporary_bot(Settings(), console) as core:
            conversation, _ = core.conversations.create("console", "console")
            lines: Iterator[str] = iter([question]) if question else _typed()
            for number, line in enumerate(lines):
                try:
                    reply = await _receive(core, conversation.id, f"c{number}", line)
                except LawbridgeError as error:
                    console.print(f"[yellow]{error.detail}[/]")
                    continue
                print(render(reply), flush=True)


async def _receive(core: Core, conversation_id: str, client_id: str, line: str) -> list[Any]:
    from connectors.messages import Inbound

    reply = await core.dialogue.receive(Inbound(conversation_id, client_id, line))
    return [part for message in reply.messages for part in message.parts]


def _typed() -> Iterator[str]:
    console.print("输入问题后回车；空行结束。")
    while line := input("> ").strip():
        yield line


@app.command()
def route(
    file: Annotated[Path, typer.Argument(help="每行一个 JSON：{id, messages}")],
) -> None:
    """说明机器人如何处理每条消息（见 docs/measuring.md）。"""
    rows = _read_lines(file)
    quiet()
    with _explained():
        asyncio.run(_route(rows))


async def _route(rows: list[str]) -> None:
    async with temporary_bot(Settings(), console) as core:
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task("处理", total=len(rows))
            for row in rows:
                result: RouteResult = await route_messages(core, row)
                print(json.dumps(result, ensure_ascii=False), flush=True)
                progress.advance(task)


def _read_lines(file: Path) -> list[str]:
    try:
        # Notepad puts a byte order mark before the first line.
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        print(f"读不了文件 {file}：不是 UTF-8 编码", file=sys.stderr)
        raise typer.Exit(2) from None
    except OSError as error:
        print(f"读不了文件 {file}：{error.strerror}", file=sys.stderr)
        raise typer.Exit(2) from None
    return [line for line in text.split("\n") if line.strip()]


@app.command()
def cite(
    file: Annotated[Path, typer.Argument(help="每行一个 JSON：{id, text, on?}")],
) -> None:
    """核对引用的法条：现行有效、已变动、查不到（见 docs/measuring.md）。"""
    _each_line(file, lambda say: build_citing(Settings(), say=say).cite)


@app.command()
def law(
    file: Annotated[Path, typer.Argument(help="每行一个 JSON：{id, question 或 key, on?}")],
) -> None:
    """查某一天有效的条文（见 docs/measuring.md）。"""
    _each_line(file, lambda say: build_citing(Settings(), say=say).law)


@app.command()
def assess(
    file: Annotated[Path, typer.Argument(help="每行一个 JSON：{id, facts, on?}")],
) -> None:
    """判断能不能申请法律援助（见 docs/measuring.md）。"""
    _each_line(file, lambda _: _measuring().assess)


@app.command()
def calc(
    file: Annotated[Path, typer.Argument(help="每行一个 JSON：{id, calc, input, on?}")],
) -> None:
    """计算补偿、费用、期限（见 docs/measuring.md）。"""
    _each_line(file, lambda _: _measuring().calc)


def _measuring() -> Measuring:
    return Measuring(AidWording.load(), china_date(SystemClock().now()))


def _each_line(
    file: Path, make: Callable[[Callable[[str], None]], Callable[[str], dict[str, Any]]]
) -> None:
    rows = _read_lines(file)
    quiet()
    with _explained(), Progress(console=console, transient=True) as progress:
        answer = make(progress.console.print)
        for row in progress.track(rows, description="核对"):
            print(json.dumps(answer(row), ensure_ascii=False), flush=True)


@index_app.command("build")
def index_build() -> None:
    """内容有变化时重建检索索引。"""
    settings = Settings()
    with _explained():
        publish_learned(settings)
        built = build_index(settings, show_progress=True)
    console.print("索引已重建。" if built else "内容没有变化，索引无需重建。")


@app.command()
def doctor() -> None:
    """检查配置了什么、连得上什么、什么过期了。"""
    findings = asyncio.run(doctoring.examine(Settings()))
    table = Table(show_header=True, header_style="bold")
    for column in ("项目", "状态", "说明"):
        table.add_column(column)
    for finding in findings:
        table.add_row(finding.name, finding.mark, finding.note)
    console.print(table)
    raise typer.Exit(1 if any(finding.is_bad for finding in findings) else 0)


@lawyer_app.command("add")
def lawyer_add(
    login: Annotated[str, typer.Argument(help="登录名")],
    name: Annotated[str, typer.Option(help="姓名")],
    licence: Annotated[str, typer.Option(help="执业证号")] = "",
    role: Annotated[
        str, typer.Option(help="lawyer、mediator、supervisor、officer 或 admin")
    ] = "lawyer",
    password: Annotated[
        str, typer.Option(prompt="密码", confirmation_prompt="再输一次", hide_input=True)
    ] = "",
) -> None:
    """添加律师或工作人员账号。"""
    with _explained():
        _accounts().add(login, name, licence, role, password)
    console.print(f"已添加 {name}（{login}）。")


@lawyer_app.command("password")
def lawyer_password(
    login: Annotated[str, typer.Argument(help="登录名")],
    password: Annotated[
        str, typer.Option(prompt="新密码", confirmation_prompt="再输一次", hide_input=True)
    ] = "",
) -> None:
    """重设密码（忘记时用）；此人所有登录随之失效。"""
    with _explained():
        _accounts().set_password(login, password)
    console.print(f"{login} 的密码已重设。")


@lawyer_app.command("codeoff")
def lawyer_codeoff(login: Annotated[str, typer.Argument(help="登录名")]) -> None:
    """关闭一个人的登录验证码（唯一的管理员丢了手机时用）；会记入审计记录。"""
    with _explained():
        _accounts().clear_codes(login)
    console.print(f"{login} 的登录验证码已关闭，现在只凭密码登录。")


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="备份文件（.tar.gz）")]) -> None:
    """把数据库和密钥备份成一个文件；服务可以继续运行。"""
    with _explained():
        size = backups.backup(Settings(), target)
    console.print(f"已备份到 {target}（{size / 1e6:.1f} MB）。文件含密钥，请妥善保管。")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="bot backup 生成的文件")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问")] = False,
) -> None:
    """从备份恢复；请先停止服务。"""
    if not yes:
        typer.confirm("现有数据会被备份中的数据替换，确定吗？", abort=True)
    with _explained():
        backups.restore(Settings(), source)
    console.print("已恢复。请运行 make run 启动服务。")


def _accounts() -> AccountService:
    clock = SystemClock()
    return AccountService(AccountRepository(make_store(Settings()), clock), clock)


def quiet() -> None:
    """Keep the terminal for answers: only errors are logged, as text."""
    configure("ERROR", json=False)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (LawbridgeError, RasaMissing, backups.BackupError) as error:
        console.print(f"[red]✗[/] {error}")
        raise typer.Exit(1) from None
    except OSError as error:
        console.print(f"[red]✗[/] {error.filename or ''} 读写不了：{error.strerror}")
        raise typer.Exit(1) from None
