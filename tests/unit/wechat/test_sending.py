"""The sender between claiming and sending: what is erased meanwhile is not said any more."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.domain.conversation import Sender
from bot.store.wechat_tables import wechat_bindings
from bot.wechat.deliveries import DeliveryRepository
from bot.wechat.pauses import PauseRepository
from bot.wechat.sending import Sending
from bot.wechat.wording import sentences
from bot.wechat.words import own_words
from connectors.messages import text
from connectors.wechat.accounts import WeChatAccount
from tests.unit.wechat.test_sends import ACCOUNT, Post, post

__all__ = ["post"]

LONG = "请把合同、工资条和聊天记录都准备好。" * 60
"""Two messages of the platform's."""


@dataclass
class Platform:
    """Satisfies ``bot.wechat.sending.Api``; something may happen while it takes the first."""

    meanwhile: Callable[[], object]
    said: list[str] = field(default_factory=list)

    def send_text(self, openid: str, text: str) -> None:
        self.said.append(text)
        if len(self.said) == 1:
            self.meanwhile()

    def send_choices(
        self, openid: str, head: str, items: Sequence[tuple[str, str]], tail: str = ""
    ) -> None:
        self.send_text(openid, head)

    def send_image(self, openid: str, media_id: str) -> None:
        raise AssertionError("there is no picture")

    def upload_image(self, name: str, body: bytes) -> str:
        raise AssertionError("there is no picture")

    def typing(self, openid: str) -> bool:
        return True

    def send_subscription(
        self,
        openid: str,
        template_id: str,
        scene: int,
        title: str,
        data: Mapping[str, Mapping[str, str]],
        url: str = "",
    ) -> None:
        raise AssertionError("nobody has agreed")

    def send_notice(
        self, openid: str, template_id: str, data: Mapping[str, Mapping[str, str]], page: str = ""
    ) -> None:
        raise AssertionError("nobody has agreed")


class NoLinks:
    def link(self, follower_id: int, conversation_id: str, target: str) -> str:
        return ""


async def sent_until(post: Post, platform: Platform, wanted: Callable[[], bool]) -> None:
    """Let the sender run until what is wanted is so, which is looked at after every batch."""
    account = WeChatAccount(
        "main", ACCOUNT, "token1", "a" * 43, secret="s" * 32, has_customer_service=True
    )
    is_so = asyncio.Event()

    async def told(_conversation_id: str) -> None:
        if wanted():
            is_so.set()

    nothing: Any = None
    sending = Sending(
        {ACCOUNT: account},
        {ACCOUNT: platform},
        post.followers,
        post.sends,
        DeliveryRepository(post.sends.store, post.clock),
        PauseRepository(post.sends.store, post.clock),
        nothing,
        NoLinks(),
        sentences(own_words()),
        own_words(),
        post.clock,
        dt.timedelta(seconds=7),
        told,
    )
    running = asyncio.create_task(sending.run())
    try:
        await asyncio.wait_for(is_so.wait(), 20)
    finally:
        running.cancel()


async def test_what_is_erased_while_the_platform_is_slow_is_not_said(post: Post) -> None:
    fan, conversation_id = post.follower()
    post.followers.meet(ACCOUNT, "fan", is_message=True)
    post.say(conversation_id, LONG)
    platform = Platform(lambda: post.talks.erase(conversation_id))
    await sent_until(post, platform, lambda: True)
    assert len(platform.said) == 1
    assert post.sends.waiting(fan.id) == []


async def test_what_another_conversation_owes_is_still_said(post: Post) -> None:
    """Both would have been one message."""
    fan, conversation_id = post.follower()
    post.followers.meet(ACCOUNT, "fan", is_message=True)
    other = post.talks.create("web", "2026-11")[0].id
    with post.sends.store.write() as connection:
        connection.execute(
            wechat_bindings.insert().values(
                follower_id=fan.id,
                conversation_id=other,
                is_own=False,
                is_proven=True,
                created_at=post.clock.now(),
            )
        )
    post.say(conversation_id, LONG)
    post.say(conversation_id, "明天上午来。")
    post.talks.append_one(other, Sender.LAWYER, (text("您的申请已受理。"),))
    platform = Platform(lambda: post.talks.erase(conversation_id))
    await sent_until(post, platform, lambda: "您的申请已受理。" in "".join(platform.said))
    assert not any("明天上午来" in one for one in platform.said)
