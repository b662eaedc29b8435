"""What the pages and the desk's scripts are shown of a matter: masked unless it was revealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.clock import CHINA
from bot.domain.matter import REFERRALS, Action, Matter, MatterState, Outcome, spoken
from bot.domain.people import Staff
from bot.matters.records import Colleague, LogLine, Office, Verdict
from bot.matters.referrals import title_of
from bot.matters.service import MatterService, is_receiver
from bot.redact import mask_personal
from bot.texts import Texts

ABOUT_IN_LIST = 40


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    at: dt.datetime
    shown_at: str
    actor: str
    action: Action
    label: str
    note: str


@dataclass(frozen=True)
class Card:
    """A matter as shown; ``moves`` is empty in lists."""

    number: str
    spoken: str
    conversation_id: str | None
    state: MatterState
    state_label: str
    channel: str
    topic: str
    reason: str
    priority: int
    about: str
    office: str
    holder: str
    mine: bool
    opened_at: dt.datetime
    due_at: dt.datetime | None
    closed_at: dt.datetime | None
    overdue: bool
    outcome: str
    outcome_label: str
    moves: tuple[Entry, ...] = ()
    referral: bool = False


@dataclass(frozen=True)
class Counts:
    states: Mapping[MatterState, int]
    open: int
    overdue: int
    mine: int


@dataclass(frozen=True)
class Matters:
    counts: Counts
    matters: tuple[Card, ...]


class Showing:
    """Puts names and labels to matters for one reader; reads the names once."""

    def __init__(self, service: MatterService, person: Staff, texts: Texts) -> None:
        self._words = service.words
        self._texts = texts
        self._service = service
        self._person = person
        self._now = service.now()
        self._offices = service.offices()
        self._people = service.colleagues()

    def card(self, matter: Matter, *, with_log: bool = False) -> Card:
        """Return a matter as shown, with its log if asked; numbers in its words are masked."""
        moves = self._service.log(matter) if with_log else []
        about = mask_personal(matter.about)
        return Card(
            matter.number,
            spoken(matter.number),
            matter.conversation_id,
            matter.state,
            self._words.say(f"states.{matter.state}"),
            self._label("channels", matter.channel),
            matter.topic,
            self._reason(matter.reason),
            matter.priority,
            about if with_log or len(about) <= ABOUT_IN_LIST else about[: ABOUT_IN_LIST - 1] + "…",
            next((o.name for o in self._offices if o.id == matter.office_id), ""),
            next((p.name for p in self._people if p.id == matter.staff_id), ""),
            matter.staff_id == self._person.id,
            matter.opened_at,
            matter.due_at,
            matter.closed_at,
            matter.is_overdue(self._now),
            matter.outcome,
            self._label("outcomes", matter.outcome),
            tuple(self._entry(line) for line in moves),
            matter.is_referral,
        )

    def _entry(self, line: LogLine) -> Entry:
        note = mask_personal(line.note)
        if line.action is Action.CLOSED:
            # What stands there is the code of the outcome.
            note = self._label("outcomes", line.note)
        return Entry(
            line.at,
            local(line.at),
            self._actor(line.actor),
            line.action,
            self._words.say(f"actions.{line.action}"),
            note,
        )

    def _actor(self, actor: str) -> str:
        known = next((p.name for p in self._people if p.login == actor), "")
        return known or self._label("actors", actor)

    def _label(self, group: str, code: str) -> str:
        return str(self._words.get(group).get(code, code))

    def _reason(self, code: str) -> str:
        if code in REFERRALS:
            return self._words.say("referral", what=title_of(code))
        known = self._texts.get("handover.reasons")
        return str(known[code]["lawyer"]) if code in known else ""

    def offices(self) -> list[Office]:
        return [office for office in self._offices if office.active]

    def receivers(self) -> list[Colleague]:
        """Return to whom a matter can be given."""
        return [person for person in self._people if is_receiver(person)]

    def counts(self) -> Counts:
        states, late, mine = self._service.counts(self._person)
        is_open = sum(n for state, n in states.items() if state is not MatterState.CLOSED)
        return Counts(states, is_open, late, mine)


def states_of(words: Texts) -> tuple[Choice, ...]:
    return tuple(Choice(state, words.say(f"states.{state}")) for state in MatterState)


def outcomes_of(words: Texts) -> tuple[Choice, ...]:
    return tuple(Choice(code, words.say(f"outcomes.{code}")) for code in Outcome)


def channels_of(words: Texts) -> tuple[Choice, ...]:
    return tuple(Choice(code, words.say(f"channels.{code}")) for code in words.get("by_hand"))


def local(moment: dt.datetime) -> str:
    """Return a moment as the pages show it, in China's time."""
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"


def masked_name(name: str) -> str:
    """Return the family name with a star for each further character, three at most."""
    return name[:1] + "*" * min(len(name) - 1, 3)


def masked_phone(phone: str) -> str:
    """Return the first three and the last four digits."""
    return phone[:3] + "*" * max(len(phone) - 7, 0) + phone[-4:] if len(phone) > 7 else "****"


def masked_verdict(verdict: Verdict) -> Verdict:
    return replace(verdict, comment=mask_personal(verdict.comment))
