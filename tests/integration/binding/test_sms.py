"""A code sent to a telephone binds what is registered under its number."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from bot.binding.records import Told
from bot.binding.sms import Gateway, HttpGateway, Undelivered, open_gateway
from bot.domain.conversation import Mode
from bot.domain.follower import Follower
from bot.store.tables import audit, matters
from bot.store.wechat_tables import wechat_bindings, wechat_codes
from tests.conftest import FixedClock, free_port
from tests.integration.aid.conftest import identity_number
from tests.integration.binding.conftest import OTHER_PHONE, PHONE, Room, together
from tests.integration.binding.gateways import SECRET, GatewayInMemory, Switchboard, serving

WRONG = "000000"


def other_than(code: str) -> str:
    return WRONG if code != WRONG else "000001"


# --- the gateway -----------------------------------------------------------------------------


@pytest.fixture
def board() -> Switchboard:
    return Switchboard()


@pytest.fixture(params=["memory", "http"])
def gateway(request: pytest.FixtureRequest, board: Switchboard) -> Iterator[Gateway]:
    if request.param == "memory":
        yield GatewayInMemory(board)
        return
    with serving(board) as url:
        yield HttpGateway(url, SECRET, timeout_s=0.5)


def test_a_gateway_takes_a_message(gateway: Gateway, board: Switchboard) -> None:
    gateway.send(PHONE, "【司法局】验证码 123456，5 分钟内有效。")
    assert board.taken == [(PHONE, "【司法局】验证码 123456，5 分钟内有效。")]


@pytest.mark.parametrize("status", [302, 400, 429, 500])
def test_a_gateway_that_refuses_has_sent_nothing(
    gateway: Gateway, board: Switchboard, status: int
) -> None:
    board.status = status
    with pytest.raises(Undelivered) as raised:
        gateway.send(PHONE, "验证码 123456")
    assert not raised.value.may_have_gone
    assert board.taken == []


def test_of_a_gateway_that_says_nothing_nobody_knows(gateway: Gateway, board: Switchboard) -> None:
    board.is_silent = True
    with pytest.raises(Undelivered) as raised:
        gateway.send(PHONE, "验证码 123456")
    assert raised.value.may_have_gone


def test_a_gateway_that_is_not_there_has_sent_nothing() -> None:
    with pytest.raises(Undelivered) as raised:
        HttpGateway(f"http://127.0.0.1:{free_port()}/sms", SECRET).send(PHONE, "验证码 123456")
    assert not raised.value.may_have_gone
    assert PHONE not in str(raised.value)


def test_a_gateway_of_another_secret_is_refused(board: Switchboard) -> None:
    with serving(board) as url, pytest.raises(Undelivered):
        HttpGateway(url, "another").send(PHONE, "验证码 123456")
    assert board.taken == []


def test_without_an_address_there_is_no_gateway() -> None:
    assert open_gateway("", SECRET) is None
    assert open_gateway("https://sms.example.cn/send", SECRET) is not None


# --- binding ---------------------------------------------------------------------------------


def test_a_code_binds_all_that_is_registered_under_the_telephone(
    room: Room, follower: Follower
) -> None:
    applicant, _ = room.applicant()
    second, _ = room.applicant(id_number=identity_number(1))
    web = room.visitor()
    room.matter(web, PHONE)
    stranger, _ = room.applicant(id_number=identity_number(4), phone=OTHER_PHONE)
    room.say(follower, "绑定")
    assert "验证码" in str(room.say(follower, "138 0013 8000"))
    assert "绑定好了" in str(room.say(follower, room.board.code))
    mine = {applicant.conversation_id, second.conversation_id, web}
    assert room.hears(follower) == {*mine, follower.conversation_id}
    assert stranger.conversation_id not in room.hears(follower)
    assert all("不是您本人操作" in room.told(talk)[-1] for talk in mine)
    assert room.count(wechat_codes) == 0


def test_one_goes_to_where_a_lawyer_is(room: Room, follower: Follower, clock: FixedClock) -> None:
    queued, human, later = room.visitor(), room.visitor(), room.visitor()
    for talk in (queued, human, later):
        room.matter(talk, PHONE)
    for talk in (queued, human):
        room.queue(talk)
    room.talks.move(human, Mode.HUMAN)
    clock.advance(minutes=1)
    room.queue(later)
    room.talks.move(later, Mode.CLOSED)
    room.service.send_code(follower.id, PHONE)
    room.service.by_sms(follower.id, room.board.code)
    assert room.current(follower) == human


def test_matters_from_before_their_telephones_had_hashes_are_found(
    room: Room, follower: Follower
) -> None:
    web, other = room.visitor(), room.visitor()
    room.matter(web, PHONE)
    room.matter(other, OTHER_PHONE)
    with room.store.write() as connection:
        connection.execute(update(matters).values(phone_index=""))
    room.service.send_code(follower.id, PHONE)
    assert room.service.by_sms(follower.id, room.board.code).is_good
    assert room.hears(follower) == {web, follower.conversation_id}


def test_asking_for_a_code_says_the_same_whatever_is_registered(
    room: Room, follower: Follower
) -> None:
    room.applicant()
    said = [
        room.service.send_code(follower.id, PHONE),
        room.service.send_code(room.follower().id, OTHER_PHONE),
    ]
    assert said[0] == said[1]
    assert [phone for phone, _ in room.board.taken] == [PHONE, OTHER_PHONE]


def test_with_nothing_registered_the_owner_of_the_telephone_hears_so(
    room: Room, follower: Follower
) -> None:
    room.service.send_code(follower.id, OTHER_PHONE)
    assert room.service.by_sms(follower.id, room.board.code).told is Told.NOTHING_THERE


def test_only_the_follower_who_asked_may_type_the_code(room: Room, follower: Follower) -> None:
    applicant, _ = room.applicant()
    room.service.send_code(follower.id, PHONE)
    thief = room.follower()
    assert room.service.by_sms(thief.id, room.board.code).told is Told.NO_SMS
    assert room.say(thief, f"验证码 {room.board.code}") is None
    assert applicant.conversation_id not in room.hears(thief)


def test_a_code_dies_after_five_wrong_tries(room: Room, follower: Follower) -> None:
    applicant, _ = room.applicant()
    room.service.send_code(follower.id, PHONE)
    code = room.board.code
    told = [room.service.by_sms(follower.id, other_than(code)).told for _ in range(5)]
    assert told == [Told.WRONG_SMS] * 4 + [Told.NO_SMS]
    assert room.service.by_sms(follower.id, code).told is Told.NO_SMS
    assert applicant.conversation_id not in room.hears(follower)


def test_tries_at_once_are_all_counted(room: Room, follower: Follower) -> None:
    room.service.send_code(follower.id, PHONE)
    wrong = other_than(room.board.code)
    told = together(*[lambda: room.service.by_sms(follower.id, wrong) for _ in range(8)])
    assert sum(answer.told is Told.WRONG_SMS for answer in told) == 4
    assert room.service.by_sms(follower.id, room.board.code).told is Told.NO_SMS


def test_a_code_works_until_its_last_second_and_once(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    room.applicant()
    room.service.send_code(follower.id, PHONE)
    clock.advance(minutes=5)
    assert room.service.by_sms(follower.id, room.board.code).told is Told.NO_SMS
    room.service.send_code(follower.id, PHONE)
    clock.advance(minutes=4, seconds=59)
    assert room.service.by_sms(follower.id, room.board.code).told is Told.BOUND
    assert room.service.by_sms(follower.id, room.board.code).told is Told.NO_SMS


def test_one_code_a_minute_and_five_a_day_for_a_follower(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    phones = [f"1380013800{n}" for n in range(6)]
    for phone in phones[:5]:
        assert room.service.send_code(follower.id, phone).told is Told.SENT
        assert room.service.send_code(follower.id, phones[5]).told is Told.TOO_SOON
        clock.advance(minutes=1)
    assert room.service.send_code(follower.id, phones[5]).told is Told.TOO_MANY
    clock.advance(hours=24)
    assert room.service.send_code(follower.id, phones[5]).told is Told.SENT
    assert len(room.board.taken) == 6


def test_one_code_a_minute_and_five_a_day_for_a_telephone(room: Room, clock: FixedClock) -> None:
    for _ in range(5):
        assert room.service.send_code(room.follower().id, PHONE).told is Told.SENT
        assert room.service.send_code(room.follower().id, PHONE).told is Told.TOO_SOON
        clock.advance(minutes=1)
    assert room.service.send_code(room.follower().id, PHONE).told is Told.TOO_MANY
    assert len(room.board.taken) == 5


def test_of_several_at_once_one_gets_a_code_to_a_telephone(room: Room) -> None:
    asking = [room.follower() for _ in range(4)]
    told = together(*[lambda one=one: room.service.send_code(one.id, PHONE) for one in asking])
    assert sorted(answer.told for answer in told) == sorted([Told.SENT] + [Told.TOO_SOON] * 3)
    assert len(room.board.taken) == 1


def test_a_gateway_that_is_down_is_said_in_words_and_loses_nothing(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    room.applicant()
    room.board.status = 503
    for _ in range(7):
        room.say(follower, "绑定")
        said = room.say(follower, PHONE)
        assert said is not None
        assert "没有发出去" in said
        clock.advance(minutes=1)
    room.board.status = 200
    # What failed does not count for the day, and the telephone need not be typed again.
    assert "已经发到" in str(room.say(follower, "重发"))
    assert "绑定好了" in str(room.say(follower, room.board.code))


def test_a_message_of_which_nothing_was_heard_may_have_come(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    room.applicant()
    room.board.is_silent = True
    assert room.service.send_code(follower.id, PHONE).told is Told.UNSENT
    assert room.service.by_sms(follower.id, room.board.code).told is Told.BOUND
    for _ in range(4):
        clock.advance(minutes=1)
        room.service.send_code(follower.id, PHONE)
    clock.advance(minutes=1)
    assert room.service.send_code(follower.id, PHONE).told is Told.TOO_MANY


def test_no_transaction_is_open_while_the_gateway_is_waited_for(
    room: Room, follower: Follower
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    class Slow(GatewayInMemory):
        def send(self, phone: str, text: str) -> None:
            asked.set()
            assert go_on.wait(10)

    room.service._gateway = Slow(room.board)
    work = threading.Thread(target=room.service.send_code, args=(follower.id, PHONE))
    work.start()
    assert asked.wait(10)
    assert room.service.by_code(follower.id, room.code(room.visitor())).is_good
    go_on.set()
    work.join()


def test_a_conversation_in_another_wechat_stays_there(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    one, number = room.applicant()
    two, _ = room.applicant(id_number=identity_number(1))
    room.service.by_number(follower.id, number, PHONE)
    room.service.by_sms(follower.id, room.board.code)
    clock.advance(minutes=1)
    second = room.follower()
    room.service.send_code(second.id, PHONE)
    answer = room.service.by_sms(second.id, room.board.code)
    assert answer.told is Told.BOUND
    assert "另有 1 件" in answer.words
    assert room.hears(second) == {two.conversation_id, second.conversation_id}
    assert room.count(wechat_bindings, conversation_id=one.conversation_id) == 1


def test_a_telephone_that_many_share_binds_nothing(room: Room, follower: Follower) -> None:
    for _ in range(11):
        room.matter(room.visitor(), PHONE)
    room.service.send_code(follower.id, PHONE)
    assert room.service.by_sms(follower.id, room.board.code).told is Told.TOO_MANY_THERE
    assert room.hears(follower) == {follower.conversation_id}


def test_a_landline_gets_no_message(room: Room, follower: Follower) -> None:
    assert room.service.send_code(follower.id, "0871-63512345").told is Told.NO_MOBILE
    assert room.board.taken == []


def test_without_a_gateway_the_way_is_not_offered(without_sms: Room) -> None:
    follower = without_sms.follower()
    _, number = without_sms.applicant()
    offered = without_sms.say(follower, "绑定")
    assert offered is not None
    assert "短信" not in offered
    assert "编号" in str(without_sms.say(follower, PHONE))
    assert without_sms.service.send_code(follower.id, PHONE).told is Told.NO_GATEWAY
    assert "绑定好了" in str(without_sms.say(follower, f"{number} {PHONE}"))


def test_nothing_is_sent_while_a_lawyer_has_part_in_the_talk(
    room: Room, follower: Follower
) -> None:
    assert follower.conversation_id is not None
    room.queue(follower.conversation_id)
    assert room.service.send_code(follower.id, PHONE).told is Told.TALKING
    assert room.board.taken == []


def test_a_message_that_asks_for_a_code_with_the_wrong_length_is_told_so(
    room: Room, follower: Follower
) -> None:
    room.say(follower, f"绑定 {PHONE}")
    assert "6 位" in str(room.say(follower, "1234567"))
    room.applicant()
    assert "绑定好了" in str(room.say(follower, f"验证码是 {room.board.code}"))


def test_neither_telephone_nor_code_stands_anywhere_in_clear(
    room: Room, follower: Follower
) -> None:
    room.applicant()
    room.say(follower, f"绑定 {PHONE}")
    code = room.board.code
    with room.store.read() as connection:
        kept = [
            connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            for table in ("wechat_codes", "wechat_followers", audit.name, "messages")
        ]
    assert PHONE not in repr(kept)
    assert code not in repr([row for row in kept[0]])


def test_what_is_past_its_time_is_forgotten(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    room.say(follower, f"绑定 {PHONE}")
    assert room.service.forget_expired() == 0
    clock.advance(minutes=10)
    assert room.service.forget_expired() == 2
    assert room.count(wechat_codes) == 0
    assert room.service.forget_expired() == 0
