"""Redis killed in the middle: messages still arrive, and the bus comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.integration.realtime.chats import chat_between
from tests.integration.realtime.deployment import Deployment
from tests.integration.realtime.people import connected, until


@pytest.fixture
def impatient(pair: Deployment) -> Iterator[Deployment]:
    """The two processes, whose connections look again in a moment."""
    for application in pair.applications:
        application.look_often(True)
    yield pair
    for application in pair.applications:
        application.look_often(False)


async def test_messages_arrive_without_redis_and_by_it_again_when_it_returns(
    impatient: Deployment, http: httpx2.AsyncClient
) -> None:
    pair = impatient
    assert pair.redis is not None
    citizen, lawyer = await chat_between(pair, http)
    async with connected(citizen, lawyer):
        await until(lambda: citizen.messages and lawyer.messages)
        pair.redis.kill()
        await citizen.say("c1", "还在吗")
        await until(lambda: "还在吗" in lawyer.said_by("visitor"))
        await lawyer.say(citizen.conversation_id, "l1", "在")
        await until(lambda: citizen.said_by("lawyer") == ["在"])
        # Their sockets stayed: who is connected does not notice.
        assert (citizen.connections, lawyer.connections) == (1, 1)
        pair.redis.start()

        async def typing_crosses() -> bool:
            await citizen.send({"kind": "typing"})
            return bool(lawyer.heard("typing"))

        # Only the bus brings typing; until it is back, nothing does.
        await citizen.keep_trying(typing_crosses)
        assert (citizen.connections, lawyer.connections) == (1, 1)
    assert lawyer.said_by("visitor") == ["转人工", "还在吗"]


async def test_what_was_said_without_redis_is_shown_as_soon_as_it_returns(
    pair: Deployment, http: httpx2.AsyncClient
) -> None:
    """Patient connections: only the bus's own return can bring it."""
    assert pair.redis is not None
    citizen, lawyer = await chat_between(pair, http)
    async with connected(citizen, lawyer):
        await until(lambda: citizen.messages and lawyer.messages)
        pair.redis.kill()
        await citizen.say("c1", "还在吗")
        assert "还在吗" not in lawyer.said_by("visitor")
        pair.redis.start()
        await until(lambda: "还在吗" in lawyer.said_by("visitor"))
        assert lawyer.connections == 1
