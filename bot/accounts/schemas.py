"""What the forms of accounts may hold, and what their pages show."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.clock import CHINA

LOGIN = re.compile(r"[a-z0-9][a-z0-9_.@-]{1,39}")
"""Login names: short, without spaces, the same whichever case they are typed in."""

RESERVED = frozenset({"visitor", "system", "operator"})
"""Actors of the audit trail that are no accounts: a person of that name could hide behind them."""

LEAST_PASSWORD = 8
LONGEST_PASSWORD = 200

SESSION_KEY = r"^[0-9a-f]{16}$"


@dataclass(frozen=True)
class OpenSession:
    """One device on which somebody is signed in; ``key`` opens nothing."""

    key: str
    device: str
    opened_at: dt.datetime
    expires_at: dt.datetime
    is_this: bool


@dataclass(frozen=True)
class SessionRow:
    key: str
    device: str
    opened: str
    until: str
    is_this: bool


@dataclass(frozen=True)
class Enrolment:
    """A secret as the page shows it, with the sealed copy that comes back with the code."""

    groups: str
    link: str
    sealed: str


def login_name(typed: str) -> str | None:
    """Return the login name as it is stored, or None if nothing could be stored under it."""
    name = typed.strip().casefold()
    return name if LOGIN.fullmatch(name) else None


def rows_of(sessions: Sequence[OpenSession], unknown: str) -> list[SessionRow]:
    """Return the lines of the page, this device first; ``unknown`` names a nameless device."""
    ordered = sorted(sessions, key=lambda one: not one.is_this)
    return [
        SessionRow(
            one.key,
            one.device or unknown,
            shown_moment(one.opened_at),
            shown_moment(one.expires_at),
            one.is_this,
        )
        for one in ordered
    ]


def shown_moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
