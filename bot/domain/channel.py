"""What can still be sent to a visitor who reads elsewhere than on our page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

Level = Literal["good", "warn", "bad"]


@dataclass(frozen=True)
class ChannelState:
    """The channel to one visitor, as a lawyer should know it before writing."""

    kind: Literal["wechat"]
    can_push: bool
    """The account may send messages that answer none of the visitor's."""
    following: bool
    window_until: dt.datetime | None
    """Until when messages may be pushed; None where no window is open."""
    left: int
    """How many may be pushed until the visitor writes again."""
    waiting: int
    """How many messages are owed to the visitor."""
    sentence: str
    """All this in words for the lawyer, ready to show."""
    level: Level
    can_notify: bool
    """The visitor has agreed to a subscription notice that was not sent yet."""

    def takes(self, messages: int, now: dt.datetime) -> bool:
        """Say whether so many messages more reach the visitor before he writes again."""
        is_open = self.window_until is not None and now < self.window_until
        free = self.left - self.waiting
        return self.can_push and self.following and is_open and free >= messages
