"""Two hundred applications for legal aid a minute on two cores, none lost.

The application runs as ``bot serve`` does; citizens fill in the web form page by page in this
process. After three minutes of that, two hundred hand in at the same moment; with ``--kill`` the
application is killed in the middle of them and started again. Then the database is compared with
what everybody was told. Figures go to ``var/submissions-bench.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.citizens import Browser, Person, Talker, Times, Unanswered, connections
from benchmarks.deployment import ROOT, Site
from benchmarks.kept import Kept, look, undelivered
from bot.core import make_store
from bot.settings import Settings
from bot.store.unit import Store
from tests.integration.realtime.deployment import SERVING, deployed
from tests.integration.realtime.servers import Application, Missing, PostgresServer

RESULTS = ROOT / "var" / "submissions-bench.json"
CORES = 2
PERCENTILES = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
PREPARED_AT_ONCE = 8
SETUPS = {
    "sqlite": "网页表单，SQLite",
    "postgresql": "网页表单，PostgreSQL",
    "chat": "聊天填写，SQLite，含 Rasa",
}


@dataclass(frozen=True)
class Load:
    per_minute: float
    seconds: float
    burst: int
    kill: bool = False

    @property
    def steady(self) -> int:
        return round(self.per_minute * self.seconds / 60)


@dataclass(frozen=True)
class Phase:
    """What one part of the load was like; milliseconds."""

    asked: int
    accepted: int
    took_s: float
    per_minute: float
    submission_ms: dict[str, float]
    page_ms: dict[str, float]
    whole_ms: dict[str, float]
    faults: dict[str, int]


@dataclass(frozen=True)
class Measured:
    steady: Phase
    burst: Phase
    kept: Kept
    dead: Kept | None
    """What the database held while the application was killed."""
    undelivered: int
    cpu_s: float
    """Of the application while people applied one after another."""
    memory_mb: float
    load_before: float

    @property
    def is_sound(self) -> bool:
        was_sound = self.dead is None or self.dead.is_sound
        return was_sound and self.kept.is_sound and not self.undelivered

    @property
    def is_complete(self) -> bool:
        """Say whether everybody got a number."""
        return all(phase.accepted == phase.asked for phase in (self.steady, self.burst))


@dataclass(frozen=True)
class Running:
    """A deployment under load; ``application`` may be killed, where there is one."""

    url: str
    store: Store
    processes: Callable[[], list[psutil.Process]]
    application: Application | None = None


Show = Callable[[str, int, int], None]


async def steadily(
    running: Running, people: Sequence[Person], load: Load, chat: bool, show: Show
) -> Phase:
    """Let people begin one after another at the asked rate, however slow the answers are."""
    times, pause = Times(), 60 / load.per_minute
    started, done = time.perf_counter(), 0
    async with connections() as http:

        async def one(number: int, person: Person) -> None:
            nonlocal done
            await asyncio.sleep(max(started + number * pause - time.perf_counter(), 0))
            make = Talker if chat else Browser
            await _tried(make(person, running.url, http, times).apply(), times)
            done += 1
            show("一个接一个", done, len(people))

        await asyncio.gather(*(one(number, person) for number, person in enumerate(people)))
    return _phase(people, times, time.perf_counter() - started)


async def at_once(
    running: Running, people: Sequence[Person], load: Load, show: Show
) -> tuple[Phase, Kept | None]:
    """Let people who have filled in everything hand in at the same moment.

    With a kill every second one only begins then, so that it hits answers as well; what the
    database held while the application was dead comes with the figures.
    """
    times, prepared = Times(), people[::2] if load.kill else people
    gate = asyncio.Semaphore(PREPARED_AT_ONCE)
    async with connections() as http:
        browsers = {
            p.serial: Browser(p, running.url, http, times, comes_back=load.kill) for p in people
        }

        async def prepare(person: Person) -> None:
            async with gate:
                await _tried(browsers[person.serial].fill_in(), times)
                show("先填好", sum(p.begun for p in people), len(prepared))

        await asyncio.gather(*map(prepare, prepared))
        times.pages.clear()
        ready = {person.serial for person in prepared}
        started = time.perf_counter()

        async def hand_in(person: Person) -> None:
            browser = browsers[person.serial]
            going = browser.hand_in() if person.serial in ready else browser.apply()
            await _tried(going, times)
            show("同时提交", sum(p.acknowledged for p in people), len(people))

        going, dead = asyncio.gather(*map(hand_in, people)), None
        if load.kill and running.application is not None:
            dead = await kill_in_the_middle(running.application, running.store, people)
        await going
        took = time.perf_counter() - started
    return _phase(people, times, took), dead


async def kill_in_the_middle(
    application: Application, store: Store, people: Sequence[Person]
) -> Kept:
    """Kill the process once a third have their acknowledgement, and start it again.

    Returns what the database held in between.
    """
    while sum(person.acknowledged for person in people) < len(people) // 3:
        await asyncio.sleep(0.002)
    application.kill()
    dead = look(store, people)
    application.start()
    await asyncio.to_thread(application.wait_ready)
    return dead


async def _tried(going: Any, times: Times) -> None:
    try:
        await going
    except Unanswered as error:
        times.faults[f"gave up: {error}"] += 1


def _phase(people: Sequence[Person], times: Times, took: float) -> Phase:
    accepted = sum(person.acknowledged for person in people)
    return Phase(
        len(people),
        accepted,
        round(took, 2),
        round(accepted * 60 / took, 1) if took else 0.0,
        _percentiles(times.submissions),
        _percentiles(times.pages),
        _percentiles(times.whole),
        dict(times.faults),
    )


def _percentiles(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    found = np.percentile(seconds, list(PERCENTILES.values())) * 1000
    return {name: round(float(v), 1) for name, v in zip(PERCENTILES, found, strict=True)}


def under_load(running: Running, load: Load, show: Show, *, chat: bool = False) -> Measured:
    """Put a deployment under the load, then compare what it holds with what people were told."""
    people = [Person(serial) for serial in range(load.steady + (0 if chat else load.burst))]
    first, second = people[: load.steady], people[load.steady :]
    load_before, used = psutil.getloadavg()[0], _cpu_s(running.processes())
    steady = asyncio.run(steadily(running, first, load, chat, show))
    used = _cpu_s(running.processes()) - used
    burst, dead = asyncio.run(at_once(running, second, load, show))
    show("等通知送达", 0, 1)
    notices = undelivered(running.store)
    memory = sum(process.memory_info().rss for process in running.processes()) / 1e6
    return Measured(
        steady,
        burst,
        look(running.store, people),
        dead,
        len(notices),
        round(used, 2),
        round(memory, 1),
        round(load_before, 2),
    )


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(t.user + t.system for t in times))


@contextmanager
def setup(name: str) -> Iterator[Running]:
    """Run one kind of deployment until the block ends.

    Raises:
        Missing: this machine lacks a server for it.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lawbridge-aid-")))
        if name == "chat":
            whole = stack.enter_context(Site.in_folder(folder).running())
            store = make_store(Settings(data_dir=folder, database_url=""))
            stack.callback(store.engine.dispose)
            top = psutil.Process(whole.process.pid)
            yield Running(whole.app_url, store, lambda: [top, *top.children(recursive=True)])
            return
        url = f"sqlite:///{folder / 'lawbridge.db'}"
        if name == "postgresql":
            postgres = PostgresServer()
            stack.callback(postgres.remove)
            postgres.start()
            url = postgres.url
        found = stack.enter_context(deployed(folder, url, 1, logins=(), command=SERVING))
        first = found.first
        yield Running(first.url, found.conversations.store, lambda: [first.process], first)


def main() -> int:
    """Measure, print, write; return 1 if anything acknowledged is missing, repeated or unsaid."""
    load, names = _arguments()
    _use_cores(CORES)
    console = Console()
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    found: dict[str, Measured] = {}
    with progress:
        for name in names:
            task = progress.add_task(f"{SETUPS[name]}：启动", total=None)

            def show(what: str, done: int, total: int, name: str = name, task: Any = task) -> None:
                described = f"{SETUPS[name]}：{what}"
                progress.update(task, description=described, completed=done, total=total)

            try:
                with setup(name) as running:
                    found[name] = under_load(running, load, show, chat=name == "chat")
            except Missing as error:
                console.print(f"[yellow]{SETUPS[name]}：{error}，跳过[/]")
    _print(console, load, found)
    RESULTS.parent.mkdir(exist_ok=True)
    results = {
        "machine": {"cores": CORES, "python": platform.python_version()},
        "load": asdict(load),
        "setups": {name: asdict(measured) for name, measured in found.items()},
    }
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    console.print(f"结果已写入 {RESULTS.relative_to(ROOT)}")
    return int(not found or any(not (m.is_sound and m.is_complete) for m in found.values()))


def _use_cores(count: int) -> None:
    """Keep this process and what it starts on a few cores, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def _arguments(given: Sequence[str] | None = None) -> tuple[Load, list[str]]:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.submissions", description="法律援助申请压测"
    )
    parser.add_argument("--rate", type=float, default=200.0, help="每分钟多少人开始申请")
    parser.add_argument("--seconds", type=float, default=180.0, help="持续多少秒")
    parser.add_argument("--burst", type=int, default=200, help="之后多少人同时提交")
    parser.add_argument("--kill", action="store_true", help="同时提交到三分之一时 kill -9 再启动")
    parser.add_argument("--only", choices=SETUPS, help="只测一种；chat 要先能启动 Rasa")
    told = parser.parse_args(given)
    names = [told.only] if told.only else ["sqlite", "postgresql"]
    return Load(told.rate, told.seconds, told.burst, told.kill), names


def _print(console: Console, load: Load, found: dict[str, Measured]) -> None:
    killed = "，中途 kill -9" if load.kill else ""
    table = Table(
        title=f"法律援助申请：每分钟 {load.per_minute:g} 人，{load.seconds:g} 秒；"
        f"然后 {load.burst} 人同时提交{killed}"
    )
    table.add_column("")
    for name in found:
        table.add_column(SETUPS[name], justify="right")
    rows: list[tuple[str, Callable[[Measured], str]]] = [
        ("持续：受理 / 开始", lambda m: f"{m.steady.accepted} / {m.steady.asked}"),
        ("持续：每分钟受理", lambda m: f"{m.steady.per_minute:g}"),
        ("持续：提交 ms", lambda m: _ms(m.steady.submission_ms)),
        ("持续：每一页 ms", lambda m: _ms(m.steady.page_ms)),
        ("持续：整份申请 ms", lambda m: _ms(m.steady.whole_ms)),
        ("同时：受理 / 提交", lambda m: f"{m.burst.accepted} / {m.burst.asked}"),
        ("同时：用时 s", lambda m: f"{m.burst.took_s:g}"),
        ("同时：提交 ms", lambda m: _ms(m.burst.submission_ms)),
        ("库里的申请", lambda m: str(m.kept.rows)),
        ("被杀时：申请 / 草稿", lambda m: f"{m.dead.rows} / {m.dead.drafts}" if m.dead else "–"),
        ("丢失 / 重复", lambda m: f"{len(m.kept.lost)} / {len(m.kept.doubled)}"),
        ("没有申请也没有草稿", lambda m: str(len(m.kept.strays))),
        ("编号重复", lambda m: str(len(m.kept.repeated_numbers))),
        ("通知没有恰好送达一次", lambda m: str(m.undelivered)),
        ("每份申请的处理器 ms", lambda m: f"{m.cpu_s * 1000 / max(m.steady.accepted, 1):.0f}"),
        ("应用占一核", lambda m: f"{m.cpu_s / m.steady.took_s:.0%}" if m.steady.took_s else "–"),
        ("常驻 MB", lambda m: f"{m.memory_mb:.0f}"),
    ]
    for label, cell in rows:
        table.add_row(label, *(cell(measured) for measured in found.values()))
    console.print(table)
    for name, measured in found.items():
        faults = Counter(measured.steady.faults) + Counter(measured.burst.faults)
        if faults:
            console.print(f"[yellow]{SETUPS[name]}：没有答复的请求 {dict(faults)}[/]")
        if measured.load_before > CORES / 2:
            console.print(
                f"[yellow]{SETUPS[name]}：开始时系统负载 {measured.load_before}，"
                "别的程序在抢处理器，请在空闲时重测。[/]"
            )


def _ms(figures: dict[str, float]) -> str:
    return " / ".join(f"{figures[name]:.0f}" for name in figures) or "–"


if __name__ == "__main__":
    sys.exit(main())
