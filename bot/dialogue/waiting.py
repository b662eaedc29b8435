"""What a visitor who waits for a person is told: the place, the number, the hours."""

from __future__ import annotations

import re
from typing import Protocol

from bot.dialogue.normalise import canonical
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.turn import Turn, TurnReply
from bot.errors import BadInput, IllegalMove, NotFound
from bot.texts import Texts
from connectors.messages import Part, buttons, notice, text

_PHONE = re.compile(
    r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"
)
_ASKS_PROGRESS = re.compile(r"工单(?!位)")


class Numbers(Protocol):
    """The matters as the waiting room needs them."""

    def spoken(self, conversation_id: str) -> str:
        """Return the number of the open matter as it is read out, or an empty string."""
        ...

    def answer(self, conversation_id: str, text: str) -> str:
        """Say how far the matter is that somebody asks about."""
        ...


class Duty(Protocol):
    """The roster as the waiting room needs it."""

    def words(self, conversation_id: str) -> str:
        """Return whether somebody is on duty and, if it can be measured, how long it takes."""
        ...

    def callback(self, conversation_id: str, phone: str) -> str:
        """Keep a telephone number for a call back; return what to say.

        Raises:
            BadInput: it is no Chinese telephone number.
            NotFound, IllegalMove: no matter is open for this conversation.
        """
        ...


class NoNumbers:
    """Where no matters are kept."""

    def spoken(self, conversation_id: str) -> str:
        return ""

    def answer(self, conversation_id: str, text: str) -> str:
        return ""


class NoDuty:
    """Where no roster is kept."""

    def words(self, conversation_id: str) -> str:
        return ""

    def callback(self, conversation_id: str, phone: str) -> str:
        raise NotFound


class WaitingRoom:
    def __init__(
        self, repository: ConversationRepository, texts: Texts, numbers: Numbers, duty: Duty
    ) -> None:
        self._repository = repository
        self._texts = texts
        self._numbers = numbers
        self._duty = duty

    def progress(self, turn: Turn) -> TurnReply | None:
        """Answer a question about a matter by its number; None where nothing asks for it.

        The visitor's own words are read: for Rasa a telephone number's last digits are masked.
        """
        if not _ASKS_PROGRESS.search(canonical(turn.text)):
            return None
        words = self._numbers.answer(turn.conversation_id, turn.text)
        return TurnReply("aid_status", (text(words),)) if words else None

    def greeting(self, conversation_id: str, route: str) -> tuple[Part, ...]:
        """Return what is said on joining the queue."""
        name = "complaint.accepted" if route == "complain" else "handover.queued"
        return self._said(conversation_id, name)

    def again(self, turn: Turn) -> tuple[Part, ...]:
        """Return what is said to whoever writes while waiting.

        A question about the matter is answered, and a telephone number kept for the call back.
        """
        about = self.progress(turn)
        if about is not None:
            return about.parts
        return (
            *self._called_back(turn),
            *self._said(turn.conversation_id, "handover.queued_again"),
        )

    def _called_back(self, turn: Turn) -> tuple[Part, ...]:
        found = _PHONE.search(canonical(turn.text))
        if found is None:
            return ()
        try:
            return (notice(self._duty.callback(turn.conversation_id, found[0]), "info"),)
        except (BadInput, NotFound, IllegalMove):
            # Some other number; nothing was promised.
            return ()

    def _said(self, conversation_id: str, name: str) -> tuple[Part, ...]:
        number = self._numbers.spoken(conversation_id)
        words = self._texts.say(
            name,
            position=self._repository.queue_position(conversation_id),
            number=self._texts.say("handover.number", number=number) if number else "",
            duty=self._duty.words(conversation_id),
        )
        return notice(words, "queue"), buttons(self._texts.button("leave_queue"))
