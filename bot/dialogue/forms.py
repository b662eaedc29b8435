"""What a form is to the dialogue: something that may take the next message as an answer.

The answers themselves stay in the form's own store; Rasa hears only that an answer came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bot.dialogue.repository import ConversationRepository
from bot.dialogue.turn import Turn, TurnReply, remembered
from connectors.messages import Outbound

FILLED = "〔已填写〕"
CHOSEN = "〔选择〕"


class Form(Protocol):
    def takes(self, turn: Turn) -> bool:
        """Say whether a form is open and this message reads as an answer to its question."""
        ...


class Resumable(Protocol):
    def resume(self, turn: Turn) -> TurnReply | None:
        """Ask the open question of a form that was left for a person; None if none is open."""
        ...


class OpenQuestion:
    """The question that was open when a person was asked for: the bot goes on with it."""

    def __init__(self, conversations: ConversationRepository, forms: Sequence[Resumable]) -> None:
        self._conversations = conversations
        self._forms = forms

    def of(self, conversation_id: str) -> TurnReply | None:
        """Return the question with the context in which it is answered; None if none is open."""
        turn = self._conversations.turn(conversation_id)
        if turn is None:
            return None
        asked = (form.resume(replace(turn, text="", option=None)) for form in self._forms)
        found = next((reply for reply in asked if reply is not None), None)
        if found is None:
            return None
        return replace(found, context=remembered(found, turn.context))

    def ask(self, conversation_id: str) -> tuple[Outbound, ...]:
        """Put the question, if one is open."""
        found = self.of(conversation_id)
        return () if found is None else (self._conversations.ask_one(conversation_id, found),)
