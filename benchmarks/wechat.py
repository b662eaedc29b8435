"""The official account under load: does every follower's question get its one answer?

The product runs as ``bot up`` does, with a real Rasa, before the platform's stand-in; followers
are in this process. Each scenario has fresh data. What phones showed is then compared with what the
database holds. Figures go to ``var/wechat-bench.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform as machine
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.chat import questions
from benchmarks.wechat_phones import Phone, Words, burst, phones, talk
from benchmarks.wechat_screens import Judged, head_of, judge
from benchmarks.wechat_town import Rasa, Town, town
from bot.rasa_server import RasaMissing
from bot.settings import ROOT
from bot.texts import load_texts
from bot.wechat.words import own_words
from tests.integration.realtime.servers import Missing, PostgresServer

RESULTS = ROOT / "var" / "wechat-bench.json"
CORES = 2
SETTLED_S = 120.0
LOOK_AGAIN_S = 0.5
ACCOUNTS = {True: "认证号（有客服消息）", False: "没有客服消息的号"}


@dataclass(frozen=True)
class Size:
    """How much of everything; the issue's sizes with ``--full``."""

    citizens: int = 20
    questions: int = 3
    think_s: tuple[float, float] = (2.0, 6.0)
    burst: int = 60
    slow: int = 10


FULL = Size(50, 6, (4.0, 12.0), 200, 50)


@dataclass(frozen=True)
class Scenario:
    name: str
    kind: str
    """``talk``, ``burst`` or ``slow``."""
    delay_s: float = 0.0
    """By how much Rasa is slowed down."""
    rasa_timeout_s: float = 0.0
    """How long the product waits for Rasa; 0 is its default."""
    kill: bool = False
    retry_pause_s: float = 0.0
    """How long the platform waits after a delivery that could not be made at all."""


SCENARIOS = {
    "talk": Scenario("持续", "talk"),
    "burst": Scenario("突发", "burst"),
    "slow": Scenario("慢8", "slow", 8.0),
    "slow-patient": Scenario("慢8等20", "slow", 8.0, 20.0),
    "slow-pushed": Scenario("慢16等20", "slow", 16.0, 20.0),
    "kill": Scenario("kill -9", "burst", kill=True, retry_pause_s=2.0),
}


@dataclass(frozen=True)
class Measured:
    judged: Judged
    degraded: int
    """Answers that the product gave without Rasa."""
    signs: int
    """How often followers had to write again for an answer that was being made."""
    owed: int
    """Messages that never left, though followers wrote again."""
    broken: tuple[str, ...]
    """What the platform forbids."""
    errcodes: Mapping[str, int]
    calls: Mapping[str, int]
    faults: Mapping[str, int]
    """Warnings and errors in the application's log."""
    took_s: float
    app_cpu_s: float
    """Of the application that ran at the end."""
    rasa_cpu_s: float
    load_before: float
    killed: bool

    @property
    def is_sound(self) -> bool:
        """Say whether nothing was lost, said twice or forbidden; nobody told of a failure."""
        told_in_vain = self.judged.unavailable and not self.killed
        return self.judged.is_exact and not (self.broken or self.owed or told_in_vain)


Show = Callable[[str, int, int], None]


def measure(
    scenario: Scenario, size: Size, rasa: Rasa, is_verified: bool, on_postgres: bool, show: Show
) -> Measured:
    """Run one scenario on fresh data and judge it."""
    rasa.delay_s = scenario.delay_s
    rasa.until_idle()
    with (
        tempfile.TemporaryDirectory(prefix="lawbridge-wechat-") as folder,
        _postgres() if on_postgres else nullcontext("") as database_url,
        town(
            Path(folder),
            rasa,
            has_customer_service=is_verified,
            rasa_timeout_s=scenario.rasa_timeout_s,
            retry_pause_s=scenario.retry_pause_s,
            database_url=database_url,
        ) as here,
    ):
        return _under(scenario, size, here, is_verified, show)


@contextmanager
def _postgres() -> Iterator[str]:
    """Run an empty PostgreSQL until the block ends; yield its address."""
    server = PostgresServer()
    try:
        server.start()
        yield server.url
    finally:
        server.remove()


def _under(scenario: Scenario, size: Size, here: Town, is_verified: bool, show: Show) -> Measured:
    pool = questions(ROOT / "knowledge_base")
    _warm_up(here, pool[-1], is_verified)
    warmed, calls = len(here.platform.books.pushes), len(here.platform.books.calls)
    load_before, app_s, rasa_s = psutil.getloadavg()[0], here.cpu_s(), here.rasa.cpu_s()
    count = {"talk": size.citizens, "burst": size.burst, "slow": size.slow}[scenario.kind]
    people = phones(here.platform, count, can_be_pushed=is_verified)
    done = 0

    def note(more: int) -> None:
        nonlocal done
        done += more
        show("提问", done, count * (size.questions if scenario.kind == "talk" else 1))

    started = time.perf_counter()
    if scenario.kind == "talk":
        talk(people, pool, size.questions, size.think_s, note)
    else:
        killing = (lambda: _kill(here, people, show)) if scenario.kill else None
        burst(people, pool, 1.0, note, killing)
    took_s = time.perf_counter() - started
    show("等补发", 0, 1)
    _settle(here, people, is_verified)
    kept = here.look()
    judged = judge(
        [push for phone in people for push in phone.asked],
        {phone.fan.openid: list(phone.fan.seen) for phone in people},
        kept,
        (*Words.own().placeholders, *_other_words()),
    )
    books = here.platform.books
    degraded = head_of(load_texts().say("down.dialogue"))
    pushed = [call for call in books.calls[calls:] if "send" in call.endpoint]
    return Measured(
        judged,
        sum(degraded in one for answers in kept.answers.values() for one in answers),
        sum(phone.signs for phone in people),
        kept.owed,
        tuple(books.broken),
        {str(code): n for code, n in books.errcodes().items()},
        {"send": len(pushed), "all": len(books.calls), "events": len(books.pushes) - warmed},
        here.faults(),
        round(took_s, 1),
        round(here.cpu_s() - (0.0 if scenario.kill else app_s), 2),
        round(here.rasa.cpu_s() - rasa_s, 2),
        round(load_before, 2),
        scenario.kill,
    )


def _other_words() -> Iterator[str]:
    """Return sentences that belong to no conversation."""
    for name in ("too_fast", "failed"):
        yield own_words().say(name)


def _warm_up(here: Town, question: str, is_verified: bool) -> None:
    """Let somebody ask before: what is read at the very first message is no matter of load."""
    for phone in phones(here.platform, 2, can_be_pushed=is_verified):
        phone.ask(question)


def _kill(here: Town, people: Sequence[Phone], show: Show) -> None:
    """Kill the application once a tenth have their answer: most deliveries are yet to come."""
    while sum(phone.is_answered for phone in people) < len(people) // 10:
        time.sleep(0.01)
    show("kill -9", 0, 1)
    here.kill()


def _settle(here: Town, people: Sequence[Phone], is_verified: bool) -> None:
    """Wait for what is still pushed; where nothing is, everybody who lacks something writes."""
    ends = time.monotonic() + SETTLED_S
    while here.look().owed and time.monotonic() < ends:
        if not is_verified and here.app.is_ready():
            for phone in people:
                if not phone.is_answered:
                    phone.collect()
                    phone.is_answered = True
            return
        time.sleep(LOOK_AGAIN_S)


def main() -> int:
    """Measure, print, write; return 1 if an answer is missing, repeated or forbidden."""
    size, names, accounts, on_postgres = _arguments()
    _use_cores(CORES)
    console = Console()
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    found: dict[bool, dict[str, Measured]] = {account: {} for account in accounts}
    try:
        with tempfile.TemporaryDirectory(prefix="lawbridge-rasa-") as folder, progress:
            rasa = Rasa(Path(folder))
            task = progress.add_task("启动 Rasa", total=None)
            with rasa.running():
                for account in accounts:
                    for name in names:
                        where = f"{ACCOUNTS[account]}，{SCENARIOS[name].name}"

                        def show(what: str, done: int, total: int, where: str = where) -> None:
                            progress.update(
                                task, description=f"{where}：{what}", completed=done, total=total
                            )

                        show("启动", 0, 1)
                        found[account][name] = measure(
                            SCENARIOS[name], size, rasa, account, on_postgres, show
                        )
    except (RasaMissing, Missing) as error:
        console.print(f"[red]✗[/] {error}")
        return 1
    for account in accounts:
        _print(console, account, size, found[account])
    results = {
        "machine": {"cores": CORES, "python": machine.python_version()},
        "database": "postgresql" if on_postgres else "sqlite",
        "size": asdict(size),
        "accounts": {
            "verified" if account else "unverified": {n: asdict(m) for n, m in by_name.items()}
            for account, by_name in found.items()
        },
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    console.print(f"结果已写入 {RESULTS.relative_to(ROOT)}")
    return int(any(not m.is_sound for by_name in found.values() for m in by_name.values()))


def _use_cores(count: int) -> None:
    """Keep this process and what it starts on a few cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def _arguments(given: Sequence[str] | None = None) -> tuple[Size, list[str], list[bool], bool]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wechat", description="公众号压测")
    parser.add_argument("--full", action="store_true", help="50 人持续、200 人突发")
    parser.add_argument("--burst", type=int, help="多少人在一秒内提问")
    parser.add_argument("--citizens", type=int, help="多少人持续提问")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="只测这些，可写几次")
    parser.add_argument("--account", choices=("verified", "unverified"), help="只测一种公众号")
    parser.add_argument("--postgresql", action="store_true", help="数据放在 PostgreSQL 里")
    told = parser.parse_args(given)
    size = FULL if told.full else Size()
    size = replace(size, burst=told.burst or size.burst, citizens=told.citizens or size.citizens)
    accounts = [True, False] if told.account is None else [told.account == "verified"]
    return size, told.only or list(SCENARIOS), accounts, told.postgresql


def _print(console: Console, account: bool, size: Size, found: Mapping[str, Measured]) -> None:
    table = Table(
        title=f"公众号：{ACCOUNTS[account]}；持续 {size.citizens} 人各问 {size.questions} 句，"
        f"突发 {size.burst} 人 1 秒内各问 1 句，慢 {size.slow} 人",
        box=SIMPLE,
        padding=(0, 0),
    )
    table.add_column("", no_wrap=True)
    for name in found:
        table.add_column(SCENARIOS[name].name, justify="right")
    rows: list[tuple[str, Callable[[Measured], str]]] = [
        ("问题", lambda m: str(m.judged.questions)),
        ("有一次投递 5 秒内得到回应", lambda m: _answered(m.judged)),
        ("　第 1 次投递", lambda m: str(m.judged.answered_by.get("1", 0))),
        ("　第 2 次", lambda m: str(m.judged.answered_by.get("2", 0))),
        ("　第 3 次", lambda m: str(m.judged.answered_by.get("3", 0))),
        ("答案就是投递的回复", lambda m: str(m.judged.passive)),
        ("单次投递：5 秒内有回应", lambda m: str(m.judged.deliveries.in_time)),
        ("　有意放过", lambda m: str(m.judged.deliveries.let_go)),
        ("　没接通、失败", lambda m: str(sum(m.judged.deliveries.failed.values()))),
        ("看到“暂时无法提供服务”", lambda m: str(m.judged.unavailable)),
        ("　其中产品没收到", lambda m: str(m.judged.unheard)),
        ("丢失/没看到/看到两次", lambda m: _exactness(m.judged)),
        ("屏幕上来历不明", lambda m: str(m.judged.unexplained)),
        ("最后仍欠着", lambda m: str(m.owed)),
        ("违反平台规则", lambda m: str(len(m.broken))),
        ("接口返回的错误码", lambda m: _counts(m.errcodes)),
        ("客服消息", lambda m: str(m.calls["send"])),
        ("为要答案多写的话", lambda m: str(m.signs)),
        ("不靠 Rasa 的答复", lambda m: str(m.degraded)),
        ("看见答案 p50 s", lambda m: _seconds(m.judged.shown_ms, "p50")),
        ("看见答案 p95 s", lambda m: _seconds(m.judged.shown_ms, "p95")),
        ("看见答案 p99 s", lambda m: _seconds(m.judged.shown_ms, "p99")),
        ("用时 s", lambda m: f"{m.took_s:g}"),
        ("每问处理器 ms：应用/Rasa", _cpu),
        ("开始时系统负载", lambda m: f"{m.load_before:g}"),
    ]
    for label, cell in rows:
        table.add_row(label, *(cell(measured) for measured in found.values()))
    console.print(table)
    for name, measured in found.items():
        if measured.faults:
            console.print(f"[yellow]{SCENARIOS[name].name}：日志 {dict(measured.faults)}[/]")
        for sentence in measured.broken[:5]:
            console.print(f"{SCENARIOS[name].name}：{sentence}", style="red", markup=False)
    if any(measured.load_before > CORES / 2 for measured in found.values()):
        console.print("[yellow]开始时系统就有负载：别的程序在抢处理器，请在空闲时重测。[/]")


def _answered(judged: Judged) -> str:
    answered = judged.questions - judged.answered_by.get("none", 0)
    return f"{answered / max(judged.questions, 1):.1%}"


def _exactness(judged: Judged) -> str:
    return f"{len(judged.lost)}/{len(judged.unseen)}/{len(judged.doubled)}"


def _counts(found: Mapping[str, int]) -> str:
    return "，".join(f"{code}×{n}" for code, n in found.items()) or "无"


def _seconds(figures: Mapping[str, float], name: str) -> str:
    return f"{figures[name] / 1000:.1f}" if name in figures else "–"


def _cpu(measured: Measured) -> str:
    asked = max(measured.judged.questions, 1)
    app = "–" if measured.killed else f"{measured.app_cpu_s * 1000 / asked:.0f}"
    return f"{app}/{measured.rasa_cpu_s * 1000 / asked:.0f}"


if __name__ == "__main__":
    sys.exit(main())
