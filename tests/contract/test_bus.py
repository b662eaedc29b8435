"""What every bus promises: the in-process one and Redis alike."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.bus import Bus, InProcessBus, RedisBus


@pytest.fixture(params=["in_process", "redis"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    made: Bus = (
        InProcessBus()
        if request.param == "in_process"
        else RedisBus(request.getfixturevalue("redis_server"))
    )
    yield made
    await made.close()


async def test_subscribers_hear_their_topics_in_order(bus: Bus) -> None:
    async with bus.subscribe("a", "b") as events:
        await bus.publish("a", {"n": 1})
        await bus.publish("c", {"n": 2})
        await bus.publish("b", {"n": 3})
        heard = [await anext(events), await anext(events)]
    assert heard == [{"topic": "a", "n": 1}, {"topic": "b", "n": 3}]


async def test_every_subscriber_hears(bus: Bus) -> None:
    async with bus.subscribe("a") as one, bus.subscribe("a") as two:
        await bus.publish("a", {"word": "你好"})
        assert (await anext(one))["word"] == (await anext(two))["word"] == "你好"


async def test_what_was_published_before_is_not_heard(bus: Bus) -> None:
    await bus.publish("a", {"n": 1})
    async with bus.subscribe("a") as events:
        await bus.publish("a", {"n": 2})
        assert (await anext(events))["n"] == 2
