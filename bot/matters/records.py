"""What the parts of this room hand one another about matters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.conversation import Mode
from bot.domain.matter import OPEN, Action, Contact, Matter, MatterState
from bot.domain.people import Role

LIVE = frozenset({Mode.QUEUED, Mode.HUMAN})
"""Modes in which a visitor waits for a lawyer or talks to one."""


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to."""

    states: frozenset[MatterState] = OPEN
    office_id: int | None = None
    mine: bool = False
    overdue: bool = False
    number: str = ""
    referrals: bool = False
    """Only what is to be passed on."""


@dataclass(frozen=True)
class LogLine:
    at: dt.datetime
    actor: str
    action: Action
    note: str


@dataclass(frozen=True)
class Office:
    id: int
    name: str
    phone: str
    active: bool


@dataclass(frozen=True)
class Colleague:
    id: int
    login: str
    name: str
    role: Role
    office_id: int | None
    active: bool


@dataclass(frozen=True)
class Verdict:
    """What the visitor said of the matter."""

    solved: bool | None
    score: int | None
    comment: str


@dataclass(frozen=True)
class Standing:
    """A locked matter, with what decides whether a step is allowed."""

    matter: Matter
    mode: Mode | None
    """Of its conversation; None without one."""
    has_other_open: bool
    """Its conversation has another matter that is open."""

    @property
    def is_live(self) -> bool:
        """Say whether the matter is being waited for or talked about in its conversation."""
        return self.matter.is_open and self.mode in LIVE


@dataclass(frozen=True)
class Opening:
    """A matter opened by hand."""

    channel: str
    topic: str
    about: str
    contact: Contact
    priority: int = 0


@dataclass(frozen=True)
class Target:
    """Where a matter is dispatched to, and until when."""

    office_id: int | None
    staff_id: int | None
    due_at: dt.datetime | None = None


Check = Callable[[Standing], None]
"""Raises if the step is not allowed; called inside the transaction, the rows being locked."""


def exported(matter: Matter) -> dict[str, object]:
    """Return what a visitor is given of a matter who asks what is held."""
    return {
        "number": matter.number,
        "state": matter.state,
        "topic": matter.topic,
        "about": matter.about,
        "contact": {"name": matter.contact.name, "phone": matter.contact.phone},
        "outcome": matter.outcome,
        "advice": matter.advice,
        "opened_at": matter.opened_at.isoformat(),
        "closed_at": None if matter.closed_at is None else matter.closed_at.isoformat(),
    }
