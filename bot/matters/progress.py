"""What a citizen asks of a matter: its number, how far it is, whom to call back.

By its own conversation, or by the number with the end of the phone left for it.
"""

from __future__ import annotations

import datetime as dt
import re

import structlog

from bot.dialogue.normalise import canonical
from bot.dialogue.phones import phone_of
from bot.domain.clock import CHINA, Clock
from bot.domain.matter import (
    Matter,
    MatterState,
    WrongNumber,
    find_number,
    next_number,
    spoken,
    without_number,
)
from bot.errors import BadInput
from bot.matters.referrals import title_of
from bot.matters.repository import MatterRepository
from bot.matters.words import load_words

log = structlog.get_logger(__name__)

MOST_GUESSES = 5
GUESSES_WITHIN = dt.timedelta(days=1)

_LAST_FOUR = re.compile(r"(?<!\d)(?:\d{4}|1\d{6}(\d{4}))(?!\d)")


class MatterProgress:
    def __init__(self, repository: MatterRepository, clock: Clock) -> None:
        self.words = load_words()
        self._repository = repository
        self._clock = clock

    def spoken(self, conversation_id: str) -> str:
        """Return the number of the open matter as it is read out, or an empty string."""
        found = self._repository.newest_of(conversation_id)
        return spoken(found.number) if found is not None and found.is_open else ""

    def set_phone(self, conversation_id: str, phone: str) -> None:
        """Keep the number at which a waiting visitor wants to be called back.

        Raises:
            BadInput: it is no Chinese phone number.
            NotFound: the conversation has no open matter.
        """
        number = self._phone(phone)
        if not number:
            raise BadInput(self._refusal("phone_wrong"))
        self._repository.set_phone(conversation_id, number)
        log.info("matter_phone_kept", conversation_id=conversation_id)

    def answer(self, conversation_id: str, text: str) -> str:
        """Answer a citizen's question about a matter: the number named, or else his own."""
        try:
            number = find_number(text)
        except WrongNumber:
            example = spoken(next_number(self._clock.now().year % 100, 0))
            return self.words.say("progress.wrong_number", example=example)
        if number is None:
            return self._of_conversation(conversation_id)
        endings = [found[1] or found[0] for found in _LAST_FOUR.finditer(without_number(text))]
        return self.progress(number, conversation_id, endings[-1] if endings else "")

    def _of_conversation(self, conversation_id: str) -> str:
        """Say how far the conversation's own matter is, and what it had passed on."""
        own = self._repository.newest_of(conversation_id)
        passed = self._repository.referrals_of(conversation_id)
        asked = [matter for matter in passed if matter.is_open] or passed[:1]
        told = [self._progress(matter) for matter in (own, *asked) if matter is not None]
        return "\n".join(told) or self.words.say("progress.none")

    def progress(self, number: str, conversation_id: str, last_four: str = "") -> str:
        """Say how far a matter is, to its own conversation or who knows the end of its phone.

        Anybody else is answered the same whether or not the number exists; guesses are counted.
        """
        found = self._repository.find(number)
        if found is None or found.conversation_id != conversation_id:
            found = None
            if last_four:
                since = self._clock.now() - GUESSES_WITHIN
                found = self._repository.by_phone(
                    number, last_four, conversation_id, since, MOST_GUESSES
                )
        return self.words.say("progress.denied") if found is None else self._progress(found)

    def _progress(self, matter: Matter) -> str:
        moved = [line.at for line in self._repository.log(matter.id) if line.action.sets_state]
        since = (moved[-1] if moved else matter.opened_at).astimezone(CHINA)
        office = next((o for o in self._repository.offices() if o.id == matter.office_id), None)
        state = str(matter.state)
        if matter.state is MatterState.CLOSED and matter.outcome:
            state = "closed_with"
        group = "referral_progress" if matter.is_referral else "progress"
        sentence = self.words.say(
            f"{group}.{state}",
            what=title_of(matter.reason),
            number=spoken(matter.number),
            since=f"{since:%Y-%m-%d %H:%M}",
            office=self.words.say("progress.some_office") if office is None else office.name,
            outcome=self.words.get("outcomes").get(matter.outcome, ""),
        )
        if office is None or not office.phone or not matter.is_open:
            return sentence
        return sentence + self.words.say("progress.phone", phone=office.phone)

    def _phone(self, words: str) -> str:
        number = phone_of(words)
        if not number and canonical(words):
            raise BadInput(self._refusal("phone_wrong"))
        return number

    def _refusal(self, name: str) -> str:
        return self.words.say(f"refusals.{name}")
