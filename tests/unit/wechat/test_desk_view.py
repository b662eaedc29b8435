"""What the desk is told of a follower's allowances: only what lasts counts as open."""

from __future__ import annotations

import pytest

from bot.domain.channel import ChannelState
from bot.domain.conversation import Sender
from bot.wechat.desk_view import WeChatAtDesk
from bot.wechat.pauses import PauseRepository
from bot.wechat.sends import HELD
from bot.wechat.words import own_words
from connectors.wechat.accounts import WeChatAccount
from tests.unit.wechat.test_sends import ACCOUNT, Post, post

__all__ = ["post"]

TEMPLATE = "t" * 43


class Desk:
    """One follower, and what the desk shows of him."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.fan, self.conversation_id = post.follower()
        account = WeChatAccount(
            "main",
            ACCOUNT,
            "token1",
            "a" * 43,
            secret="s" * 32,
            has_customer_service=True,
            subscribe_template=TEMPLATE,
        )
        pauses = PauseRepository(post.sends.store, post.clock)
        self.view = WeChatAtDesk(
            {ACCOUNT: account},
            post.followers,
            post.sends,
            pauses,
            post.clock,
            own_words(),
            lambda _: None,
        )

    def writes(self) -> None:
        self.post.followers.meet(ACCOUNT, "fan", is_message=True)

    def taps(self) -> None:
        self.post.followers.meet(ACCOUNT, "fan", is_message=False)

    def hears(self, messages: int) -> None:
        """Have so many messages pushed."""
        quota = self.post.followers.get(self.fan.id).quota
        for _ in range(messages):
            quota = quota.spend(self.post.clock.now())
        with self.post.sends.store.write() as connection:
            self.post.followers.note_quota(connection, self.fan.id, quota)

    @property
    def state(self) -> ChannelState:
        found = self.view.state(self.conversation_id)
        assert found is not None
        return found


@pytest.fixture
def desk(post: Post) -> Desk:
    return Desk(post)


def test_a_tap_adds_nothing_to_the_messages_that_last(desk: Desk) -> None:
    desk.writes()
    until = desk.state.window_until
    desk.taps()
    assert (desk.state.left, desk.state.level) == (5, "good")
    assert "5 条" in desk.state.sentence
    assert desk.state.window_until == until
    # What is sent within the minute is taken from the minute.
    desk.hears(2)
    assert desk.state.left == 5


@pytest.mark.parametrize("has_written", [False, True], ids=["window closed", "used up"])
def test_the_minute_after_a_tap_is_shown_as_what_it_is(desk: Desk, has_written: bool) -> None:
    if has_written:
        desk.writes()
        desk.hears(5)
        assert (desk.state.left, desk.state.level) == (0, "warn")
    desk.taps()
    desk.hears(1)
    state = desk.state
    assert "一分钟内还可以发 2 条" in state.sentence
    assert (state.left, state.level) == (2, "warn")
    assert state.window_until is not None
    assert (state.window_until - desk.post.clock.now()).total_seconds() == 60
    assert state.takes(2, desk.post.clock.now())
    desk.post.clock.advance(minutes=1)
    assert desk.state.left == 0
    assert desk.state.level == ("warn" if has_written else "bad")
    assert ("48" in desk.state.sentence) is not has_written


def test_a_minute_used_up_leaves_the_window_closed(desk: Desk) -> None:
    desk.taps()
    desk.hears(3)
    assert (desk.state.left, desk.state.level) == (0, "bad")
    assert desk.state.window_until is None
    assert "48 小时窗口已关" in desk.state.sentence


def test_a_notice_is_promised_once_until_the_follower_shows_himself(desk: Desk) -> None:
    followers, sends = desk.post.followers, desk.post.sends
    for _ in range(2):
        followers.consent(desk.fan.id, TEMPLATE, agreed=True, adds_up=True)
    assert desk.state.can_notify
    desk.post.say(desk.conversation_id, "请带身份证来一趟。")
    [row] = sends.waiting(desk.fan.id)
    sends.noticed([row.id])
    assert not desk.state.can_notify
    assert "订阅通知" not in desk.state.sentence
    with sends.store.write() as connection:
        sends.wake(connection, desk.fan.id)
    assert desk.state.can_notify


def test_the_desk_says_nothing_false_of_a_notice_that_is_kept_back(desk: Desk) -> None:
    kept = desk.post.say(desk.conversation_id, "正为您换人。", Sender.SYSTEM)
    [row] = desk.post.claim(desk.fan)
    desk.post.sends.release([row.id], HELD)
    assert kept.id not in desk.view.deliveries(desk.conversation_id, 0)
