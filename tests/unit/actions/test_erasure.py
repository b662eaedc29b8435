"""Asking in the chat for one's data to be deleted, confirming it, and having it done."""

from __future__ import annotations

from bot.actions.talk import Talk
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.turn import Turn
from bot.domain.conversation import Context
from bot.store.outbox import OutboxRunner
from bot.store.unit import Store
from bot.texts import load_texts
from connectors.console import render
from tests.conftest import FixedClock

OFFERED = Context(options=(("confirm_delete", "删除我的全部数据"),))


class NoRatings:
    def rate(self, conversation_id: str, score: int) -> None:
        raise AssertionError("nothing is rated here")


def test_the_first_request_only_asks_for_confirmation(store: Store, clock: FixedClock) -> None:
    conversations = ConversationRepository(store, clock)
    made, _ = conversations.create("web", "v1")
    talk = Talk(load_texts(), NoRatings(), 180, conversations)
    reply = talk.privacy(Turn(made.id, "删除我的数据", Context(), inbound_id=1))
    assert reply.parts[-1].body["items"][0]["id"] == "confirm_delete"
    clock.advance(minutes=1)
    assert OutboxRunner(store, clock, {"erase": lambda p: None}).run_once() == 0


def test_a_confirmed_request_is_carried_out_once(store: Store, clock: FixedClock) -> None:
    conversations = ConversationRepository(store, clock)
    made, token = conversations.create("web", "v1")
    talk = Talk(load_texts(), NoRatings(), 180, conversations)
    for _ in range(2):
        reply = talk.privacy(Turn(made.id, "删除我的全部数据", OFFERED, inbound_id=2))
        assert load_texts().say("privacy.deleted") in render(reply.parts)
    runner = OutboxRunner(
        store, clock, {"erase": lambda payload: conversations.erase(payload["conversation_id"])}
    )
    # Not before the answer has been stored and shown.
    assert runner.run_once() == 0
    clock.advance(minutes=1)
    assert runner.run_once() == 1
    assert conversations.by_token(token) is None
