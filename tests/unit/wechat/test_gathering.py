"""Who asks while others are served is served together with whoever else does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from bot.wechat.gathering import MOST, Gathered


class Desk:
    """Serves when the test lets it, and notes who was served together."""

    def __init__(self) -> None:
        self.served: list[list[int]] = []
        self.open = asyncio.Event()
        self.squares = Gathered(self._squares, self._run)

    def _squares(self, numbers: Sequence[int]) -> list[int]:
        self.served.append(list(numbers))
        if 13 in numbers:
            raise ValueError("unlucky")
        return [number * number for number in numbers]

    async def _run(self, work: Callable[[], list[int]]) -> list[int]:
        await self.open.wait()
        return work()


async def asking(desk: Desk, numbers: Sequence[int]) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(desk.squares(number)) for number in numbers]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_everybody_gets_the_own_result() -> None:
    desk = Desk()
    desk.open.set()
    assert await asyncio.gather(*(desk.squares(n) for n in range(5))) == [0, 1, 4, 9, 16]


async def test_who_asks_while_others_are_served_is_served_in_one_go() -> None:
    desk = Desk()
    first = await asking(desk, [1])
    others = await asking(desk, [2, 3, 4])
    desk.open.set()
    assert [await task for task in (*first, *others)] == [1, 4, 9, 16]
    assert desk.served == [[1], [2, 3, 4]]


async def test_too_many_are_served_in_turns() -> None:
    desk = Desk()
    desk.open.set()
    await asyncio.gather(*(desk.squares(0) for _ in range(MOST + 1)))
    assert [len(each) for each in desk.served] == [MOST, 1]


async def test_a_failure_is_theirs_who_asked_together() -> None:
    desk = Desk()
    first = await asking(desk, [1])
    others = await asking(desk, [13, 2])
    desk.open.set()
    assert await first[0] == 1
    for task in others:
        with pytest.raises(ValueError, match="unlucky"):
            await task
    assert await desk.squares(3) == 9
