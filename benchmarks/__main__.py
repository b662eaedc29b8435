"""``make bench``: every figure from one run on one machine, so that their ratios mean something.

Prints tables and writes ``var/bench.json``. Absolute figures depend on the machine and on what
else it does; compare the ratios. ``python -m benchmarks wechat --full`` measures one of ``OTHERS``.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks import chat, citations, retrieval
from benchmarks.deployment import ROOT, Site, StartFailed

RESULTS = ROOT / "var" / "bench.json"
OTHERS = ("desk", "submissions", "wechat")
"""Loads of their own, each with its own options."""


def main() -> int:
    """Measure, print, write; return the exit status."""
    if len(sys.argv) > 1 and sys.argv[1] in OTHERS:
        return int(import_module(f"benchmarks.{sys.argv.pop(1)}").main())
    console = Console()
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    results: dict[str, Any] = {"machine": _machine()}
    try:
        with tempfile.TemporaryDirectory(prefix="lawbridge-bench-") as folder, progress:
            site = Site.in_folder(Path(folder))
            task = progress.add_task("首次启动（训练、建索引）", total=None)
            with site.running():
                pass
            progress.update(task, description="第二次启动")
            with site.running() as running:
                results["start"] = _start(running.times.rasa_s, running.times.ready_s)
                idle = running.memory_mb()
                progress.update(task, description="对话", total=chat.total_messages())
                results["chat"] = chat.measure(
                    running, ROOT / "knowledge_base", lambda n: progress.advance(task, n)
                )
                results["memory"] = _memory(idle, running.memory_mb())
                if any(f[k]["faults"] for f in results["chat"].values() for k in chat.SIDES):
                    console.print(site.last_words(), markup=False)
    except (StartFailed, chat.NothingAnswered) as error:
        console.print(f"[red]✗[/] {error}")
        return 1
    _print(console, results)
    console.print("\n[bold]检索（同一批资料上的 Searcher 与单独的 bm25s）[/]")
    retrieval.main()
    console.print("\n[bold]引用核对（每条答复 2000 字）[/]")
    citations.main()
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    console.print(f"\n结果已写入 {RESULTS.relative_to(ROOT)}")
    console.print(f"另有 python -m benchmarks {' | '.join(OTHERS)}", markup=False)
    return 0


def _machine() -> dict[str, Any]:
    return {
        "cpus": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": round(psutil.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def _start(rasa_s: float, ready_s: float) -> dict[str, float]:
    return {
        "rasa_answers_s": round(rasa_s, 2),
        "ready_s": round(ready_s, 2),
        "ratio": round(ready_s / rasa_s, 3),
    }


def _memory(idle: dict[str, float], after: dict[str, float]) -> dict[str, Any]:
    return {
        "idle_mb": {name: round(size, 1) for name, size in idle.items()},
        "after_load_mb": {name: round(size, 1) for name, size in after.items()},
        "total_over_rasa": round(sum(after.values()) / after["rasa"], 3),
    }


def _print(console: Console, results: dict[str, Any]) -> None:
    table = Table(title="对话：POST /api/web/messages 与裸 Rasa 的 REST 通道（同一模型与动作）")
    for column in ("客户端", "通道", "p50 ms", "p95 ms", "消息/秒", "处理器 ms/条", "异常"):
        table.add_column(column, justify="left" if column == "通道" else "right")
    for level, found in results["chat"].items():
        for key, name in (("product", "法桥"), ("bare_rasa", "裸 Rasa")):
            row = found[key]
            faults = "，".join(f"{why}×{n}" for why, n in row["faults"].items()) or "无"
            figures = (f"{row[name]:.1f}" for name in chat.FIGURES)
            table.add_row(level, name, *figures, faults)
        ratio = (f"×{found['ratio'][name]:.2f}" for name in chat.FIGURES)
        table.add_row("", "[bold]比值[/]", *ratio, "", end_section=True)
    console.print(table)
    memory = Table(title="常驻内存（MB）")
    for column in ("进程", "空闲", "压测后"):
        memory.add_column(column, justify="left" if column == "进程" else "right")
    for name, size in results["memory"]["after_load_mb"].items():
        idle = results["memory"]["idle_mb"].get(name, 0.0)
        memory.add_row(name, f"{idle:.0f}", f"{size:.0f}")
    memory.add_row("总和 / Rasa", "", f"×{results['memory']['total_over_rasa']:.2f}")
    console.print(memory)
    machine, start = results["machine"], results["start"]
    if machine["load_before"] > machine["cpus"] / 2:
        busy = f"开始时系统负载 {machine['load_before']}（{machine['cpus']} 核）"
        console.print(f"[yellow]{busy}：别的程序在抢处理器，请在空闲时重测。[/]")
    console.print(
        f"第二次启动：Rasa 应答 {start['rasa_answers_s']} 秒，全部就绪 {start['ready_s']} 秒"
        f"（×{start['ratio']}）"
    )


if __name__ == "__main__":
    sys.exit(main())
