"""Publish and subscribe between the connections of one or several application processes.

Events are hints that something was stored; whoever receives one reads the database. A lost event
therefore delays a message until the next poll and never loses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import redis.asyncio as aioredis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

Event = dict[str, Any]

QUEUE_TOPIC = "queue"
"""Every change that the desk's queue must show."""

LOOK_AGAIN: Event = {"kind": "look_again"}
"""Heard by every subscriber when hints may have been lost."""

PREFIX = "lawbridge:"
EVERYONE = "everyone"
"""The topic of what all subscribers of the other processes must hear."""
ANSWER_S = 1.0
"""Redis stands beside us: what takes longer is down."""
PAUSE_S = 1.0
"""Between attempts to reach a Redis that is away."""


def conversation_topic(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


class Bus(Protocol):
    async def publish(self, topic: str, event: Event) -> None:
        """Tell the topic's subscribers; what cannot be told is dropped, never raised."""
        ...

    def subscribe(self, *topics: str) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Yield events published after entering; leave the context to unsubscribe.

        Waiting for the next event may be cancelled and taken up again.
        """
        ...

    async def close(self) -> None: ...


class _Heard:
    """The events of one subscriber; a class, because a cancelled generator would be at its end."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=1000)

    def put(self, event: Event) -> None:
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(event)

    def __aiter__(self) -> _Heard:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()


class InProcessBus:
    """The default: one application process, nothing to install."""

    def __init__(self) -> None:
        self._subscribers: dict[str, set[_Heard]] = defaultdict(set)

    async def publish(self, topic: str, event: Event) -> None:
        self.tell(topic, event)

    def tell(self, topic: str, event: Event) -> None:
        """Hand an event to the topic's subscribers, without waiting for anything."""
        for heard in tuple(self._subscribers.get(topic, ())):
            heard.put({"topic": topic, **event})

    def tell_everyone(self, event: Event) -> None:
        """Hand an event to the subscribers of every topic."""
        for topic in tuple(self._subscribers):
            self.tell(topic, event)

    def is_heard(self, topic: str) -> bool:
        """Say whether anybody listens to the topic."""
        return topic in self._subscribers

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        heard = _Heard()
        for topic in topics:
            self._subscribers[topic].add(heard)
        try:
            yield heard
        finally:
            for topic in topics:
                self._subscribers[topic].discard(heard)
                if not self._subscribers[topic]:
                    del self._subscribers[topic]

    async def close(self) -> None:
        self._subscribers.clear()


class RedisBus:
    """Several application processes: the same events, carried between them by Redis pub/sub.

    A process listens on one connection for all its subscribers. While Redis is away events reach
    this process only; when it is back, every subscriber here looks again.
    """

    def __init__(self, url: str) -> None:
        # One immediate second attempt: a pooled connection may date from before a restart.
        self._redis = aioredis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 1),
        )
        self._here = InProcessBus()
        self._name = secrets.token_hex(8)
        self._listener: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._silent_until = 0.0
        self._dropped = False
        """Something could not be told to the other processes."""

    async def publish(self, topic: str, event: Event) -> None:
        # Subscribers of this process need no Redis, and hear at once.
        self._here.tell(topic, event)
        clock = asyncio.get_running_loop()
        if clock.time() < self._silent_until:
            self._dropped = True
            return
        try:
            await self._make_up()
            await self._say(topic, event)
        except (RedisError, OSError) as error:
            # Whoever publishes has stored something and must not fail or wait because of a hint.
            self._dropped = True
            self._silent_until = clock.time() + PAUSE_S
            log.warning("bus_unavailable", error=type(error).__name__)

    async def _say(self, topic: str, event: Event) -> None:
        said = f"{self._name} {json.dumps(event, ensure_ascii=False)}"
        await self._redis.publish(PREFIX + topic, said)

    async def _make_up(self) -> None:
        """Have the other processes look for what they were not told."""
        if self._dropped:
            await self._say(EVERYONE, LOOK_AGAIN)
            self._dropped = False

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[AsyncIterator[Event]]:
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        # Until Redis has confirmed, or is known to be away, an event could be missed unnoticed.
        await self._tried.wait()
        async with self._here.subscribe(*topics) as heard:
            yield heard

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.psubscribe(f"{PREFIX}*")
                    async for message in pubsub.listen():
                        if message["type"] == "psubscribe":
                            await self._heard_again()
                        else:
                            self._take(message)
            except (RedisError, OSError) as error:
                log.warning("bus_unavailable", error=type(error).__name__)
            self._tried.set()
            await asyncio.sleep(PAUSE_S)

    async def _heard_again(self) -> None:
        """Go on after a connection was confirmed, perhaps after an absence."""
        self._tried.set()
        self._silent_until = 0.0
        self._here.tell_everyone(LOOK_AGAIN)
        await self._make_up()

    def _take(self, message: dict[str, Any]) -> None:
        topic = str(message["channel"]).removeprefix(PREFIX)
        sender, _, said = str(message["data"]).partition(" ")
        if sender == self._name:
            return
        with contextlib.suppress(ValueError):
            if topic == EVERYONE:
                self._here.tell_everyone(json.loads(said))
            elif self._here.is_heard(topic):
                self._here.tell(topic, json.loads(said))

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        await self._here.close()
        await self._redis.aclose()
