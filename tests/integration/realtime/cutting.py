"""A bad line: a TCP proxy that cuts every connection after a random number of bytes or moments."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

BYTES = (150, 6000)
MOMENTS_S = (0.02, 0.6)


@dataclass
class BadLine:
    """Counts what it did to those who use it."""

    to_port: int
    dice: random.Random
    cuts: int = 0
    port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.transport.abort()
            return
        left = _Allowance(self.dice.randint(*BYTES))
        pumps = [
            asyncio.create_task(_pump(reader, back, left)),
            asyncio.create_task(_pump(there, writer, left)),
        ]
        _done, unfinished = await asyncio.wait(
            pumps, timeout=self.dice.uniform(*MOMENTS_S), return_when=asyncio.FIRST_COMPLETED
        )
        self.cuts += 1
        for pump in unfinished:
            pump.cancel()
        # Abort, not close: nothing more leaves the buffers, as when a cable is pulled.
        writer.transport.abort()
        back.transport.abort()
        await asyncio.wait(pumps)


class _Allowance:
    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, chunk: bytes) -> bytes:
        """Return as much of a chunk as may still pass."""
        passed = chunk[: self.left]
        self.left -= len(passed)
        return passed


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowance: _Allowance
) -> None:
    with contextlib.suppress(OSError):
        while allowance.left > 0 and (chunk := await reader.read(4096)):
            writer.write(allowance.take(chunk))
            await writer.drain()


@asynccontextmanager
async def bad_line(to_port: int, seed: int) -> AsyncIterator[BadLine]:
    """Offer a bad line to a port of this machine until the block ends."""
    line = BadLine(to_port, random.Random(seed))
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
