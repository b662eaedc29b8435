"""What a desk does with the hints it gets, and without those it does not get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from bot.bus import EVERYONE, LOOK_AGAIN, QUEUE_TOPIC, RedisBus
from bot.desk.live import MOST_WATCHED, SETTLE_S
from bot.domain.conversation import HandoverReason, Mode, Sender
from connectors.messages import text
from tests.integration.realtime.chats import chat_between
from tests.integration.realtime.deployment import LOGINS, Deployment
from tests.integration.realtime.people import Citizen, Lawyer, connected, until


@pytest.fixture
def impatient(single: Deployment) -> Iterator[Deployment]:
    """The single process, whose connections look again in a moment."""
    single.first.look_often(True)
    yield single
    single.first.look_often(False)


async def test_a_lost_hint_only_delays_a_message_on_the_lawyers_screen(
    impatient: Deployment, http: httpx2.AsyncClient
) -> None:
    citizen, lawyer = await chat_between(impatient, http)
    async with connected(lawyer):
        await until(lambda: lawyer.messages)
        # Stored without any event, as when the bus has lost one.
        impatient.conversations.append_one(
            citizen.conversation_id, Sender.VISITOR, [text("还在吗")]
        )
        await until(lambda: "还在吗" in lawyer.said_by("visitor"))
    assert lawyer.said_by("visitor").count("还在吗") == 1


async def test_words_in_other_lawyers_chats_do_not_make_a_desk_read_the_queue(
    pair: Deployment, http: httpx2.AsyncClient, bus: RedisBus
) -> None:
    of_another, _ = await chat_between(pair, http, LOGINS[1])
    lawyer = await Lawyer.arrive(pair.last.url, http, LOGINS[0])
    words = {"kind": "message", "mode": Mode.HUMAN, "sender": Sender.VISITOR}
    newcomer = await Citizen.arrive(pair.first.url, http)
    async with connected(lawyer):
        await until(lambda: lawyer.heard("queue"))
        # Stored without a hint: it appears with the next view, whatever makes it be read.
        pair.conversations.move(newcomer.conversation_id, Mode.QUEUED, reason=HandoverReason.ASKED)
        await bus.publish(QUEUE_TOPIC, {**words, "conversation_id": of_another.conversation_id})
        with pytest.raises(TimeoutError):
            await until(lambda: newcomer.conversation_id in _queued(lawyer), 4 * SETTLE_S)
        await bus.publish(QUEUE_TOPIC, {**words, "mode": Mode.QUEUED})
        await until(lambda: newcomer.conversation_id in _queued(lawyer))


async def test_words_in_ones_own_unwatched_chat_are_shown_in_the_list(
    pair: Deployment, http: httpx2.AsyncClient, bus: RedisBus
) -> None:
    citizen, lawyer = await chat_between(pair, http)
    lawyer.watching.clear()
    async with connected(lawyer):
        await until(lambda: citizen.conversation_id in _mine(lawyer))
        pair.conversations.append_one(citizen.conversation_id, Sender.VISITOR, [text("还在吗")])
        event = {"kind": "message", "mode": Mode.HUMAN, "sender": Sender.VISITOR}
        await bus.publish(QUEUE_TOPIC, {**event, "conversation_id": citizen.conversation_id})
        await until(lambda: _mine(lawyer)[citizen.conversation_id]["last_words"] == "还在吗")
    # The list says it; the words themselves are not sent to a desk that does not watch.
    assert lawyer.said_by("visitor") == []


async def test_everybody_looks_again_when_another_process_could_not_tell_what_happened(
    pair: Deployment, http: httpx2.AsyncClient, bus: RedisBus
) -> None:
    citizen, lawyer = await chat_between(pair, http)
    async with connected(citizen, lawyer):
        await until(lambda: citizen.messages and lawyer.messages)
        pair.conversations.append_one(citizen.conversation_id, Sender.VISITOR, [text("还在吗")])
        await bus.publish(EVERYONE, LOOK_AGAIN)
        for person in (citizen, lawyer):
            await until(lambda p=person: "还在吗" in p.said_by("visitor"))
    for person in (citizen, lawyer):
        assert person.said_by("visitor").count("还在吗") == 1


async def test_chats_that_ended_leave_room_for_new_ones(
    single: Deployment, http: httpx2.AsyncClient
) -> None:
    citizen, lawyer = await chat_between(single, http)
    async with connected(lawyer):
        await until(lambda: lawyer.messages)
        before = len(lawyer.messages)
        for number in range(MOST_WATCHED + 5):
            # Nobody's conversation any more: each watch ends at once.
            await lawyer.watch(f"{number:032x}")
            await until(lambda n=number: len(lawyer.heard("ended")) > n)
        await lawyer.watch(citizen.conversation_id)
        await until(lambda: len(lawyer.messages) == 2 * before)
    assert not lawyer.heard("error")


def _queued(lawyer: Lawyer) -> list[str]:
    return [entry["id"] for view in lawyer.heard("queue")[-1:] for entry in view["queue"]]


def _mine(lawyer: Lawyer) -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for view in lawyer.heard("queue")[-1:] for entry in view["mine"]}
