"""Hours as they are typed, stored and said; thanks; telephone numbers."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from bot.domain.clock import CHINA
from bot.domain.roster import OfficeHours, Span
from bot.errors import BadInput
from bot.roster.duty import chinese_number
from bot.roster.schemas import (
    hours_from_json,
    hours_to_json,
    shown_exceptions,
    shown_spans,
    typed_hours,
)
from bot.roster.words import only_thanks, spoken_day, spoken_hours
from tests.unit.roster.test_rules import AFTERNOON, MORNING, WEEK, hours

USUAL = "9:00-12:00 14:00-17:30"
FIVE_DAYS = [USUAL] * 5 + ["", ""]


@pytest.mark.parametrize(
    "line",
    [USUAL, "09:00－12:00，14:00－17:30", "9:00至12:00、14:00到17:30", "14:00~17:30 9:00~12:00"],
)
def test_hours_are_understood_as_people_write_them(line: str) -> None:
    found = typed_hours([line, *[""] * 6], "")
    assert found.weekly == {0: (MORNING, AFTERNOON)}


@pytest.mark.parametrize(
    "line", ["9点上班", "12:00-9:00", "9:00-12:00 11:00-13:00", "25:00-26:00", "9:00-12:00 下午"]
)
def test_hours_that_cannot_be_read_are_refused_with_the_day_named(line: str) -> None:
    with pytest.raises(BadInput, match="周三"):
        typed_hours(["", "", line, "", "", "", ""], "")


def test_exceptions_are_single_days_and_stretches() -> None:
    found = typed_hours(
        FIVE_DAYS, "2026-10-01至2026-10-03 休\n\n2026年10月10日：9:00-12:00\n2026/12/31 放假"
    )
    assert found.exceptions == {
        dt.date(2026, 10, 1): (),
        dt.date(2026, 10, 2): (),
        dt.date(2026, 10, 3): (),
        dt.date(2026, 10, 10): (MORNING,),
        dt.date(2026, 12, 31): (),
    }


@pytest.mark.parametrize(
    "line",
    ["国庆放假", "2026-10-01", "2026-02-30 休", "2026-10-07至2026-10-01 休", "2026-10-01 半天"],
)
def test_an_exception_that_cannot_be_read_is_refused_with_the_line_named(line: str) -> None:
    with pytest.raises(BadInput) as error:
        typed_hours(FIVE_DAYS, line)
    assert line in error.value.detail


@settings(max_examples=100, deadline=None)
@given(hours)
def test_hours_survive_storing_and_showing(kept: OfficeHours) -> None:
    weekly = {day: spans for day, spans in kept.weekly.items() if spans}
    expected = OfficeHours(weekly, dict(kept.exceptions))
    assert hours_from_json(hours_to_json(kept)) == expected
    week = [shown_spans(kept.weekly.get(day, ())) for day in range(7)]
    assert typed_hours(week, shown_exceptions(kept)) == expected


@pytest.mark.parametrize(
    "stored",
    [
        '{"weekly": {"7": []}}',
        '{"weekly": {"0": [{"opens": "9am", "closes": "17:00"}]}}',
        '{"weekly": {"0": [{"opens": "17:00", "closes": "09:00"}]}}',
        '{"weekly": {}, "more": 1}',
    ],
)
def test_stored_hours_that_make_no_sense_are_not_read(stored: str) -> None:
    with pytest.raises(ValidationError):
        hours_from_json(stored)


def test_a_week_is_said_in_runs_of_equal_days() -> None:
    assert spoken_hours(WEEK) == "周一至周五 9:00–12:00、14:00–17:30"
    mixed = OfficeHours({**WEEK.weekly, 5: (MORNING,)})
    assert spoken_hours(mixed) == "周一至周五 9:00–12:00、14:00–17:30；周六 9:00–12:00"
    always = OfficeHours({0: (Span(dt.time(0), dt.time(0)),)})
    assert spoken_hours(always) == "周一 全天"


def test_a_coming_moment_is_said_as_people_say_it() -> None:
    now = dt.datetime(2026, 11, 23, 12, 30, tzinfo=CHINA)
    assert spoken_day(now.replace(hour=14, minute=0), now) == "今天 14:00"
    assert spoken_day(now.replace(day=24, hour=9, minute=5), now) == "明天（周二）9:05"
    assert spoken_day(now.replace(month=12, day=1, hour=9), now) == "12月1日（周二）9:30"


@pytest.mark.parametrize(
    "words",
    ["谢谢", "好的，谢谢您！", "明白了，太感谢王律师了", "嗯嗯 谢谢🙏", "再见", "没有问题了"],
)
def test_thanks_and_goodbyes_need_no_answer(words: str) -> None:
    assert only_thanks(words)


@pytest.mark.parametrize(
    "words",
    ["好的", "嗯", "谢谢，那我工伤怎么办", "你好", "律师在吗", "", "明白了", "感谢信怎么写"],
)
def test_anything_else_needs_one(words: str) -> None:
    assert not only_thanks(words)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13812345678", "13812345678"),
        ("138-1234 5678", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("幺三八一二三四五六七八", "13812345678"),
        ("0871-63111234", "087163111234"),
        ("(010) 6552 1234", "01065521234"),
    ],
)
def test_chinese_numbers_are_understood_as_they_are_written_and_spoken(
    typed: str, number: str
) -> None:
    assert chinese_number(typed) == number


@pytest.mark.parametrize(
    "typed",
    ["", "12348", "1381234567", "12345678901", "+1 650 253 0000", "530102199001011237", "电话"],
)
def test_what_is_no_chinese_telephone_number_is_refused(typed: str) -> None:
    assert chinese_number(typed) is None
