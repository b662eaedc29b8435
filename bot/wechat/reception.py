"""A delivery and its answer: one processing and one answer, whatever the platform does.

The platform waits five seconds and delivers a message three times. An answer that is there within
four seconds goes out as the passive reply; a later one waits for the next delivery. After the last
it is pushed where that is allowed, else a first line says where to find it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from anyio import CapacityLimiter, move_on_after, to_thread

from bot.domain.clock import Clock
from bot.domain.follower import Follower
from bot.errors import StorageUnavailable, TooManyRequests
from bot.texts import Texts
from bot.wechat.deliveries import Arrival, By, Decision, Delivery, DeliveryRepository
from bot.wechat.followers import FollowerRepository
from bot.wechat.gathering import Gathered
from bot.wechat.hearing import Hearing
from bot.wechat.ports import Allowance, Links
from bot.wechat.seats import Seats
from bot.wechat.sends import Owed, SendRepository, Taken
from bot.wechat.wording import Sentences, passive
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.incoming import WeChatMessage
from connectors.wechat.ports import Gone

log = structlog.get_logger(__name__)

T = TypeVar("T")

PREVIEW_S = 0.5
OLD_S = 9.0
"""By then the platform has delivered a message for the third time."""

THREADS = 4
"""Of our own: a delivery must not wait for a thread that searches, or waits for the platform."""
AT_ONCE = 8
SEAT_LASTS_S = 2.0
BEAT_S = 3.0
FEW = 8
"""With more messages in work than that, a first line says only that the message is here."""

Preview = Callable[[str], str]
"""Says in one line what retrieval finds for a question, at once; empty where nothing fits."""


@dataclass(frozen=True)
class Patience:
    """How long the platform waits, seconds, and how often it delivers."""

    answer_s: float = 4.0
    last_s: float = 2.0
    """For the last delivery: after it the follower is told that the account is out of order."""
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
        is_paused: Callable[[str], bool],
    ) -> None:
        """``accounts`` by AppID; ``is_paused`` says of one whether nothing can be pushed now."""
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
        self._is_paused = is_paused
        self._previews = CapacityLimiter(2)
        self._threads = CapacityLimiter(THREADS)
        self._arrive = Gathered(partial(deliveries.arrive_all, claims=True), self._run)
        self._settle = Gathered(deliveries.settle_all, self._run)
        self._seats = Seats(AT_ONCE, SEAT_LASTS_S)
        self._beating: asyncio.Task[None] | None = None
        self._working: dict[int, asyncio.Task[None]] = {}
        self._newest: dict[int, int] = {}
        """By message, the number of its newest delivery here."""

    async def take(self, account: WeChatAccount, message: WeChatMessage, gone: Gone) -> str:
        """Return the passive reply to a delivery; empty for none.

        Raises:
            StorageUnavailable: nothing could be stored; the platform shall deliver again.
        """
        came = asyncio.get_running_loop().time()
        found = await self._arrive(
            Arrival(account.app_id, message.openid, message.key, message.to_json())
        )
        if found.answered_by is not None:
            return found.reply
        if found.number == 1:
            self._begin(account, message, found.id)
        self._newest[found.id] = found.number
        patience = self._patience
        is_last = found.number >= patience.deliveries or self._is_old(message, found.number)
        wait_s = min(patience.answer_s, patience.last_s) if is_last else patience.answer_s
        if await self._done_by(came + wait_s, account, message, found.id):
            self._newest.pop(found.id, None)
            return await self._answer(account, message, found.id, gone if is_last else None)
        if is_last:
            return await self._late(account, message, found.id)
        return await self._let_go(found, came + patience.hang_up_s, gone)

    def _is_old(self, message: WeChatMessage, number: int) -> bool:
        """Say whether the platform has delivered it more often than reached the database."""
        age_s = self._clock.now().timestamp() - message.created_at
        return number > 1 and message.created_at > 0 and age_s >= OLD_S

    async def _run(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)

    # --- the work -----------------------------------------------------------------------------

    async def _done_by(
        self, ends: float, account: WeChatAccount, message: WeChatMessage, delivery_id: int
    ) -> bool:
        """Have the message processed, here or by whoever has it; say whether it was in time."""
        clock = asyncio.get_running_loop()
        while True:
            task = self._working.get(delivery_id)
            if task is None:
                now = await self._run(partial(self._deliveries.get, delivery_id))
                if now is None or now.is_processed:
                    return True
                # Else another process has it, or had it before it died.
                if not now.is_claimed and await self._claim(delivery_id):
                    task = self._begin(account, message, delivery_id)
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

    async def _claim(self, delivery_id: int) -> bool:
        return await self._run(partial(self._deliveries.claim, delivery_id))

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
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._keep_claims())
        return task

    async def _work(self, account: WeChatAccount, message: WeChatMessage, delivery_id: int) -> None:
        async with self._seats.taken():
            await self._hear(account, message, delivery_id)

    async def _hear(self, account: WeChatAccount, message: WeChatMessage, delivery_id: int) -> None:
        try:
            if not message.is_event:
                # Counted under a keyed hash: counters may lie outside our database.
                await self._allowance(self._followers.openid_index(account.app_id, message.openid))
            heard = await self._hearing.hear(
                account,
                message,
                partial(self._deliveries.meet, delivery_id),
                partial(self._deliveries.has_earlier, delivery_id),
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

    async def _end(self, delivery_id: int, sentence: str) -> None:
        """Answer with a sentence that belongs to no conversation."""

        def end() -> None:
            self._deliveries.settle(delivery_id, By.PASSIVE, sentence)
            self._deliveries.processed(delivery_id, None, None)

        await self._run(end)

    async def _keep_claims(self) -> None:
        while self._working:
            await asyncio.sleep(BEAT_S)
            with contextlib.suppress(StorageUnavailable):
                await self._run(partial(self._deliveries.go_on, *self._working))

    # --- the answer ---------------------------------------------------------------------------

    async def _answer(
        self,
        account: WeChatAccount,
        message: WeChatMessage,
        delivery_id: int,
        gone: Gone | None,
    ) -> str:
        """Return the passive reply; ``gone`` where no further delivery would get it."""
        if message.event == "subscribe" and await self._can_push(account):
            # A pushed greeting has choices to tap; a passive one only numbers to type.
            return await self._settle(Decision(delivery_id, By.PUSH))
        reply, owed = await self._run(partial(self._settle_passively, delivery_id))
        if owed and gone is not None and await gone():
            by = By.PUSH if await self._can_push(account) else By.NEXT
            await self._run(partial(self._take_back, delivery_id, by, owed))
        return reply

    def _settle_passively(self, delivery_id: int) -> tuple[str, list[Owed]]:
        """Let the passive reply take everything owed to the follower, unless that is decided.

        Returns what it took as well.
        """
        while True:
            found = self._deliveries.get(delivery_id)
            if found is None or found.answered_by is not None:
                return "" if found is None else found.reply, []
            follower_id = found.follower_id
            if follower_id is None:
                self._deliveries.settle(delivery_id, By.PASSIVE)
                return "", []
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
            taken = {*reply.states, *reply.part_done}
            return reply.text, [one for one in owed if one.id in taken]

    def _take_back(self, delivery_id: int, by: By, owed: Sequence[Owed]) -> None:
        with self._deliveries.store.write() as connection:
            if self._deliveries.take_back(connection, delivery_id, by):
                self._sends.give_back(connection, owed)

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
        if await self._can_push(account):
            return await self._settle(Decision(delivery_id, By.PUSH))
        if len(self._working) > FEW:
            # Looking up and making a link would take longer than the platform still waits.
            reply = self._words.say("slow.no_link", first=self._words.say("slow.received"))
        else:
            found = await self._previewed(message.text)
            reply = await self._run(partial(self._first_line, delivery_id, message, found))
        return await self._settle(Decision(delivery_id, By.LINK, reply))

    async def _can_push(self, account: WeChatAccount) -> bool:
        if not account.can_push:
            return False
        return not await self._run(partial(self._is_paused, account.app_id))

    async def _previewed(self, said: str) -> str:
        """Return what retrieval finds in no time; the platform waits for no more than that."""
        found = ""
        with move_on_after(PREVIEW_S):
            try:
                if said:
                    found = await to_thread.run_sync(
                        self._preview, said, limiter=self._previews, abandon_on_cancel=True
                    )
            except Exception as error:  # noqa: BLE001  without it there still is an answer
                log.warning("preview_failed", error=type(error).__name__)
        return found

    def _first_line(self, delivery_id: int, message: WeChatMessage, found: str) -> str:
        first = found or self._words.say("slow.received")
        known = self._deliveries.get(delivery_id)
        link = ""
        if known is not None and known.follower_id is not None:
            # A number typed from here on asks for the answer, and chooses nothing that was before.
            self._followers.forget_choices(known.follower_id)
            link = self._answer_link(self._followers.get(known.follower_id), message)
        name = "slow.link" if link else "slow.no_link"
        return self._words.say(name, first=first, link=link)

    def _answer_link(self, follower: Follower, message: WeChatMessage) -> str:
        """Return a link to where the answer will be, once the question is stored."""
        if follower.conversation_id is None:
            return ""
        question = self._hearing.stored(follower, message)
        target = "talk" if question is None else f"answer:{question}"
        return self._links.link(follower.id, follower.conversation_id, target)

    # --- what was left ------------------------------------------------------------------------

    async def recover(self) -> int:
        """Go on with messages whose process died, and give up waiting where none is coming.

        Returns how many messages were looked after.
        """
        quiet = self._patience.quiet
        left = await self._run(partial(self._deliveries.left, quiet, tuple(self._accounts)))
        tasks = set()
        for one in left:
            account = self._accounts.get(one.account)
            if account is None or one.id in self._working or not await self._claim(one.id):
                continue
            message = WeChatMessage.from_json(one.payload)
            tasks.add(self._begin(account, message, one.id))
        if tasks:
            await asyncio.wait(tasks, timeout=self._patience.answer_s)
        silent = await self._run(partial(self._deliveries.unanswered, quiet))
        for by in (By.PUSH, By.NEXT):
            ids = [each for each, app_id in silent if self._way_to(app_id) is by]
            if ids:
                await self._run(partial(self._deliveries.give_up, ids, by))
        return len(left) + len(silent)

    def _way_to(self, app_id: str) -> By:
        account = self._accounts.get(app_id)
        return By.PUSH if account is not None and account.can_push else By.NEXT
