"""Who is on duty, who is offered which conversation, and in which order people wait.

Pure rules: no storage, no wording. Opening hours are those of China's one time zone.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from statistics import median

from bot.domain.clock import CHINA

PRESENT = dt.timedelta(seconds=90)
"""A desk that gave no sign for longer is taken to be closed: three missed heartbeats."""
OFFER = dt.timedelta(seconds=45)
"""How long a conversation rings at one lawyer's desk before it rings at the next."""
REPLY = dt.timedelta(minutes=5)
"""How long a visitor may be left without a word before the conversation goes to others."""
GONE = dt.timedelta(minutes=3)
"""A lawyer unseen for this long, with a question unanswered, has left: a laptop was closed."""

DANGER = 50
"""Priorities from here on are those of the safety lanes."""
STEP = 10
"""One step of priority: what the sweep adds once to whoever waits past the target."""
LEAST_MEASURED = 8
"""Fewer waits than this measure nothing."""
MEASURED_FOR = dt.timedelta(days=14)

_POINT = dt.timedelta(minutes=3)
_DANGER_AHEAD = dt.timedelta(days=10)
_DEADLINE_SEEN = dt.timedelta(days=3)
_DEADLINE_AHEAD = dt.timedelta(days=1)
_HORIZON_DAYS = 60
_DAY_S = 86_400


# --- opening hours ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """One stretch of a day in which an office is open; closing at 00:00 means midnight."""

    opens: dt.time
    closes: dt.time

    def __post_init__(self) -> None:
        if self.closes != dt.time.min and self.closes <= self.opens:
            raise ValueError("an office closes after it has opened")

    def on(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """Return when it opens and closes on this day."""
        last = day + dt.timedelta(days=1) if self.closes == dt.time.min else day
        return (
            dt.datetime.combine(day, self.opens, CHINA),
            dt.datetime.combine(last, self.closes, CHINA),
        )


@dataclass(frozen=True)
class OfficeHours:
    """The usual week, and the days on which it does not hold."""

    weekly: Mapping[int, tuple[Span, ...]]
    """By weekday, Monday 0; a missing day is closed."""
    exceptions: Mapping[dt.date, tuple[Span, ...]] = field(default_factory=dict)
    """Holidays (no span) and make-up workdays replace the usual day."""

    def spans_on(self, day: dt.date) -> tuple[Span, ...]:
        return self.exceptions.get(day, self.weekly.get(day.weekday(), ()))


ALWAYS = OfficeHours({day: (Span(dt.time.min, dt.time.min),) for day in range(7)})
"""The hours where no office was set up."""


def is_open(hours: OfficeHours, moment: dt.datetime) -> bool:
    """Say whether the office is open at this moment."""
    return _span_at(hours, moment) is not None


def next_opening(hours: OfficeHours, moment: dt.datetime) -> dt.datetime | None:
    """Return when the office opens next, the moment itself while it is open; None if never."""
    if is_open(hours, moment):
        return moment
    today = moment.astimezone(CHINA).date()
    for ahead in range(_HORIZON_DAYS):
        day = today + dt.timedelta(days=ahead)
        later = [opens for opens, _ in _times(hours, day) if opens > moment]
        if later:
            return min(later)
    return None


def open_since(hours: OfficeHours, moment: dt.datetime) -> dt.datetime | None:
    """Return when the present opening began, across midnight; None while closed."""
    since = _span_at(hours, moment)
    for _ in range(_HORIZON_DAYS):
        if since is None:
            return None
        before = _span_at(hours, since - dt.timedelta(microseconds=1))
        if before is None:
            return since
        since = before
    return since


def _span_at(hours: OfficeHours, moment: dt.datetime) -> dt.datetime | None:
    """Return the opening of the span that holds the moment."""
    day = moment.astimezone(CHINA).date()
    return next((o for o, closes in _times(hours, day) if o <= moment < closes), None)


def _times(hours: OfficeHours, day: dt.date) -> list[tuple[dt.datetime, dt.datetime]]:
    return [span.on(day) for span in hours.spans_on(day)]


@dataclass(frozen=True)
class Shift:
    """One person's hours on duty."""

    id: int
    staff_id: int
    starts_at: dt.datetime
    ends_at: dt.datetime

    def holds(self, moment: dt.datetime) -> bool:
        return self.starts_at <= moment < self.ends_at


# --- the order of waiting ---------------------------------------------------------------------


def head_start(priority: int) -> dt.timedelta:
    """Return how much waiting a priority is worth.

    A point is worth three minutes, so that a complaint (10) goes before whoever came half an hour
    earlier and no further. A safety lane (from 50) is worth ten days more: longer than any
    holiday, so that the messages left over one never stand before a person in danger. As every
    head start is finite, nobody is overtaken for ever: whoever has waited for the longest of them
    is behind nobody who comes later.
    """
    ahead = _DANGER_AHEAD if priority >= DANGER else dt.timedelta()
    return priority * _POINT + ahead


def urgency(
    priority: int, waited: dt.timedelta, until_deadline: dt.timedelta | None = None
) -> dt.timedelta:
    """Return the waiting time with its head start; the greatest is served first.

    A period of the law that ends within three days counts for up to one day more, the nearer its
    end the more; ``None`` where no such period is known.
    """
    total = waited + head_start(priority)
    if until_deadline is not None:
        near = 1 - max(until_deadline, dt.timedelta()) / _DEADLINE_SEEN
        total += max(near, 0.0) * _DEADLINE_AHEAD
    return total


def place_in_line(priority: int, queued_at: dt.datetime) -> dt.datetime:
    """Return the moment by which people are served, the earliest first.

    The same order as ``urgency`` without deadlines. It does not change while people wait, so that
    a place in the queue only ever gets worse through somebody more urgent.
    """
    return queued_at - head_start(priority)


@dataclass(frozen=True)
class Waiting:
    """A conversation in the queue."""

    id: str
    priority: int
    queued_at: dt.datetime
    topic: str = ""
    office_id: int | None = None
    """None: any office may take it."""
    offered_to: int | None = None
    offered_at: dt.datetime | None = None

    def is_on_offer(self, now: dt.datetime) -> bool:
        """Say whether it is ringing at somebody's desk."""
        if self.offered_to is None or self.offered_at is None:
            return False
        return now < self.offered_at + OFFER


def in_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Return them as they are served."""
    return sorted(waiting, key=lambda w: (place_in_line(w.priority, w.queued_at), w.id))


# --- the choice of a lawyer -------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A lawyer as the choice sees one."""

    id: int
    on_duty: bool
    """On shift, or in an office that is open and keeps no shifts."""
    away: bool
    seen_at: dt.datetime | None
    load: int
    """Open conversations, and those that are ringing at this desk."""
    capacity: int
    topics: frozenset[str] = frozenset()
    office_id: int | None = None
    """None: serves every office."""
    last_case_at: dt.datetime | None = None

    def is_seen(self, now: dt.datetime) -> bool:
        """Say whether a desk is open in front of this lawyer."""
        return self.seen_at is not None and now - self.seen_at <= PRESENT

    def is_present(self, now: dt.datetime) -> bool:
        """Say whether this lawyer hears when something rings."""
        return self.is_seen(now) and not self.away

    def is_receiving(self, now: dt.datetime) -> bool:
        """Say whether visitors can expect this lawyer."""
        return self.on_duty and self.is_present(now)

    def serves(self, office_id: int | None) -> bool:
        return office_id is None or self.office_id in (None, office_id)


def served_by(office_id: int | None, candidates: Iterable[Candidate]) -> int | None:
    """Return the office whose lawyers are waited for; None, any, where it has none of its own.

    A station in a village has a counter and a QR code on its wall, but no lawyer.
    """
    return office_id if any(c.office_id == office_id for c in candidates) else None


def choose(
    candidates: Sequence[Candidate],
    waiting: Waiting,
    now: dt.datetime,
    barred: Set[int] = frozenset(),
) -> Candidate | None:
    """Return who is offered a waiting conversation; None when nobody can take it.

    ``barred`` are those who act for the other side. Whoever let the last offer pass comes after
    all the others: the line of candidates is walked in a circle, so nobody needs to remember more
    than the last one.
    """
    line = sorted(
        (c for c in candidates if c.id == waiting.offered_to or _can_take(c, waiting, now, barred)),
        key=lambda c: _rank(c, waiting),
    )
    passed = next((place for place, c in enumerate(line) if c.id == waiting.offered_to), None)
    if passed is not None:
        line = line[passed + 1 :] + line[: passed + 1]
    return next((c for c in line if _can_take(c, waiting, now, barred)), None)


def _can_take(candidate: Candidate, waiting: Waiting, now: dt.datetime, barred: Set[int]) -> bool:
    return (
        candidate.is_receiving(now)
        and candidate.load < candidate.capacity
        and candidate.serves(waiting.office_id)
        and candidate.id not in barred
    )


def _rank(candidate: Candidate, waiting: Waiting) -> tuple[bool, float, float, int]:
    last = candidate.last_case_at
    return (
        waiting.topic not in candidate.topics,
        candidate.load / max(candidate.capacity, 1),
        last.timestamp() if last is not None else 0.0,
        candidate.id,
    )


# --- how long it takes ------------------------------------------------------------------------


def is_same_time_of_day(one: dt.datetime, other: dt.datetime) -> bool:
    """Say whether two moments are at most an hour and a half apart on the clock, in China."""
    seconds = abs(one - other).total_seconds() % _DAY_S
    return min(seconds, _DAY_S - seconds) <= 5400


def rest_of_wait(waits: Iterable[dt.timedelta], waited: dt.timedelta) -> dt.timedelta | None:
    """Return how long it still takes by the waits measured; None when they are too few.

    Only those count who had waited at least as long: half of them were through after this.
    """
    longer = [(wait - waited).total_seconds() for wait in waits if wait >= waited]
    return dt.timedelta(seconds=median(longer)) if len(longer) >= LEAST_MEASURED else None


# --- names ------------------------------------------------------------------------------------


def name_key(name: str) -> str:
    """Return a name without spaces, dots, brackets and letter case, so that it can be compared."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())
