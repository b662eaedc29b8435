"""What every action shares: read the turn, answer it, send the answer sealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.dialogue.repository import ConversationRepository
from bot.dialogue.turn import Turn, TurnReply, seal
from bot.domain.conversation import Context
from bot.store.crypto import Cipher
from connectors.console import render

Events = list[dict[str, Any]]
Answering = Callable[[Turn], TurnReply]


class TurnReader:
    """Finds the visitor's own words for a tracker.

    Rasa holds only a masked copy; the database holds what was written. ``rasa shell`` has no
    conversation in the database and is answered from the tracker's text.
    """

    def __init__(self, repository: ConversationRepository) -> None:
        self._repository = repository

    def read(self, tracker: Tracker) -> Turn:
        sender = str(tracker.sender_id)
        found = self._repository.turn(sender)
        if found is not None:
            return found
        return Turn(sender, str(tracker.latest_message.get("text") or ""), Context())


class ReplyAction(Action):  # type: ignore[misc]
    """A named action whose whole work is one function from a turn to a reply."""

    def __init__(self, name: str, answer: Answering, reader: TurnReader, cipher: Cipher) -> None:
        self._name = name
        self._answer = answer
        self._reader = reader
        self._cipher = cipher

    def name(self) -> str:
        return self._name

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> Events:
        def work() -> None:
            turn = self._reader.read(tracker)
            reply = self._answer(turn)
            say(dispatcher, reply, self._cipher, known=turn.inbound_id > 0)

        await to_thread.run_sync(work)
        return []


def say(dispatcher: CollectingDispatcher, reply: TurnReply, cipher: Cipher, *, known: bool) -> None:
    """Send a reply sealed; a conversation of ``rasa shell`` gets readable text."""
    if known:
        dispatcher.utter_message(json_message={"sealed": seal(reply, cipher)})
    else:
        dispatcher.utter_message(text=render(reply.parts) or reply.route)
