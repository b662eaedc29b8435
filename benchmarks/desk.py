"""How fast a citizen's words are on the lawyer's screen: 500 citizens' sockets, 40 lawyers'.

The application runs as ``bot serve`` does, the people in another process. Rasa is absent on
purpose: once a lawyer has taken over it is not asked, so only our own path is measured. Figures go
to ``var/desk-bench.json``; they mean something only on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.deployment import ROOT
from tests.integration.realtime.deployment import SERVING, Deployment, deployed
from tests.integration.realtime.people import Citizen, Lawyer
from tests.integration.realtime.servers import Missing, PostgresServer, RedisServer

RESULTS = ROOT / "var" / "desk-bench.json"
GOAL_P95_MS = 150.0
PERCENTILES = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
AT_ONCE = 8
SEED = 20261123
SETUPS = {
    "in_process": "一个进程，SQLite，进程内总线",
    "redis": "两个进程，PostgreSQL，Redis",
}


@dataclass(frozen=True)
class Load:
    """Who talks, and how much."""

    citizens: int
    lawyers: int
    every_s: float
    """Mean pause between two messages of one citizen."""
    seconds: float
    warm_up_s: float = 5.0


@dataclass(frozen=True)
class Measured:
    """One setup's figures."""

    sent: int
    lost: int
    repeated: int
    refused: dict[str, int]
    shown_ms: dict[str, float]
    acknowledged_ms: dict[str, float]
    sockets: int
    before_mb: float
    open_mb: float
    after_mb: float
    kb_per_socket: float
    cpu_s: float
    cpu_share: float
    """Of one core, while the talk went on."""
    load_before: float


@dataclass(frozen=True)
class People:
    """Everybody, signed in, each citizen in a chat that a lawyer has claimed."""

    citizens: list[tuple[str, str]]
    lawyers: list[tuple[str, str, list[str]]]


async def settle_in(
    deployment: Deployment, load: Load, logins: Sequence[str], advance: Callable[[], None]
) -> People:
    """Open the chats over HTTP: citizens on one process, their lawyers on the next."""
    here, there = deployment.applications[0], deployment.applications[-1]
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx2.AsyncClient(timeout=60.0, trust_env=False) as http:
        lawyers = [await Lawyer.arrive(there.url, http, login) for login in logins]

        async def settle(number: int) -> tuple[Citizen, Lawyer]:
            async with gate:
                citizen = await Citizen.arrive(here.url, http)
                await citizen.ask_for_a_person()
                lawyer = lawyers[number % len(lawyers)]
                answer = await lawyer.post(citizen.conversation_id, "claim")
                answer.raise_for_status()
                advance()
                return citizen, lawyer

        chats = await asyncio.gather(*(settle(n) for n in range(load.citizens)))
    return People(
        [(_socket(c.url, "/api/web/ws"), c.token) for c, _ in chats],
        [
            (
                _socket(lawyer.url, "/api/desk/ws"),
                lawyer.cookie,
                [c.conversation_id for c, owner in chats if owner is lawyer],
            )
            for lawyer in lawyers
        ],
    )


def _socket(url: str, path: str) -> str:
    return url.replace("http", "ws", 1) + path


def talk(
    deployment: Deployment, people: People, load: Load, show: Callable[[str, int, int], None]
) -> Measured:
    """Have the people talk in their own process and measure the application's."""
    processes = [application.process for application in deployment.applications]
    load_before, before = psutil.getloadavg()[0], _memory(processes)
    sockets = len(people.citizens) + len(people.lawyers)
    opened = used = 0.0
    result: dict[str, Any] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.desk_people"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        job = {
            "citizens": people.citizens, "lawyers": people.lawyers, "every_s": load.every_s,
            "seconds": load.seconds, "warm_up_s": load.warm_up_s, "seed": SEED,
        }  # fmt: skip
        client.stdin.write(json.dumps(job) + "\n")
        client.stdin.flush()
        expected = round(load.citizens * load.seconds / load.every_s)
        for line in client.stdout:
            told = json.loads(line)
            if "opened" in told:
                show("打开连接", told["opened"], sockets)
            elif "ready" in told:
                opened, used = _memory(processes), _cpu_s(processes)
                client.stdin.write("go\n")
                client.stdin.flush()
            elif "sent" in told:
                show("对话", told["sent"], expected)
            else:
                result = told["result"]
                used = _cpu_s(processes) - used
    if client.returncode != 0:
        raise subprocess.CalledProcessError(client.returncode, "benchmarks.desk_people")
    return Measured(
        result["sent"],
        result["lost"],
        result["repeated"],
        result["refused"],
        _percentiles(result["shown_ms"]),
        _percentiles(result["acknowledged_ms"]),
        sockets,
        round(before, 1),
        round(opened, 1),
        round(_memory(processes), 1),
        round((opened - before) * 1000 / sockets, 1),
        round(used, 2),
        round(used / load.seconds, 3),
        round(load_before, 2),
    )


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    found = np.percentile(values, list(PERCENTILES.values()))
    return {name: round(float(v), 1) for name, v in zip(PERCENTILES, found, strict=True)}


def _ms(figures: dict[str, float], name: str) -> str:
    return f"{figures[name]:.0f}" if name in figures else "–"


def _memory(processes: Sequence[psutil.Process]) -> float:
    return float(sum(process.memory_info().rss for process in processes)) / 1e6


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(t.user + t.system for t in times))


@contextmanager
def setup(name: str, logins: Sequence[str]) -> Iterator[Deployment]:
    """Run one kind of deployment until the block ends.

    Raises:
        Missing: this machine lacks a server for it.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lawbridge-desk-")))
        if name == "in_process":
            url = f"sqlite:///{folder / 'lawbridge.db'}"
            yield stack.enter_context(deployed(folder, url, 1, logins=logins, command=SERVING))
            return
        postgres, redis = PostgresServer(), RedisServer()
        stack.callback(postgres.remove)
        stack.callback(redis.kill)
        postgres.start()
        redis.start()
        yield stack.enter_context(
            deployed(folder, postgres.url, 2, redis, logins=logins, command=SERVING)
        )


def measure(name: str, load: Load, progress: Progress) -> Measured:
    """Return one setup's figures.

    Raises:
        Missing: this machine lacks a server for it.
    """
    logins = [f"lawyer{number:02}" for number in range(load.lawyers)]
    task = progress.add_task(f"{SETUPS[name]}：启动", total=None)

    def show(what: str, done: int, total: int) -> None:
        described = f"{SETUPS[name]}：{what}"
        progress.update(task, description=described, completed=done, total=max(done, total))

    with setup(name, logins) as deployment:
        show("接待", 0, load.citizens)
        people = asyncio.run(settle_in(deployment, load, logins, lambda: progress.advance(task)))
        return talk(deployment, people, load, show)


def main() -> int:
    """Measure, print, write; return 1 when a message was lost or repeated."""
    load, names = _arguments()
    console = Console()
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    found: dict[str, Measured] = {}
    with progress:
        for name in names:
            try:
                found[name] = measure(name, load, progress)
            except Missing as error:
                console.print(f"[yellow]{SETUPS[name]}：{error}，跳过[/]")
    _print(console, load, found)
    RESULTS.parent.mkdir(exist_ok=True)
    results = {
        "machine": {"cpus": psutil.cpu_count(), "python": platform.python_version()},
        "load": asdict(load),
        "setups": {name: asdict(measured) for name, measured in found.items()},
    }
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    console.print(f"结果已写入 {RESULTS.relative_to(ROOT)}")
    return int(any(m.lost or m.repeated or m.refused for m in found.values()))


def _arguments() -> tuple[Load, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.desk", description="律师工作台压测")
    parser.add_argument("--citizens", type=int, default=500, help="来访者的连接数")
    parser.add_argument("--lawyers", type=int, default=40, help="律师的连接数")
    parser.add_argument("--every", type=float, default=10.0, help="每位来访者平均几秒说一句")
    parser.add_argument("--seconds", type=float, default=60.0, help="测多少秒")
    parser.add_argument("--only", choices=SETUPS, help="只测一种部署")
    given = parser.parse_args()
    names = [given.only] if given.only else list(SETUPS)
    return Load(given.citizens, given.lawyers, given.every, given.seconds), names


def _print(console: Console, load: Load, found: dict[str, Measured]) -> None:
    table = Table(
        title=f"来访者的话到律师屏幕：{load.citizens} + {load.lawyers} 个连接，"
        f"每人约 {load.every_s:g} 秒一句，{load.seconds:g} 秒"
    )
    # One row a figure: side by side they would not fit in a terminal.
    table.add_column("")
    for name in found:
        table.add_column(SETUPS[name], justify="right")
    measured = list(found.values())
    for key in PERCENTILES:
        table.add_row(f"{key} ms", *(_ms(m.shown_ms, key) for m in measured))
    table.add_row("确认 p95 ms", *(_ms(m.acknowledged_ms, "p95") for m in measured))
    table.add_row("条数", *(str(m.sent) for m in measured))
    table.add_row("丢失 / 重复", *(f"{m.lost} / {m.repeated}" for m in measured))
    table.add_row("KB / 连接", *(f"{m.kb_per_socket:.0f}" for m in measured))
    table.add_row("常驻 MB", *(f"{m.after_mb:.0f}" for m in measured))
    table.add_row("占一核", *(f"{m.cpu_share:.0%}" for m in measured))
    console.print(table)
    for name, row in found.items():
        if row.shown_ms.get("p95", GOAL_P95_MS + 1) > GOAL_P95_MS:
            console.print(f"[yellow]{SETUPS[name]}：p95 超过 {GOAL_P95_MS:g} 毫秒的目标。[/]")
        if row.refused:
            console.print(f"[yellow]{SETUPS[name]}：被拒绝 {row.refused}[/]")
        cpus = psutil.cpu_count() or 1
        if row.load_before > cpus / 2:
            console.print(
                f"[yellow]{SETUPS[name]}：开始时系统负载 {row.load_before}（{cpus} 核），"
                "别的程序在抢处理器，请在空闲时重测。[/]"
            )


if __name__ == "__main__":
    sys.exit(main())
