"""How many messages are worked on at a time: the first to come are done first.

Worked on all together, a burst would be done all together, and too late for every one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Seats:
    """A seat is left when the work is done, or after a while: then it waits for something slow."""

    def __init__(self, count: int, lasts_s: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._lasts_s = lasts_s

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Wait for a seat, in the order of arrival."""
        await self._free.acquire()
        is_taken = True

        def leave() -> None:
            nonlocal is_taken
            if is_taken:
                is_taken = False
                self._free.release()

        timer = asyncio.get_running_loop().call_later(self._lasts_s, leave)
        try:
            yield
        finally:
            timer.cancel()
            leave()
