"""A delivery and its answer: one processing and one answer, whatever the platform does.

The platform waits five seconds and delivers a message three times. An answer that is there within
four seconds goes out as the passive reply; a later one waits for the next delivery. After the last
it is pushed where that is allowed, else a first line says where to find it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from bot.domain.clock import Clock
from bot.domain.follower import Follower
from bot.errors import StorageUnavailable, TooManyRequests
from bot.texts import Texts
from bot.wechat.deliveries import By, Delivery, DeliveryRepository
from bot.wechat.followers import FollowerRepository
from bot.wechat.hearing import Hearing
from bot.wechat.ports import Allowance, Links
from bot.wechat.sends import SendRepository, Taken
from bot.wechat.wording import Sentences, passive
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.incoming import WeChatMessage
from connectors.wechat.ports import Gone

log = structlog.get_logger(__name__)

Preview = Callable[[str], str]
"""Says in one line what retrieval finds for a question, at once; empty where nothing fits."""


@dataclass(frozen=True)
class Patience:
    """How long the platform waits, seconds, and how often it delivers."""

    answer_s: float = 4.0
    hang_up_s: float = 5.6
    """From here on the platform has hung up, and nothing that is said is heard."""
    deliveries: int = 3
    look_s: float = 0.1

    @property
    def quiet(self) -> dt.timedelta:
        """After so long without a delivery none is coming."""
        return dt.timedelta(seconds=self.hang_up_s + 2)


class Reception:
    """Satisfies ``connectors.wechat.ports.Reception``."""

    def __init__(
        self,
        accounts: Mapping[str, WeChatAccount],
        deliveries: DeliveryRepository,
        followers: FollowerRepository,
        sends: SendRepository,
        hearing: Hearing,
        links: Links,
        sentences: Sentences,
        words: Texts,
        preview: Preview,
        clock: Clock,
        patience: Patience,
        allowance: Allowance,
    ) -> None:
        """``accounts`` by AppID."""
        self._accounts = accounts
        self._deliveries = deliveries
        self._followers = followers
        self._sends = sends
        self._hearing = hearing
        self._links = links
        self._sentences = sentences
        self._words = words
        self._preview = preview
        self._clock = clock
        self._patience = patience
        self._allowance = allowance
        self._run = deliveries.store.run
        self._working: dict[int, asyncio.Task[None]] = {}
        self._newest: dict[int, int] = {}
        """By message, the number of its newest delivery here."""

    async def take(self, account: WeChatAccount, message: WeChatMessage, gone: Gone) -> str:
        """Return the passive reply to a delivery; empty for none.

        Raises:
            StorageUnavailable: nothing could be stored; the platform shall deliver again.
        """
        clock = asyncio.get_running_loop()
        ends = clock.time() + self._patience.answer_s
        hangs_up = clock.time() + self._patience.hang_up_s
        payload = message.to_json()
        found = await self._run(
            partial(self._deliveries.arrive, account.app_id, message.openid, message.key, payload)
        )
        if found.answered_by is not None:
            return found.reply
        self._newest[found.id] = found.number
        if await self._done_by(ends, account, message, found.id):
            return await self._answer(account, message, found.id)
        if found.number < self._patience.deliveries:
            return await self._let_go(found, hangs_up, gone)
        return await self._late(account, message, found.id)

    # --- the work -----------------------------------------------------------------------------

    async def _done_by(
        self, ends: float, account: WeChatAccount, message: WeChatMessage, delivery_id: int
    ) -> bool:
        """Have the message processed, here or by whoever has it; say whether it was in time."""
        clock = asyncio.get_running_loop()
        while True:
            task = self._working.get(delivery_id)
            if task is None:
                if await self._run(partial(self._deliveries.claim, delivery_id)):
                    task = self._begin(account, message, delivery_id)
                else:
                    # Another process has it, or it is done.
                    now = await self._run(partial(self._deliveries.get, delivery_id))
                    if now is None or now.is_processed:
                        return True
            left = ends - clock.time()
            if left <= 0:
                return False
            if task is None:
                await asyncio.sleep(min(self._patience.look_s, left))
                continue
            done, _ = await asyncio.wait({task}, timeout=left)
            if not done:
                return False
            # What failed is raised here; what worked is in the database.
            task.result()
            return True

    def _begin(
        self, account: WeChatAccount, message: WeChatMessage, delivery_id: int
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(self._work(account, message, delivery_id))
        self._working[delivery_id] = task

        def ended(task: asyncio.Task[None]) -> None:
            self._working.pop(delivery_id, None)
            self._newest.pop(delivery_id, None)
            if not task.cancelled() and task.exception() is not None:
                # Raised to whoever waits; somebody may have stopped waiting.
                log.warning("delivery_failed", error=type(task.exception()).__name__)

        task.add_done_callback(ended)
        return task

    async def _work(self, account: WeChatAccount, message: WeChatMessage, delivery_id: int) -> None:
        beat = asyncio.create_task(self._keep_claim(delivery_id))
        try:
            if not message.is_event:
                # Counted under a keyed hash: counters may lie outside our database.
                await self._allowance(self._followers.openid_index(account.app_id, message.openid))
            heard = await self._hearing.hear(
                account,
                message,
                lambda follower_id: self._deliveries.meet(delivery_id, follower_id),
            )
        except StorageUnavailable:
            raise
        except TooManyRequests:
            await self._end(delivery_id, self._words.say("too_fast"))
        except Exception as error:  # noqa: BLE001  else the platform tells of an account out of order
            # The type alone: a message may quote what somebody wrote.
            log.error("message_failed", kind=message.kind, error=type(error).__name__)
            await self._end(delivery_id, self._words.say("failed"))
        else:
            await self._run(
                partial(
                    self._deliveries.processed,
                    delivery_id,
                    heard.follower_id,
                    heard.conversation_id,
                )
            )
        finally:
            beat.cancel()

    async def _end(self, delivery_id: int, sentence: str) -> None:
        """Answer with a sentence that belongs to no conversation."""

        def end() -> None:
            self._deliveries.settle(delivery_id, By.PASSIVE, sentence)
            self._deliveries.processed(delivery_id, None, None)

        await self._run(end)

    async def _keep_claim(self, delivery_id: int) -> None:
        while True:
            await asyncio.sleep(3)
            with contextlib.suppress(StorageUnavailable):
                await self._run(partial(self._deliveries.go_on, delivery_id))

    # --- the answer ---------------------------------------------------------------------------

    async def _answer(
        self, account: WeChatAccount, message: WeChatMessage, delivery_id: int
    ) -> str:
        if message.event == "subscribe" and account.can_push:
            # A pushed greeting has choices to tap; a passive one only numbers to type.
            await self._run(partial(self._deliveries.settle, delivery_id, By.PUSH))
            return ""
        return await self._run(partial(self._settle_passively, delivery_id))

    def _settle_passively(self, delivery_id: int) -> str:
        """Let the passive reply take everything owed to the follower, unless that is decided."""
        while True:
            found = self._deliveries.get(delivery_id)
            if found is None or found.answered_by is not None:
                return "" if found is None else found.reply
            follower_id = self._deliveries.follower_of(delivery_id)
            if follower_id is None:
                self._deliveries.settle(delivery_id, By.PASSIVE)
                return ""
            owed = self._sends.waiting(follower_id)
            reply = passive(owed, self._link_for(follower_id), self._sentences)
            try:
                with self._deliveries.store.write() as connection:
                    self._followers.locked(connection, follower_id)
                    if not self._deliveries.settle_in(
                        connection, delivery_id, By.PASSIVE, reply.text
                    ):
                        continue
                    self._sends.take_in(connection, reply.states, reply.part_done)
                    if owed:
                        self._followers.offer(connection, follower_id, reply.choices)
            except Taken:
                # The sender was quicker with some of it; what is left is looked at again.
                continue
            return reply.text

    def _link_for(self, follower_id: int) -> Callable[[str, str], str]:
        return lambda conversation_id, target: self._links.link(
            follower_id, conversation_id, target
        )

    async def _let_go(self, found: Delivery, hangs_up: float, gone: Gone) -> str:
        """Say nothing until the platform has hung up, so that it delivers again."""
        clock = asyncio.get_running_loop()
        while clock.time() < hangs_up and not await gone():
            if self._newest.get(found.id, found.number) > found.number:
                break
            await asyncio.sleep(self._patience.look_s)
        return ""

    async def _late(self, account: WeChatAccount, message: WeChatMessage, delivery_id: int) -> str:
        """Answer the last delivery of a message that is still being worked on."""
        if account.can_push:
            by, reply = By.PUSH, ""
        else:
            by, reply = By.LINK, await self._run(partial(self._first_line, delivery_id, message))
        await self._run(partial(self._deliveries.settle, delivery_id, by, reply))
        settled = await self._run(partial(self._deliveries.get, delivery_id))
        return "" if settled is None else settled.reply

    def _first_line(self, delivery_id: int, message: WeChatMessage) -> str:
        found = self._preview(message.text) if message.text else ""
        first = found or self._words.say("slow.received")
        follower_id = self._deliveries.follower_of(delivery_id)
        link = ""
        if follower_id is not None:
            follower = self._followers.get(follower_id)
            link = self._talk_link(follower)
        name = "slow.link" if link else "slow.no_link"
        return self._words.say(name, first=first, link=link)

    def _talk_link(self, follower: Follower) -> str:
        if follower.conversation_id is None:
            return ""
        return self._links.link(follower.id, follower.conversation_id, "talk")

    # --- what was left ------------------------------------------------------------------------

    async def recover(self) -> int:
        """Go on with messages whose process died, and give up waiting where none is coming.

        Returns how many messages were looked after.
        """
        quiet = self._patience.quiet
        left = await self._run(partial(self._deliveries.left, quiet))
        for one in left:
            account = self._accounts.get(one.account)
            if account is None or not await self._run(partial(self._deliveries.claim, one.id)):
                continue
            task = self._begin(account, WeChatMessage.from_json(one.payload), one.id)
            await asyncio.wait({task})
        silent = await self._run(partial(self._deliveries.unanswered, quiet))
        for delivery_id, app_id in silent:
            known = self._accounts.get(app_id)
            by = By.PUSH if known is not None and known.can_push else By.NEXT
            await self._run(partial(self._deliveries.settle, delivery_id, by))
        return len(left) + len(silent)
