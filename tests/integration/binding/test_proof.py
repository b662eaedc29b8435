"""What who knows a number and its telephone gets, and what only their owner gets."""

from __future__ import annotations

import pytest

from bot.binding.records import Told
from bot.domain.aid import application_number
from bot.domain.conversation import Sender
from bot.domain.follower import Follower
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_bindings
from bot.wechat.followers import FollowerRepository
from connectors.messages import Part, notice, text
from tests.conftest import FixedClock
from tests.integration.aid.conftest import identity_number
from tests.integration.binding.conftest import OTHER_PHONE, PHONE, Room, make_room


@pytest.fixture
def quiet(store: Store, clock: FixedClock) -> Room:
    """A bureau without a gateway."""
    return make_room(store, clock, sms=False)


@pytest.fixture
def listener(quiet: Room) -> Follower:
    return quiet.follower()


# --- where no message can be sent -----------------------------------------------------------------


def test_who_knows_number_and_telephone_hears_that_something_goes_on_and_no_more(
    quiet: Room, listener: Follower
) -> None:
    applicant, number = quiet.applicant()
    home = applicant.conversation_id
    assert quiet.service.by_number(listener.id, number, PHONE).told is Told.BOUND_UNPROVEN
    quiet.talks.append_one(home, Sender.LAWYER, [text("他再打您就报警。")])
    quiet.talks.append_one(home, Sender.BOT, [text("可以申请人身安全保护令。")])
    card = Part("card", {"title": "来自网站", "rows": [["案由", "离婚"]]})
    quiet.talks.append_one(home, Sender.SYSTEM, [card])
    assert quiet.owed(listener) == []
    news = notice(f"法律援助申请 {number}：请补交出警记录。", "aid")
    quiet.talks.append_one(home, Sender.SYSTEM, [news])
    [said] = quiet.owed(listener)
    assert number in said
    assert "有新进展" in said
    assert "出警" not in said


def test_the_queue_is_progress_without_buttons(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    quiet.service.by_number(listener.id, quiet.matter(web, PHONE), PHONE)
    parts = [
        Part("notice", {"text": "您排在第 1 位。", "kind": "queue"}),
        Part("buttons", {"items": [{"id": "leave_queue", "label": "取消排队"}]}),
    ]
    quiet.talks.append_one(web, Sender.SYSTEM, parts)
    [said] = quiet.owed(listener)
    assert "有新进展" in said


def test_the_web_side_reads_what_is_true(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    quiet.service.by_number(listener.id, quiet.matter(web, PHONE), PHONE)
    assert "看不到" in quiet.told(web)[-1]
    assert "全部内容" not in quiet.told(web)[-1]
    quiet.service.by_code(listener.id, quiet.code(web))
    assert "全部内容" in quiet.told(web)[-1]


def test_what_he_writes_and_erases_is_his_own(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    quiet.service.by_number(listener.id, quiet.matter(web, PHONE), PHONE)
    current = quiet.current(listener)
    assert current == listener.conversation_id
    assert current is not None
    # “删除我的数据” erases where the follower's words go.
    quiet.talks.erase(current)
    assert quiet.talks.get(web).id == web
    # Nor does the next message of whoever has erased his own go there.
    assert quiet.current(listener) is None


def test_a_lawyer_is_not_told_that_his_words_arrive(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    quiet.service.by_number(listener.id, quiet.matter(web, PHONE), PHONE)
    followers = FollowerRepository(quiet.talks, quiet.clock, "v1", text("您好"))
    assert followers.of_conversation(web) is None
    quiet.service.by_code(listener.id, quiet.code(web))
    found = followers.of_conversation(web)
    assert found is not None
    assert found.id == listener.id


def test_a_code_makes_it_his(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    number = quiet.matter(web, PHONE)
    quiet.service.by_number(listener.id, number, PHONE)
    assert "只收办理进度" in str(quiet.say(listener, "我的绑定"))
    answer = quiet.service.by_code(listener.id, quiet.code(web))
    assert answer.told is Told.BOUND
    assert quiet.current(listener) == web
    assert quiet.count(wechat_bindings, conversation_id=web) == 1
    assert quiet.owed(listener) == []
    quiet.talks.append_one(web, Sender.LAWYER, [text("请带身份证来。")])
    assert quiet.owed(listener) == ["请带身份证来。"]
    # And the number takes nothing of it away.
    assert quiet.service.by_number(listener.id, number, PHONE).told is Told.KNOWN
    assert "只收办理进度" not in str(quiet.say(listener, "我的绑定"))


def test_bound_again_by_number_it_stays_as_it_is(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    number = quiet.matter(web, PHONE)
    quiet.service.by_number(listener.id, number, PHONE)
    told = len(quiet.told(web))
    assert quiet.service.by_number(listener.id, number, PHONE).told is Told.BOUND_UNPROVEN
    assert len(quiet.told(web)) == told
    assert quiet.current(listener) == listener.conversation_id


def test_who_proves_it_is_not_kept_out_by_who_has_not(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    number = quiet.matter(web, PHONE)
    quiet.service.by_number(listener.id, number, PHONE)
    owner = quiet.follower()
    assert quiet.service.by_code(owner.id, quiet.code(web)).told is Told.BOUND
    assert quiet.hears(listener) == {listener.conversation_id}
    assert quiet.hears(owner) == {owner.conversation_id, web}
    assert quiet.service.by_number(listener.id, number, PHONE).told is Told.TAKEN


def test_it_is_ended_from_either_side(quiet: Room, listener: Follower) -> None:
    web = quiet.visitor()
    number = quiet.matter(web, PHONE)
    quiet.service.by_number(listener.id, number, PHONE)
    assert quiet.service.release(web) == 1
    quiet.service.by_number(listener.id, number, PHONE)
    assert quiet.service.unbind(listener.id).told is Told.UNBOUND
    assert quiet.hears(listener) == {listener.conversation_id}


# --- with a gateway -------------------------------------------------------------------------------


def test_with_a_gateway_the_number_needs_the_telephone_itself(
    room: Room, follower: Follower
) -> None:
    applicant, number = room.applicant()
    other, _ = room.applicant(id_number=identity_number(1))
    assert "验证码" in str(room.say(follower, f"绑定 {number} 138-0013-8000"))
    assert [phone for phone, _ in room.board.taken] == [PHONE]
    assert room.hears(follower) == {follower.conversation_id}
    assert number in str(room.say(follower, room.board.code))
    # What was named, and not all that is registered under the telephone.
    assert room.hears(follower) == {follower.conversation_id, applicant.conversation_id}
    assert room.current(follower) == applicant.conversation_id
    assert other.conversation_id not in room.hears(follower)


def test_the_code_is_sent_again_for_the_same_number(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    applicant, number = room.applicant()
    room.applicant(id_number=identity_number(1))
    room.say(follower, f"绑定 {number}")
    room.say(follower, PHONE)
    clock.advance(minutes=1)
    assert "已经发到" in str(room.say(follower, "重发"))
    room.say(follower, room.board.code)
    assert room.hears(follower) == {follower.conversation_id, applicant.conversation_id}


def test_whatever_is_registered_the_same_is_said_and_done(room: Room) -> None:
    _, number = room.applicant()
    unknown = application_number(room.clock.now().date(), 4711)
    said, found = set(), []
    for place, one in enumerate((number, unknown)):
        guesser = room.follower()
        phone = f"1390013900{place}"
        said.add(room.service.by_number(guesser.id, one, phone))
        assert room.board.taken[-1][0] == phone
        found.append(room.service.by_sms(guesser.id, room.board.code))
        assert len(room.hears(guesser)) == 1
    assert len(said) == 1
    assert found[0] == found[1]
    assert found[0].told is Told.NO_MATCH


def test_guesses_with_a_telephone_of_ones_own_are_counted(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    _, number = room.applicant()
    for place in range(5):
        guesser = room.follower()
        room.service.by_number(guesser.id, number, f"1390013900{place}")
        assert room.service.by_sms(guesser.id, room.board.code).told is Told.NO_MATCH
    assert room.service.by_number(follower.id, number, PHONE).told is Told.LOCKED_NUMBER
    clock.advance(hours=1)
    assert room.service.by_number(follower.id, number, PHONE).told is Told.SENT


def test_numbers_and_telephones_alone_share_the_limits(room: Room, follower: Follower) -> None:
    _, number = room.applicant()
    room.service.send_code(follower.id, OTHER_PHONE)
    assert room.service.by_number(follower.id, number, PHONE).told is Told.TOO_SOON
    assert len(room.board.taken) == 1


def test_to_a_line_that_gets_no_messages_the_progress_alone_is_told(
    room: Room, follower: Follower
) -> None:
    web = room.visitor()
    number = room.matter(web, "087163512345")
    answer = room.service.by_number(follower.id, number, "0871-63512345")
    assert answer.told is Told.BOUND_UNPROVEN
    assert room.board.taken == []
    assert room.current(follower) == follower.conversation_id


def test_a_code_for_what_has_no_talk_says_so(room: Room, follower: Follower) -> None:
    number = room.matter(None, PHONE)
    room.service.by_number(follower.id, number, PHONE)
    assert room.service.by_sms(follower.id, room.board.code).told is Told.NOT_ONLINE
    assert room.service.by_sms(follower.id, "000000").told is Told.NO_SMS


def test_a_message_to_the_telephone_makes_it_his(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    web = room.visitor()
    number = room.matter(web, PHONE)
    quiet = make_room(room.store, clock, sms=False)
    assert quiet.service.by_number(follower.id, number, PHONE).told is Told.BOUND_UNPROVEN
    room.service.send_code(follower.id, PHONE)
    assert room.service.by_sms(follower.id, room.board.code).told is Told.BOUND
    assert room.current(follower) == web
