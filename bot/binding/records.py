"""What the parts of this room hand one another about who is bound to what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.conversation import Mode
from connectors.messages import Outbound

TALKING = frozenset({Mode.QUEUED, Mode.HUMAN})
"""While somebody waits for a lawyer or talks to one, his words go where they went before."""


class Told(StrEnum):
    """What came of an attempt; the sentences are under ``told`` in words.yml."""

    BOUND = "bound"
    BOUND_CLOSED = "bound_closed"
    BOUND_UNPROVEN = "bound_unproven"
    """Others may know number and telephone as well: he hears how far things are."""
    KNOWN = "known"
    TAKEN = "taken"
    """Another follower hears of the conversation: nothing is taken over."""
    TALKING = "talking"
    WRONG_CODE = "wrong_code"
    WRONG_NUMBER = "wrong_number"
    """The check digit does not fit: anybody can work that out."""
    NO_NUMBER = "no_number"
    NO_PHONE = "no_phone"
    NO_MATCH = "no_match"
    NOT_ONLINE = "not_online"
    """The right phone, and no conversation: registered at a counter, or erased since."""
    LOCKED = "locked"
    LOCKED_NUMBER = "locked_number"
    NO_MOBILE = "no_mobile"
    NO_GATEWAY = "no_gateway"
    SENT = "sent"
    TOO_SOON = "too_soon"
    TOO_MANY = "too_many"
    UNSENT = "unsent"
    WRONG_SMS = "wrong_sms"
    NO_SMS = "no_sms"
    NOTHING_THERE = "nothing_there"
    TOO_MANY_THERE = "too_many_there"
    UNBOUND = "unbound"
    UNBOUND_TALKING = "unbound_talking"
    NOT_BOUND = "not_bound"
    CODE = "code"
    NO_TALK = "no_talk"


GOOD = frozenset(
    {
        Told.BOUND,
        Told.BOUND_CLOSED,
        Told.BOUND_UNPROVEN,
        Told.KNOWN,
        Told.SENT,
        Told.UNBOUND,
        Told.UNBOUND_TALKING,
        Told.CODE,
    }
)


@dataclass(frozen=True)
class Answer:
    """What came of it, and what the follower is told."""

    told: Told
    words: str

    @property
    def is_good(self) -> bool:
        return self.told in GOOD


@dataclass(frozen=True)
class Held:
    """A follower whose row is locked, after the conversations concerned."""

    id: int
    current: str | None
    """Where the next message goes."""
    mode: Mode | None
    """Of that conversation."""
    there: frozenset[str]
    """The locked conversations."""

    @property
    def is_talking(self) -> bool:
        return self.mode in TALKING


@dataclass(frozen=True)
class Joined:
    """What binding conversations to a follower did."""

    new: tuple[str, ...] = ()
    """Those of which he hears, or may see, more than before."""
    known: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    current: str | None = None
    """Which of them the next message goes to; None where all have ended."""
    notices: tuple[Outbound, ...] = ()
    """What the web side was told."""
    is_proven: bool = True


@dataclass(frozen=True)
class Registered:
    """An application or a matter as its owner proves it to be his."""

    conversation_id: str | None
    phone: str


@dataclass(frozen=True)
class SentCode:
    """A code that can still be tried: the telephone's hash, and the one number that was named."""

    phone_index: str
    number: str


@dataclass(frozen=True)
class Talk:
    """A conversation from elsewhere that a follower is bound to."""

    conversation_id: str
    started_at: dt.datetime
    bound_at: dt.datetime
    is_current: bool
    is_proven: bool
    applications: tuple[str, ...]
    matters: tuple[str, ...]


@dataclass(frozen=True)
class Bound:
    """That a follower hears of somebody's conversation, as the desk may know it."""

    since: dt.datetime
    is_proven: bool


class Step(StrEnum):
    """What was asked last in the chat."""

    WHICH = "which"
    PHONE = "phone"
    """The number registered for the application or matter named."""
    SMS = "sms"


@dataclass(frozen=True)
class Asked:
    """What was asked, with what the answer needs; kept encrypted and for minutes."""

    step: Step
    number: str = ""
    phone: str = ""
