"""Unbinding: after it nothing of what was bound is visible from WeChat."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.binding.records import Told
from bot.domain.conversation import WECHAT, Mode
from bot.domain.follower import Follower
from bot.errors import BadContinuation
from bot.store.crypto import token_hash
from bot.store.tables import continuations, conversations
from bot.store.wechat_tables import passes, wechat_followers, wechat_links, wechat_sends
from tests.conftest import FixedClock
from tests.integration.binding.conftest import PHONE, OneLink, Room, make_room, together


@pytest.mark.parametrize("words", ["解除绑定", "解除綁定", "我要解除绑定。", "解绑"])
def test_nothing_that_was_bound_is_left(room: Room, follower: Follower, words: str) -> None:
    web = room.bound(follower)
    room.browser(follower, web)
    said = room.say(follower, words)
    assert said is not None
    assert "看不到了" in said
    assert room.hears(follower) == {follower.conversation_id}
    for table in (passes, wechat_links, wechat_sends):
        assert room.count(table) == 0
    assert room.current(follower) == follower.conversation_id
    assert room.trail("wechat_unbound") == [(f"follower:{follower.id}", web)]
    assert "解除绑定" in room.told(web)[-1]
    assert web in [talk for talk, _ in room.announced]


def test_what_is_his_own_stays(room: Room, follower: Follower) -> None:
    assert follower.conversation_id is not None
    room.browser(follower, follower.conversation_id)
    room.bound(follower)
    room.service.unbind(follower.id)
    for table in (passes, wechat_links, wechat_sends):
        assert room.count(table, conversation_id=follower.conversation_id) == 1
    assert room.count(wechat_followers, id=follower.id, choices_enc=None) == 1


def test_what_was_sent_before_stays_noted(room: Room, follower: Follower) -> None:
    web = room.bound(follower)
    room.browser(follower, web)
    with room.store.write() as connection:
        connection.execute(wechat_sends.update().values(state="sent"))
    room.service.unbind(follower.id)
    assert room.count(wechat_sends, state="sent") == 1


def test_a_pass_opens_nothing_any_more(room: Room, follower: Follower) -> None:
    web = room.bound(follower)
    with room.store.write() as connection:
        connection.execute(
            passes.insert().values(
                token_hash=token_hash("a-pass"),
                conversation_id=web,
                follower_id=follower.id,
                expires_at=room.clock.now().replace(year=2030),
            )
        )
    assert room.talks.by_token("a-pass") is not None
    room.service.unbind(follower.id)
    assert room.talks.by_token("a-pass") is None


def test_the_browser_keeps_its_conversation(room: Room, follower: Follower) -> None:
    made, token = room.talks.create("web", "v1")
    room.service.by_code(follower.id, room.code(made.id))
    room.service.unbind(follower.id)
    assert room.talks.by_token(token) is not None


def test_a_code_given_out_before_opens_nothing_after(room: Room, follower: Follower) -> None:
    room.bound(follower)
    said = room.service.leave(follower.id).words
    code = said.split("输入 ", 1)[1][:9]
    room.service.unbind(follower.id)
    assert room.count(continuations) == 0
    with pytest.raises(BadContinuation):
        room.codes.redeem(code, "device-0123456789")


def test_he_returns_to_the_newest_of_his_own(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    clock.advance(days=1)
    newer, _ = room.talks.create(WECHAT, "v1")
    with room.store.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO wechat_bindings "
            "(follower_id, conversation_id, is_own, is_proven, created_at) "
            f"SELECT {follower.id}, '{newer.id}', is_own, is_proven, created_at "
            "FROM wechat_bindings"
        )
    room.bound(follower)
    room.bound(follower)
    room.service.unbind(follower.id)
    assert room.current(follower) == newer.id


def test_without_one_of_his_own_the_next_message_opens_one(room: Room, follower: Follower) -> None:
    assert follower.conversation_id is not None
    room.bound(follower)
    room.talks.erase(follower.conversation_id)
    room.service.unbind(follower.id)
    assert room.current(follower) is None
    assert room.hears(follower) == set()


def test_with_nothing_bound_there_is_nothing_to_undo(room: Room, follower: Follower) -> None:
    assert room.service.unbind(follower.id).told is Told.NOT_BOUND
    assert room.trail("wechat_unbound") == []


def test_a_lawyer_is_left_to_the_browser(room: Room, follower: Follower) -> None:
    web = room.visitor()
    room.queue(web)
    room.service.by_code(follower.id, room.code(web))
    room.talks.move(web, Mode.HUMAN)
    assert room.service.unbind(follower.id).told is Told.UNBOUND_TALKING
    with room.store.read() as connection:
        mode = connection.execute(
            select(conversations.c.mode).where(conversations.c.id == web)
        ).scalar_one()
    assert mode == Mode.HUMAN


def test_after_it_another_wechat_may_be_bound(room: Room, follower: Follower) -> None:
    web = room.bound(follower)
    second = room.follower()
    assert room.service.by_code(second.id, room.code(web)).told is Told.TAKEN
    room.service.unbind(follower.id)
    assert room.service.by_code(second.id, room.code(web)).told is Told.BOUND


def test_the_web_side_ends_it_as_well(room: Room, follower: Follower) -> None:
    web, other = room.bound(follower), room.bound(follower)
    room.browser(follower, other)
    assert room.service.release(other) == 1
    assert room.hears(follower) == {web, follower.conversation_id}
    assert room.count(passes) == 0
    assert room.current(follower) == follower.conversation_id
    assert room.trail("wechat_unbound") == [("visitor", other)]
    assert room.service.release(other) == 0


def test_releasing_leaves_a_followers_own(room: Room, follower: Follower) -> None:
    assert follower.conversation_id is not None
    assert room.service.release(follower.conversation_id) == 0
    assert room.hears(follower) == {follower.conversation_id}


def test_binding_and_parting_at_once_leave_no_half(room: Room, follower: Follower) -> None:
    for _ in range(3):
        room.bound(follower)
        code = room.code(room.visitor())
        together(
            lambda code=code: room.service.by_code(follower.id, code),
            lambda: room.service.unbind(follower.id),
        )
        current = room.current(follower)
        assert current in room.hears(follower)


def test_what_is_bound_is_listed_with_its_numbers(room: Room, follower: Follower) -> None:
    assert "没有绑定" in str(room.say(follower, "我的绑定"))
    _, number = room.applicant()
    room.service.by_number(follower.id, number, PHONE)
    room.service.by_sms(follower.id, room.board.code)
    said = room.say(follower, "查看绑定")
    assert number in str(said)
    assert "正在这里" in str(said)


def test_the_chat_offers_the_page_where_there_is_one(room: Room, clock: FixedClock) -> None:
    assert "网页上办" not in str(room.say(room.follower(), "绑定"))
    other = make_room(room.store, clock, links=OneLink())
    other._numbers = iter(range(50, 60))
    one = other.follower()
    assert f"https://12348.example.cn/m/bind-of-{one.id}" in str(other.say(one, "绑定"))
