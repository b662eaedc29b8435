"""Days as the law counts them: months that end on the same date, holidays that push a term on."""

from __future__ import annotations

import calendar
import datetime as dt

import chinese_calendar

# 全国年节及纪念日放假办法 (2025) art. 2: those fixed by the sun. What the moon decides, and the
# days swapped for a longer break, are known once the State Council has announced the year.
_FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}


def add_months(day: dt.date, months: int) -> dt.date:
    """Return the same date so many months later, or the month's last day (民法典 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def is_announced(year: int) -> bool:
    """Say whether the holidays of a year are known in full."""
    try:
        chinese_calendar.is_workday(dt.date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def is_workday(day: dt.date) -> bool:
    """Say whether people work; for a year not announced yet by weekends and fixed holidays."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5 and (day.month, day.day) not in _FIXED


def workdays(first: dt.date, last: dt.date) -> int:
    """Count the working days from ``first`` to ``last``, both counted."""
    days = (last - first).days + 1
    return sum(is_workday(first + dt.timedelta(n)) for n in range(days))


def rolled(day: dt.date) -> dt.date:
    """Return the day itself, or the first working day after a day of rest (民法典 203)."""
    while not is_workday(day):
        day += dt.timedelta(1)
    return day


def whole_months(first: dt.date, last: dt.date) -> tuple[int, dt.date]:
    """Return how many months from ``first`` to ``last``, both counted, and the day after them."""
    after = last + dt.timedelta(1)
    months = (after.year - first.year) * 12 + after.month - first.month
    while months > 0 and add_months(first, months) > after:
        months -= 1
    return max(months, 0), add_months(first, max(months, 0))
