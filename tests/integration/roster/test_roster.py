"""Offices, shifts, people and recorded names: who may change what, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from bot.domain.people import Role
from bot.domain.roster import OfficeHours
from bot.errors import BadInput, Forbidden, NotFound
from bot.roster.repository import Office
from bot.roster.service import RosterService
from bot.store.tables import opponents, represented
from tests.integration.roster.conftest import WEEKDAYS, World, at, at_once

NINE, TWELVE, FIVE = dt.time(9), dt.time(12), dt.time(17)
MONDAY = dt.date(2026, 11, 23)


def test_an_office_is_kept_with_its_hours_and_replaced(world: World) -> None:
    office_id = world.open_office()
    boss = world.people["boss"]
    closed = OfficeHours(WEEKDAYS.weekly, {dt.date(2027, 1, 1): ()})
    world.roster.service.save_office(
        boss, Office(office_id, "城东站", "0871-63111234", closed, True)
    )
    assert world.roster.service.offices() == [
        Office(office_id, "城东站", "0871-63111234", closed, True)
    ]
    assert world.actions() == [("boss", "roster_office_saved")] * 2


def test_an_office_needs_a_name_of_its_own(world: World) -> None:
    world.open_office("城东站")
    boss = world.people["boss"]
    for name, sentence in (("城东站", "同名"), ("", "名称"), ("长" * 41, "40")):
        with pytest.raises(BadInput, match=sentence):
            world.roster.service.save_office(boss, Office(0, name, "", WEEKDAYS, True))
    with pytest.raises(BadInput, match="没有这个单位"):
        world.roster.service.save_office(boss, Office(999, "城西站", "", WEEKDAYS, True))
    assert [office.name for office in world.roster.service.offices()] == ["城东站"]


def test_an_office_out_of_use_opens_for_nobody(world: World) -> None:
    office_id = world.open_office()
    boss = world.people["boss"]
    world.clock.moment = at(20)
    assert not world.roster.service.hours_of(None).is_open(world.clock.now())
    world.roster.service.save_office(boss, Office(office_id, "城东站", "", WEEKDAYS, False))
    assert world.roster.service.hours_of(None).is_open(world.clock.now())


def test_only_supervisors_plan(world: World) -> None:
    wang, other = world.hire("wang"), world.hire("li")
    roster = world.roster.service
    for attempt in (
        lambda: roster.save_office(wang, Office(0, "城东站", "", WEEKDAYS, True)),
        lambda: roster.add_shift(wang, wang.id, MONDAY, NINE, FIVE),
        lambda: roster.remove_shift(wang, 1),
        lambda: roster.copy_week(wang, MONDAY),
        lambda: roster.set_away(wang, other.id, True),
        lambda: roster.save_person(wang, other.id, 3, [], None),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert world.actions() == []


def test_a_shift_counts_from_its_first_minute_and_may_cross_midnight(world: World) -> None:
    boss, wang = world.hire("boss", Role.SUPERVISOR), world.hire("wang")
    world.roster.service.add_shift(boss, wang.id, MONDAY, dt.time(22), dt.time(6))
    [shift] = world.roster.service.planned()
    assert (shift.starts_at, shift.ends_at) == (at(22), at(6, day=24))
    for moment, on_duty in ((at(21, 59), False), (at(22), True), (at(6, day=24), False)):
        world.clock.moment = moment
        [found] = [c for c in world.roster.service.candidates() if c.id == wang.id]
        assert found.on_duty is on_duty


@pytest.mark.parametrize(
    ("day", "starts", "ends", "sentence"),
    [
        (MONDAY, dt.time(11), dt.time(13), "已经有班"),
        (MONDAY, dt.time(4), dt.time(21), "16 小时"),
        (dt.date(2026, 11, 20), NINE, FIVE, "过去"),
        (dt.date(2027, 3, 1), NINE, FIVE, "60 天"),
    ],
)
def test_a_shift_that_cannot_be_is_refused(
    world: World, day: dt.date, starts: dt.time, ends: dt.time, sentence: str
) -> None:
    boss, wang = world.hire("boss", Role.SUPERVISOR), world.hire("wang")
    world.roster.service.add_shift(boss, wang.id, MONDAY, NINE, TWELVE)
    with pytest.raises(BadInput, match=sentence):
        world.roster.service.add_shift(boss, wang.id, day, starts, ends)
    assert len(world.roster.service.planned()) == 1


def test_shifts_of_two_people_may_overlap_and_one_may_follow_another(world: World) -> None:
    boss, wang, li = (
        world.hire("boss", Role.SUPERVISOR),
        world.hire("wang"),
        world.hire("li"),
    )
    roster = world.roster.service
    roster.add_shift(boss, wang.id, MONDAY, NINE, TWELVE)
    roster.add_shift(boss, wang.id, MONDAY, TWELVE, FIVE)
    roster.add_shift(boss, li.id, MONDAY, NINE, TWELVE)
    assert len(roster.planned()) == 3


def test_who_does_not_receive_visitors_gets_no_shift(world: World) -> None:
    boss, officer = world.hire("boss", Role.SUPERVISOR), world.hire("zhao", Role.OFFICER)
    with pytest.raises(NotFound):
        world.roster.service.add_shift(boss, officer.id, MONDAY, NINE, FIVE)


def test_two_supervisors_cannot_plan_the_same_hours_twice(world: World) -> None:
    boss, wang = world.hire("boss", Role.SUPERVISOR), world.hire("wang")
    twin = world.twin().service

    def plan(service: RosterService, ends: dt.time) -> list[dt.time]:
        try:
            service.add_shift(boss, wang.id, MONDAY, NINE, ends)
        except BadInput:
            return []
        return [ends]

    planned = at_once(
        lambda: plan(world.roster.service, TWELVE),
        lambda: plan(twin, FIVE),
    )
    assert len(planned) == len(world.roster.service.planned()) == 1


def test_a_week_is_copied_once_and_what_is_past_or_taken_is_passed_over(world: World) -> None:
    boss, wang = world.hire("boss", Role.SUPERVISOR), world.hire("wang")
    roster = world.roster.service
    world.clock.moment = at(8)
    for day in range(5):
        roster.add_shift(boss, wang.id, MONDAY + dt.timedelta(days=day), NINE, FIVE)
    next_monday = MONDAY + dt.timedelta(days=7)
    roster.add_shift(boss, wang.id, next_monday, dt.time(10), dt.time(11))
    assert roster.copy_week(boss, next_monday) == 4
    assert roster.copy_week(boss, next_monday) == 0
    with pytest.raises(BadInput, match="那一周"):
        roster.copy_week(boss, MONDAY + dt.timedelta(days=14))
    world.clock.moment = at(18, day=30)
    assert roster.copy_week(boss, next_monday) == 0


def test_a_removed_shift_is_gone_and_cannot_be_removed_again(world: World) -> None:
    boss, wang = world.hire("boss", Role.SUPERVISOR), world.hire("wang")
    world.roster.service.add_shift(boss, wang.id, MONDAY, NINE, FIVE)
    [shift] = world.roster.service.planned()
    world.roster.service.remove_shift(boss, shift.id)
    assert world.roster.service.planned() == []
    with pytest.raises(BadInput, match="已经不在"):
        world.roster.service.remove_shift(boss, shift.id)
    assert world.actions() == [
        ("boss", "roster_shift_added"),
        ("boss", "roster_shift_removed"),
    ]


# --- people -----------------------------------------------------------------------------------


def test_presence_lasts_ninety_seconds_after_the_last_sign(world: World) -> None:
    wang = world.hire("wang")
    for seconds, present in ((90, True), (1, False)):
        world.clock.advance(seconds=seconds)
        assert world.roster.service.colleague(wang.id).present is present
    world.roster.service.seen(wang.id)
    assert world.roster.service.colleague(wang.id).present


def test_signs_in_quick_succession_are_written_once(world: World) -> None:
    wang = world.hire("wang")
    first = world.roster.service.colleague(wang.id).person.seen_at
    world.clock.advance(seconds=14)
    world.roster.service.seen(wang.id)
    assert world.roster.service.colleague(wang.id).person.seen_at == first
    world.clock.advance(seconds=1)
    world.roster.service.seen(wang.id)
    assert world.roster.service.colleague(wang.id).person.seen_at == world.clock.now()


def test_the_load_counts_open_conversations_and_what_rings(world: World) -> None:
    wang = world.hire("wang")
    world.talk(wang)
    world.queue()
    world.assign()
    [found] = world.roster.service.candidates()
    assert found.load == 2
    assert world.roster.service.colleague(wang.id).person.load == 1


def test_who_left_or_decides_on_applications_is_no_colleague_here(world: World) -> None:
    wang = world.hire("wang")
    world.hire("zhao", Role.OFFICER)
    mediator = world.hire("qian", Role.MEDIATOR)
    world.set_staff(wang, active=False)
    assert [c.person.staff.id for c in world.roster.service.colleagues()] == [mediator.id]


def test_a_lawyer_sets_capacity_and_topics_and_a_supervisor_the_office(world: World) -> None:
    office_id = world.open_office()
    boss, wang = world.people["boss"], world.hire("wang")
    roster = world.roster.service
    roster.save_person(wang, wang.id, 4, ["借贷", "劳动"], None)
    with pytest.raises(Forbidden):
        roster.save_person(wang, wang.id, 4, [], office_id)
    roster.save_person(boss, wang.id, 4, ["借贷", "劳动"], office_id)
    found = roster.colleague(wang.id).person
    assert (found.capacity, found.topics, found.staff.office_id) == (4, ("劳动", "借贷"), office_id)
    for capacity, topics, sentence in (
        (0, [], "1 到 30"),
        (31, [], "1 到 30"),
        (4, ["算命"], "领域"),
    ):
        with pytest.raises(BadInput, match=sentence):
            roster.save_person(wang, wang.id, capacity, topics, office_id)
    with pytest.raises(BadInput, match="没有这个单位"):
        roster.save_person(boss, wang.id, 4, [], 999)


# --- the other side ---------------------------------------------------------------------------


def test_of_names_only_keyed_hashes_are_stored(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    assert world.roster.service.represent(wang, ["刘大富", "刘 大富", " "]) == 1
    world.roster.service.note_opponents(waiting, ["刘大富"], world.people["wang"])
    with world.store.read() as connection:
        [client] = connection.execute(select(represented.c.name_index)).scalars()
        [opponent] = connection.execute(select(opponents.c.name_index)).scalars()
    assert client == opponent
    assert len(client) == 64
    assert "刘" not in client
    assert world.roster.service.conflicted(waiting) == {wang.id}
    assert world.roster.service.barred(wang.id) == {waiting}


def test_a_client_who_left_is_no_conflict_any_more(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.roster.service.note_opponents(waiting, ["刘大富", "春城公司"])
    world.roster.service.represent(wang, ["刘大富"])
    assert world.roster.service.no_longer_represent(wang, ["刘大富", "没登记过"]) == 1
    assert world.roster.service.conflicted(waiting) == set()
    assert world.roster.service.represented_count(wang.id) == 0


def test_names_are_the_same_in_traditional_characters(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.roster.service.represent(wang, ["劉國強"])
    assert world.roster.service.note_opponents(waiting, ["刘国强"]) == {wang.id}


def test_noting_the_same_opponent_twice_is_no_error(world: World) -> None:
    waiting = world.queue()
    for _ in range(2):
        assert world.roster.service.note_opponents(waiting, ["刘大富"]) == set()
    with world.store.read() as connection:
        assert len(connection.execute(select(opponents)).all()) == 1


@pytest.mark.parametrize("names", [[], ["  "], ["刘"], ["长" * 61], ["刘大富", "。"]])
def test_names_too_short_too_long_or_missing_are_refused(world: World, names: list[str]) -> None:
    wang = world.hire("wang")
    with pytest.raises(BadInput):
        world.roster.service.represent(wang, names)
    assert world.roster.service.represented_count(wang.id) == 0


def test_opponents_are_noted_by_who_is_in_the_conversation_or_supervises(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    boss = world.hire("boss", Role.SUPERVISOR)
    talk = world.talk(wang)
    with pytest.raises(Forbidden):
        world.roster.service.note_opponents(talk, ["刘大富"], li)
    with pytest.raises(NotFound):
        world.roster.service.note_opponents("0" * 32, ["刘大富"])
    world.roster.service.represent(li, ["刘大富"])
    assert world.roster.service.note_opponents(talk, ["刘大富"], wang) == {li.id}
    assert world.roster.service.note_opponents(talk, ["春城公司"], boss) == {li.id}
