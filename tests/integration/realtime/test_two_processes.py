"""A citizen on one application process and the lawyer on another: nothing but Redis joins them.

The processes look again only after minutes, so what arrives here came over the bus.
"""

from __future__ import annotations

import httpx2

from tests.integration.realtime.chats import chat_between
from tests.integration.realtime.deployment import LOGINS, Deployment
from tests.integration.realtime.people import Citizen, Lawyer, connected, until

ENDED = {"outcome": "advised", "advice": "先申请劳动仲裁"}


async def test_messages_cross_both_ways(pair: Deployment, http: httpx2.AsyncClient) -> None:
    citizen, lawyer = await chat_between(pair, http)
    async with connected(citizen, lawyer):
        await citizen.say("c1", "公司拖欠工资三个月")
        await until(lambda: "公司拖欠工资三个月" in lawyer.said_by("visitor"))
        await lawyer.say(citizen.conversation_id, "l1", "有劳动合同吗")
        await until(lambda: citizen.said_by("lawyer") == ["有劳动合同吗"])
    assert lawyer.said_by("visitor").count("公司拖欠工资三个月") == 1
    assert lawyer.said_by("lawyer").count("有劳动合同吗") == 1


async def test_typing_is_shown_on_the_other_side_only(
    pair: Deployment, http: httpx2.AsyncClient
) -> None:
    citizen, lawyer = await chat_between(pair, http)
    async with connected(citizen, lawyer):
        # Typing has no memory: it counts only once both are known to listen.
        await until(lambda: citizen.messages and lawyer.messages)
        await citizen.send({"kind": "typing"})
        await until(lambda: lawyer.heard("typing"))
        assert not citizen.heard("typing")
        await lawyer.send({"kind": "typing", "conversation_id": citizen.conversation_id})
        await until(lambda: citizen.heard("typing"))
        assert len(lawyer.heard("typing")) == 1


async def test_a_citizen_who_begins_to_wait_appears_at_the_other_processs_desk(
    pair: Deployment, http: httpx2.AsyncClient
) -> None:
    lawyer = await Lawyer.arrive(pair.last.url, http, LOGINS[0])
    citizen = await Citizen.arrive(pair.first.url, http)
    async with connected(lawyer):
        await until(lambda: lawyer.heard("queue"))
        await citizen.ask_for_a_person()
        await until(lambda: citizen.conversation_id in _waiting(lawyer))
    assert _waiting(lawyer).count(citizen.conversation_id) == 1


async def test_a_claim_is_seen_by_the_citizen_and_by_the_other_lawyers(
    pair: Deployment, http: httpx2.AsyncClient
) -> None:
    citizen = await Citizen.arrive(pair.first.url, http)
    await citizen.ask_for_a_person()
    here = await Lawyer.arrive(pair.first.url, http, LOGINS[0])
    there = await Lawyer.arrive(pair.last.url, http, LOGINS[1])
    async with connected(citizen, here):
        await until(lambda: citizen.mode == "queued")
        await until(lambda: citizen.conversation_id in _waiting(here))
        assert (await there.post(citizen.conversation_id, "claim")).status_code == 200
        await until(lambda: citizen.mode == "human")
        await until(lambda: citizen.conversation_id not in _waiting(here))
        assert (await here.post(citizen.conversation_id, "claim")).status_code == 409


async def test_handing_back_and_closing_are_seen_by_the_citizen(
    pair: Deployment, http: httpx2.AsyncClient
) -> None:
    returned, lawyer = await chat_between(pair, http)
    closed, _ = await chat_between(pair, http)
    async with connected(returned, closed, lawyer):
        await until(lambda: returned.mode == closed.mode == "human")
        assert (await lawyer.post(returned.conversation_id, "return")).status_code == 200
        await until(lambda: returned.mode == "bot")
        assert (await lawyer.post(closed.conversation_id, "close", ENDED)).status_code == 200
        await until(lambda: closed.mode == "closed")
        await until(
            lambda: (
                returned.conversation_id
                in [frame["conversation_id"] for frame in lawyer.heard("ended")]
            )
        )


def _waiting(lawyer: Lawyer) -> list[str]:
    return [entry["id"] for view in lawyer.heard("queue")[-1:] for entry in view["queue"]]
