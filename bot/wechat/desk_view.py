"""What the desk is told of a conversation in WeChat: what can be sent, and what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.channel import ChannelState, Level
from bot.domain.clock import CHINA, Clock
from bot.domain.conversation import Sender
from bot.domain.follower import Follower, Quota, Window
from bot.texts import Texts
from bot.wechat.followers import FollowerRepository
from bot.wechat.pauses import Pause, PauseRepository
from bot.wechat.sends import HELD, SendRepository, State
from connectors.wechat.accounts import WeChatAccount

_GONE_OUT = {State.PASSIVE: "passive", State.SENT: "sent", State.LINKED: "linked"}
_REASONS = frozenset({"window", "quota", "unfollowed", "unauthorised", "passive_only", "failed"})


@dataclass(frozen=True)
class _Told:
    """What is said about the state, and how bad it is."""

    sentence: str
    level: Level
    can_notify: bool = False


class WeChatAtDesk:
    """Satisfies ``bot.desk.ports.Channel``; ``accounts`` by AppID."""

    def __init__(
        self,
        accounts: Mapping[str, WeChatAccount],
        followers: FollowerRepository,
        sends: SendRepository,
        pauses: PauseRepository,
        clock: Clock,
        words: Texts,
        wish_typing: Callable[[str], None],
    ) -> None:
        """``wish_typing`` has a conversation's follower shown that somebody writes."""
        self._accounts = accounts
        self._followers = followers
        self._sends = sends
        self._pauses = pauses
        self._clock = clock
        self._words = words
        self._wish_typing = wish_typing

    def state(self, conversation_id: str) -> ChannelState | None:
        """Return what can be sent now; None where nobody in WeChat hears of the conversation."""
        follower = self._followers.of_conversation(conversation_id)
        if follower is None:
            return None
        account = self._accounts.get(follower.account)
        is_paused = self._pauses.present(follower.account) is not None
        can_push = account is not None and account.can_push and not is_paused
        now = self._clock.now()
        window = _counted(follower.quota, now)
        told = self._told(follower, account)
        sentence = told.sentence
        if account is not None and len(self._accounts) > 1:
            sentence = self._words.say("desk.of", bureau=account.bureau, sentence=sentence)
        return ChannelState(
            "wechat",
            can_push,
            follower.following,
            window.until if window.holds(now) else None,
            window.left_at(now),
            len(self._sends.waiting(follower.id)),
            sentence,
            told.level,
            told.can_notify,
        )

    def _told(self, follower: Follower, account: WeChatAccount | None) -> _Told:
        say, now = self._words.say, self._clock.now()
        if not follower.following:
            return _Told(say("desk.unfollowed"), "bad")
        if account is None or not account.can_push:
            return _Told(say("desk.passive_only"), "warn")
        pause = self._pauses.present(follower.account)
        if pause is not None:
            return _Told(self._paused(pause), "bad")
        window = _counted(follower.quota, now)
        left = window.left_at(now)
        if window is follower.quota.acted:
            return _Told(say("desk.acted", left=left), "warn")
        if not window.holds(now):
            agreed = not self._sends.has_notice(follower.id) and any(
                self._followers.has_consent(follower.id, template)
                for template in (account.subscribe_template, account.notice_template)
                if template
            )
            name = "desk.closed_notify" if agreed else "desk.closed"
            return _Told(say(name), "bad", agreed)
        if left == 0:
            return _Told(say("desk.spent"), "warn")
        return _Told(say("desk.open", left=left), "good")

    def _paused(self, pause: Pause) -> str:
        if pause.reason == "unauthorised":
            return self._words.say("desk.unauthorised")
        reasons = self._words.get("desk.reasons")
        until = f"{pause.until.astimezone(CHINA):%m-%d %H:%M}"
        return self._words.say(
            "desk.paused", reason=reasons.get(pause.reason, pause.reason), until=until
        )

    def typing(self, conversation_id: str) -> None:
        """Have the visitor shown that somebody writes."""
        self._wish_typing(conversation_id)

    def deliveries(self, conversation_id: str, after_message_id: int) -> Mapping[int, str]:
        """Return what became of each message of a conversation, by its id."""
        found: dict[int, str] = {}
        for row in self._sends.states(conversation_id, after_message_id):
            if row.reason in ("seen", HELD):
                # The page of the web says so itself; what is held goes out with the next words.
                continue
            state = State(row.state)
            if state in _GONE_OUT:
                # That an answer of the bot arrived goes without saying.
                if row.sender == Sender.LAWYER:
                    found[row.message_id] = _GONE_OUT[state]
            elif row.noticed_at is not None:
                found[row.message_id] = "noticed"
            elif row.reason in _REASONS:
                found[row.message_id] = row.reason
            else:
                found[row.message_id] = "waiting"
        return found


def _counted(quota: Quota, now: dt.datetime) -> Window:
    """Return the window that a lawyer can count on: the minute after a tap for want of another."""
    is_minute = quota.said.left_at(now) == 0 and quota.acted.left_at(now) > 0
    return quota.acted if is_minute else quota.said
