"""What happens to an answer that the platform does not hear, and to messages nobody works on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from bot.dialogue.repository import ConversationRepository
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_deliveries
from bot.wechat.deliveries import By, DeliveryRepository
from bot.wechat.followers import FollowerRepository, Met
from bot.wechat.following import WeChatFollowing
from bot.wechat.hearing import Heard
from bot.wechat.reception import Patience, Reception
from bot.wechat.sends import SendRepository
from bot.wechat.wording import sentences
from bot.wechat.words import own_words
from connectors.messages import Inbound, text
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.incoming import WeChatMessage
from tests.conftest import FixedClock

ANSWER = "可以申请劳动仲裁。"
PUSHING = WeChatAccount("", "wx1", "t", secret="s", has_customer_service=True)
SILENT = WeChatAccount("", "wx1", "t")
SHORT = Patience(answer_s=0.2, last_s=0.2, hang_up_s=0.4, look_s=0.01)
"""How long the first deliveries of these tests wait in vain."""


@dataclass
class Ears:
    """Hears a message as soon as the test lets it, and answers it."""

    talks: ConversationRepository
    followers: FollowerRepository
    lets_go: asyncio.Event = field(default_factory=asyncio.Event)
    heard: int = 0

    async def hear(
        self,
        account: WeChatAccount,
        message: WeChatMessage,
        met: Met,
        has_earlier: Callable[[], bool],
    ) -> Heard:
        follower = self.followers.meet(account.app_id, message.openid, also=(met,))
        assert follower.conversation_id is not None
        inbound = Inbound(follower.conversation_id, f"wx-{message.key}", message.text)
        received = self.talks.receive(inbound, (text(message.text),))
        self.heard += 1
        await self.lets_go.wait()
        self.talks.finish(follower.conversation_id, received.message_id, [(text(ANSWER),)])
        return Heard(follower.id, follower.conversation_id)


class NoLinks:
    def link(self, follower_id: int, conversation_id: str, target: str) -> str:
        return ""


@dataclass
class Counter:
    """The reception of one account, with one follower before it."""

    account: WeChatAccount
    reception: Reception
    deliveries: DeliveryRepository
    sends: SendRepository
    ears: Ears
    clock: FixedClock
    is_gone: bool = False

    async def deliver(self, key: str = "1") -> str:
        message = WeChatMessage("fan", "gh_1", "text", key, 0, text="老板欠薪")
        return await self.reception.take(self.account, message, self._gone)

    async def _gone(self) -> bool:
        return self.is_gone

    def owed(self) -> list[str]:
        follower = self.ears.followers.find(self.account.app_id, "fan")
        assert follower is not None
        return [str(one.message.parts[0].body["text"]) for one in self.sends.waiting(follower.id)]

    async def work_is_done(self) -> None:
        """Return when every message has been worked on."""
        self.ears.lets_go.set()
        undone = select(wechat_deliveries.c.id).where(wechat_deliveries.c.processed_at.is_(None))
        async with asyncio.timeout(30):
            while True:
                with self.deliveries.store.read() as connection:
                    if connection.execute(undone).first() is None:
                        return
                await asyncio.sleep(0)

    def answered_by(self, key: str = "1") -> By | None:
        return self.deliveries.arrive(self.account.app_id, "fan", key, {}).answered_by


def counter(store: Store, clock: FixedClock, account: WeChatAccount) -> Counter:
    sends = SendRepository(store, clock)
    talks = ConversationRepository(store, clock, (WeChatFollowing(sends),))
    followers = FollowerRepository(talks, clock, "2026-11", text("您好"))
    deliveries = DeliveryRepository(store, clock)
    ears = Ears(talks, followers)
    words = own_words()

    async def allowed(follower: str) -> None:
        pass

    reception = Reception(
        {account.app_id: account},
        deliveries,
        followers,
        sends,
        ears,  # type: ignore[arg-type]
        NoLinks(),
        sentences(words),
        words,
        lambda said: "",
        clock,
        SHORT,
        allowed,
        lambda app_id: False,
    )
    return Counter(account, reception, deliveries, sends, ears, clock)


@pytest.mark.parametrize(("account", "by"), [(PUSHING, By.PUSH), (SILENT, By.NEXT)])
async def test_an_answer_that_the_last_delivery_did_not_hear_is_given_otherwise(
    store: Store, clock: FixedClock, account: WeChatAccount, by: By
) -> None:
    here = counter(store, clock, account)
    for _ in range(2):
        assert await here.deliver() == ""
    await here.work_is_done()
    here.is_gone = True
    await here.deliver()
    assert here.owed() == ["您好", ANSWER]
    assert here.answered_by() is by


async def test_an_answer_that_the_last_delivery_heard_is_given_once(
    store: Store, clock: FixedClock
) -> None:
    here = counter(store, clock, PUSHING)
    for _ in range(2):
        assert await here.deliver() == ""
    await here.work_is_done()
    assert ANSWER in await here.deliver()
    assert here.owed() == []
    assert here.ears.heard == 1


async def test_an_answer_that_an_earlier_delivery_did_not_hear_goes_to_the_next(
    store: Store, clock: FixedClock
) -> None:
    here = counter(store, clock, PUSHING)
    here.is_gone = True
    assert await here.deliver() == ""
    await here.work_is_done()
    first = await here.deliver()
    assert ANSWER in first
    assert await here.deliver() == first
    assert here.owed() == []


async def test_what_a_process_that_died_had_is_worked_on_together(
    store: Store, clock: FixedClock
) -> None:
    here = counter(store, clock, PUSHING)
    keys = ("1", "2", "3")
    for key in keys:
        message = WeChatMessage("fan", "gh_1", "text", key, 0, text="老板欠薪")
        here.deliveries.arrive(here.account.app_id, "fan", key, message.to_json())
    clock.advance(seconds=20)
    here.ears.lets_go.set()
    assert await here.reception.recover() == 6
    assert here.ears.heard == 3
    assert {here.answered_by(key) for key in keys} == {By.PUSH}
    assert here.owed() == ["您好", *[ANSWER] * 3]
