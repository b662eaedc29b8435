"""Waiting conversations are offered: to whom, in which order, once, and never to the other side."""

from __future__ import annotations

from bot.domain.roster import OFFER
from bot.roster.dispatch import What
from tests.integration.roster.conftest import World, at, at_once


def test_a_waiting_conversation_rings_at_one_desk_and_is_still_free_to_claim(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    waiting = world.queue()
    [change] = world.assign()
    assert (change.what, change.conversation_id, change.staff_id) == (
        What.OFFERED,
        waiting,
        wang.id,
    )
    assert world.conversation(waiting).mode == "queued"
    world.claim(waiting, li)
    assert world.conversation(waiting).lawyer_id == li.id


def test_the_lawyer_of_the_topic_hears_it_first(world: World) -> None:
    world.hire("wang")
    li = world.hire("li")
    world.set_staff(li, topics="婚姻家庭,借贷")
    waiting = world.queue(topic="借贷")
    world.assign()
    assert world.offered(waiting) == li.id


def test_several_at_once_are_spread_over_the_desks(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    waiting = [world.queue() for _ in range(4)]
    world.assign()
    assert sorted(filter(None, map(world.offered, waiting))) == [wang.id, wang.id, li.id, li.id]


def test_nobody_is_offered_more_than_the_capacity(world: World) -> None:
    wang = world.hire("wang")
    world.set_staff(wang, capacity=2)
    world.talk(wang)
    waiting = [world.queue() for _ in range(3)]
    assert len(world.assign()) == 1
    assert world.assign() == []
    assert sorted(world.offered(one) or 0 for one in waiting) == [0, 0, wang.id]


def test_an_offer_that_runs_out_goes_to_the_next_and_not_before(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    waiting = world.queue()
    world.assign()
    world.clock.moment += OFFER / 2
    assert world.assign() == []
    world.clock.moment += OFFER / 2
    world.see_everybody()
    world.assign()
    assert world.offered(waiting) == li.id
    world.clock.moment += OFFER
    world.see_everybody()
    world.assign()
    assert world.offered(waiting) == wang.id


def test_the_urgent_one_is_offered_first_then_the_longest_waiting(world: World) -> None:
    wang = world.hire("wang")
    world.set_staff(wang, capacity=2)
    first = world.queue()
    world.clock.advance(minutes=1)
    second = world.queue()
    world.clock.advance(seconds=20)
    danger = world.queue(priority=90)
    assert [change.conversation_id for change in world.assign()] == [danger, first]
    assert world.offered(second) is None


def test_who_wrote_at_night_comes_first_in_the_morning(world: World) -> None:
    world.open_office()
    world.clock.moment = at(22)
    left_overnight = world.queue()
    wang = world.hire("wang")
    assert world.assign() == []
    world.clock.moment = at(8, 58, day=24)
    early_bird = world.queue(priority=10)
    world.clock.moment = at(9, day=24)
    world.set_staff(wang, capacity=1)
    world.roster.service.seen(wang.id)
    [change] = world.assign()
    assert (change.conversation_id, change.staff_id) == (left_overnight, wang.id)
    assert world.offered(early_bird) is None


def test_a_person_in_danger_still_goes_before_the_messages_of_the_night(world: World) -> None:
    world.clock.moment = at(22)
    world.queue()
    world.clock.moment = at(9, day=24)
    danger = world.queue(priority=100)
    world.hire("wang")
    assert world.assign()[0].conversation_id == danger


def test_who_acts_for_the_other_side_is_never_offered_the_case(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    world.roster.service.represent(wang, ["春城（集团）建筑有限公司"])
    waiting = world.queue()
    world.roster.service.note_opponents(waiting, ["春城(集团) 建筑有限公司"])
    for _ in range(3):
        world.see_everybody()
        world.assign()
        assert world.offered(waiting) == li.id
        world.clock.moment += OFFER
    world.set_staff(li, away=True)
    world.sweep()
    world.assign()
    assert world.offered(waiting) is None


def test_an_offer_ends_when_a_conflict_comes_to_light(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.assign()
    world.roster.service.represent(wang, ["刘老板"])
    assert world.roster.service.note_opponents(waiting, ["刘老板"]) == {wang.id}
    assert world.offered(waiting) is None
    world.assign()
    assert world.offered(waiting) is None


def test_a_conflict_recorded_later_withdraws_the_offer(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.roster.service.note_opponents(waiting, ["刘老板"])
    world.assign()
    world.roster.service.represent(wang, ["刘老板"])
    assert [change.what for change in world.sweep()] == [What.WITHDRAWN]
    assert world.offered(waiting) is None


def test_offers_to_who_left_or_went_away_are_withdrawn(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    waiting, other = world.queue(), world.queue()
    world.assign()
    assert {world.offered(waiting), world.offered(other)} == {wang.id, li.id}
    assert world.sweep() == []
    world.roster.service.set_away(wang, wang.id, True)
    [change] = world.sweep()
    assert (change.what, change.staff_id) == (What.WITHDRAWN, wang.id)
    world.assign()
    assert world.offered(waiting) == world.offered(other) == li.id


def test_an_office_gets_the_cases_of_its_own(world: World) -> None:
    east, west = world.open_office("城东站"), world.open_office("城西站")
    wang, li = world.hire("wang"), world.hire("li")
    world.set_staff(wang, office_id=east)
    world.set_staff(li, office_id=west)
    waiting = world.queue(office_id=west)
    world.assign()
    assert world.offered(waiting) == li.id


def test_outside_the_hours_nothing_rings(world: World) -> None:
    office = world.open_office()
    world.clock.moment = at(18)
    wang = world.hire("wang")
    world.set_staff(wang, office_id=office)
    world.queue()
    assert world.assign() == []
    world.clock.moment = at(9, day=24)
    world.roster.service.seen(wang.id)
    assert [change.staff_id for change in world.assign()] == [wang.id]


def test_where_shifts_are_kept_only_who_is_on_shift_is_offered_anything(world: World) -> None:
    office = world.open_office()
    boss, wang, li = world.people["boss"], world.hire("wang"), world.hire("li")
    for person in (boss, wang, li):
        world.set_staff(person, office_id=office)
    day = at(9).date()
    world.roster.service.add_shift(boss, li.id, day, at(9).time(), at(12).time())
    waiting = world.queue()
    world.assign()
    assert world.offered(waiting) == li.id
    world.clock.moment = at(12)
    world.see_everybody()
    assert world.assign() == []
    # A month later nobody plans shifts any more: the hours count again.
    world.clock.moment = at(10, day=23).replace(month=12)
    world.see_everybody()
    assert world.assign() != []


def test_two_processes_offer_a_conversation_once(world: World) -> None:
    world.hire("wang")
    world.hire("li")
    twin = world.twin()
    for _ in range(5):
        waiting = world.queue()
        changes = at_once(world.assign, twin.dispatcher.assign_once)
        mine = [change for change in changes if change.conversation_id == waiting]
        assert len(mine) == 1
        assert world.offered(waiting) == mine[0].staff_id


def test_an_offer_that_ran_out_fills_nobodys_capacity(world: World) -> None:
    wang = world.hire("wang")
    world.set_staff(wang, capacity=1)
    waiting = world.queue()
    world.assign()
    world.clock.moment += OFFER
    world.see_everybody()
    assert [change.staff_id for change in world.assign()] == [wang.id]
    assert world.offered(waiting) == wang.id


def test_the_shifts_of_one_office_put_nobody_of_another_off_duty(world: World) -> None:
    east, west = world.open_office("城东站"), world.open_office("城西站")
    boss, wang, li = world.people["boss"], world.hire("wang"), world.hire("li")
    world.set_staff(wang, office_id=east)
    world.set_staff(li, office_id=west)
    tomorrow = at(9, day=24).date()
    world.roster.service.add_shift(boss, wang.id, tomorrow, at(9).time(), at(12).time())
    waiting = world.queue()
    world.assign()
    assert world.offered(waiting) == li.id
