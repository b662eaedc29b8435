"""A few messages are worked on at a time, the first to come first."""

from __future__ import annotations

import asyncio

import pytest

from bot.wechat.seats import Seats

FOR_GOOD_S = 60.0
NO_TIME_S = 0.0


async def test_the_first_to_come_are_done_first() -> None:
    seats, done = Seats(1, FOR_GOOD_S), list[int]()

    async def work(number: int) -> None:
        async with seats.taken():
            await asyncio.sleep(0)
            done.append(number)

    await asyncio.gather(*(work(number) for number in range(5)))
    assert done == [0, 1, 2, 3, 4]


async def test_no_more_than_there_are_seats_for_are_at_work() -> None:
    seats, at_work, most = Seats(2, FOR_GOOD_S), 0, 0

    async def work() -> None:
        nonlocal at_work, most
        async with seats.taken():
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1

    await asyncio.gather(*(work() for _ in range(6)))
    assert most == 2


async def test_what_waits_for_something_slow_keeps_nobody_waiting() -> None:
    seats, came = Seats(1, NO_TIME_S), asyncio.Event()

    async def slow() -> None:
        async with seats.taken():
            await came.wait()

    async def quick() -> None:
        async with seats.taken():
            came.set()

    async with asyncio.timeout(10):
        await asyncio.gather(slow(), quick())
    assert came.is_set()


async def test_a_seat_is_free_again_after_an_error() -> None:
    seats = Seats(1, FOR_GOOD_S)
    with pytest.raises(ValueError, match="broken"):
        async with seats.taken():
            raise ValueError("broken")
    async with asyncio.timeout(10), seats.taken():
        pass
