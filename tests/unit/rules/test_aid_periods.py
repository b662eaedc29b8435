"""The periods of 法律援助法 36, 39, 43 and 49, its forms and the heads by which aid ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.rules.aid_periods import (
    FORMS,
    TERMINATION_HEADS,
    answer_objection_by,
    assign_by,
    decide_by,
    forward_by,
    notify_by,
)
from knowledge_base.rules.calendar import is_workday

DAY = dt.date.fromisoformat
DAYS = st.dates(dt.date(2022, 1, 1), dt.date(2030, 1, 1))


@pytest.mark.parametrize(
    ("received", "waited", "last"),
    [
        ("2026-11-20", 0, "2026-11-27"),
        ("2026-11-23", 0, "2026-11-30"),
        ("2026-11-21", 0, "2026-11-30"),
        ("2026-11-20", 3, "2026-11-30"),
        ("2026-11-20", 10, "2026-12-07"),
        ("2026-09-25", 0, "2026-10-08"),
    ],
)
def test_seven_days_to_decide_without_the_wait_for_papers(
    received: str, waited: int, last: str
) -> None:
    assert decide_by(DAY(received), waited) == DAY(last)


def test_nobody_waits_less_than_no_day() -> None:
    with pytest.raises(ValueError, match="负数"):
        decide_by(DAY("2026-11-20"), -1)


@pytest.mark.parametrize("within_three_days", [assign_by, notify_by])
@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-11-23", "2026-11-26"), ("2026-11-25", "2026-11-30"), ("2026-09-29", "2026-10-08")],
)
def test_three_days_to_assign_and_to_notify(
    within_three_days: Callable[[dt.date], dt.date], first: str, last: str
) -> None:
    assert within_three_days(DAY(first)) == DAY(last)


@pytest.mark.parametrize(
    ("filed", "last"), [("2026-11-23", "2026-11-30"), ("2026-11-20", "2026-11-25")]
)
def test_five_days_to_answer_an_objection(filed: str, last: str) -> None:
    assert answer_objection_by(DAY(filed)) == DAY(last)


def test_hours_run_through_days_of_rest() -> None:
    friday = dt.datetime(2026, 11, 20, 16, 30, tzinfo=dt.UTC)
    assert forward_by(friday) == dt.datetime(2026, 11, 21, 16, 30, tzinfo=dt.UTC)


@settings(max_examples=200, deadline=None)
@given(day=DAYS, waited=st.integers(0, 60))
def test_a_period_ends_on_a_working_day_and_not_before_its_days_are_over(
    day: dt.date, waited: int
) -> None:
    for last, days in (
        (decide_by(day, waited), 7 + waited), (assign_by(day), 3), (notify_by(day), 3),
        (answer_objection_by(day), 5),
    ):  # fmt: skip
        assert is_workday(last)
        assert day + dt.timedelta(days) <= last <= day + dt.timedelta(days + 10)


@settings(max_examples=100, deadline=None)
@given(day=DAYS, waited=st.integers(0, 30))
def test_waiting_longer_never_shortens_the_review(day: dt.date, waited: int) -> None:
    assert decide_by(day, waited) <= decide_by(day, waited + 1)


def test_there_are_seven_forms_and_eight_heads_of_ending() -> None:
    assert list(FORMS) == [f"22({n})" for n in range(1, 8)]
    assert list(TERMINATION_HEADS) == [f"48({n})" for n in range(1, 9)]
    labels = [*FORMS.values(), *TERMINATION_HEADS.values()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("22(1)", "咨询"), ("22(2)", "文书"), ("22(3)", "辩护"), ("22(4)", "国家赔偿"),
        ("22(5)", "值班律师"), ("22(6)", "仲裁"), ("22(7)", "规章"), ("48(1)", "欺骗"),
        ("48(2)", "隐瞒"), ("48(3)", "违法"), ("48(4)", "经济状况"), ("48(5)", "终止审理"),
        ("48(6)", "委托"), ("48(7)", "正当理由"), ("48(8)", "法律法规"),
    ],
)  # fmt: skip
def test_each_label_says_what_its_item_says(key: str, word: str) -> None:
    assert word in {**FORMS, **TERMINATION_HEADS}[key]
