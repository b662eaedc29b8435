"""Whose words reach which follower, before, while and after a conversation is bound."""

from __future__ import annotations

from bot.binding.records import Told
from bot.domain.conversation import Sender
from bot.domain.follower import Follower
from bot.store.wechat_tables import wechat_bindings, wechat_codes, wechat_followers, wechat_sends
from connectors.messages import text
from tests.integration.binding.conftest import PHONE, Room, together


def lawyer_says(room: Room, conversation_id: str, words: str) -> None:
    room.talks.append_one(conversation_id, Sender.LAWYER, [text(words)])


def test_what_is_said_in_a_bound_talk_reaches_the_follower(room: Room, follower: Follower) -> None:
    web = room.visitor()
    lawyer_says(room, web, "绑定以前")
    room.service.by_code(follower.id, room.code(web))
    assert room.owed(follower) == []
    lawyer_says(room, web, "绑定以后")
    assert room.owed(follower) == ["绑定以后"]


def test_after_parting_nothing_said_there_reaches_the_follower(
    room: Room, follower: Follower
) -> None:
    web = room.bound(follower)
    lawyer_says(room, web, "还没送到")
    room.service.unbind(follower.id)
    lawyer_says(room, web, "解除以后")
    assert room.owed(follower) == []
    assert room.count(wechat_sends) == 0


def test_what_a_sender_has_claimed_is_taken_back(room: Room, follower: Follower) -> None:
    web = room.bound(follower)
    lawyer_says(room, web, "正要送")
    with room.store.write() as connection:
        connection.execute(wechat_sends.update().values(state="sending"))
    room.service.unbind(follower.id)
    assert room.count(wechat_sends) == 0


def test_his_own_news_wait_on(room: Room, follower: Follower) -> None:
    assert follower.conversation_id is not None
    lawyer_says(room, follower.conversation_id, "您自己的")
    room.bound(follower)
    room.service.unbind(follower.id)
    assert room.owed(follower) == ["您自己的"]


def test_words_said_while_a_talk_is_bound_and_parted_block_nobody(
    room: Room, follower: Follower
) -> None:
    assert follower.conversation_id is not None
    own = follower.conversation_id
    for turn in range(4):
        web = room.visitor()
        code = room.code(web)
        together(
            lambda code=code: room.service.by_code(follower.id, code),
            lambda web=web: lawyer_says(room, web, "网页上的"),
            lambda: lawyer_says(room, own, "微信里的"),
        )
        together(
            lambda: room.service.unbind(follower.id),
            lambda web=web: lawyer_says(room, web, "网页上的"),
            lambda: lawyer_says(room, own, "微信里的"),
        )
        assert room.hears(follower) == {own}
        assert room.owed(follower) == ["微信里的"] * 2 * (turn + 1)


def test_a_follower_of_whom_nothing_is_left_vanishes_with_what_was_asked(
    room: Room, follower: Follower
) -> None:
    assert follower.conversation_id is not None
    room.say(follower, f"绑定 {PHONE}")
    web = room.bound(follower)
    room.talks.erase(follower.conversation_id)
    assert room.count(wechat_followers) == 1
    room.talks.erase(web)
    for table in (wechat_followers, wechat_bindings, wechat_codes):
        assert room.count(table) == 0


def test_his_own_talk_needs_no_binding(room: Room, follower: Follower) -> None:
    assert follower.conversation_id is not None
    number = room.matter(follower.conversation_id, PHONE)
    room.service.by_number(follower.id, number, PHONE)
    assert room.service.by_sms(follower.id, room.board.code).told is Told.KNOWN
    assert room.told(follower.conversation_id) == []
