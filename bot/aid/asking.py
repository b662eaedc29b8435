"""Asking about an application: by its own conversation, or by number and phone."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.aid.filling import Filling
from bot.aid.timeline import Step, timeline
from bot.domain.aid import Application, WrongNumber, find_number, without_number

MOST_WRONG_LOOKUPS = 5
LOOKUP_WINDOW = dt.timedelta(hours=1)
DENIED = "status_denied"
VISITOR = "visitor"

_FOUR_DIGITS = re.compile(r"(?<!\d)(?:\d{7})?(\d{4})(?!\d)")


class Lookup(StrEnum):
    """What came of asking about an application."""

    FOUND = "found"
    NONE = "none"
    NEED_PHONE = "need_phone"
    WRONG_NUMBER = "wrong_number"
    NO_MATCH = "no_match"
    LOCKED = "locked"


@dataclass(frozen=True)
class Progress:
    """An application as its applicant sees it, with what was done to it, oldest first."""

    application: Application
    history: tuple[Step, ...]


@dataclass(frozen=True)
class Found:
    result: Lookup
    progress: tuple[Progress, ...] = ()


class Asking(Filling):
    """What applicants may hear of their applications."""

    def status(self, conversation_id: str, text: str) -> Found:
        """Find the application meant: this conversation's own, or by number and phone.

        A wrong guess is answered the same whether or not the number exists, and is counted.
        """
        own = self._repository.of_conversation(conversation_id)
        try:
            number = find_number(text)
        except WrongNumber:
            return Found(Lookup.WRONG_NUMBER)
        if number is None:
            return self._found(own) if own else Found(Lookup.NONE)
        named = [application for application in own if application.number == number]
        if named:
            return self._found(named)
        endings = set(_FOUR_DIGITS.findall(without_number(text)))
        if len(endings) != 1:
            # Several are guesses, which would count as one.
            return Found(Lookup.NEED_PHONE)
        return self._by_phone(number, endings.pop(), conversation_id)

    def _by_phone(self, number: str, last_four: str, conversation_id: str) -> Found:
        repository = self._repository
        since = self._clock.now() - LOOKUP_WINDOW
        with self._store.write() as connection:
            wrong = repository.count_recorded(connection, number, DENIED, since)
            if wrong >= MOST_WRONG_LOOKUPS:
                return Found(Lookup.LOCKED)
            application = repository.application(connection, number)
            if application is None or application.fields["phone"][-4:] != last_four:
                actor = f"{VISITOR}:{conversation_id}"
                repository.record(connection, actor, DENIED, number)
                return Found(Lookup.NO_MATCH)
        return self._found([application])

    def _found(self, applications: list[Application]) -> Found:
        progress = (Progress(a, self.history(a)) for a in applications)
        return Found(Lookup.FOUND, tuple(progress))

    def history(self, application: Application) -> tuple[Step, ...]:
        """Return what was done to an application, as its applicant may read it."""
        return timeline(self._repository.trail(application.number), self.form)
