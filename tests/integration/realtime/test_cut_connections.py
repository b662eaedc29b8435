"""Connections cut at random moments: both sides come back, without a gap and without a repeat."""

from __future__ import annotations

import asyncio

import httpx2

from tests.integration.realtime.chats import chat_between
from tests.integration.realtime.cutting import bad_line
from tests.integration.realtime.deployment import Deployment
from tests.integration.realtime.people import connected, until

COUNT = 300
CUTS_AT_LEAST = 20
SEED = 20261123


async def test_every_message_arrives_once_and_in_order_over_bad_lines(
    deployment: Deployment, http: httpx2.AsyncClient
) -> None:
    citizen, lawyer = await chat_between(deployment, http)
    conversation_id = citizen.conversation_id
    said = [f"来访者第{n}条" for n in range(COUNT)]
    answered = [f"律师第{n}条" for n in range(COUNT)]

    async def citizen_speaks() -> None:
        for number, text in enumerate(said):
            await citizen.say(f"c{number}", text)

    async def lawyer_speaks() -> None:
        for number, text in enumerate(answered):
            await lawyer.say(conversation_id, f"l{number}", text)

    async with (
        bad_line(deployment.first.port, SEED) as one,
        bad_line(deployment.last.port, SEED + 1) as other,
    ):
        citizen.url, lawyer.url = one.url, other.url
        async with connected(citizen, lawyer):
            await asyncio.gather(citizen_speaks(), lawyer_speaks())
            await until(lambda: citizen.said_by("lawyer")[-1:] == answered[-1:])
            await until(lambda: citizen.said_by("visitor")[-1:] == said[-1:])
            await until(lambda: lawyer.said_by("visitor")[-1:] == said[-1:])
            await until(lambda: lawyer.said_by("lawyer")[-1:] == answered[-1:])

    assert citizen.said_by("lawyer") == lawyer.said_by("lawyer") == answered
    # "转人工" was said before the lines became bad.
    assert citizen.said_by("visitor") == lawyer.said_by("visitor") == ["转人工", *said]
    assert deployment.stored(conversation_id, "visitor") == ["转人工", *said]
    assert [int(m["id"]) for m in citizen.messages] == [int(m["id"]) for m in lawyer.messages]
    assert min(one.cuts, other.cuts, citizen.connections, lawyer.connections) > CUTS_AT_LEAST
