"""A number with the telephone that was registered there, where no message can be sent to it."""

from __future__ import annotations

import pytest

from bot.binding.records import Told
from bot.domain.aid import AidState, application_number
from bot.domain.follower import Follower
from bot.domain.matter import next_number, serial_of, spoken
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_bindings
from tests.conftest import FixedClock
from tests.integration.aid.conftest import identity_number
from tests.integration.binding.conftest import OTHER_PHONE, PHONE, Room, make_room, together


@pytest.fixture
def room(store: Store, clock: FixedClock) -> Room:
    return make_room(store, clock, sms=False)


def test_number_and_telephone_in_one_message_let_hear_of_the_progress(
    room: Room, follower: Follower
) -> None:
    applicant, number = room.applicant()
    said = room.say(follower, f"绑定 {number} 138-0013-8000")
    assert said is not None
    assert number in said
    assert "要用接续码" in said
    assert room.hears(follower) == {follower.conversation_id, applicant.conversation_id}
    assert room.current(follower) == follower.conversation_id
    assert room.trail("wechat_bound") == [(f"follower:{follower.id}", applicant.conversation_id)]


def test_the_number_alone_proves_nothing(room: Room, follower: Follower) -> None:
    _, number = room.applicant()
    assert "手机号" in str(room.say(follower, f"绑定 {number}"))
    assert room.hears(follower) == {follower.conversation_id}
    assert "绑定好了" in str(room.say(follower, "１３８ ００１３ ８０００"))


def test_the_end_of_the_telephone_is_not_enough(room: Room, follower: Follower) -> None:
    _, number = room.applicant()
    room.say(follower, f"绑定 {number}")
    assert "完整" in str(room.say(follower, "8000"))
    assert room.service.by_number(follower.id, number, "8000").told is Told.NO_PHONE
    assert room.hears(follower) == {follower.conversation_id}


def test_a_matter_is_bound_by_its_number(room: Room, follower: Follower) -> None:
    web = room.visitor()
    number = room.matter(web, PHONE)
    room.say(follower, "綁定")
    assert "手机号" in str(room.say(follower, spoken(number)))
    said = room.say(follower, "13800138000")
    assert spoken(number) in str(said)
    assert web in room.hears(follower)


def test_a_matter_may_have_a_telephone_with_an_area_code(room: Room, follower: Follower) -> None:
    number = room.matter(room.visitor(), "087163512345")
    room.say(follower, f"绑定 {number}")
    assert "区号" in str(room.say(follower, "63512345"))
    assert "绑定好了" in str(room.say(follower, "0871-63512345"))


def test_a_wrong_guess_is_answered_alike_whether_or_not_the_number_exists(
    room: Room, follower: Follower
) -> None:
    _, number = room.applicant()
    matter = room.matter(room.visitor(), PHONE)
    nobodys = [
        application_number(room.clock.now().date(), 4711),
        next_number(26, serial_of(matter) + 50),
    ]
    said = {room.say(follower, f"绑定 {one} {OTHER_PHONE}") for one in (number, *nobodys, matter)}
    assert len(said) == 1
    assert room.hears(follower) == {follower.conversation_id}


def test_a_number_is_locked_to_everybody_after_five_wrong_guesses(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    _, number = room.applicant()
    unknown = application_number(room.clock.now().date(), 4711)
    for one in (number, unknown):
        for _ in range(5):
            guesser = room.follower()
            told = room.service.by_number(guesser.id, one, OTHER_PHONE).told
            assert told is Told.NO_MATCH
        assert room.service.by_number(follower.id, one, PHONE).told is Told.LOCKED_NUMBER
    clock.advance(minutes=59)
    assert room.service.by_number(follower.id, number, PHONE).told is Told.LOCKED_NUMBER
    clock.advance(minutes=1)
    assert room.service.by_number(follower.id, number, PHONE).told is Told.BOUND_UNPROVEN


def test_a_follower_is_locked_out_after_five_wrong_guesses_at_any_numbers(
    room: Room, follower: Follower
) -> None:
    for serial in range(5):
        number = application_number(room.clock.now().date(), serial + 1)
        room.service.by_number(follower.id, number, OTHER_PHONE)
    _, number = room.applicant()
    assert room.service.by_number(follower.id, number, PHONE).told is Told.LOCKED
    assert len(room.trail("binding_denied")) == 10


def test_guesses_at_once_are_all_counted(room: Room, follower: Follower) -> None:
    _, number = room.applicant()
    works = [lambda: room.service.by_number(follower.id, number, OTHER_PHONE) for _ in range(8)]
    told = [answer.told for answer in together(*works)]
    assert sorted(told) == sorted([Told.NO_MATCH] * 5 + [Told.LOCKED] * 3)


def test_guesses_of_several_at_one_number_at_once_are_all_counted(room: Room) -> None:
    _, number = room.applicant()
    guessers = [room.follower() for _ in range(8)]
    works = [
        lambda one=one: room.service.by_number(one.id, number, OTHER_PHONE) for one in guessers
    ]
    told = [answer.told for answer in together(*works)]
    assert sorted(told) == sorted([Told.NO_MATCH] * 5 + [Told.LOCKED_NUMBER] * 3)


def test_a_slip_in_the_number_is_no_guess(room: Room, follower: Follower) -> None:
    _, number = room.applicant()
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert "抄错" in str(room.say(follower, f"绑定 {wrong} {PHONE}"))
    assert room.trail("binding_denied") == []
    assert "绑定好了" in str(room.say(follower, f"{number} {PHONE}"))


def test_who_got_the_telephone_wrong_is_asked_again(room: Room, follower: Follower) -> None:
    _, number = room.applicant()
    room.say(follower, f"绑定 {number} {OTHER_PHONE}")
    assert "绑定好了" in str(room.say(follower, PHONE))


def test_what_was_registered_at_a_counter_has_no_talk_to_bind(
    room: Room, follower: Follower
) -> None:
    number = room.matter(None, PHONE)
    assert room.service.by_number(follower.id, number, PHONE).told is Told.NOT_ONLINE
    assert room.service.by_number(follower.id, number, OTHER_PHONE).told is Told.NO_MATCH


def test_an_application_whose_talk_was_erased_has_none_to_bind(
    room: Room, follower: Follower
) -> None:
    applicant, number = room.applicant()
    room.talks.erase(applicant.conversation_id)
    assert room.service.by_number(follower.id, number, PHONE).told is Told.NOT_ONLINE
    assert room.current(follower) == follower.conversation_id


def test_the_other_side_with_another_telephone_sees_nothing(room: Room, follower: Follower) -> None:
    applicant, number = room.applicant()
    opponent = room.follower()
    assert room.service.by_number(opponent.id, number, OTHER_PHONE).told is Told.NO_MATCH
    assert room.service.by_number(follower.id, number, PHONE).is_good
    # Even with the telephone: it is bound, and nothing is taken over.
    assert room.service.by_number(opponent.id, number, PHONE).told is Told.TAKEN
    assert room.count(wechat_bindings, conversation_id=applicant.conversation_id) == 1
    assert room.hears(opponent) == {opponent.conversation_id}


def test_of_two_who_know_number_and_telephone_one_is_bound(room: Room) -> None:
    applicant, number = room.applicant()
    one, two = room.follower(), room.follower()
    told = together(
        lambda: room.service.by_number(one.id, number, PHONE),
        lambda: room.service.by_number(two.id, number, PHONE),
    )
    assert sorted(answer.told for answer in told) == sorted([Told.BOUND_UNPROVEN, Told.TAKEN])
    assert room.count(wechat_bindings, conversation_id=applicant.conversation_id) == 1


def test_guesses_do_not_stand_in_the_applications_own_trail(room: Room, follower: Follower) -> None:
    applicant, number = room.applicant()
    room.service.by_number(follower.id, number, OTHER_PHONE)
    assert "binding_denied" not in [e.action for e in applicant.repository.trail(number)]
    assert (f"follower:{follower.id}", f"binding:{number}") in room.trail("binding_denied")


def test_news_of_an_application_goes_into_the_talk_that_is_bound(
    room: Room, follower: Follower
) -> None:
    applicant, number = room.applicant()
    other, _ = room.applicant(id_number=identity_number(3), phone=OTHER_PHONE)
    room.service.by_number(follower.id, number, PHONE)
    applicant.move(number, AidState.ACCEPTED)
    assert any(number in words for words in room.told(applicant.conversation_id))
    assert other.conversation_id not in room.hears(follower)


@pytest.mark.parametrize("words", ["好的", "老板不给工资怎么办", "我要申请法律援助"])
def test_another_subject_ends_the_questions(room: Room, follower: Follower, words: str) -> None:
    _, number = room.applicant()
    room.say(follower, f"绑定 {number}")
    assert room.say(follower, words) is None
    # The telephone that a form asks for is the form's.
    assert room.say(follower, PHONE) is None
    assert room.hears(follower) == {follower.conversation_id}


def test_a_question_is_forgotten_after_ten_minutes(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    _, number = room.applicant()
    room.say(follower, f"绑定 {number}")
    clock.advance(minutes=10)
    assert room.say(follower, PHONE) is None


def test_one_may_stop(room: Room, follower: Follower) -> None:
    room.say(follower, "绑定")
    assert "没有绑定" in str(room.say(follower, "取消"))
    assert room.say(follower, "取消") is None
