"""The period that figures are asked for: read as people write days, with the usual ones at hand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.clock import CHINA
from bot.errors import BadInput
from bot.statistics.wording import Wording

EARLIEST = dt.date(2000, 1, 1)
LATEST = dt.date(2100, 1, 1)
LONGEST_DAYS = 1100
"""Three years: more would hold thousands of applications in memory at once."""

_DAY = re.compile(r"\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?\s*")


@dataclass(frozen=True)
class Period:
    """Days in China, the last one included."""

    first: dt.date
    last: dt.date

    @property
    def starts(self) -> dt.datetime:
        return _midnight(self.first)

    @property
    def ends(self) -> dt.datetime:
        """The moment after the last one of the period."""
        return _midnight(self.last + dt.timedelta(1))

    def months(self) -> Iterator[dt.date]:
        """Yield the first day of each month that the period touches."""
        month = self.first.replace(day=1)
        while month <= self.last:
            yield month
            month = (month + dt.timedelta(31)).replace(day=1)


@dataclass(frozen=True)
class Quick:
    """A usual period under its name."""

    name: str
    period: Period


def read_period(first: str, last: str, today: dt.date, wording: Wording) -> Period:
    """Return the period typed; without a beginning the month, without an end until today.

    Raises:
        BadInput: a day is none, they stand the wrong way round, or the period is too long.
    """
    last_day = _day(last, wording) if last.strip() else None
    first_day = _day(first, wording) if first.strip() else (last_day or today).replace(day=1)
    if last_day is None:
        last_day = max(first_day, today)
    if first_day > last_day:
        raise BadInput(wording.say("refusals.backwards"))
    if (last_day - first_day).days >= LONGEST_DAYS:
        raise BadInput(wording.say("refusals.too_long"))
    return Period(first_day, last_day)


def usual_periods(today: dt.date, wording: Wording) -> tuple[Quick, ...]:
    """Return this month, the last one, this year and the last one."""
    month = today.replace(day=1)
    last_month = month - dt.timedelta(1)
    year = today.replace(month=1, day=1)
    last_year = year - dt.timedelta(1)
    found = {
        "this_month": Period(month, today),
        "last_month": Period(last_month.replace(day=1), last_month),
        "this_year": Period(year, today),
        "last_year": Period(last_year.replace(month=1, day=1), last_year),
    }
    return tuple(Quick(wording.say(f"periods.{key}"), each) for key, each in found.items())


def _day(typed: str, wording: Wording) -> dt.date:
    found = _DAY.fullmatch(typed)
    try:
        day = dt.date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day < LATEST:
        raise BadInput(wording.say("refusals.no_day"))
    return day


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), CHINA).astimezone(dt.UTC)
