"""One transaction for all who ask while another is under way.

A burst of deliveries would otherwise wait for one commit after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

A = TypeVar("A")
R = TypeVar("R")

MOST = 50
"""Asked for together; the others wait for the next."""


class Run(Protocol):
    """Runs blocking work on a thread."""

    def __call__(self, work: Callable[[], list[R]], /) -> Awaitable[list[R]]: ...


class Gathered(Generic[A, R]):
    """Each caller gets its own result; an error is everybody's who asked together."""

    def __init__(self, work: Callable[[Sequence[A]], list[R]], run: Run) -> None:
        self._work = work
        self._run = run
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._going: asyncio.Task[None] | None = None

    async def __call__(self, asked: A) -> R:
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        if self._going is None or self._going.done():
            self._going = asyncio.create_task(self._go())
        return await future

    async def _go(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                found = await self._run(partial(self._work, [asked for asked, _ in taken]))
            except Exception as error:  # noqa: BLE001  raised to those who asked
                for _, future in taken:
                    if not future.done():
                        future.set_exception(error)
            else:
                for (_, future), result in zip(taken, found, strict=True):
                    if not future.done():
                        future.set_result(result)
