"""States, numbers and the period of an application: rules without storage."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from bot.domain.aid import (
    TRANSITIONS,
    AidState,
    Application,
    WrongNumber,
    application_number,
    check_digit,
    find_number,
    may_change,
    without_number,
)

FRIDAY = dt.datetime(2026, 11, 20, 2, 0, tzinfo=dt.UTC)


def application(state: AidState = AidState.SUBMITTED) -> Application:
    by = dt.date(2026, 11, 27)
    return Application("FY20261120-0001-3", None, state, "工伤", {}, FRIDAY, FRIDAY, by)


@given(st.text("0123456789", min_size=12, max_size=14))
def test_the_check_digit_is_that_of_iso_7064(digits: str) -> None:
    assert check_digit(digits) == mod_11_10.calc_check_digit(digits)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(digits: str, place: int, shift: int) -> None:
    wrong = str((int(digits[place]) + shift) % 10)
    changed = digits[:place] + wrong + digits[place + 1 :]
    assert check_digit(changed) != check_digit(digits)


@pytest.mark.parametrize(
    "written",
    [
        "FY20261123-0001-6",
        "fy20261123-0001-6 到哪了",
        "我的编号是FY20261123-0001",
        "FY 20261123 0001",
        "ＦＹ20261123－0001－6",
        "FY20261123-0001 8000",
    ],
)
def test_a_number_is_found_as_people_write_it(written: str) -> None:
    assert find_number(written) == application_number(dt.date(2026, 11, 23), 1)


def test_a_number_with_a_wrong_digit_is_refused() -> None:
    with pytest.raises(WrongNumber):
        find_number("FY20261123-0002-6")


def test_a_text_without_a_number_names_none() -> None:
    assert find_number("2026年11月23日交的申请") is None


def test_what_is_left_beside_the_number_keeps_the_phone() -> None:
    assert without_number("FY20261123-0001-6后四位8000").strip() == "后四位8000"


def test_the_ten_thousandth_application_of_a_day_still_has_a_number() -> None:
    number = application_number(dt.date(2026, 11, 23), 10_000)
    assert find_number(number) == number


def test_days_left_count_down_and_go_below_zero() -> None:
    assert application().days_left(dt.date(2026, 11, 20)) == 7
    assert application().days_left(dt.date(2026, 11, 27)) == 0
    assert application().days_left(dt.date(2026, 11, 29)) == -2


def test_no_period_runs_while_papers_are_missing() -> None:
    assert application(AidState.NEED_SUPPLEMENT).days_left(dt.date(2026, 11, 21)) is None


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(TRANSITIONS) == set(AidState)


def test_missing_papers_lead_to_withdrawal_and_never_to_refusal() -> None:
    assert may_change(AidState.NEED_SUPPLEMENT, AidState.WITHDRAWN)
    assert not may_change(AidState.NEED_SUPPLEMENT, AidState.REFUSED)
    assert {s for s in AidState if may_change(s, AidState.WITHDRAWN)} == {AidState.NEED_SUPPLEMENT}


def test_nothing_follows_an_end() -> None:
    assert not TRANSITIONS[AidState.CLOSED]
    assert not TRANSITIONS[AidState.WITHDRAWN]


def test_an_objection_can_set_a_refusal_and_an_end_right() -> None:
    for state in (AidState.REFUSED, AidState.TERMINATED):
        assert TRANSITIONS[state] == {AidState.APPROVED}


def test_no_state_leads_back_to_itself_or_to_submitted() -> None:
    for state, targets in TRANSITIONS.items():
        assert state not in targets
        assert AidState.SUBMITTED not in targets


def test_every_other_state_can_be_reached() -> None:
    reached = {to for targets in TRANSITIONS.values() for to in targets}
    assert reached == set(AidState) - {AidState.SUBMITTED}
