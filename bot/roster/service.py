"""The roster: offices and their hours, shifts, who is at the desk, and who acts for whom.

A database without offices needs no setting up: everything then behaves as one office that is
always open, and only presence decides what visitors are told. Nothing is seeded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import structlog

from bot.dialogue.normalise import canonical
from bot.domain.clock import CHINA, Clock, china_date
from bot.domain.conversation import Mode
from bot.domain.people import Staff
from bot.domain.roster import (
    ALWAYS,
    Candidate,
    OfficeHours,
    Shift,
    is_open,
    name_key,
    next_opening,
    open_since,
)
from bot.errors import BadInput, Forbidden, NotFound
from bot.roster.repository import Office, Person, RosterRepository
from bot.roster.waiting import WaitingRepository
from bot.roster.words import own_words

log = structlog.get_logger(__name__)

PLANNED_DAYS = 14
SHIFTS_COUNT_FOR = dt.timedelta(days=14)
"""An office whose last shift ended longer ago keeps no shifts any more; its hours count again."""
LONGEST_SHIFT = dt.timedelta(hours=16)
FURTHEST_SHIFT = dt.timedelta(days=60)
MOST_CAPACITY = 30
NAME_LENGTHS = (2, 60)
MOST_NAMES = 50
OFFICE_NAME = 40
OFFICE_PHONE = 20
OFFICE_ADDRESS = 120

_WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Hours:
    """The hours that count for a conversation: those of its office, or of every one in use."""

    offices: tuple[OfficeHours, ...]

    def is_open(self, moment: dt.datetime) -> bool:
        return any(is_open(hours, moment) for hours in self.offices)

    def open_since(self, moment: dt.datetime) -> dt.datetime | None:
        """Return when the longest of the present openings began; None while all are closed."""
        since = [open_since(hours, moment) for hours in self.offices]
        return min((moment for moment in since if moment is not None), default=None)

    def opens_next(self, moment: dt.datetime) -> tuple[dt.datetime, OfficeHours] | None:
        """Return when the first of them opens, and its hours; None if none ever does."""
        found = [(next_opening(hours, moment), hours) for hours in self.offices]
        coming = [(opens, hours) for opens, hours in found if opens is not None]
        return min(coming, key=lambda pair: pair[0], default=None)


@dataclass(frozen=True)
class Colleague:
    """One who receives visitors, as colleagues see one."""

    person: Person
    candidate: Candidate
    office: str
    present: bool
    """The desk is open, away or not."""
    receiving: bool
    conflict: bool


class RosterService:
    """``topics`` are the fields of law that lawyers can choose from."""

    def __init__(
        self,
        repository: RosterRepository,
        waiting: WaitingRepository,
        clock: Clock,
        topics: Sequence[str] = (),
    ) -> None:
        self._repository = repository
        self._waiting = waiting
        self._clock = clock
        self.topics = tuple(topics)

    def now(self) -> dt.datetime:
        return self._clock.now()

    # --- who is there -------------------------------------------------------------------------

    def seen(self, staff_id: int) -> None:
        """Take a sign of life from this person's desk."""
        self._repository.seen(staff_id)

    def set_away(self, actor: Staff, staff_id: int, away: bool) -> None:
        """Switch new conversations off or on, for oneself or, as a supervisor, for anybody.

        Raises:
            Forbidden: the switch is somebody else's.
        """
        if actor.id != staff_id:
            self._require_supervisor(actor)
        self._require_receiving(actor)
        self._repository.set_away(actor, staff_id, away)
        log.info("staff_away", staff_id=staff_id, away=away)

    def hours_of(self, office_id: int | None) -> Hours:
        """Return the hours that count for a conversation of this office, or of none."""
        return _hours(self._repository.offices(), office_id)

    def candidates(self) -> list[Candidate]:
        """Return everyone who receives visitors, as the choice of a lawyer sees them."""
        return [candidate for _, candidate in self._staffing(self._repository.offices())]

    def _staffing(self, offices: Sequence[Office]) -> list[tuple[Person, Candidate]]:
        now = self._clock.now()
        people = self._repository.people()
        planned = self._repository.shifts(now - SHIFTS_COUNT_FOR, now + FURTHEST_SHIFT + _WEEK)
        on_shift = {shift.staff_id for shift in planned if shift.holds(now)}
        has_shifts = {shift.staff_id for shift in planned}
        office_of = {person.staff.id: person.staff.office_id for person in people}
        by_shift = {office_of[i] for i in has_shifts if i in office_of}
        return [
            (
                person,
                Candidate(
                    person.staff.id,
                    person.staff.id in on_shift
                    if person.staff.office_id in by_shift
                    else _hours(offices, person.staff.office_id).is_open(now),
                    person.away,
                    person.seen_at,
                    person.load + person.ringing,
                    person.capacity,
                    frozenset(person.topics),
                    person.staff.office_id,
                    person.last_case_at,
                ),
            )
            for person in people
        ]

    def colleagues(self, conversation_id: str = "") -> list[Colleague]:
        """Return everyone who receives visitors; ``conflict`` is about the conversation given."""
        now = self._clock.now()
        offices = self._repository.offices()
        names = {office.id: office.name for office in offices}
        barred = self.conflicted(conversation_id) if conversation_id else frozenset()
        return [
            Colleague(
                person,
                candidate,
                names.get(person.staff.office_id or 0, ""),
                candidate.is_seen(now),
                candidate.is_receiving(now),
                person.staff.id in barred,
            )
            for person, candidate in self._staffing(offices)
        ]

    def colleague(self, staff_id: int) -> Colleague:
        """Return one of them.

        Raises:
            NotFound: nobody with this id receives visitors.
        """
        found = next((c for c in self.colleagues() if c.person.staff.id == staff_id), None)
        if found is None:
            raise NotFound(own_words().say("errors.no_person"))
        return found

    def save_person(
        self,
        actor: Staff,
        staff_id: int,
        capacity: int,
        topics: Collection[str],
        office_id: int | None,
    ) -> None:
        """Store how much and what a person takes; only supervisors change the office.

        Raises:
            Forbidden: this is somebody else's, or the office would change.
            BadInput: a value is not allowed.
            NotFound: nobody with this id receives visitors.
        """
        words = own_words()
        self._require_receiving(actor)
        present = self.colleague(staff_id).person
        if actor.id != staff_id or office_id != present.staff.office_id:
            self._require_supervisor(actor)
        if not 1 <= capacity <= MOST_CAPACITY:
            raise BadInput(words.say("errors.capacity"))
        # A topic that the law base no longer has must not lock its owner out of the form.
        if not set(topics) <= {*self.topics, *present.topics}:
            raise BadInput(words.say("errors.topics"))
        chosen = [topic for topic in self.topics if topic in set(topics)]
        self._repository.save_person(actor, staff_id, capacity, chosen, office_id=office_id)

    def answer_by(self, conversation_ids: Collection[str]) -> Mapping[str, dt.datetime]:
        """Return when those go to others in which the visitor waits for a lawyer's word."""
        found = self._waiting.unanswered(conversation_ids) if conversation_ids else []
        return {one.conversation_id: one.answer_by for one in found}

    # --- offices ------------------------------------------------------------------------------

    def offices(self) -> list[Office]:
        return self._repository.offices()

    def office(self, office_id: int) -> Office:
        """Return one office.

        Raises:
            NotFound: there is none with this id.
        """
        found = next((o for o in self._repository.offices() if o.id == office_id), None)
        if found is None:
            raise NotFound(own_words().say("errors.no_office"))
        return found

    def office_name(self, person: Staff) -> str:
        """Return the name of the office this person works in; empty for those who serve all."""
        offices = self._repository.offices() if person.office_id is not None else []
        return next((o.name for o in offices if o.id == person.office_id and o.active), "")

    def save_office(self, actor: Staff, office: Office) -> int:
        """Insert an office (id 0) or replace one; return its id.

        Raises:
            Forbidden: the actor does not supervise.
            BadInput: the name is missing or taken, something is too long, or there is no such
                office.
        """
        self._require_supervisor(actor)
        words = own_words()
        if not 0 < len(office.name) <= OFFICE_NAME:
            raise BadInput(words.say("errors.office_name"))
        if len(office.phone) > OFFICE_PHONE:
            raise BadInput(words.say("errors.office_phone"))
        if len(office.address) > OFFICE_ADDRESS:
            raise BadInput(words.say("errors.office_address"))
        return self._repository.save_office(actor, office)

    # --- shifts -------------------------------------------------------------------------------

    def planned(self) -> list[Shift]:
        """Return the shifts of the coming fourteen days, the present ones included."""
        now = self._clock.now()
        return self._repository.shifts(now, _midnight(china_date(now), PLANNED_DAYS))

    def add_shift(
        self, actor: Staff, staff_id: int, day: dt.date, starts: dt.time, ends: dt.time
    ) -> None:
        """Put a person on duty; a shift that ends before it begins ends on the next day.

        Raises:
            Forbidden: the actor does not supervise.
            BadInput: the times are not allowed, or overlap another shift.
            NotFound: nobody with this id receives visitors.
        """
        self._require_supervisor(actor)
        words, now = own_words(), self._clock.now()
        last = day if ends > starts else day + dt.timedelta(days=1)
        shift = Shift(
            0,
            self.colleague(staff_id).person.staff.id,
            dt.datetime.combine(day, starts, CHINA),
            dt.datetime.combine(last, ends, CHINA),
        )
        if shift.ends_at - shift.starts_at > LONGEST_SHIFT:
            raise BadInput(words.say("errors.shift_long"))
        if shift.ends_at <= now:
            raise BadInput(words.say("errors.shift_past"))
        if shift.starts_at > now + FURTHEST_SHIFT:
            raise BadInput(words.say("errors.shift_far"))
        if not self._repository.add_shifts(actor, [shift]):
            raise BadInput(words.say("errors.shift_overlap"))

    def remove_shift(self, actor: Staff, shift_id: int) -> None:
        """Take a shift off the roster.

        Raises:
            Forbidden: the actor does not supervise.
            BadInput: it is gone already.
        """
        self._require_supervisor(actor)
        if not self._repository.remove_shift(actor, shift_id):
            raise BadInput(own_words().say("errors.no_shift"))

    def copy_week(self, actor: Staff, monday: dt.date) -> int:
        """Repeat the shifts of the week before in the week of ``monday``; return how many.

        What is past, overlaps another shift or belongs to somebody who left is passed over.

        Raises:
            Forbidden: the actor does not supervise.
            BadInput: the week is neither this one nor the next.
        """
        self._require_supervisor(actor)
        if monday not in self.weeks():
            raise BadInput(own_words().say("errors.week"))
        now, begins = self._clock.now(), _midnight(monday)
        before = self._repository.shifts(begins - _WEEK, begins)
        return self._repository.add_shifts(
            actor,
            [
                Shift(0, shift.staff_id, shift.starts_at + _WEEK, shift.ends_at + _WEEK)
                for shift in before
                if shift.starts_at >= begins - _WEEK and shift.ends_at + _WEEK > now
            ],
        )

    def weeks(self) -> tuple[dt.date, dt.date]:
        """Return the Mondays of this week and the next."""
        today = china_date(self._clock.now())
        monday = today - dt.timedelta(days=today.weekday())
        return monday, monday + _WEEK

    # --- the other side -----------------------------------------------------------------------

    def represent(self, actor: Staff, names: Iterable[str]) -> int:
        """Record names of people this lawyer acts for; return how many were new.

        Raises:
            Forbidden: this account receives no visitors.
            BadInput: there is no name, or one is too short or too long.
        """
        self._require_receiving(actor)
        return self._repository.represent(actor, self._indexes(names))

    def no_longer_represent(self, actor: Staff, names: Iterable[str]) -> int:
        """Forget names recorded by ``represent``; return how many were known.

        Raises:
            Forbidden, BadInput: as for ``represent``.
        """
        self._require_receiving(actor)
        return self._repository.no_longer_represent(actor, self._indexes(names))

    def represented_count(self, staff_id: int) -> int:
        return self._repository.represented_count(staff_id)

    def note_opponents(
        self, conversation_id: str, names: Iterable[str], actor: Staff | None = None
    ) -> Set[int]:
        """Record names of the other side; return who may not take the conversation.

        ``actor`` is None when the product itself read the names in what the visitor said.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: it is another lawyer's.
            BadInput: there is no name, or one is too short or too long.
        """
        if actor is not None:
            mode, owner = self._waiting.owner(conversation_id)
            is_open_to = mode is Mode.QUEUED or (mode is Mode.HUMAN and owner == actor.id)
            if not (actor.may_supervise or (actor.may_receive and is_open_to)):
                raise Forbidden(own_words().say("errors.not_yours"))
        self._repository.note_opponents(conversation_id, self._indexes(names), actor)
        return self.conflicted(conversation_id)

    def conflicted(self, conversation_id: str) -> Set[int]:
        """Return who acts for the other side of a conversation."""
        return self.conflicts([conversation_id]).get(conversation_id, frozenset())

    def conflicts(self, conversation_ids: Collection[str]) -> Mapping[str, Set[int]]:
        """Return, for each conversation with any, who acts for its other side."""
        return self._repository.conflicted(conversation_ids)

    def barred(self, staff_id: int) -> Set[str]:
        """Return the conversations whose other side this lawyer acts for."""
        return self._repository.barred(staff_id)

    def _indexes(self, names: Iterable[str]) -> frozenset[str]:
        folded = [name_key(canonical(name)) for name in names if name.strip()]
        shortest, longest = NAME_LENGTHS
        fits = all(shortest <= len(name) <= longest for name in folded)
        if not folded or len(folded) > MOST_NAMES or not fits:
            raise BadInput(own_words().say("errors.names"))
        return frozenset(self._repository.name_index(name) for name in folded)

    def _require_supervisor(self, actor: Staff) -> None:
        if not actor.may_supervise:
            raise Forbidden(own_words().say("errors.supervisors"))

    def _require_receiving(self, actor: Staff) -> None:
        if not actor.may_receive:
            raise Forbidden(own_words().say("errors.receiving"))


def _hours(offices: Sequence[Office], office_id: int | None) -> Hours:
    in_use = [office for office in offices if office.active]
    if not in_use:
        return Hours((ALWAYS,))
    own = [office for office in in_use if office.id == office_id]
    return Hours(tuple(office.hours for office in own or in_use))


def _midnight(day: dt.date, days_later: int = 0) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=days_later), dt.time.min, CHINA)
