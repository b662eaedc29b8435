"""What is stuck is mended, once, and both sides hear of it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert, select

from bot.dialogue.moves import SYSTEM
from bot.domain.conversation import HandoverReason, Mode
from bot.domain.roster import GONE, OFFER, REPLY, STEP
from bot.roster.dispatch import What
from bot.store.tables import guests
from connectors.messages import Inbound, Part
from tests.integration.roster.conftest import World, at, at_once

SECOND = dt.timedelta(seconds=1)


def test_a_lawyer_who_does_not_answer_in_time_loses_the_conversation(world: World) -> None:
    wang = world.hire("wang")
    talk = world.talk(wang)
    asked = world.says(talk, "那仲裁要交多少钱？")
    world.clock.moment += REPLY - SECOND
    world.see_everybody()
    assert world.sweep() == []
    world.clock.moment += SECOND
    [change] = world.sweep()
    assert (change.what, change.conversation_id, change.staff_id) == (
        What.REASSIGNED,
        talk,
        wang.id,
    )
    found = world.conversation(talk)
    assert (found.mode, found.lawyer_id, found.reason) == (
        Mode.QUEUED,
        None,
        HandoverReason.REASSIGNED,
    )
    [notice] = world.told(talk)
    assert "换人" in notice
    assert "第 1 位" in notice
    assert change.message_id is not None
    assert change.message_id > asked
    assert (SYSTEM, "roster_reassigned") in world.actions()


def test_the_other_rooms_follow_the_move(world: World) -> None:
    wang = world.hire("wang")
    talk = world.talk(wang)
    world.says(talk, "在吗")
    world.clock.moment += REPLY
    world.sweep()
    move = world.heard.moves[-1]
    assert (move.conversation_id, move.came_from, move.to) == (talk, Mode.HUMAN, Mode.QUEUED)
    assert (move.actor, move.staff_id, move.reason) == (
        SYSTEM,
        wang.id,
        HandoverReason.REASSIGNED,
    )


def test_a_claim_without_a_word_is_taken_back_too(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.clock.advance(minutes=20)
    world.claim(waiting, wang)
    world.clock.moment += REPLY - SECOND
    world.see_everybody()
    assert world.sweep() == []
    world.clock.moment += SECOND
    assert [change.what for change in world.sweep()] == [What.REASSIGNED]


def test_nothing_is_taken_away_where_nothing_is_unanswered(world: World) -> None:
    wang = world.hire("wang")
    talk = world.talk(wang)
    world.says(talk, "我有合同。")
    world.answers(talk, wang, "好的，请发来看看。")
    # Hours later, the laptop closed: it is still the visitor's turn.
    world.clock.advance(hours=5)
    assert world.sweep() == []
    assert world.conversation(talk).lawyer_id == wang.id


def test_thanks_and_goodbye_are_nothing_unanswered(world: World) -> None:
    talk = world.talk(world.hire("wang"))
    world.says(talk, "好的，谢谢王律师！")
    world.says(talk, "再见")
    world.clock.moment += 3 * REPLY
    world.see_everybody()
    assert world.sweep() == []
    world.says(talk, "还有，要交仲裁费吗？")
    world.clock.moment += REPLY - SECOND
    world.see_everybody()
    assert world.sweep() == []
    world.clock.moment += SECOND
    assert len(world.sweep()) == 1


def test_thanks_for_being_taken_do_not_excuse_a_lawyer_who_never_spoke(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.claim(waiting, wang)
    world.says(waiting, "谢谢")
    world.clock.moment += REPLY
    assert len(world.sweep()) == 1


def test_a_second_question_does_not_start_the_time_anew(world: World) -> None:
    talk = world.talk(world.hire("wang"))
    world.says(talk, "仲裁去哪里申请？")
    world.clock.moment += REPLY - SECOND
    world.says(talk, "在吗？")
    world.clock.moment += SECOND
    assert len(world.sweep()) == 1


def test_a_closed_laptop_is_noticed_before_the_time_to_answer_is_over(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    talk = world.talk(wang)
    world.clock.moment += GONE - SECOND
    world.roster.service.seen(li.id)
    world.says(talk, "律师您还在吗？")
    assert world.sweep() == []
    world.clock.moment += SECOND
    assert [change.staff_id for change in world.sweep()] == [wang.id]
    world.assign()
    assert world.offered(talk) == li.id


def test_whoever_was_dropped_keeps_the_place_that_the_wait_deserves(world: World) -> None:
    wang = world.hire("wang")
    talk = world.talk(wang)
    world.clock.advance(minutes=10)
    world.says(talk, "要带什么材料？")
    asked_at = world.clock.now()
    world.clock.advance(minutes=1)
    later = world.queue()
    world.clock.moment += REPLY
    world.sweep()
    assert world.conversation(talk).queued_at == asked_at
    assert world.waiting.position(talk) == 1
    assert world.waiting.position(later) == 2


def test_a_visitor_whose_lawyer_never_spoke_has_waited_since_joining_the_queue(
    world: World,
) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    joined = world.clock.now()
    world.clock.advance(minutes=8)
    world.claim(waiting, wang)
    world.clock.moment += REPLY
    world.sweep()
    assert world.conversation(waiting).queued_at == joined


def test_the_silent_lawyer_is_asked_again_only_after_the_others(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    world.set_staff(wang, topics="劳动")
    talk = world.talk(wang)
    world.says(talk, "在吗")
    world.clock.moment += REPLY
    world.see_everybody()
    world.sweep()
    world.assign()
    assert world.offered(talk) == li.id
    world.clock.moment += OFFER
    world.see_everybody()
    world.assign()
    assert world.offered(talk) == wang.id


def test_the_dropped_visitor_is_raised_at_once_and_told_one_thing(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.clock.advance(minutes=9)
    world.claim(waiting, wang)
    world.clock.moment += REPLY
    world.sweep()
    assert world.conversation(waiting).priority == STEP
    world.clock.advance(minutes=30)
    world.sweep()
    assert len(world.told(waiting)) == 1
    assert world.conversation(waiting).priority == STEP


def test_a_photograph_needs_an_answer(world: World) -> None:
    talk = world.talk(world.hire("wang"))
    photograph = Part("file", {"id": "f", "name": "合同.jpg", "mime": "image/jpeg", "size": 1})
    inbound = Inbound(talk, "photograph", "", parts=(photograph,))
    world.conversations.receive(inbound, inbound.parts)
    world.clock.moment += REPLY
    assert len(world.sweep()) == 1


def test_with_nobody_else_there_the_dropped_visitor_is_told_so(world: World) -> None:
    wang = world.hire("wang")
    talk = world.talk(wang)
    world.says(talk, "在吗")
    world.clock.moment += REPLY
    world.sweep()
    [notice] = world.told(talk)
    assert "值班律师暂时都不在线" in notice
    assert "12348" in notice


def test_a_lawyer_who_answers_meanwhile_keeps_the_conversation(world: World) -> None:
    wang = world.hire("wang")
    talk = world.talk(wang)
    world.says(talk, "在吗")
    world.clock.moment += REPLY
    waiting = world.waiting
    [stuck] = waiting.unanswered()
    world.answers(talk, wang)
    taken = waiting.take_back(stuck, lambda _: True, lambda _: [])
    assert taken is None
    assert world.conversation(talk).lawyer_id == wang.id


def test_who_was_answered_and_asks_anew_has_not_waited_long_enough(world: World) -> None:
    wang = world.hire("wang")
    talk = world.talk(wang)
    world.says(talk, "在吗")
    world.clock.moment += REPLY
    [stuck] = world.waiting.unanswered()
    world.answers(talk, wang)
    world.says(talk, "好的，那要多少钱？")
    late = stuck.since
    assert world.waiting.take_back(stuck, lambda now: now.since <= late, lambda _: []) is None
    assert world.conversation(talk).lawyer_id == wang.id


def test_invited_colleagues_are_out_of_a_conversation_that_is_taken_back(world: World) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    talk = world.talk(wang)
    invitation = {"conversation_id": talk, "staff_id": li.id, "invited_by": wang.id}
    with world.store.write() as connection:
        connection.execute(insert(guests).values(created_at=world.clock.now(), **invitation))
    world.says(talk, "在吗")
    world.clock.moment += REPLY
    world.sweep()
    with world.store.read() as connection:
        assert connection.execute(select(guests)).all() == []


def test_a_conversation_taken_over_by_another_lawyer_meanwhile_is_left_alone(
    world: World,
) -> None:
    wang, li = world.hire("wang"), world.hire("li")
    talk = world.talk(wang)
    world.says(talk, "在吗")
    world.clock.moment += REPLY
    waiting = world.waiting
    [stuck] = waiting.unanswered()
    world.sweep()
    world.claim(talk, li)
    assert waiting.take_back(stuck, lambda _: True, lambda _: []) is None
    assert world.conversation(talk).lawyer_id == li.id


def test_two_processes_take_a_conversation_back_once(world: World) -> None:
    wang = world.hire("wang")
    talks = [world.talk(wang) for _ in range(4)]
    for talk in talks:
        world.says(talk, "在吗")
    world.clock.moment += REPLY
    world.heard.moves.clear()
    changes = at_once(world.sweep, world.twin().dispatcher.sweep_once)
    taken = [change.conversation_id for change in changes if change.what is What.REASSIGNED]
    assert sorted(taken) == sorted(talks)
    assert sorted(move.conversation_id for move in world.heard.moves) == sorted(talks)
    assert [len(world.told(talk)) for talk in talks] == [1] * 4


# --- waiting past the target ------------------------------------------------------------------


def test_who_waits_past_the_target_is_raised_once_and_told_the_true_position(
    world: World,
) -> None:
    world.hire("wang", present=False)
    ahead = world.queue(priority=90)
    world.clock.advance(minutes=1)
    waiting = world.queue()
    world.clock.advance(minutes=10)
    changes = {change.conversation_id: change for change in world.sweep()}
    assert changes[waiting].what is What.RAISED
    assert world.conversation(waiting).priority == STEP
    [notice] = world.told(waiting)
    assert "第 2 位" in notice
    assert "第 1 位" in world.told(ahead)[0]
    world.clock.advance(hours=3)
    assert world.sweep() == []
    assert world.conversation(waiting).priority == STEP


def test_the_position_is_a_place_and_no_count(world: World) -> None:
    places = world.waiting.position
    first = world.queue()
    world.clock.advance(minutes=1)
    second = world.queue()
    world.clock.advance(minutes=1)
    danger = world.queue(priority=80)
    assert [places(one) for one in (danger, first, second)] == [1, 2, 3]
    world.conversations.move(first, Mode.BOT)
    assert [places(one) for one in (danger, first, second)] == [1, 0, 2]


def test_danger_is_raised_after_three_minutes(world: World) -> None:
    danger, other = world.queue(priority=60), world.queue()
    world.clock.advance(minutes=3)
    assert [change.conversation_id for change in world.sweep()] == [danger]
    assert world.told(other) == []


def test_closed_hours_are_nobodys_delay(world: World) -> None:
    world.open_office()
    world.clock.moment = at(17, 30)
    waiting = world.queue()
    world.clock.moment = at(3, day=24)
    assert world.sweep() == []
    world.clock.moment = at(9, 9, day=24)
    assert world.sweep() == []
    world.clock.moment = at(9, 10, day=24)
    assert [change.conversation_id for change in world.sweep()] == [waiting]


def test_a_new_wait_can_be_raised_again(world: World) -> None:
    waiting = world.queue()
    world.clock.advance(minutes=10)
    world.sweep()
    world.conversations.move(waiting, Mode.BOT)
    world.clock.advance(minutes=10)
    world.conversations.move(waiting, Mode.QUEUED, reason=HandoverReason.ASKED)
    world.clock.advance(minutes=10)
    assert [change.what for change in world.sweep()] == [What.RAISED]


def test_somebody_raised_in_an_earlier_wait_does_not_hide_behind_a_longer_one(
    world: World,
) -> None:
    longest, again = world.queue(), world.queue()
    world.clock.advance(minutes=10)
    world.sweep()
    world.conversations.move(again, Mode.BOT)
    world.clock.advance(minutes=1)
    world.conversations.move(again, Mode.QUEUED, reason=HandoverReason.ASKED)
    world.clock.advance(minutes=10)
    assert [change.conversation_id for change in world.sweep()] == [again]
    assert len(world.told(longest)) == 1


def test_two_processes_raise_a_wait_once(world: World) -> None:
    waiting = [world.queue() for _ in range(4)]
    world.clock.advance(minutes=10)
    changes = at_once(world.sweep, world.twin().dispatcher.sweep_once)
    assert sorted(change.conversation_id for change in changes) == sorted(waiting)
    assert {world.conversation(one).priority for one in waiting} == {STEP}
    assert [len(world.told(one)) for one in waiting] == [1] * 4
