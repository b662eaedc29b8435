"""Time as a dependency, so that rules and tests agree on what "now" is."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

CHINA = dt.timezone(dt.timedelta(hours=8), "CST")


class Clock(Protocol):
    def now(self) -> dt.datetime:
        """Return the current moment, timezone-aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


def china_date(moment: dt.datetime) -> dt.date:
    """Return the calendar day in China, which legal periods and case numbers use."""
    return moment.astimezone(CHINA).date()
