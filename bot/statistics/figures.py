"""Counting cases: how many of each kind, and how fast they were decided and assigned. Pure."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

import numpy as np

from bot.domain.aid import UNDER_REVIEW, AidState
from bot.domain.places import place_name
from bot.statistics.period import Period
from bot.statistics.records import Case, Event
from bot.statistics.small import Shown, guarded
from knowledge_base.rules.aid_periods import assign_by

Counts = Mapping[str, int]


class Level(StrEnum):
    """How finely places are told apart."""

    COUNTY = "county"
    PREFECTURE = "prefecture"


class Outcome(StrEnum):
    """What came of the review."""

    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OPEN = "open"


OUTCOMES: Mapping[AidState, Outcome] = MappingProxyType(
    {
        AidState.SUBMITTED: Outcome.OPEN,
        AidState.ACCEPTED: Outcome.OPEN,
        AidState.NEED_SUPPLEMENT: Outcome.OPEN,
        AidState.APPROVED: Outcome.GRANTED,
        AidState.ASSIGNED: Outcome.GRANTED,
        AidState.CLOSED: Outcome.GRANTED,
        AidState.TERMINATED: Outcome.GRANTED,
        AidState.REFUSED: Outcome.REFUSED,
        AidState.WITHDRAWN: Outcome.WITHDRAWN,
    }
)


@dataclass(frozen=True)
class Pace:
    """How fast something was done that has a last day; None where nothing was done yet."""

    done: int
    median: float | None
    most: int | None
    """Nine in ten took no longer."""
    in_time: float | None
    """A share from 0 to 1."""
    late_open: int
    """What is not done although its last day has passed."""


@dataclass(frozen=True)
class Month:
    """What happened in a month, by the action of the audit trail."""

    first: dt.date
    submitted: int
    happened: Counts


@dataclass(frozen=True)
class Cross:
    """Places by groups, small numbers veiled; empty where there are less than two places."""

    groups: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Shown, ...]], ...]


@dataclass(frozen=True)
class Figures:
    """Everything that is shown of a period; counts run from the greatest to the smallest."""

    total: int
    matter: Counts
    for_whom: Counts
    group: Counts
    region: Counts
    state: Mapping[AidState, int]
    urgent: Counts
    outcome: Mapping[Outcome, int]
    result: Counts
    decision: Pace
    assignment: Pace
    asked: int
    withdrawn: int
    objected: int
    months: tuple[Month, ...]
    cross: Cross


def count(
    cases: Sequence[Case], events: Iterable[Event], period: Period, level: Level, today: dt.date
) -> Figures:
    """Count the cases submitted in a period, and what happened in its months."""
    states = Counter(case.state for case in cases)
    outcomes = Counter(OUTCOMES[case.state] for case in cases)
    return Figures(
        len(cases),
        _counted(case.matter for case in cases),
        _counted(case.for_whom for case in cases),
        _counted(case.group for case in cases),
        _counted(region_of(case.place, level) for case in cases),
        {state: states[state] for state in AidState if state in states},
        _counted(case.urgent for case in cases),
        {outcome: outcomes[outcome] for outcome in Outcome if outcome in outcomes},
        _counted(case.result for case in cases if case.result),
        _decision(cases, today),
        _assignment(cases, today),
        sum(case.asked for case in cases),
        outcomes[Outcome.WITHDRAWN],
        sum(case.objected for case in cases),
        _months(cases, events, period),
        _cross(cases, level),
    )


@cache
def region_of(code: str, level: Level) -> str:
    """Return the name of a place at a level; what has no prefecture stands for its own."""
    if not code:
        return ""
    prefecture, province = code[:4] + "00", code[:2] + "0000"
    codes: tuple[str, ...]
    if level is Level.COUNTY:
        codes = (code, prefecture, province)
    else:
        # 90 are the counties right below a province; a municipality's stand below 市辖区.
        codes = (prefecture, code if code[2:4] == "90" else province)
    return next((name for name in map(place_name, codes) if name), code)


def _counted(values: Iterable[str]) -> Counts:
    return dict(Counter(values).most_common())


def _decision(cases: Sequence[Case], today: dt.date) -> Pace:
    decided = [
        (max((case.decided_on - case.submitted_on).days - case.waited_days, 0),
         case.decided_on <= case.decide_by)
        for case in cases
        if case.decided_on is not None
    ]  # fmt: skip
    late = sum(case.state in UNDER_REVIEW and case.decide_by < today for case in cases)
    return _pace(decided, late)


def _assignment(cases: Sequence[Case], today: dt.date) -> Pace:
    granted = [(case, case.granted_on) for case in cases if case.granted_on is not None]
    assigned = [
        (max((case.assigned_on - day).days, 0), case.assigned_on <= assign_by(day))
        for case, day in granted
        if case.assigned_on is not None
    ]
    late = sum(
        case.state is AidState.APPROVED and case.assigned_on is None and assign_by(day) < today
        for case, day in granted
    )
    return _pace(assigned, late)


def _pace(done: Sequence[tuple[int, bool]], late_open: int) -> Pace:
    if not done:
        return Pace(0, None, None, None, late_open)
    days = [each for each, _ in done]
    return Pace(
        len(done),
        float(np.median(days)),
        int(np.percentile(days, 90, method="inverted_cdf")),
        sum(in_time for _, in_time in done) / len(done),
        late_open,
    )


def _months(cases: Sequence[Case], events: Iterable[Event], period: Period) -> tuple[Month, ...]:
    submitted = Counter(case.submitted_on.replace(day=1) for case in cases)
    happened: dict[dt.date, Counter[str]] = {}
    for event in events:
        happened.setdefault(event.on.replace(day=1), Counter())[event.action] += 1
    return tuple(
        Month(month, submitted[month], happened.get(month, Counter())) for month in period.months()
    )


def _cross(cases: Sequence[Case], level: Level) -> Cross:
    places = [(region_of(case.place, level), case.group) for case in cases]
    regions, groups = _counted(place for place, _ in places), _counted(g for _, g in places)
    if len(regions) < 2:
        return Cross((), ())
    pairs = Counter(places)
    shown = guarded([[pairs[region, group] for group in groups] for region in regions])
    return Cross(
        tuple(groups), tuple((r, tuple(row)) for r, row in zip(regions, shown, strict=True))
    )
