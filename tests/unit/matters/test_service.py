"""What staff may do with matters, and what a citizen is told of one."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from dataclasses import replace

import pytest
from sqlalchemy import Connection, insert, update

from bot.domain.conversation import Mode
from bot.domain.matter import Action, Matter, MatterState, next_number
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden, IllegalMove, LawbridgeError, NotFound
from bot.matters.records import Target, Wanted
from bot.matters.repository import MatterRepository
from bot.matters.rules import Step, sees
from bot.matters.service import MatterService
from bot.store.tables import guests, offices, staff
from tests.unit.matters.conftest import House, by_hand


def state(house: House, matter: Matter) -> MatterState:
    found = house.repository.find(matter.number)
    assert found is not None
    return found.state


# --- opened by hand


def test_a_hotline_seat_opens_a_matter_that_waits_for_a_call(house: House) -> None:
    matter = by_hand(house)
    assert (matter.state, matter.channel, matter.conversation_id) == (
        MatterState.WAITING,
        "hotline",
        None,
    )
    assert (matter.contact.name, matter.contact.phone) == ("张小明", "13812345678")
    assert matter.due_at == house.clock.now() + dt.timedelta(days=1)
    assert house.actions(matter) == [("wang", Action.OPENED, "")]
    assert house.audited() == [("wang", "matter_opened", f"matter:{matter.number}")]


def test_it_can_be_dispatched_in_the_same_step(house: House) -> None:
    due = house.clock.now() + dt.timedelta(days=2)
    matter = by_hand(house, target=Target(house.west, None, due), note="请今天回电")
    assert (matter.state, matter.office_id, matter.due_at) == (
        MatterState.DISPATCHED,
        house.west,
        due,
    )
    assert house.actions(matter)[-1] == ("wang", Action.DISPATCHED, "请今天回电")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("138 1234 5678", "13812345678"),
        ("＋86 138-1234-5678", "13812345678"),
        ("0871-63163333", "087163163333"),
    ],
)
def test_a_phone_is_kept_in_one_form(house: House, typed: str, kept: str) -> None:
    assert by_hand(house, phone=typed).contact.phone == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"phone": "12345"},
        {"phone": "+1 212 555 0100"},
        {"phone": "没有"},
        {"about": " 啊 "},
        {"topic": "天气"},
        {"channel": "wechat"},
        {"target": Target(None, None)},
        {"target": Target(999, None)},
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_sentence(
    house: House, wrong: dict[str, object]
) -> None:
    with pytest.raises(BadInput) as caught:
        by_hand(house, **wrong)  # type: ignore[arg-type]
    assert caught.value.detail != BadInput.sentence
    assert house.service.listing(house.zhou, Wanted()) == []


# --- who sees what


def test_a_lawyer_sees_the_own_the_offices_and_nobodys_matters(house: House) -> None:
    east, west = by_hand(house), by_hand(house, house.li)
    _, nobodys = house.queued()
    assert {m.number for m in house.service.listing(house.wang, Wanted())} == {
        east.number,
        nobodys.number,
    }
    assert {m.number for m in house.service.listing(house.zhou, Wanted())} == {
        east.number,
        west.number,
        nobodys.number,
    }
    with pytest.raises(Forbidden):
        house.service.see(west.number, house.wang)


def test_lists_and_pages_agree_on_who_sees_what(house: House) -> None:
    made = [by_hand(house), by_hand(house, house.li), house.queued()[1]]
    made.append(house.service.dispatch(made[0].number, house.zhou, Target(None, house.li.id)))
    for person in (house.wang, house.li, house.zhou):
        listed = {m.number for m in house.service.listing(person, Wanted())}
        seen = {
            m.number
            for number in {m.number for m in made}
            if (m := house.repository.find(number)) is not None and sees(m, person)
        }
        assert listed == seen


def test_who_receives_nobody_sees_no_matters(house: House) -> None:
    matter = by_hand(house)
    for ask in (
        lambda: house.service.listing(house.sun, Wanted()),
        lambda: house.service.counts(house.sun),
        lambda: house.service.see(matter.number, house.sun),
        lambda: house.service.note(matter.number, house.sun, "看看"),
        lambda: by_hand(house, house.sun),
    ):
        with pytest.raises(Forbidden):
            ask()


def test_an_invited_colleague_sees_the_conversations_matter(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    with pytest.raises(Forbidden):
        house.service.of(conversation_id, house.li)
    with house.store.write() as connection:
        connection.execute(
            insert(guests).values(
                conversation_id=conversation_id,
                staff_id=house.li.id,
                invited_by=house.wang.id,
                created_at=house.clock.now(),
            )
        )
    found = house.service.of(conversation_id, house.li)
    assert found is not None
    assert found.number == matter.number


def test_a_conversation_without_matter_has_none_to_show(house: House) -> None:
    assert house.service.of(house.talk(), house.wang) is None


# --- the list


def test_the_list_is_narrowed_by_state_office_holder_term_and_number(house: House) -> None:
    waiting, taken = by_hand(house), by_hand(house)
    house.service.take(taken.number, house.wang)
    west = by_hand(house, house.li)
    house.clock.advance(days=2)

    def found(**wanted: object) -> set[str]:
        listed = house.service.listing(house.zhou, Wanted(**wanted))  # type: ignore[arg-type]
        return {matter.number for matter in listed}

    assert found(states=frozenset({MatterState.IN_PROGRESS})) == {taken.number}
    assert found(office_id=house.west) == {west.number}
    assert found(overdue=True) == {waiting.number, west.number}
    assert found(number=taken.number) == {taken.number}
    assert found(mine=True) == set()
    mine = house.service.listing(house.wang, Wanted(mine=True))
    assert [matter.number for matter in mine] == [taken.number]


def test_the_nearest_term_comes_first_and_closed_ones_last(house: House) -> None:
    now = house.clock.now()
    far = by_hand(house, target=Target(house.east, None, now + dt.timedelta(days=9)))
    near = by_hand(house, target=Target(house.east, None, now + dt.timedelta(hours=1)))
    closed = by_hand(house)
    house.service.close(closed.number, house.zhou, "withdrawn")
    listed = house.service.listing(house.wang, Wanted(frozenset(MatterState)))
    assert [m.number for m in listed] == [near.number, far.number, closed.number]


def test_counts_say_how_many_are_where_late_and_mine(house: House) -> None:
    by_hand(house)
    house.service.take(by_hand(house).number, house.wang)
    house.service.close(by_hand(house).number, house.zhou, "advised")
    house.clock.advance(days=2)
    states, late, mine = house.service.counts(house.wang)
    assert states == {
        MatterState.WAITING: 1,
        MatterState.IN_PROGRESS: 1,
        MatterState.CLOSED: 1,
    }
    assert (late, mine) == (1, 1)


def test_a_closed_matter_is_never_late(house: House) -> None:
    matter = by_hand(house)
    house.service.close(matter.number, house.zhou, "advised")
    house.clock.advance(days=99)
    assert house.service.counts(house.zhou)[1] == 0
    closed = house.repository.find(matter.number)
    assert closed is not None
    assert not closed.is_overdue(house.clock.now())


# --- dispatching


def test_a_supervisor_dispatches_to_a_person_with_a_term(house: House) -> None:
    matter = by_hand(house)
    due = house.clock.now() + dt.timedelta(days=5)
    found = house.service.dispatch(
        matter.number, house.zhou, Target(None, house.li.id, due), "请李老师调解"
    )
    assert (found.state, found.staff_id, found.office_id, found.due_at) == (
        MatterState.DISPATCHED,
        house.li.id,
        house.west,
        due,
    )
    assert house.actions(found)[-1] == ("zhou", Action.DISPATCHED, "请李老师调解")
    assert house.audited()[-1] == ("zhou", "matter_dispatched", f"matter:{matter.number}")
    taken = house.service.take(matter.number, house.li)
    assert (taken.state, taken.due_at) == (MatterState.IN_PROGRESS, due)


def test_the_holder_may_dispatch_and_others_may_not(house: House) -> None:
    matter = by_hand(house)
    with pytest.raises(Forbidden):
        house.service.dispatch(matter.number, house.wang, Target(house.west, None))
    house.service.take(matter.number, house.wang)
    house.service.dispatch(matter.number, house.wang, Target(house.west, None))
    assert state(house, matter) is MatterState.DISPATCHED
    # It is another office's now.
    with pytest.raises(Forbidden):
        house.service.dispatch(matter.number, house.wang, Target(house.east, None))


def test_without_a_term_the_usual_one_runs_from_the_dispatch(house: House) -> None:
    matter = by_hand(house)
    house.clock.advance(hours=5)
    found = house.service.dispatch(matter.number, house.zhou, Target(house.west, None))
    assert found.due_at == house.ledger.targets.to_close(house.clock.now())


def test_dispatching_a_waiting_visitor_tells_the_roster_where(house: House) -> None:
    conversation_id, matter = house.queued()
    house.service.dispatch(matter.number, house.zhou, Target(None, house.li.id))
    found = house.conversations.get(conversation_id)
    assert found.mode is Mode.QUEUED
    assert (found.office_id, found.offered_to) == (house.west, house.li.id)
    assert found.offered_at == house.clock.now()
    assert house.claim(conversation_id, house.li).state is MatterState.IN_PROGRESS


def test_a_matter_in_talk_is_not_dispatched_behind_the_visitors_back(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    with pytest.raises(IllegalMove):
        house.service.dispatch(matter.number, house.zhou, Target(house.west, None))


def test_a_dispatched_matter_stays_where_it_was_sent_when_the_visitor_asks_again(
    house: House,
) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.give_back(conversation_id, house.wang)
    house.service.dispatch(matter.number, house.wang, Target(None, house.li.id))
    again = house.ask(conversation_id)
    assert (again.state, again.staff_id) == (MatterState.DISPATCHED, house.li.id)
    assert house.actions(again)[-1] == ("visitor", Action.ASKED, "")


def test_nobody_is_given_a_matter_who_cannot_have_it(house: House) -> None:
    matter = by_hand(house)
    now = house.clock.now()
    with house.store.write() as connection:
        connection.execute(update(offices).where(offices.c.id == house.west).values(active=False))
        connection.execute(update(staff).where(staff.c.id == house.li.id).values(active=False))
    for target in (
        Target(None, None),
        Target(house.west, None),
        Target(None, house.li.id),
        Target(None, house.sun.id),
        Target(None, 999),
        Target(house.east, house.zhou.id),
        Target(house.east, None, now),
    ):
        with pytest.raises(BadInput):
            house.service.dispatch(matter.number, house.zhou, target)
    assert state(house, matter) is MatterState.WAITING


def test_who_acts_for_the_other_side_neither_gets_nor_takes_the_matter(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.give_back(conversation_id, house.wang)
    service = MatterService(
        house.repository,
        house.clock,
        lambda asked: {house.li.id} if asked == conversation_id else set(),
    )
    with pytest.raises(BadInput, match="利益冲突"):
        service.dispatch(matter.number, house.zhou, Target(None, house.li.id))
    service.dispatch(matter.number, house.zhou, Target(house.west, None))
    with pytest.raises(BadInput, match="利益冲突"):
        service.take(matter.number, house.li)


# --- taking


def test_of_two_who_take_at_once_one_gets_it(house: House) -> None:
    matter = by_hand(house, target=Target(house.east, None))
    other = replace(house.li, office_id=house.east)
    start, taken, refused = threading.Barrier(2), [], []

    def take(person: Staff) -> None:
        start.wait()
        try:
            taken.append(house.service.take(matter.number, person).staff_id)
        except LawbridgeError as error:
            refused.append(error)

    threads = [threading.Thread(target=take, args=(p,)) for p in (house.wang, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(refused) == 1
    assert isinstance(refused[0], Forbidden)
    found = house.repository.find(matter.number)
    assert found is not None
    assert found.staff_id == taken[0]


def test_a_supervisor_takes_over_from_an_absent_holder(house: House) -> None:
    matter = by_hand(house)
    house.service.take(matter.number, house.wang)
    assert house.service.take(matter.number, house.zhou).staff_id == house.zhou.id
    with pytest.raises(Forbidden):
        house.service.take(matter.number, house.wang)
    with pytest.raises(IllegalMove):
        house.service.take(matter.number, house.zhou)


def test_a_visitor_who_is_there_is_received_at_the_desk_only(house: House) -> None:
    conversation_id, matter = house.queued()
    with pytest.raises(IllegalMove):
        house.service.take(matter.number, house.wang)
    house.claim(conversation_id, house.wang)
    with pytest.raises(IllegalMove):
        house.service.close(matter.number, house.wang, "advised")
    assert house.conversations.get(conversation_id).mode is Mode.HUMAN


# --- noting, revealing


def test_a_note_is_kept_in_the_log_and_its_words_stay_out_of_the_audit_trail(
    house: House,
) -> None:
    matter = by_hand(house)
    house.service.note(matter.number, house.wang, " 已打两次，没人接 ")
    assert house.actions(matter)[-1] == ("wang", Action.NOTED, "已打两次，没人接")
    assert house.audited()[-1] == ("wang", "matter_noted", f"matter:{matter.number}")
    with pytest.raises(BadInput):
        house.service.note(matter.number, house.wang, "  ")


def test_reading_numbers_in_full_needs_a_reason_and_a_role(house: House) -> None:
    matter = by_hand(house, target=Target(house.west, None))
    with pytest.raises(BadInput):
        house.service.reveal(matter.number, house.zhou, " ")
    with pytest.raises(Forbidden):
        # A mediator may not.
        house.service.reveal(matter.number, house.li, "回电")
    found = house.service.reveal(matter.number, house.zhou, "回电")
    assert found.contact.phone == "13812345678"
    assert house.actions(matter)[-1] == ("zhou", Action.REVEALED, "回电")
    assert house.audited()[-1] == ("zhou", "matter_revealed", f"matter:{matter.number}")


# --- closing and reopening


def test_closing_needs_an_outcome_and_the_holder(house: House) -> None:
    matter = by_hand(house)
    house.service.take(matter.number, house.wang)
    for outcome in ("", "nonsense"):
        with pytest.raises(BadInput):
            house.service.close(matter.number, house.wang, outcome)
    with pytest.raises(Forbidden):
        house.service.close(matter.number, replace(house.li, office_id=house.east), "advised")
    closed = house.service.close(matter.number, house.wang, "filed", "已登记")
    assert (closed.state, closed.outcome, closed.advice) == (MatterState.CLOSED, "filed", "已登记")
    with pytest.raises(IllegalMove):
        house.service.close(matter.number, house.wang, "filed")


def test_a_matter_handed_back_to_the_bot_is_closed_on_its_page(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.give_back(conversation_id, house.wang)
    house.service.close(matter.number, house.wang, "bot_only")
    assert house.conversations.get(conversation_id).mode is Mode.RETURNED
    assert house.matter(conversation_id).outcome == "bot_only"


def test_reopening_by_staff_puts_the_conversation_back_into_the_queue(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    with pytest.raises(Forbidden):
        house.service.reopen(matter.number, replace(house.li, office_id=house.east))
    house.service.reopen(matter.number, house.wang, "当事人来电说没拿到钱")
    again = house.matter(conversation_id)
    assert (again.number, again.state) == (matter.number, MatterState.WAITING)
    assert house.conversations.get(conversation_id).mode is Mode.QUEUED
    assert ("wang", Action.REOPENED, "当事人来电说没拿到钱") in house.actions(again)
    assert house.claim(conversation_id, house.li).number == matter.number


def test_reopening_is_done_as_a_whole_or_not_at_all(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    before = house.actions(matter), house.audited()
    repository = MatterRepository(house.ledger, house.clock, FailingQueue())
    with pytest.raises(ConnectionError):
        MatterService(repository, house.clock).reopen(matter.number, house.wang)
    assert state(house, matter) is MatterState.CLOSED
    assert house.conversations.get(conversation_id).mode is Mode.CLOSED
    assert (house.actions(matter), house.audited()) == before


class FailingQueue:
    """Conversations that cannot be reached."""

    def move_in(self, connection: Connection, conversation_id: str, to: Mode, **_: object) -> Mode:
        raise ConnectionError


def test_a_matter_is_not_reopened_beside_a_newer_open_one(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    house.clock.advance(minutes=1)
    house.ask(conversation_id)
    with pytest.raises(IllegalMove, match="另有一张"):
        house.service.reopen(matter.number, house.zhou)
    assert state(house, matter) is MatterState.CLOSED


def test_an_open_matter_cannot_be_reopened(house: House) -> None:
    with pytest.raises(IllegalMove):
        house.service.reopen(by_hand(house).number, house.zhou)


def test_a_hotline_matter_is_reopened_whatever_other_callers_wait(house: House) -> None:
    matter = by_hand(house)
    by_hand(house)
    house.service.close(matter.number, house.zhou, "unreachable")
    house.service.reopen(matter.number, house.zhou)
    assert state(house, matter) is MatterState.WAITING


def test_a_number_that_does_not_exist_is_not_found(house: House) -> None:
    number = next_number(26, 500)
    for ask in (
        lambda: house.service.see(number, house.zhou),
        lambda: house.service.take(number, house.zhou),
        lambda: house.service.dispatch(number, house.zhou, Target(house.east, None)),
        lambda: house.service.close(number, house.zhou, "advised"),
        lambda: house.service.reopen(number, house.zhou),
        lambda: house.service.note(number, house.zhou, "x"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_the_steps_offered_are_the_steps_that_are_carried_out(house: House) -> None:
    """Every person at every stage: what the page offers works, what it does not is refused."""
    colleague = replace(house.wang, id=house.li.id, login="li")

    def carry_out(step: Step, number: str, person: Staff) -> None:
        service = house.service
        {
            Step.DISPATCH: lambda: service.dispatch(number, person, Target(house.east, None)),
            Step.TAKE: lambda: service.take(number, person),
            Step.NOTE: lambda: service.note(number, person, "备注"),
            Step.CLOSE: lambda: service.close(number, person, "advised"),
            Step.REOPEN: lambda: service.reopen(number, person),
            Step.REVEAL: lambda: service.reveal(number, person, "回电"),
        }[step]()

    def stage(name: str) -> str:
        if name in ("queued", "human", "returned"):
            conversation_id, matter = house.queued()
            if name != "queued":
                house.claim(conversation_id, house.wang)
            if name == "returned":
                house.give_back(conversation_id, house.wang)
            return matter.number
        number = by_hand(house).number
        if name in ("held", "closed"):
            house.service.take(number, house.wang)
        if name == "closed":
            house.service.close(number, house.wang, "advised")
        return number

    offered_somewhere = set()
    for name in ("waiting", "held", "closed", "queued", "human", "returned"):
        number = stage(name)
        for step, person in itertools.product(Step, (house.wang, colleague, house.zhou)):
            standing = house.service.see(number, person)
            offered = step in house.service.allowed(standing, person)
            try:
                carry_out(step, number, person)
                done = True
            except (Forbidden, IllegalMove):
                done = False
            assert done == offered, (name, step, person.login)
            offered_somewhere |= {(step, offered)}
            if done and step not in (Step.NOTE, Step.REVEAL):
                number = stage(name)
    assert {step for step, offered in offered_somewhere if offered} == set(Step)
    assert {step for step, offered in offered_somewhere if not offered} >= {
        Step.DISPATCH,
        Step.TAKE,
        Step.CLOSE,
        Step.REOPEN,
    }
