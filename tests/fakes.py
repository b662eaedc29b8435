"""Stand-ins for what a unit test does not start; each passes its contract test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.dialogue.turn import Turn, TurnReply
from bot.errors import DialogueUnavailable
from connectors.messages import text


class ScriptedRasa:
    """A dialogue manager that answers from a function and remembers what it was sent."""

    def __init__(self, answer: Callable[[str], list[TurnReply]] | None = None) -> None:
        self.answer = answer or (lambda words: [TurnReply("legal_question", (text(words),))])
        self.sent: list[tuple[str, str]] = []
        self.gate: asyncio.Event | None = None
        """When set, answers wait for it: a slow Rasa."""

    async def send(self, sender: str, text: str) -> list[TurnReply]:
        self.sent.append((sender, text))
        if self.gate is not None:
            await self.gate.wait()
        replies = self.answer(text)
        if not replies:
            raise DialogueUnavailable("empty reply")
        return replies

    async def is_ready(self) -> bool:
        return True


class FixedAnswer:
    """A composer that always answers the same."""

    def answer(self, turn: Turn) -> TurnReply:
        return TurnReply("legal_question", (text(f"检索到：{turn.text}"),))
