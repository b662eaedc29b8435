"""Customer-service messages to followers: as few as will do, and counted.

A row is sent only when the platform has said so. What the platform refuses waits, with the reason
for the desk, until the follower shows himself or the pause is over.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog
from anyio import CapacityLimiter, to_thread

from bot.domain.clock import CHINA, Clock, china_date
from bot.domain.follower import TYPING_WITHIN, Follower, Quota
from bot.errors import NotFound
from bot.texts import Texts
from bot.wechat.deliveries import DeliveryRepository
from bot.wechat.followers import FollowerRepository, follower_of
from bot.wechat.pauses import PauseRepository
from bot.wechat.ports import Links, Told
from bot.wechat.sends import FAILED, HELD, Owed, SendRepository
from bot.wechat.wording import Parcel, Sentences, parcels
from connectors.messages import Part
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import ApiFailed, Failure

log = structlog.get_logger(__name__)

PAUSE_S = 0.5
"""Between looks at what is to be sent."""
CALLS_AT_ONCE = 8
BUSY_FOR = dt.timedelta(seconds=20)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
KEPT = 2
"""Of the five messages, how many are kept for what a lawyer says or an answer."""
SCENE = 1
TYPING_LASTS = dt.timedelta(seconds=10)
"""The platform shows it for some seconds; asking more often shows nothing more."""


class Api(Protocol):
    """The platform's interface of one account; blocking calls."""

    def send_text(self, openid: str, text: str) -> None: ...

    def send_image(self, openid: str, media_id: str) -> None: ...

    def send_choices(
        self, openid: str, head: str, items: Sequence[tuple[str, str]], tail: str = ""
    ) -> None: ...

    def upload_image(self, name: str, body: bytes) -> str: ...

    def typing(self, openid: str) -> bool: ...

    def send_subscription(
        self,
        openid: str,
        template_id: str,
        scene: int,
        title: str,
        data: Mapping[str, Mapping[str, str]],
        url: str = "",
    ) -> None: ...

    def send_notice(
        self, openid: str, template_id: str, data: Mapping[str, Mapping[str, str]], page: str = ""
    ) -> None: ...


class Files(Protocol):
    """The store from which a lawyer's pictures are sent."""

    def read(self, conversation_id: str, file_id: str) -> tuple[object, bytes]: ...


@dataclass(frozen=True)
class Batch:
    """What one follower gets in one go."""

    follower: Follower
    account: WeChatAccount
    openid: str
    owed: tuple[Owed, ...]


class Sending:
    def __init__(
        self,
        accounts: Mapping[str, WeChatAccount],
        apis: Mapping[str, Api],
        followers: FollowerRepository,
        sends: SendRepository,
        deliveries: DeliveryRepository,
        pauses: PauseRepository,
        files: Files,
        links: Links,
        sentences: Sentences,
        words: Texts,
        clock: Clock,
        quiet: dt.timedelta,
        told: Told,
    ) -> None:
        """``accounts`` and ``apis`` by AppID; ``quiet`` is how long a passive reply is awaited."""
        self._accounts = accounts
        self._apis = apis
        self._followers = followers
        self._sends = sends
        self._deliveries = deliveries
        self._pauses = pauses
        self._files = files
        self._links = links
        self._sentences = sentences
        self._words = words
        self._clock = clock
        self._quiet = quiet
        self._told = told
        self._run = sends.store.run
        # The platform may be slow; it must not hold the threads of the database.
        self._calls = CapacityLimiter(CALLS_AT_ONCE)
        self._sending: set[int] = set()
        self._writing: set[str] = set()
        self._shown: dict[str, dt.datetime] = {}

    async def run(self) -> None:
        """Send for ever; a failure ends one round, and nobody waits for a slow call to another."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    await self._round(group)
                except Exception as error:  # noqa: BLE001  else nothing would be sent any more
                    log.warning("sending_failed", error=type(error).__name__)
                await asyncio.sleep(PAUSE_S)

    async def _round(self, group: asyncio.TaskGroup) -> None:
        for conversation_id in self._to_be_shown():
            group.create_task(self._show_typing(conversation_id))
        without = self._deliveries.open_to(self._quiet)
        for follower_id in await self._run(partial(self._sends.due, without=without)):
            if follower_id not in self._sending:
                self._sending.add(follower_id)
                group.create_task(self._send_to(follower_id))

    async def _send_to(self, follower_id: int) -> None:
        try:
            changed = await to_thread.run_sync(self._claimed, follower_id, limiter=self._calls)
            for conversation_id in changed:
                await self._told(conversation_id)
        except Exception as error:  # noqa: BLE001  else nobody would be sent anything any more
            log.warning("sending_failed", error=type(error).__name__)
        finally:
            self._sending.discard(follower_id)

    def _claimed(self, follower_id: int) -> set[str]:
        """Claim what waits for a follower and deliver it; return whose states may have changed.

        One after the other on one thread: what is claimed is sent at once, while the claim holds.
        """
        batch = self._claim(follower_id)
        if batch is None:
            return set()
        try:
            self._deliver(batch)
        except Exception as error:  # noqa: BLE001  what was sent before is to be told
            log.warning("batch_failed", error=type(error).__name__)
            self._sends.release([one.id for one in batch.owed], FAILED, HOUR)
        return {one.message.conversation_id for one in batch.owed}

    # --- claiming -----------------------------------------------------------------------------

    def _claim(self, follower_id: int) -> Batch | None:
        now = self._clock.now()
        with self._sends.store.write() as connection:
            row = self._followers.locked(connection, follower_id)
            follower = follower_of(row)
            account = self._accounts.get(follower.account)
            if account is None or not account.can_push:
                self._sends.put_off(connection, follower_id, "passive_only", now + HOUR)
                return None
            pause = self._pauses.of(connection, follower.account)
            if pause is not None:
                self._sends.put_off(connection, follower_id, pause.reason, pause.until)
                return None
            if self._deliveries.is_open(connection, follower_id, self._quiet):
                return None
            owed = tuple(self._sends.claim_in(connection, follower_id))
        if not owed:
            return None
        try:
            openid = self._followers.openid(follower_id)
        except NotFound:
            return None
        return Batch(follower, account, openid, owed)

    # --- delivering ---------------------------------------------------------------------------

    def _deliver(self, batch: Batch) -> None:
        now = self._clock.now()
        quota = batch.follower.quota
        left = quota.left(now)
        open_ids = {one.id for one in batch.owed}
        if left == 0:
            reason = "quota" if quota.is_open(now) else "window"
            self._put_back(batch, open_ids, reason)
            return
        if _would_take_what_is_kept(quota, now) and all(one.may_wait for one in batch.owed):
            self._sends.release(open_ids, HELD, HOUR)
            return

        def link(conversation_id: str, target: str) -> str:
            return self._links.link(batch.follower.id, conversation_id, target)

        packed = parcels(batch.owed, left, link, self._sentences)
        for parcel in packed:
            held = {*parcel.states, *parcel.part_done}
            if self._sends.still_claimed(held) != held:
                # Erased, or parted from the follower, while the platform kept us waiting: what is
                # left is put together anew, in its order.
                self._sends.release(open_ids, "")
                return
            try:
                self._send(batch, parcel)
            except ApiFailed as failed:
                if failed.failure in _ITS_OWN:
                    # The same again would be refused again; a passive reply is another way.
                    log.warning("parcel_refused", code=failed.code)
                    self._sends.release(held, FAILED, HOUR)
                    open_ids -= held
                    continue
                self._refused(batch, open_ids, failed)
                return
            open_ids -= set(parcel.states)
            with self._sends.store.write() as connection:
                row = self._followers.locked(connection, batch.follower.id)
                spent = follower_of(row).quota.spend(self._clock.now())
                self._followers.note_quota(connection, batch.follower.id, spent)
                self._sends.advance(connection, parcel.states, parcel.part_done, open_ids)
                if parcel is packed[-1]:
                    self._followers.offer(connection, batch.follower.id, parcel.choices)
        log.info("messages_pushed", follower_id=batch.follower.id, messages=len(packed))
        # Without a link to the rest, the rest waits for the follower's next sign.
        self._put_back(batch, open_ids, "quota")

    def _send(self, batch: Batch, parcel: Parcel) -> None:
        api = self._apis[batch.account.app_id]
        if parcel.picture is not None:
            media_id = self._uploaded(api, batch, parcel.picture)
            api.send_image(batch.openid, media_id)
        elif parcel.choices and not parcel.choices[0].is_aside:
            items = [(choice.id, choice.label) for choice in parcel.choices]
            api.send_choices(batch.openid, parcel.text, items)
        else:
            api.send_text(batch.openid, parcel.text)

    def _uploaded(self, api: Api, batch: Batch, picture: Part) -> str:
        file_id = str(picture.body["id"])
        conversation_id = next(
            one.message.conversation_id for one in batch.owed if picture in one.message.parts
        )
        _, body = self._files.read(conversation_id, file_id)
        return api.upload_image(str(picture.body["name"]), body)

    def _refused(self, batch: Batch, open_ids: set[int], failed: ApiFailed) -> None:
        """Do with what was not sent as the refusal demands."""
        log.warning(
            "push_refused",
            follower_id=batch.follower.id,
            failure=failed.failure.value,
            code=failed.code,
        )
        failure = failed.failure
        follower_id = batch.follower.id
        if failure in (Failure.WINDOW, Failure.QUOTA):
            self._correct_ledger(follower_id, failure)
            self._put_back(batch, open_ids, failure.value)
        elif failure is Failure.NO_FOLLOWER:
            self._followers.set_following(follower_id, False)
            self._sends.refuse(follower_id, failure.value)
        elif failure in _PAUSES:
            until = self._pause_until(failure)
            self._pauses.pause(batch.account.app_id, until, failure.value)
            self._sends.release(open_ids, failure.value, until - self._clock.now())
        else:
            self._sends.release(open_ids, "busy", BUSY_FOR)

    def _correct_ledger(self, follower_id: int, failure: Failure) -> None:
        """Believe the platform: other programs may send from the same account."""
        with self._sends.store.write() as connection:
            quota = follower_of(self._followers.locked(connection, follower_id)).quota
            is_over = failure is Failure.WINDOW
            believed = quota.closed() if is_over else quota.used_up()
            self._followers.note_quota(connection, follower_id, believed)

    def _pause_until(self, failure: Failure) -> dt.datetime:
        now = self._clock.now()
        if failure is Failure.DAILY:
            tomorrow = china_date(now) + dt.timedelta(days=1)
            return dt.datetime.combine(tomorrow, dt.time.min, CHINA)
        return now + (MINUTE if failure is not Failure.UNAUTHORISED else HOUR)

    def _put_back(self, batch: Batch, send_ids: set[int], reason: str) -> None:
        """Let rows wait for the follower's next sign, and tell him of them where he agreed."""
        if not send_ids:
            return
        try:
            # While they are claimed, nobody else tells him as well.
            self._notify(batch, [one for one in batch.owed if one.id in send_ids and one.is_news])
        finally:
            with self._sends.store.write() as connection:
                row = self._followers.locked(connection, batch.follower.id)
                has_shown = self._has_shown_himself(batch, follower_of(row))
                pause = dt.timedelta() if has_shown else HOUR
                self._sends.release_in(connection, send_ids, reason, pause)

    def _has_shown_himself(self, batch: Batch, present: Follower) -> bool:
        """Say whether the follower's sign came while the rows were claimed, and woke none."""
        quota, before = present.quota, batch.follower.quota
        is_other = (quota.said.until, quota.acted.until) != (before.said.until, before.acted.until)
        return is_other and quota.left(self._clock.now()) > 0

    def _notify(self, batch: Batch, news: Sequence[Owed]) -> None:
        """Send the one subscription notice that the follower agreed to, if there is one.

        Not another until he shows himself: he knows that something waits.
        """
        if not news or self._sends.has_notice(batch.follower.id):
            return
        account = batch.account
        agreed = (
            one
            for one in (account.subscribe_template, account.notice_template)
            if one and self._followers.use_consent(batch.follower.id, one)
        )
        template = next(agreed, "")
        if not template:
            return
        link = self._links.link(batch.follower.id, news[0].message.conversation_id, "talk")
        api, words = self._apis[account.app_id], {"value": self._words.say("notice.content")}
        try:
            if template == account.subscribe_template:
                title, said = self._words.say("notice.title"), {"content": words}
                api.send_subscription(batch.openid, template, SCENE, title, said, link)
            else:
                short = {"value": self._words.say("notice.title")}
                api.send_notice(batch.openid, template, {account.notice_field: short}, link)
        except ApiFailed as failed:
            log.warning("notice_refused", failure=failed.failure.value, code=failed.code)
            if failed.failure is Failure.BUSY:
                self._followers.consent(batch.follower.id, template, agreed=True, adds_up=True)
            return
        self._sends.noticed([one.id for one in news])

    # --- typing -------------------------------------------------------------------------------

    def wish_typing(self, conversation_id: str) -> None:
        """Have the follower shown, with the next round, that a lawyer writes."""
        self._writing.add(conversation_id)

    def _to_be_shown(self) -> list[str]:
        now = self._clock.now()
        self._shown = {one: at for one, at in self._shown.items() if now - at < TYPING_LASTS}
        found = [one for one in self._writing if one not in self._shown]
        self._shown |= dict.fromkeys(found, now)
        self._writing.clear()
        return found

    async def _show_typing(self, conversation_id: str) -> None:
        try:
            await to_thread.run_sync(self._typing, conversation_id, limiter=self._calls)
        except Exception as error:  # noqa: BLE001  else nobody would be sent anything any more
            log.warning("typing_failed", error=type(error).__name__)

    def _typing(self, conversation_id: str) -> None:
        follower = self._followers.of_conversation(conversation_id)
        if follower is None or follower.heard_at is None:
            return
        account = self._accounts.get(follower.account)
        is_lately = self._clock.now() - follower.heard_at < TYPING_WITHIN
        if account is None or not account.can_push or not is_lately:
            return
        try:
            self._apis[account.app_id].typing(self._followers.openid(follower.id))
        except (ApiFailed, NotFound) as failed:
            log.info("typing_not_shown", error=type(failed).__name__)


def _would_take_what_is_kept(quota: Quota, now: dt.datetime) -> bool:
    """Say whether one message more comes out of the last; the minute after a tap is extra."""
    return quota.acted.left_at(now) == 0 and quota.said.left_at(now) <= KEPT


_ITS_OWN = frozenset({Failure.TOO_LONG, Failure.REFUSED, Failure.OTHER})
"""Refusals of one message for what it is."""
_PAUSES = frozenset(
    {Failure.DAILY, Failure.MINUTE, Failure.UNAUTHORISED, Failure.ADDRESS, Failure.TOKEN}
)
