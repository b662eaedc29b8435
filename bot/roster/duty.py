"""What those who wait are told about duty and time, and their wish to be called back."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Protocol

import phonenumbers
import structlog

from bot.dialogue.normalise import canonical
from bot.domain.clock import Clock
from bot.domain.roster import is_same_time_of_day, rest_of_wait, served_by
from bot.errors import BadInput, IllegalMove, NotFound
from bot.roster.service import RosterService
from bot.roster.waiting import WaitingRepository
from bot.roster.words import own_words, spoken_day, spoken_hours

log = structlog.get_logger(__name__)

LONG = dt.timedelta(hours=1)
"""From here on minutes would pretend to an exactness that nobody has."""

_SEPARATORS = re.compile(r"[\s()（）\-–—.·]+")
_SPOKEN = str.maketrans("零〇一二三四五六七八九幺", "001234567891")
_TYPES = frozenset(
    {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)


class Contacts(Protocol):
    """The matters as the roster needs them."""

    def set_phone(self, conversation_id: str, phone: str) -> None:
        """Keep a telephone number with the open matter.

        Raises:
            NotFound: no matter is open for this conversation.
        """
        ...


class DutyWords:
    """Satisfies ``bot.dialogue.waiting.Duty``."""

    def __init__(
        self,
        roster: RosterService,
        waiting: WaitingRepository,
        contacts: Contacts,
        clock: Clock,
    ) -> None:
        self._roster = roster
        self._waiting = waiting
        self._contacts = contacts
        self._clock = clock

    def words(self, conversation_id: str) -> str:
        """Return whether somebody is on duty and, if it can be measured, how long it takes.

        With a lawyer there it is the measured time, or nothing where it cannot be measured; with
        nobody there it is the one offline text.
        """
        now = self._clock.now()
        found = self._waiting.one(conversation_id)
        candidates = self._roster.candidates()
        office_id = None if found is None else found.office_id
        served = served_by(office_id, candidates)
        barred = self._roster.conflicted(conversation_id)
        is_staffed = any(
            candidate.is_receiving(now) and candidate.serves(served) and candidate.id not in barred
            for candidate in candidates
        )
        if not is_staffed:
            return self._offline(office_id, now)
        since = now if found is None or found.queued_at is None else found.queued_at
        return self._estimate(office_id, since, now)

    def _offline(self, office_id: int | None, now: dt.datetime) -> str:
        words = own_words()
        hours = self._roster.hours_of(office_id)
        coming = hours.opens_next(now)
        if hours.is_open(now):
            state = words.say("duty.absent")
        elif coming is None:
            state = words.say("duty.closed_for_long", hours=spoken_hours(hours.offices[0]))
        else:
            opens, open_hours = coming
            state = words.say(
                "duty.closed", hours=spoken_hours(open_hours), next=spoken_day(opens, now)
            )
        return words.say("duty.offline", state=state)

    def _estimate(self, office_id: int | None, since: dt.datetime, now: dt.datetime) -> str:
        measured = [
            wait
            for began, wait in self._waiting.waits(office_id)
            if is_same_time_of_day(began, since)
        ]
        rest = rest_of_wait(measured, max(now - since, dt.timedelta()))
        if rest is None:
            return ""
        if rest >= LONG:
            return own_words().say("duty.long")
        minutes = max(1, math.ceil(rest.total_seconds() / 60))
        return own_words().say("duty.minutes", minutes=minutes)

    def callback(self, conversation_id: str, phone: str) -> str:
        """Keep the telephone number of somebody who wants to be called; return what to say.

        Raises:
            BadInput: it is no Chinese telephone number.
            IllegalMove: no matter is open for this conversation.
        """
        number = chinese_number(phone)
        if number is None:
            raise BadInput(own_words().say("callback.wrong"))
        try:
            self._contacts.set_phone(conversation_id, number)
        except NotFound:
            raise IllegalMove(own_words().say("callback.no_matter")) from None
        log.info("callback_wished", conversation_id=conversation_id)
        return own_words().say("callback.kept", phone=_masked(number))


def chinese_number(phone: str) -> str | None:
    """Return a mobile or fixed-line number in its national digits; None if it is neither.

    Digits may be spoken (幺三八…), full-width, or set apart by blanks and dashes.
    """
    digits = _SEPARATORS.sub("", canonical(phone).translate(_SPOKEN))
    if not re.fullmatch(r"\+?\d{7,16}", digits):
        return None
    try:
        parsed = phonenumbers.parse(digits, "CN")
    except phonenumbers.NumberParseException:
        return None
    if parsed.country_code != 86 or not phonenumbers.is_valid_number(parsed):
        return None
    if phonenumbers.number_type(parsed) not in _TYPES:
        return None
    mobile = phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE
    national = phonenumbers.national_significant_number(parsed)
    # Fixed lines are dialled, and written, with the zero of their area code.
    return national if mobile else f"0{national}"


def _masked(number: str) -> str:
    return f"{number[:3]}****{number[-4:]}"
