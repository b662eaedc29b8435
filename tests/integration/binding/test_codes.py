"""A code that the browser shows, typed in WeChat; and the other way round."""

from __future__ import annotations

import pytest

from bot.binding.records import Told
from bot.domain.conversation import WECHAT, Mode
from bot.domain.follower import Follower
from bot.errors import NotFound
from bot.store.tables import continuations
from bot.store.wechat_tables import wechat_bindings
from tests.conftest import FixedClock
from tests.integration.binding.conftest import Room, together


def test_a_code_binds_the_conversation_and_leaves_it_to_the_browser(
    room: Room, follower: Follower
) -> None:
    made, token = room.talks.create("web", "v1")
    answer = room.service.by_code(follower.id, room.code(made.id))
    assert answer.told is Told.BOUND
    opened = room.talks.by_token(token)
    assert opened is not None
    assert opened.id == made.id
    assert room.hears(follower) == {made.id, follower.conversation_id}
    assert room.current(follower) == made.id
    assert "不是您本人操作" in room.told(made.id)[-1]
    assert "解除绑定" in answer.words
    assert room.trail("wechat_bound") == [(f"follower:{follower.id}", made.id)]
    assert [talk for talk, _ in room.announced] == [made.id]


@pytest.mark.parametrize(
    "words",
    [
        "接续码 {0} {1}", "绑定 {0}{1}", "绑定{0}-{1}", "綁定 {0}{1}", "接續碼：{0}　{1}",
        "我要绑定，接续码是{0}{1}。", "请帮我绑定 {0}{1}",
    ],
)  # fmt: skip
def test_a_code_is_taken_however_it_is_written(room: Room, follower: Follower, words: str) -> None:
    web = room.visitor()
    code = room.code(web)
    said = room.say(follower, words.format(code[:4], code[4:]))
    assert said is not None
    assert said.startswith("绑定好了")
    assert web in room.hears(follower)


def test_full_width_digits_are_digits(room: Room, follower: Follower) -> None:
    web = room.visitor()
    wide = room.code(web).translate({ord("0") + n: ord("０") + n for n in range(10)})
    assert "绑定好了" in str(room.say(follower, f"绑定{wide}"))


def test_a_code_alone_is_taken_only_after_it_was_asked_for(room: Room, follower: Follower) -> None:
    web = room.visitor()
    code = room.code(web)
    assert room.say(follower, code) is None
    assert "接续码" in str(room.say(follower, "绑定"))
    assert "绑定好了" in str(room.say(follower, f"{code[:4]} {code[4:]}"))
    assert room.hears(follower) == {web, follower.conversation_id}


def test_a_code_works_once_and_for_one_follower_only(room: Room, follower: Follower) -> None:
    web = room.visitor()
    code = room.code(web)
    assert room.service.by_code(follower.id, code).is_good
    assert room.service.by_code(room.follower().id, code).told is Told.WRONG_CODE
    assert room.count(wechat_bindings, conversation_id=web) == 1


def test_of_two_followers_with_one_code_at_once_one_wins(room: Room) -> None:
    for _ in range(3):
        one, two = room.follower(), room.follower()
        web = room.visitor()
        code = room.code(web)
        told = together(
            lambda one=one, code=code: room.service.by_code(one.id, code),
            lambda two=two, code=code: room.service.by_code(two.id, code),
        )
        # The loser finds the code used up, or the conversation bound.
        assert sorted(answer.is_good for answer in told) == [False, True]
        assert room.count(wechat_bindings, conversation_id=web) == 1
        assert len(room.told(web)) == 1


def test_a_conversation_that_is_bound_is_not_taken_over(room: Room, follower: Follower) -> None:
    web = room.bound(follower)
    second, code = room.follower(), room.code(web)
    answer = room.service.by_code(second.id, code)
    assert answer.told is Told.TAKEN
    assert room.hears(second) == {second.conversation_id}
    # Refused for somebody else, the code is still good for its own browser.
    assert room.codes.redeem(code, "device-0123456789")[0] == web


def test_a_conversation_of_another_follower_is_never_bound(room: Room, follower: Follower) -> None:
    other = room.follower()
    assert other.conversation_id is not None
    code = room.code(other.conversation_id)
    assert room.service.by_code(follower.id, code).told is Told.TAKEN


def test_a_conversation_from_before_followers_had_rows_is_its_followers(
    room: Room, follower: Follower
) -> None:
    old, _ = room.talks.create(WECHAT, "v1", "openid-of-old")
    assert room.service.by_code(follower.id, room.code(old.id)).told is Told.TAKEN


def test_binding_again_changes_nothing_but_where_one_is(room: Room, follower: Follower) -> None:
    first, second = room.bound(follower), room.bound(follower)
    assert room.current(follower) == second
    assert room.service.by_code(follower.id, room.code(first)).told is Told.KNOWN
    assert room.current(follower) == first
    assert len(room.told(first)) == 1


def test_a_conversation_that_has_ended_is_heard_of_but_not_gone_to(
    room: Room, follower: Follower
) -> None:
    web = room.visitor()
    code = room.code(web)
    room.talks.move(web, Mode.CLOSED)
    assert room.service.by_code(follower.id, code).told is Told.BOUND_CLOSED
    assert web in room.hears(follower)
    assert room.current(follower) == follower.conversation_id


@pytest.mark.parametrize("mode", [Mode.QUEUED, Mode.HUMAN])
def test_nothing_is_bound_while_a_lawyer_has_part_in_the_talk(
    room: Room, follower: Follower, mode: Mode
) -> None:
    assert follower.conversation_id is not None
    room.queue(follower.conversation_id)
    if mode is Mode.HUMAN:
        room.talks.move(follower.conversation_id, Mode.HUMAN)
    code = room.code(room.visitor())
    assert "律师" in str(room.say(follower, "绑定"))
    assert "律师" in str(room.say(follower, f"绑定 {code}"))
    assert room.hears(follower) == {follower.conversation_id}
    # Figures alone are for the lawyer.
    assert room.say(follower, code) is None


def test_figures_for_a_lawyer_are_not_taken_though_they_were_asked_for(
    room: Room, follower: Follower
) -> None:
    assert follower.conversation_id is not None
    code = room.code(room.visitor())
    room.say(follower, "绑定")
    room.queue(follower.conversation_id)
    assert room.say(follower, code) is None
    assert room.hears(follower) == {follower.conversation_id}


def test_a_web_conversation_in_the_queue_can_be_bound(room: Room, follower: Follower) -> None:
    web = room.visitor()
    room.queue(web)
    assert room.service.by_code(follower.id, room.code(web)).told is Told.BOUND
    assert room.current(follower) == web


def test_wrong_codes_are_counted_and_locked_for_an_hour(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    web = room.visitor()
    for _ in range(5):
        assert room.service.by_code(follower.id, "00000000").told is Told.WRONG_CODE
        clock.advance(minutes=10)
    assert room.service.by_code(follower.id, room.code(web)).told is Told.LOCKED
    clock.advance(minutes=49)
    assert room.service.by_code(follower.id, room.code(web)).told is Told.LOCKED
    clock.advance(minutes=1)
    assert room.service.by_code(follower.id, room.code(web)).told is Told.BOUND
    assert room.trail("binding_denied") == [(f"follower:{follower.id}",) * 2] * 5


def test_one_follower_locked_out_locks_out_nobody_else(room: Room, follower: Follower) -> None:
    for _ in range(6):
        room.service.by_code(follower.id, "00000000")
    web = room.visitor()
    assert room.service.by_code(room.follower().id, room.code(web)).is_good


def test_a_code_past_its_time_binds_nothing(
    room: Room, follower: Follower, clock: FixedClock
) -> None:
    code = room.code(room.visitor())
    clock.advance(minutes=10)
    assert room.service.by_code(follower.id, code).told is Told.WRONG_CODE


def test_an_erased_conversation_cannot_be_bound(room: Room, follower: Follower) -> None:
    web = room.visitor()
    code = room.code(web)
    room.talks.erase(web)
    assert room.service.by_code(follower.id, code).told is Told.WRONG_CODE


def test_erasing_a_conversation_ends_its_binding(room: Room, follower: Follower) -> None:
    web = room.bound(follower)
    room.talks.erase(web)
    assert room.hears(follower) == {follower.conversation_id}
    assert room.current(follower) is None


def test_a_follower_who_is_gone_binds_nothing(room: Room) -> None:
    code = room.code(room.visitor())
    with pytest.raises(NotFound):
        room.service.by_code(999_999, code)
    assert room.count(continuations) == 1


@pytest.mark.parametrize("words", ["换电脑", "網頁繼續"])
def test_the_other_way_a_code_takes_the_talk_to_a_browser(
    room: Room, follower: Follower, words: str
) -> None:
    said = room.say(follower, words)
    assert said is not None
    code = said.split("输入 ", 1)[1][:9]
    assert "https://12348.example.cn" in said
    conversation_id, token = room.codes.redeem(code, "device-0123456789")
    assert conversation_id == follower.conversation_id
    assert room.talks.by_token(token) is not None
    assert room.hears(follower) == {follower.conversation_id}


def test_without_any_talk_there_is_nothing_to_take_along(room: Room, follower: Follower) -> None:
    assert follower.conversation_id is not None
    room.talks.erase(follower.conversation_id)
    assert room.service.leave(follower.id).told is Told.NO_TALK
