"""Publish and subscribe between the connections of one or several application processes.

Events are hints that something was stored; whoever receives one reads the database. A lost event
therefore delays a message until the next poll and never loses it.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import redis.asyncio as aioredis

Event = dict[str, Any]

QUEUE_TOPIC = "queue"
"""Every change that the desk's queue must show."""


def conversation_topic(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


class Bus(Protocol):
    async def publish(self, topic: str, event: Event) -> None: ...

    def subscribe(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Yield events published after entering; leave the context to unsubscribe."""
        ...

    async def close(self) -> None: ...


class InProcessBus:
    """The default: one application process, nothing to install."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[Event]]] = defaultdict(set)

    async def publish(self, topic: str, event: Event) -> None:
        for queue in tuple(self._queues.get(topic, ())):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait({"topic": topic, **event})

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=1000)
        for topic in topics:
            self._queues[topic].add(queue)
        try:
            yield _drain(queue)
        finally:
            for topic in topics:
                self._queues[topic].discard(queue)
                if not self._queues[topic]:
                    del self._queues[topic]

    async def close(self) -> None:
        self._queues.clear()


async def _drain(queue: asyncio.Queue[Event]) -> AsyncIterator[Event]:
    while True:
        yield await queue.get()


class RedisBus:
    """Several application processes: the same events over Redis pub/sub."""

    def __init__(self, url: str) -> None:
        self._redis = aioredis.from_url(url, decode_responses=True)

    async def publish(self, topic: str, event: Event) -> None:
        await self._redis.publish(f"lawbridge:{topic}", json.dumps(event, ensure_ascii=False))

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        pubsub = self._redis.pubsub()
        await pubsub.subscribe(*(f"lawbridge:{topic}" for topic in topics))
        try:
            yield self._listen(pubsub)
        finally:
            await pubsub.unsubscribe()
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _listen(self, pubsub: Any) -> AsyncIterator[Event]:
        async for message in pubsub.listen():
            if message["type"] == "message":
                topic = message["channel"].removeprefix("lawbridge:")
                yield {"topic": topic, **json.loads(message["data"])}

    async def close(self) -> None:
        await self._redis.aclose()
