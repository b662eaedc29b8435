"""What an account may still do: its access tokens, and its messages to one follower."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field

OK = 0
SAID_LASTS = dt.timedelta(hours=48)
SAID_ALLOWS = 5
ACTED_LASTS = dt.timedelta(minutes=1)
ACTED_ALLOWS = 3

TOKEN_LASTS_S = 7200
RENEWED_BEFORE_S = 300
FORCED_A_DAY = 20
FORCED_APART_S = 30
CHINA = dt.timezone(dt.timedelta(hours=8))
_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass
class Quota:
    """The customer-service messages that a follower's doings allow."""

    said_until: dt.datetime = _LONG_AGO
    said_left: int = 0
    acted_until: dt.datetime = _LONG_AGO
    acted_left: int = 0

    def said(self, now: dt.datetime) -> None:
        self.said_until, self.said_left = now + SAID_LASTS, SAID_ALLOWS

    def acted(self, now: dt.datetime) -> None:
        self.acted_until, self.acted_left = now + ACTED_LASTS, ACTED_ALLOWS

    def left(self, now: dt.datetime) -> tuple[int, int]:
        """Return what is left of the 48 hours' and of the minute's."""
        return (
            self.said_left if now < self.said_until else 0,
            self.acted_left if now < self.acted_until else 0,
        )

    def draw(self, now: dt.datetime) -> int:
        """Take one; the minute's go first, as they expire first."""
        said, acted = self.left(now)
        if acted:
            self.acted_left -= 1
        elif said:
            self.said_left -= 1
        elif now < self.said_until or now < self.acted_until:
            return 45047
        else:
            return 45015
        return OK


@dataclass
class AccessTokens:
    """An account's tokens; those of ``stable_token`` and of ``token`` are kept apart."""

    stable: str = ""
    legacy: str = ""
    expiry: dict[str, dt.datetime] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    forced: list[dt.datetime] = field(default_factory=list)

    def give_stable(self, now: dt.datetime) -> tuple[str, int]:
        """Return the token in use, or a new one when it ends soon; the old one runs out."""
        if self._left_s(self.stable, now) <= RENEWED_BEFORE_S:
            self.stable = self._new(now)
        return self.stable, self._left_s(self.stable, now)

    def force(self, now: dt.datetime) -> str:
        """Replace the token in use; return the rule that forbids it, if one does."""
        if self.forced and (now - self.forced[-1]).total_seconds() < FORCED_APART_S:
            return f"a forced token less than {FORCED_APART_S} s after the last one"
        today = now.astimezone(CHINA).date()
        if sum(one.astimezone(CHINA).date() == today for one in self.forced) >= FORCED_A_DAY:
            return f"more than {FORCED_A_DAY} forced tokens in a day"
        self.forced.append(now)
        self.replace(now)
        return ""

    def replace(self, now: dt.datetime) -> None:
        self.replaced.add(self.stable)
        self.stable = self._new(now)

    def give_legacy(self, now: dt.datetime) -> tuple[str, int]:
        self.replaced.add(self.legacy)
        self.legacy = self._new(now)
        return self.legacy, TOKEN_LASTS_S

    def check(self, token: str, now: dt.datetime) -> int:
        if not token:
            return 41001
        if token not in self.expiry:
            return 40014
        if token in self.replaced:
            return 40001
        return OK if now < self.expiry[token] else 42001

    def _left_s(self, token: str, now: dt.datetime) -> int:
        if not token:
            return 0
        return int((self.expiry[token] - now).total_seconds())

    def _new(self, now: dt.datetime) -> str:
        token = secrets.token_urlsafe(96)
        self.expiry[token] = now + dt.timedelta(seconds=TOKEN_LASTS_S)
        return token
