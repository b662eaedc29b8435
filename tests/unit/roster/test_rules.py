"""Opening hours, the order of waiting, and the choice of a lawyer: rules without a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.clock import CHINA
from bot.domain.roster import (
    DANGER,
    LEAST_MEASURED,
    OFFER,
    PRESENT,
    STEP,
    Candidate,
    OfficeHours,
    Span,
    Waiting,
    choose,
    head_start,
    in_order,
    is_open,
    is_same_time_of_day,
    name_key,
    next_opening,
    open_since,
    place_in_line,
    rest_of_wait,
    urgency,
)

MORNING = Span(dt.time(9), dt.time(12))
AFTERNOON = Span(dt.time(14), dt.time(17, 30))
WEEK = OfficeHours(
    {day: (MORNING, AFTERNOON) for day in range(5)},
    {
        dt.date(2026, 10, 1): (),
        dt.date(2026, 10, 2): (),
        dt.date(2026, 10, 10): (MORNING,),
    },
)
MONDAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)


def china(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), CHINA)


# --- opening hours ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "opened"),
    [(8, 59, False), (9, 0, True), (11, 59, True), (12, 0, False), (14, 0, True), (17, 30, False)],
)
def test_an_office_is_open_from_its_first_minute_and_closed_at_its_last(
    hour: int, minute: int, opened: bool
) -> None:
    assert is_open(WEEK, china(MONDAY, hour, minute)) is opened


def test_hours_are_those_of_china_wherever_the_server_stands() -> None:
    assert is_open(WEEK, dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC))
    assert not is_open(WEEK, dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC))


def test_a_holiday_closes_a_weekday_and_a_make_up_day_opens_a_saturday() -> None:
    assert dt.date(2026, 10, 1).weekday() == 3
    assert not is_open(WEEK, china(dt.date(2026, 10, 1), 10))
    assert dt.date(2026, 10, 10).weekday() == 5
    assert is_open(WEEK, china(dt.date(2026, 10, 10), 10))
    assert not is_open(WEEK, china(dt.date(2026, 10, 10), 15))


def test_the_next_opening_passes_over_lunch_night_weekend_and_holiday() -> None:
    assert next_opening(WEEK, china(MONDAY, 12, 30)) == china(MONDAY, 14)
    friday = dt.date(2026, 11, 27)
    assert next_opening(WEEK, china(friday, 18)) == china(dt.date(2026, 11, 30), 9)
    assert next_opening(WEEK, china(dt.date(2026, 9, 30), 20)) == china(dt.date(2026, 10, 5), 9)


def test_an_office_that_never_opens_has_no_next_opening() -> None:
    assert next_opening(OfficeHours({}), NOW) is None
    assert open_since(OfficeHours({}), NOW) is None


def test_midnight_does_not_interrupt_a_night_that_goes_on() -> None:
    night = OfficeHours({0: (Span(dt.time(20), dt.time(0)),), 1: (Span(dt.time(0), dt.time(6)),)})
    tuesday = MONDAY + dt.timedelta(days=1)
    assert is_open(night, china(MONDAY, 23, 59))
    assert open_since(night, china(tuesday, 5)) == china(MONDAY, 20)
    assert not is_open(night, china(tuesday, 6))


def test_a_span_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="closes after"):
        Span(dt.time(17), dt.time(9))


minutes_of_day = st.integers(0, 24 * 60 - 1)


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    cuts = sorted(draw(st.sets(minutes_of_day, max_size=4)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return tuple(Span(_time(opens), _time(closes)) for opens, closes in pairs)


def _time(minute: int) -> dt.time:
    return dt.time(minute // 60, minute % 60)


hours = st.builds(
    OfficeHours,
    st.dictionaries(st.integers(0, 6), spans(), max_size=7),
    st.dictionaries(st.dates(MONDAY, MONDAY + dt.timedelta(days=9)), spans(), max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(hours, st.integers(0, 7 * 24 * 60 - 1))
def test_at_the_next_opening_it_is_open_and_never_before(kept: OfficeHours, minute: int) -> None:
    moment = china(MONDAY, 0) + dt.timedelta(minutes=minute)
    opening = next_opening(kept, moment)
    # Spans have whole minutes, so looking at every minute misses nothing.
    until = opening or moment + dt.timedelta(days=9)
    while moment < until:
        assert not is_open(kept, moment)
        moment += dt.timedelta(minutes=1)
    if opening is not None:
        assert is_open(kept, opening)


@settings(max_examples=150, deadline=None)
@given(hours, st.integers(0, 7 * 24 * 60 - 1))
def test_an_opening_has_lasted_without_a_gap_since_it_began(kept: OfficeHours, minute: int) -> None:
    moment = china(MONDAY, 0) + dt.timedelta(minutes=minute)
    since = open_since(kept, moment)
    assert (since is not None) is is_open(kept, moment)
    while since is not None and since <= moment:
        assert is_open(kept, since)
        since += dt.timedelta(minutes=1)


# --- the order of waiting ---------------------------------------------------------------------

priorities = st.integers(0, 100)
waits = st.timedeltas(dt.timedelta(), dt.timedelta(days=30))


@given(priorities, waits, waits)
def test_waiting_longer_never_counts_less(
    priority: int, one: dt.timedelta, other: dt.timedelta
) -> None:
    shorter, longer = sorted((one, other))
    assert urgency(priority, shorter) <= urgency(priority, longer)


@given(priorities, priorities, waits)
def test_a_higher_priority_never_counts_less(one: int, other: int, waited: dt.timedelta) -> None:
    lower, higher = sorted((one, other))
    assert urgency(lower, waited) <= urgency(higher, waited)


@given(priorities, st.integers(0, 100))
def test_nobody_starves_whoever_waited_the_greatest_head_start_is_overtaken_by_none(
    priority: int, newcomer: int
) -> None:
    patient = urgency(priority, head_start(100))
    assert urgency(newcomer, dt.timedelta()) <= patient


@given(st.integers(0, DANGER - 1), st.timedeltas(dt.timedelta(), dt.timedelta(days=9)))
def test_a_person_in_danger_goes_before_every_message_left_over_the_longest_holiday(
    priority: int, waited: dt.timedelta
) -> None:
    assert urgency(DANGER, dt.timedelta()) > urgency(priority, waited)


@given(
    st.lists(st.tuples(priorities, st.integers(0, 40_000)), min_size=1, max_size=12, unique=True)
)
def test_the_fixed_place_in_line_is_the_order_of_urgency(
    people: list[tuple[int, int]],
) -> None:
    now = NOW + dt.timedelta(days=60)
    queued = [(priority, NOW + dt.timedelta(minutes=minute)) for priority, minute in people]
    by_place = sorted(queued, key=lambda p: place_in_line(*p))
    urgencies = [urgency(priority, now - at) for priority, at in by_place]
    assert urgencies == sorted(urgencies, reverse=True)


def test_one_step_of_priority_is_worth_half_an_hour_of_waiting() -> None:
    early = Waiting("early", 0, NOW)
    raised = Waiting("raised", STEP, NOW + dt.timedelta(minutes=29))
    assert [w.id for w in in_order([early, raised])] == ["raised", "early"]
    late = Waiting("late", STEP, NOW + dt.timedelta(minutes=31))
    assert [w.id for w in in_order([early, late])] == ["early", "late"]


def test_a_period_that_ends_soon_counts_and_one_that_ends_late_does_not() -> None:
    waited = dt.timedelta(minutes=5)
    plain = urgency(0, waited)
    tomorrow = urgency(0, waited, dt.timedelta(days=1))
    today = urgency(0, waited, dt.timedelta())
    assert plain < tomorrow < today
    assert urgency(0, waited, dt.timedelta(days=-2)) == today
    assert urgency(0, waited, dt.timedelta(days=90)) == plain
    assert today < urgency(DANGER, dt.timedelta())


# --- the choice of a lawyer -------------------------------------------------------------------


def lawyer(number: int, **other: object) -> Candidate:
    return replace(Candidate(number, True, False, NOW, 0, 6), **other)  # type: ignore[arg-type]


WANTED = Waiting("c", 0, NOW, topic="劳动")


def test_whoever_knows_the_topic_comes_first_even_with_more_to_do() -> None:
    expert = lawyer(2, topics=frozenset({"劳动"}), load=4)
    assert choose([lawyer(1), expert], WANTED, NOW) == expert


def test_load_is_measured_against_capacity() -> None:
    small, large = lawyer(1, load=2, capacity=3), lawyer(2, load=4, capacity=10)
    assert choose([small, large], WANTED, NOW) == large


def test_with_equal_load_whoever_had_no_new_case_for_longest_is_next() -> None:
    early = lawyer(2, last_case_at=NOW - dt.timedelta(hours=2))
    late = lawyer(1, last_case_at=NOW - dt.timedelta(hours=1))
    never = lawyer(3)
    assert choose([late, early], WANTED, NOW) == early
    assert choose([late, early, never], WANTED, NOW) == never


def test_when_nothing_tells_them_apart_the_choice_is_still_the_same_one() -> None:
    assert choose([lawyer(2), lawyer(1)], WANTED, NOW) == lawyer(1)


@pytest.mark.parametrize(
    "unfit",
    [
        {"on_duty": False},
        {"away": True},
        {"seen_at": None},
        {"seen_at": NOW - PRESENT - dt.timedelta(seconds=1)},
        {"load": 6},
        {"office_id": 7},
    ],
    ids=["off duty", "away", "never seen", "gone", "full", "another office"],
)
def test_who_cannot_take_it_is_not_chosen(unfit: dict[str, object]) -> None:
    here = replace(WANTED, office_id=3)
    assert choose([lawyer(1, office_id=3)], here, NOW) is not None
    assert choose([lawyer(1, **{"office_id": 3, **unfit})], here, NOW) is None


def test_a_lawyer_of_no_office_serves_them_all() -> None:
    assert choose([lawyer(1)], replace(WANTED, office_id=3), NOW) == lawyer(1)


def test_who_acts_for_the_other_side_is_never_chosen() -> None:
    assert choose([lawyer(1), lawyer(2)], WANTED, NOW, frozenset({1})) == lawyer(2)
    assert choose([lawyer(1)], WANTED, NOW, frozenset({1})) is None


candidates = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 8),
        st.booleans(),
        st.booleans(),
        st.one_of(st.none(), st.just(NOW), st.just(NOW - dt.timedelta(minutes=5))),
        st.integers(0, 4),
        st.integers(1, 4),
        st.frozensets(st.sampled_from(["劳动", "借贷"])),
    ),
    max_size=8,
    unique_by=lambda c: c.id,
)


@given(candidates, st.frozensets(st.integers(1, 8)), st.one_of(st.none(), st.integers(1, 8)))
def test_the_chosen_one_can_always_take_it_and_somebody_is_chosen_when_anybody_can(
    found: list[Candidate], barred: frozenset[int], last: int | None
) -> None:
    chosen = choose(found, replace(WANTED, offered_to=last), NOW, barred)
    able = [
        c
        for c in found
        if c.on_duty and c.is_present(NOW) and c.load < c.capacity and c.id not in barred
    ]
    assert (chosen is None) is (not able)
    assert chosen is None or chosen in able


@given(candidates)
def test_offers_that_run_out_go_round_to_everybody_who_can(found: list[Candidate]) -> None:
    able = {c.id for c in found if c.is_receiving(NOW) and c.load < c.capacity}
    waiting, asked = WANTED, []
    for _ in able:
        chosen = choose(found, waiting, NOW)
        assert chosen is not None
        asked.append(chosen.id)
        waiting = replace(waiting, offered_to=chosen.id, offered_at=NOW - OFFER)
    assert sorted(asked) == sorted(able)


# --- how long it takes, and names -------------------------------------------------------------


def test_an_estimate_needs_enough_waits() -> None:
    six = [dt.timedelta(minutes=6)]
    assert rest_of_wait(six * (LEAST_MEASURED - 1), dt.timedelta()) is None
    assert rest_of_wait(six * LEAST_MEASURED, dt.timedelta()) == dt.timedelta(minutes=6)


def test_who_has_waited_is_told_the_rest_by_those_who_waited_as_long() -> None:
    measured = [dt.timedelta(minutes=m) for m in (1, 1, 1, 1, 10, 10, 10, 12, 14, 14, 14, 14)]
    assert rest_of_wait(measured, dt.timedelta(minutes=5)) == dt.timedelta(minutes=8)
    assert rest_of_wait(measured, dt.timedelta(minutes=13)) is None


def test_the_time_of_day_is_compared_across_midnight_and_days() -> None:
    tomorrow = NOW + dt.timedelta(days=1)
    assert is_same_time_of_day(NOW, tomorrow + dt.timedelta(minutes=90))
    assert not is_same_time_of_day(NOW, tomorrow + dt.timedelta(minutes=91))
    assert is_same_time_of_day(china(MONDAY, 0, 10), china(MONDAY, 23, 30))


def test_names_are_compared_without_blanks_dots_brackets_and_case() -> None:
    assert name_key("阿卜杜拉·买买提") == name_key("阿卜杜拉 买买提")
    assert name_key("春城（集团）公司") == name_key("春城(集团) 公司")
    assert name_key("ＡＢＣ公司") == name_key("abc公司")
    assert name_key("张三") != name_key("张三丰")
