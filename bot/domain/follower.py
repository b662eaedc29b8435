"""A follower of an official account, and how many messages may still be sent to one.

After a user's message five may follow within 48 hours, after a tap on the menu, a scan or a
follow three within a minute. Passive replies are not counted.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

SAID = (dt.timedelta(hours=48), 5)
ACTED = (dt.timedelta(minutes=1), 3)
TYPING_WITHIN = dt.timedelta(seconds=30)
"""The platform shows that somebody writes only to whoever wrote as lately as this."""


@dataclass(frozen=True)
class Window:
    """Until when how many messages may be sent."""

    until: dt.datetime | None = None
    left: int = 0

    def holds(self, now: dt.datetime) -> bool:
        return self.until is not None and now < self.until

    def left_at(self, now: dt.datetime) -> int:
        return self.left if self.holds(now) else 0


@dataclass(frozen=True)
class Quota:
    """The ledger of one follower."""

    said: Window = Window()
    acted: Window = Window()

    def after_message(self, now: dt.datetime) -> Quota:
        period, most = SAID
        return replace(self, said=Window(now + period, most))

    def after_act(self, now: dt.datetime) -> Quota:
        period, most = ACTED
        return replace(self, acted=Window(now + period, most))

    def left(self, now: dt.datetime) -> int:
        return self.said.left_at(now) + self.acted.left_at(now)

    def is_open(self, now: dt.datetime) -> bool:
        return self.said.holds(now) or self.acted.holds(now)

    def spend(self, now: dt.datetime) -> Quota:
        """Take one message off: from the minute first, which is soon over."""
        if self.acted.left_at(now) > 0:
            return replace(self, acted=replace(self.acted, left=self.acted.left - 1))
        return replace(self, said=replace(self.said, left=max(0, self.said.left - 1)))

    def used_up(self) -> Quota:
        """Believe the platform that nothing is left, until the follower writes again."""
        return Quota(replace(self.said, left=0), replace(self.acted, left=0))

    def closed(self) -> Quota:
        """Believe the platform that no window is open."""
        return Quota()


@dataclass(frozen=True)
class Follower:
    """One follower, as stored; the openid is read apart, when it is needed for sending."""

    id: int
    account: str
    """The AppID."""
    conversation_id: str | None
    """Where the next message goes."""
    following: bool = True
    office_id: int | None = None
    heard_at: dt.datetime | None = None
    quota: Quota = Quota()
