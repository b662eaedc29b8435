"""Bring a deployment up to date before it serves: schema, index, Rasa model."""

from __future__ import annotations

from rich.console import Console

from bot import rasa_server
from bot.core import build_index, publish_learned
from bot.settings import Settings
from bot.supervisor import plan_of


def prepare(settings: Settings, console: Console) -> None:
    """Migrate the database, build the index and train Rasa where their inputs changed.

    Raises:
        OSError: the data directory cannot be written.
        RasaMissing: Rasa cannot be trained; the message says why.
    """
    with console.status("检查数据库……"):
        publish_learned(settings)
    console.print("[green]✓[/] 数据库已是最新结构")
    with console.status("检查检索索引……"):
        built = build_index(settings, show_progress=False)
    console.print("[green]✓[/] 检索索引" + ("已重建" if built else "无变化"))
    if not settings.rasa_url:
        with console.status("检查 Rasa 模型（内容有变化时训练，约半分钟到一分钟）……"):
            trained = rasa_server.train(plan_of(settings))
        console.print("[green]✓[/] Rasa 模型" + ("已训练" if trained else "无变化"))
