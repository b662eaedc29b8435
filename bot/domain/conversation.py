"""Who owns a conversation, and which moves between owners are allowed.

The table here is the only statement of the rule; the store applies it with conditional updates.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

WECHAT = "wechat"
"""The channel of conversations that began in an official account."""


class Mode(StrEnum):
    BOT = "bot"
    QUEUED = "queued"
    HUMAN = "human"
    RETURNED = "returned"
    """Handed back by a lawyer: the bot answers again, the desk remembers who was here."""
    CLOSED = "closed"


class Sender(StrEnum):
    VISITOR = "visitor"
    BOT = "bot"
    LAWYER = "lawyer"
    SYSTEM = "system"


class HandoverReason(StrEnum):
    """Why a person is needed; the sentences for citizen and lawyer live in bot/texts.yml."""

    ASKED = "asked"
    UNSURE_TWICE = "unsure_twice"
    RISK = "risk"
    DISSATISFIED = "dissatisfied"
    COMPLAINT = "complaint"
    COMPLEX = "complex"
    """Several parties, a court date, a large sum."""
    DEADLINE = "deadline"
    """A period of the law ends within days."""
    REASSIGNED = "reassigned"
    """The lawyer did not answer in time, or handed the conversation to others."""
    SYSTEM_DOWN = "system_down"


BOT_SPEAKS = frozenset({Mode.BOT, Mode.RETURNED})
"""Modes in which a bot reply may be sent."""

MOVES: Mapping[Mode, frozenset[Mode]] = {
    Mode.BOT: frozenset({Mode.QUEUED, Mode.CLOSED}),
    Mode.QUEUED: frozenset({Mode.HUMAN, Mode.BOT, Mode.CLOSED}),
    Mode.HUMAN: frozenset({Mode.RETURNED, Mode.CLOSED, Mode.QUEUED}),
    Mode.RETURNED: frozenset({Mode.QUEUED, Mode.CLOSED}),
    Mode.CLOSED: frozenset({Mode.BOT, Mode.QUEUED}),
}


def may_move(current: Mode, to: Mode) -> bool:
    """Say whether the ownership machine allows this move."""
    return to in MOVES[current]


def sources_of(to: Mode) -> tuple[Mode, ...]:
    """Return every mode from which ``to`` may be reached: the guard of the conditional update."""
    return tuple(mode for mode, targets in MOVES.items() if to in targets)


@dataclass(frozen=True)
class Conversation:
    """The state of one visitor's conversation, as stored."""

    id: str
    channel: str
    mode: Mode
    created_at: dt.datetime
    updated_at: dt.datetime
    topic: str | None = None
    reason: HandoverReason | None = None
    priority: int = 0
    lawyer_id: int | None = None
    queued_at: dt.datetime | None = None
    claimed_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    office_id: int | None = None
    offered_to: int | None = None
    """The lawyer to whom a waiting conversation was assigned and who has not taken it yet."""
    offered_at: dt.datetime | None = None
    replied_at: dt.datetime | None = None
    """The lawyer's first words since the claim; None while the visitor waits for them."""


@dataclass(frozen=True)
class Context:
    """What the dialogue remembers between turns; encrypted as a whole in the conversation row."""

    question: str = ""
    """The last legal question, so that a follow-up can be understood."""
    topic: str = ""
    answer_id: str = ""
    articles: tuple[str, ...] = ()
    unsure_count: int = 0
    """Questions in a row that stayed below the confidence limit."""
    labelled: bool = False
    """The AI label has been shown in this conversation."""
    last_full: str = ""
    """What 看全文 shows next."""
    offered: str = ""
    """A hand-over reason offered in the last reply, which a plain yes accepts."""
    guided: str = ""
    """Name of the guided consultation in progress, and its answers so far."""
    guided_answers: tuple[tuple[str, str], ...] = ()
    guided_at: int = 0
    """The message that answered last: it answers no second question."""
    paused: str = ""
    """The consultation that the visitor left for a person, asked on when he hands back."""
    paused_answers: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    """(button id, text) pairs offered in the last reply, the only buttons accepted next."""
    last_route: str = ""
    lane: str = ""
    """The safety lane this conversation fell into; unclear words later are read in its light."""
    told: tuple[str, ...] = ()
    """The kinds of matter for which the right to legal aid was told (法律援助法 23)."""
    referral: tuple[tuple[str, str], ...] = ()
    """What was answered so far about a referral that is being registered; empty without one."""
