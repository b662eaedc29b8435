"""Counting: waited days, working days, decisions before an objection, places and months."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from bot.aid.service import STATE_ACTION
from bot.domain.aid import AidState
from bot.statistics.figures import OUTCOMES, Figures, Level, Outcome, count, region_of
from bot.statistics.period import Period
from bot.statistics.records import Case, Event
from bot.statistics.small import Veiled

MONDAY = dt.date(2026, 11, 2)
PERIOD = Period(dt.date(2026, 10, 15), dt.date(2026, 11, 30))
TODAY = dt.date(2026, 11, 30)
CASE = Case("讨要工资", "我自己", "农民工", "530111", AidState.SUBMITTED, "", MONDAY, MONDAY)


def day(number: int) -> dt.date:
    return dt.date(2026, 11, number)


def counted(*cases: Case, events: tuple[Event, ...] = (), level: Level = Level.COUNTY) -> Figures:
    return count(cases, events, PERIOD, level, TODAY)


def decided(on: dt.date, by: dt.date, waited: int = 0) -> Case:
    return replace(CASE, state=AidState.REFUSED, decided_on=on, decide_by=by, waited_days=waited)


def granted(on: dt.date, assigned: dt.date | None = None) -> Case:
    state = AidState.APPROVED if assigned is None else AidState.ASSIGNED
    return replace(CASE, state=state, decided_on=on, granted_on=on, assigned_on=assigned)


def test_without_cases_everything_is_empty_and_every_month_is_there() -> None:
    found = counted()
    assert found.total == 0
    assert found.decision.median is None
    assert found.assignment.in_time is None
    assert [f"{month.first:%Y-%m} {month.submitted}" for month in found.months] == [
        "2026-10 0",
        "2026-11 0",
    ]
    assert found.cross.rows == ()


def test_kinds_are_counted_from_the_greatest() -> None:
    found = counted(CASE, CASE, replace(CASE, matter="工伤", group="低保", urgent="44(1)"))
    assert list(found.matter.items()) == [("讨要工资", 2), ("工伤", 1)]
    assert found.group == {"农民工": 2, "低保": 1}
    assert found.urgent == {"": 2, "44(1)": 1}
    assert found.state == {AidState.SUBMITTED: 3}
    assert found.outcome == {Outcome.OPEN: 3}


def test_days_to_the_decision_leave_out_those_waited() -> None:
    cases = [decided(day(3), day(9)), decided(day(6), day(9)), decided(day(20), day(19), waited=10)]
    pace = counted(*cases).decision
    assert pace.done == 3
    assert pace.median == 4
    assert pace.most == 8
    assert pace.in_time == pytest.approx(2 / 3)


def test_what_is_late_and_undecided_is_counted_unless_papers_are_waited_for() -> None:
    late = replace(CASE, decide_by=day(27))
    waiting = replace(late, state=AidState.NEED_SUPPLEMENT)
    due_today = replace(late, decide_by=TODAY)
    assert counted(late, waiting, due_today).decision.late_open == 1


def test_an_assignment_has_three_days_moved_on_by_a_day_of_rest() -> None:
    # Granted on Wednesday: the third day is a Saturday, so Monday is in time.
    found = counted(granted(day(4), day(9)), granted(day(4), day(10)), granted(day(4), day(4)))
    assert found.assignment.done == 3
    assert found.assignment.in_time == pytest.approx(2 / 3)
    assert found.assignment.median == 5


def test_what_was_granted_and_not_assigned_in_time_is_counted() -> None:
    found = counted(granted(day(20)), granted(day(29)))
    assert found.assignment.late_open == 1
    assert found.assignment.done == 0


def test_every_state_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(AidState)


@pytest.mark.parametrize(
    ("code", "level", "name"),
    [
        ("530111", Level.COUNTY, "云南省昆明市官渡区"),
        ("530111", Level.PREFECTURE, "云南省昆明市"),
        ("530100", Level.COUNTY, "云南省昆明市"),
        ("110105", Level.PREFECTURE, "北京市"),
        ("429004", Level.PREFECTURE, "湖北省仙桃市"),
        ("", Level.COUNTY, ""),
        ("999999", Level.COUNTY, "999999"),
    ],
)
def test_places_are_named_at_their_level(code: str, level: Level, name: str) -> None:
    assert region_of(code, level) == name


def test_places_of_one_prefecture_are_counted_together_at_that_level() -> None:
    other = replace(CASE, place="530102")
    assert len(counted(CASE, other).region) == 2
    assert counted(CASE, other, level=Level.PREFECTURE).region == {"云南省昆明市": 2}


def test_small_numbers_of_places_by_groups_are_veiled() -> None:
    alone = replace(CASE, place="530102", group="残疾人")
    found = counted(*[CASE] * 5, *[replace(CASE, group="残疾人")] * 5, alone)
    rows = dict(found.cross.rows)
    assert found.cross.groups == ("残疾人", "农民工")
    assert rows["云南省昆明市五华区"] == (Veiled.SMALL, Veiled.SMALL)
    # The totals of the group and of the place would tell it otherwise.
    assert rows["云南省昆明市官渡区"] == (Veiled.HIDDEN, Veiled.HIDDEN)


def test_one_place_alone_gives_no_table_by_groups() -> None:
    assert counted(CASE, replace(CASE, group="低保")).cross.rows == ()


def test_months_count_what_happened_in_them() -> None:
    closed = STATE_ACTION + AidState.CLOSED
    events = (Event(closed, dt.date(2026, 10, 31)), Event(closed, day(1)), Event(closed, day(30)))
    october, november = counted(CASE, events=events).months
    assert (october.submitted, october.happened[closed]) == (0, 1)
    assert (november.submitted, november.happened[closed]) == (1, 2)
