"""The period that people type: read in the ways in which days are written, and refused in words."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.statistics.period import LONGEST_DAYS, Period, read_period, usual_periods
from bot.statistics.wording import load_wording

TODAY = dt.date(2026, 11, 23)
WORDS = load_wording()


def read(first: str, last: str) -> Period:
    return read_period(first, last, TODAY, WORDS)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("", "", (dt.date(2026, 11, 1), TODAY)),
        ("2026-01-01", "2026-03-31", (dt.date(2026, 1, 1), dt.date(2026, 3, 31))),
        (" 2026年1月5日 ", "2026/2/1", (dt.date(2026, 1, 5), dt.date(2026, 2, 1))),
        ("2026.1.5", "", (dt.date(2026, 1, 5), TODAY)),
        ("", "2026-05-20", (dt.date(2026, 5, 1), dt.date(2026, 5, 20))),
        ("2026-12-01", "", (dt.date(2026, 12, 1), dt.date(2026, 12, 1))),
        ("2026-11-23", "2026-11-23", (TODAY, TODAY)),
    ],
)
def test_days_are_read_as_people_write_them(
    first: str, last: str, expected: tuple[dt.date, dt.date]
) -> None:
    found = read(first, last)
    assert (found.first, found.last) == expected


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("昨天", "", "no_day"),
        ("2026-02-30", "", "no_day"),
        ("0001-01-01", "", "no_day"),
        ("9999-12-31", "9999-12-31", "no_day"),
        ("2026-11-23'--", "", "no_day"),
        ("2026-11-24", "2026-11-23", "backwards"),
        ("2020-01-01", "2026-01-01", "too_long"),
    ],
)
def test_a_wrong_period_is_refused_with_its_reason(first: str, last: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(first, last)
    assert refused.value.detail == WORDS.say(f"refusals.{sentence}")


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_typed_gives_a_period_or_a_sentence(first: str, last: str) -> None:
    sentence, days = "", 0
    try:
        found = read(first, last)
        days = (found.last - found.first).days
    except BadInput as refused:
        sentence = refused.detail
    assert sentence.endswith("。") or 0 <= days < LONGEST_DAYS


def test_a_day_is_the_one_of_china() -> None:
    period = Period(TODAY, TODAY)
    assert period.starts == dt.datetime(2026, 11, 22, 16, tzinfo=dt.UTC)
    assert period.ends == dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC)


def test_months_are_those_touched() -> None:
    months = Period(dt.date(2025, 12, 31), dt.date(2026, 2, 1)).months()
    assert [f"{month:%Y-%m}" for month in months] == ["2025-12", "2026-01", "2026-02"]


def test_the_usual_periods_end_where_they_should() -> None:
    usual = {each.name: each.period for each in usual_periods(dt.date(2026, 1, 5), WORDS)}
    assert usual["本月"] == Period(dt.date(2026, 1, 1), dt.date(2026, 1, 5))
    assert usual["上月"] == Period(dt.date(2025, 12, 1), dt.date(2025, 12, 31))
    assert usual["今年"] == Period(dt.date(2026, 1, 1), dt.date(2026, 1, 5))
    assert usual["去年"] == Period(dt.date(2025, 1, 1), dt.date(2025, 12, 31))
