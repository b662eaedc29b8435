"""PostgreSQL killed and started again in the middle of a chat."""

from __future__ import annotations

import asyncio

import httpx2

from bot.bus import RedisBus, conversation_topic
from tests.integration.realtime.chats import chat_between
from tests.integration.realtime.deployment import Deployment
from tests.integration.realtime.people import connected, until

ONE_SHAPE = {"code", "message"}


async def test_failures_have_one_shape_and_nothing_acknowledged_is_lost(
    pair: Deployment, http: httpx2.AsyncClient
) -> None:
    assert pair.postgres is not None
    citizen, lawyer = await chat_between(pair, http)
    conversation_id = citizen.conversation_id
    async with connected(citizen, lawyer):
        await citizen.say("c1", "一")
        await lawyer.say(conversation_id, "l1", "甲")
        await until(lambda: citizen.said_by("lawyer") == ["甲"])
        pair.postgres.kill()
        for refused in (
            await citizen.post("c2", "二"),
            await lawyer.post(conversation_id, "messages", {"id": "l2", "text": "乙"}),
            await http.get(
                f"{citizen.url}/api/web/messages",
                headers={"Authorization": f"Bearer {citizen.token}"},
            ),
            await http.post(f"{citizen.url}/api/web/sessions", json={}),
        ):
            assert refused.status_code == 503, refused.text
            assert set(refused.json()["error"]) == ONE_SHAPE
            assert refused.json()["error"]["code"] == "storage_unavailable"
        speaking = asyncio.gather(citizen.say("c3", "三"), lawyer.say(conversation_id, "l3", "丙"))
        await until(lambda: citizen.heard("error"))
        assert citizen.heard("error")[0]["code"] == "storage_unavailable"
        assert not speaking.done()
        await asyncio.to_thread(pair.postgres.start)
        await speaking
        for person in (citizen, lawyer):
            await until(lambda p=person: p.said_by("lawyer")[-1:] == ["丙"])
            await until(lambda p=person: p.said_by("visitor")[-1:] == ["三"])
    # Refused is refused: the second of each was never sent again and is nowhere.
    assert pair.stored(conversation_id, "visitor") == ["转人工", "一", "三"]
    assert pair.stored(conversation_id, "lawyer") == ["甲", "丙"]
    assert citizen.said_by("lawyer") == lawyer.said_by("lawyer") == ["甲", "丙"]
    assert citizen.said_by("visitor") == lawyer.said_by("visitor") == ["转人工", "一", "三"]


async def test_a_desk_that_looked_while_the_database_was_away_goes_on_by_itself(
    pair: Deployment, http: httpx2.AsyncClient, bus: RedisBus
) -> None:
    assert pair.postgres is not None
    citizen, lawyer = await chat_between(pair, http)
    async with connected(citizen, lawyer):
        await until(lambda: citizen.messages and lawyer.messages)
        pair.postgres.kill()
        await bus.publish(conversation_topic(citizen.conversation_id), {"kind": "message"})
        await until(lambda: lawyer.socket is None)
        await asyncio.to_thread(pair.postgres.start)
        await citizen.say("c1", "还在吗")
        await until(lambda: "还在吗" in lawyer.said_by("visitor"))
        assert lawyer.connections > 1
