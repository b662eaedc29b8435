"""A whole bot of its own for one command: temporary database, free ports, its own Rasa."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvicorn
from rich.console import Console

from bot import rasa_server
from bot.actions.server import create_actions_app
from bot.core import Core, build_core, build_index
from bot.rasa_server import RasaMissing
from bot.settings import Settings
from bot.supervisor import free_port, plan_of

START_TIMEOUT_S = 90.0


@contextlib.asynccontextmanager
async def temporary_bot(settings: Settings, console: Console) -> AsyncIterator[Core]:
    """Yield a ready bot that leaves nothing behind.

    Raises:
        RasaMissing: Rasa's environment is missing, or it did not start in time.
    """
    with tempfile.TemporaryDirectory(prefix="lawbridge-") as folder:
        own = settings.model_copy(
            update={
                "data_dir": Path(folder),
                "database_url": "",
                "redis_url": "",
                "rasa_url": "",
                "index_dir": settings.resolved_index_dir,
                "rasa_port": free_port(),
                "actions_port": free_port(),
            }
        )
        with console.status("准备检索索引和 Rasa 模型……"):
            # The index is the deployment's, and so are the questions it has learned.
            build_index(settings)
            rasa_server.train(plan_of(own))
        core = build_core(own)
        server, serving = await _serve_actions(core, own.actions_port)
        process = rasa_server.start(plan_of(own))
        try:
            with console.status("启动对话服务……"):
                await _until_ready(core, process.poll)
            yield core
        finally:
            rasa_server.stop(process)
            server.should_exit = True
            await serving
            await core.close()


async def _serve_actions(core: Core, port: int) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    config = uvicorn.Config(
        create_actions_app(core.actions), host="127.0.0.1", port=port, log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
            raise RasaMissing("动作接口没有启动。")
        await asyncio.sleep(0.02)
    return server, serving


async def _until_ready(core: Core, ended: Callable[[], int | None]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not await core.rasa.is_ready():
        if ended() is not None or time.monotonic() > deadline:
            raise RasaMissing("Rasa 没有在规定时间内启动，请运行 bot doctor 查看原因。")
        await asyncio.sleep(0.1)
