"""Matters follow their conversations: opened, passed on and closed in the same transaction."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy import func, select, update

from bot.dialogue.moves import SYSTEM
from bot.domain.conversation import HandoverReason, Mode
from bot.domain.matter import Action, Contact, MatterState, next_number
from bot.errors import BadInput, NotFound
from bot.matters.records import Opening
from bot.ratings.repository import RatingRepository
from bot.store.tables import conversations, matter_moves, matters
from tests.unit.matters.conftest import House


def numbers(house: House) -> list[str]:
    with house.store.read() as connection:
        return list(connection.execute(select(matters.c.number).order_by(matters.c.id)).scalars())


# --- opening


def test_joining_the_queue_opens_a_matter_with_what_is_known(house: House) -> None:
    conversation_id, matter = house.queued(priority=80)
    assert matter.state is MatterState.WAITING
    assert (matter.conversation_id, matter.channel) == (conversation_id, "web")
    assert (matter.topic, matter.reason, matter.priority) == ("劳动", "asked", 80)
    assert matter.number == next_number(26, 0)
    assert matter.due_at == house.ledger.targets.to_take(house.clock.now(), 80)
    assert house.actions(matter) == [("visitor", Action.OPENED, "")]


def test_a_matter_says_what_it_is_about_without_personal_numbers(house: House) -> None:
    _, matter = house.queued()
    assert "老板欠我工资" in matter.about
    assert "13812345678" not in matter.about


def test_nothing_personal_is_readable_in_the_database(house: House) -> None:
    conversation_id, matter = house.queued()
    house.service.set_phone(conversation_id, "13812345678")
    house.claim(conversation_id, house.wang)
    house.service.note(matter.number, house.wang, "当事人张小明情绪激动")
    house.finish(conversation_id, house.wang, advice="张小明应先投诉")
    with house.store.read() as connection:
        rows = [
            *connection.execute(select(matters)).one(),
            *(cell for row in connection.execute(select(matter_moves)) for cell in row),
        ]
    stored = b" ".join(
        bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode() for cell in rows
    )
    for words in ("张小明", "13812345678", "老板"):
        assert words.encode() not in stored


def test_no_matter_is_opened_while_the_bot_answers(house: House) -> None:
    house.talk()
    assert numbers(house) == []


def test_numbers_follow_one_another_and_begin_anew_with_the_year(house: House) -> None:
    house.queued()
    house.queued()
    house.clock.moment = dt.datetime(2026, 12, 31, 17, 0, tzinfo=dt.UTC)
    house.queued()
    first, second, third = numbers(house)
    assert (first, second) == (next_number(26, 0), next_number(26, 1))
    # In China the new year has begun.
    assert third == next_number(27, 0)


def test_the_number_grows_rather_than_refuse_a_citizen(house: House) -> None:
    house.queued()
    with house.store.write() as connection:
        connection.execute(update(matters).values(number=next_number(26, 99_990)))
    for _ in range(12):
        house.queued()
    found = numbers(house)
    assert len(set(found)) == 13
    assert {len(number) for number in found} == {8, 9}


def test_two_writers_never_get_the_same_number(house: House) -> None:
    talks = [house.talk() for _ in range(8)]
    errors: list[Exception] = []
    start = threading.Barrier(8)

    def ask(conversation_id: str) -> None:
        start.wait()
        try:
            house.conversations.move(conversation_id, Mode.QUEUED, reason=HandoverReason.ASKED)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(talk,)) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(numbers(house))) == 8


def test_a_failed_move_opens_no_matter(house: House) -> None:
    with pytest.raises(NotFound):
        house.conversations.move("0" * 32, Mode.QUEUED, reason=HandoverReason.ASKED)
    assert numbers(house) == []


# --- passing on


def test_a_claim_makes_the_lawyer_its_holder_and_the_office_its_office(house: House) -> None:
    conversation_id, _ = house.queued()
    house.clock.advance(minutes=2)
    matter = house.claim(conversation_id, house.wang)
    assert matter.state is MatterState.IN_PROGRESS
    assert (matter.staff_id, matter.office_id) == (house.wang.id, house.east)
    assert matter.due_at == house.ledger.targets.to_close(house.clock.now())
    assert house.actions(matter)[-1] == ("wang", Action.TAKEN, "")


def test_a_matter_handed_back_to_the_bot_stays_open_with_its_holder(house: House) -> None:
    conversation_id, _ = house.queued()
    house.claim(conversation_id, house.wang)
    matter = house.give_back(conversation_id, house.wang, note="只是问流程")
    assert matter.state is MatterState.RETURNED
    assert matter.is_open
    assert matter.staff_id == house.wang.id
    assert house.actions(matter)[-1] == ("wang", Action.RETURNED, "只是问流程")


def test_asking_again_goes_on_with_the_open_matter(house: House) -> None:
    conversation_id, first = house.queued()
    house.claim(conversation_id, house.wang)
    house.give_back(conversation_id, house.wang)
    again = house.ask(conversation_id, HandoverReason.RISK, priority=80)
    assert again.number == first.number
    assert again.state is MatterState.WAITING
    assert again.staff_id is None
    assert (again.reason, again.priority) == ("risk", 80)
    assert house.actions(again)[-1] == ("visitor", Action.QUEUED, "")


def test_a_matter_taken_from_a_silent_lawyer_waits_again(house: House) -> None:
    conversation_id, first = house.queued()
    house.claim(conversation_id, house.wang)
    matter = house.take_away(conversation_id)
    assert (matter.number, matter.state, matter.staff_id) == (
        first.number,
        MatterState.WAITING,
        None,
    )
    assert house.actions(matter)[-1] == (SYSTEM, Action.QUEUED, "")
    taken = house.claim(conversation_id, house.li)
    # It stays with the office that had it.
    assert (taken.staff_id, taken.office_id) == (house.li.id, house.east)


def test_a_conversation_that_waited_before_there_were_matters_gets_one_when_claimed(
    house: House,
) -> None:
    conversation_id = house.talk()
    with house.store.write() as connection:
        connection.execute(
            update(conversations)
            .where(conversations.c.id == conversation_id)
            .values(mode=Mode.QUEUED)
        )
    assert house.claim(conversation_id, house.wang).state is MatterState.IN_PROGRESS


# --- closing


def test_a_lawyer_closes_with_outcome_and_advice(house: House) -> None:
    conversation_id, _ = house.queued()
    house.claim(conversation_id, house.wang)
    matter = house.finish(conversation_id, house.wang, "referred_aid", "符合条件，建议申请")
    assert matter.state is MatterState.CLOSED
    assert (matter.outcome, matter.advice) == ("referred_aid", "符合条件，建议申请")
    assert matter.closed_at == house.clock.now()
    assert house.actions(matter)[-1] == ("wang", Action.CLOSED, "referred_aid")


def test_an_outcome_that_does_not_exist_stops_the_whole_move(house: House) -> None:
    conversation_id, _ = house.queued()
    house.claim(conversation_id, house.wang)
    with pytest.raises(BadInput):
        house.finish(conversation_id, house.wang, "nonsense")
    assert house.conversations.get(conversation_id).mode is Mode.HUMAN
    assert house.matter(conversation_id).state is MatterState.IN_PROGRESS


@pytest.mark.parametrize("to", [Mode.BOT, Mode.CLOSED])
def test_a_visitor_who_leaves_before_a_lawyer_came_has_withdrawn(house: House, to: Mode) -> None:
    conversation_id, _ = house.queued()
    matter = house.leave(conversation_id, to)
    assert (matter.state, matter.outcome) == (MatterState.CLOSED, "withdrawn")


def test_a_visitor_who_ends_the_talk_with_a_lawyer_leaves_the_outcome_open(house: House) -> None:
    conversation_id, _ = house.queued()
    house.claim(conversation_id, house.wang)
    matter = house.leave(conversation_id, Mode.CLOSED)
    assert (matter.state, matter.outcome) == (MatterState.CLOSED, "")


def test_ending_a_talk_with_the_bot_alone_touches_no_matter(house: House) -> None:
    conversation_id, _ = house.queued()
    house.claim(conversation_id, house.wang)
    closed = house.finish(conversation_id, house.wang)
    house.bot_answers(conversation_id, "还想问借钱的事")
    assert house.leave(conversation_id, Mode.CLOSED) == closed


def test_a_new_question_after_the_close_is_a_new_matter(house: House) -> None:
    conversation_id, first = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    house.clock.advance(minutes=5)
    second = house.ask(conversation_id)
    assert second.number != first.number
    assert second.state is MatterState.WAITING


# --- 没解决


def test_not_solved_reopens_the_matter_closed_just_now(house: House) -> None:
    conversation_id, first = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    house.clock.advance(days=2)
    again = house.ask(conversation_id, HandoverReason.DISSATISFIED)
    assert again.number == first.number
    assert again.state is MatterState.WAITING
    assert (again.outcome, again.closed_at, again.staff_id) == ("", None, None)
    assert again.advice == "先去劳动监察投诉"
    assert again.due_at == house.ledger.targets.to_take(house.clock.now(), 0)
    assert [action for _, action, _ in house.actions(again)] == [
        Action.OPENED,
        Action.TAKEN,
        Action.CLOSED,
        Action.REOPENED,
    ]


def test_not_solved_long_after_the_close_is_a_new_matter(house: House) -> None:
    conversation_id, first = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    house.clock.advance(days=8)
    assert house.ask(conversation_id, HandoverReason.DISSATISFIED).number != first.number


def test_a_matter_rated_as_unsolved_is_reopened_whenever_that_is(house: House) -> None:
    conversation_id, first = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    house.clock.advance(days=30)
    RatingRepository(house.store, house.clock).upsert(conversation_id, None, False, "")
    assert house.ask(conversation_id, HandoverReason.DISSATISFIED).number == first.number


def test_not_solved_after_withdrawing_is_a_new_matter(house: House) -> None:
    conversation_id, first = house.queued()
    house.leave(conversation_id, Mode.BOT)
    house.clock.advance(minutes=1)
    assert house.ask(conversation_id, HandoverReason.DISSATISFIED).number != first.number


def test_a_conversation_never_has_two_open_matters(house: House) -> None:
    conversation_id, _ = house.queued()
    house.claim(conversation_id, house.wang)
    house.give_back(conversation_id, house.wang)
    house.ask(conversation_id)
    house.claim(conversation_id, house.li)
    house.finish(conversation_id, house.li)
    house.ask(conversation_id, HandoverReason.DISSATISFIED)
    house.claim(conversation_id, house.wang)
    house.take_away(conversation_id)
    with house.store.read() as connection:
        open_ones = connection.execute(
            select(func.count()).select_from(matters).where(matters.c.state != MatterState.CLOSED)
        ).scalar_one()
    assert open_ones == 1


# --- forgetting


def erase(house: House, conversation_id: str) -> None:
    with house.store.write() as connection:
        house.follower.forget(connection, (conversation_id,), house.clock.now())
    house.conversations.erase(conversation_id)


def test_what_is_personal_goes_with_the_conversation_and_the_figures_stay(house: House) -> None:
    conversation_id, first = house.queued()
    house.service.set_phone(conversation_id, "13812345678")
    house.claim(conversation_id, house.wang)
    house.service.note(first.number, house.wang, "当事人张小明")
    house.finish(conversation_id, house.wang)
    erase(house, conversation_id)
    left = house.repository.find(first.number)
    assert left is not None
    assert (left.about, left.advice, left.contact) == ("", "", Contact())
    assert (left.conversation_id, left.outcome, left.topic) == (None, "advised", "劳动")
    notes = {note for _, _, note in house.actions(left)}
    assert notes == {"", "advised"}
    assert house.actions(left)[-1] == (SYSTEM, Action.ERASED, "")


def test_an_open_matter_of_an_erased_conversation_is_closed(house: House) -> None:
    conversation_id, first = house.queued()
    erase(house, conversation_id)
    left = house.repository.find(first.number)
    assert left is not None
    assert (left.state, left.outcome) == (MatterState.CLOSED, "withdrawn")


def test_another_conversations_matter_is_not_touched_by_erasing(house: House) -> None:
    conversation_id, _ = house.queued()
    other, kept = house.queued()
    erase(house, conversation_id)
    assert house.matter(other) == kept


def test_matters_opened_by_hand_are_forgotten_after_their_time(house: House) -> None:
    opening = Opening("hotline", "劳动", "张小明问工资", Contact("张小明", "13812345678"))
    old = house.repository.open_by_hand(house.wang, opening, None, "")
    house.service.take(old.number, house.wang)
    house.service.close(old.number, house.wang, "advised", "去投诉")
    fresh = house.repository.open_by_hand(house.wang, opening, None, "")
    house.clock.advance(days=100)
    before = house.clock.now() - dt.timedelta(days=90)
    assert house.repository.forget_by_hand(before) == 1
    assert house.repository.forget_by_hand(before) == 0
    left, open_one = house.repository.find(old.number), house.repository.find(fresh.number)
    assert left is not None
    assert (left.about, left.advice, left.contact) == ("", "", Contact())
    # Who still waits for a call must be reachable.
    assert open_one is not None
    assert open_one.contact.phone == "13812345678"


def test_what_is_held_of_a_matter_can_be_given_to_its_visitor(house: House) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    (held,) = house.repository.held(conversation_id)
    assert held["number"] == matter.number
    assert held["advice"] == "先去劳动监察投诉"
    assert house.repository.held("0" * 32) == []
