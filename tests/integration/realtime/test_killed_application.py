"""``kill -9`` of an application process in the middle of live chats."""

from __future__ import annotations

import asyncio

import httpx2

from tests.integration.realtime.chats import chat_between
from tests.integration.realtime.deployment import Deployment
from tests.integration.realtime.people import Citizen, Lawyer, connected, until

CHATS = 5
EACH = 12
KILLED_AFTER = CHATS * EACH // 3
"""Acknowledged messages; as many are under way as there are people writing."""


async def test_nothing_acknowledged_is_lost_and_nothing_is_stored_twice(
    deployment: Deployment, http: httpx2.AsyncClient
) -> None:
    chats = [await chat_between(deployment, http) for _ in range(CHATS)]
    said = [f"来访者第{n}条" for n in range(EACH)]
    answered = [f"律师第{n}条" for n in range(EACH)]

    async def citizen_speaks(citizen: Citizen) -> None:
        for number, text in enumerate(said):
            await citizen.say(f"c{number}", text)

    async def lawyer_speaks(lawyer: Lawyer, conversation_id: str) -> None:
        for number, text in enumerate(answered):
            await lawyer.say(conversation_id, f"l{number}", text)

    people = [person for chat in chats for person in chat]
    async with connected(*people):
        speaking = asyncio.gather(
            *(citizen_speaks(citizen) for citizen, _ in chats),
            *(lawyer_speaks(lawyer, citizen.conversation_id) for citizen, lawyer in chats),
        )
        await until(lambda: sum(len(p.acknowledged) for p in people) >= KILLED_AFTER)
        deployment.first.kill()
        acknowledged = [
            (citizen.conversation_id, list(citizen.acknowledged), list(lawyer.acknowledged))
            for citizen, lawyer in chats
        ]
        for conversation_id, by_citizen, by_lawyer in acknowledged:
            kept = deployment.stored(conversation_id, "visitor")[1:]
            assert kept[: len(by_citizen)] == said[: len(by_citizen)]
            kept = deployment.stored(conversation_id, "lawyer")
            assert kept[: len(by_lawyer)] == answered[: len(by_lawyer)]
        assert not speaking.done()
        await asyncio.to_thread(_start_again, deployment)
        await speaking
        for person in people:
            await until(lambda p=person: len(p.said_by("lawyer")) >= EACH)
            await until(lambda p=person: len(p.said_by("visitor")) > EACH)

    for citizen, lawyer in chats:
        assert deployment.stored(citizen.conversation_id, "visitor") == ["转人工", *said]
        assert deployment.stored(citizen.conversation_id, "lawyer") == answered
        assert citizen.said_by("lawyer") == lawyer.said_by("lawyer") == answered
        assert citizen.said_by("visitor") == lawyer.said_by("visitor") == ["转人工", *said]


def _start_again(deployment: Deployment) -> None:
    deployment.first.start()
    deployment.first.wait_ready()
