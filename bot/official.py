"""The official accounts, joined: what the platform delivers, what is sent, what the desk sees.

Part of the one wiring; ``bot.app`` puts it behind HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from fastapi import APIRouter
from fastapi.templating import Jinja2Templates

from bot.apply.service import ApplyService
from bot.apply.session import Door
from bot.binding.endpoints import create_bind_router
from bot.bus import conversation_topic
from bot.core import Core
from bot.dialogue.answers import Composer, IndexUnavailable
from bot.errors import TooManyRequests
from bot.h5.endpoints import create_h5_router
from bot.h5.links import Links as H5Links
from bot.h5.pages import Pages, route_class
from bot.h5.repository import LinkRepository
from bot.h5.service import H5Service
from bot.h5.session import FollowerDoor
from bot.h5.verifying import FOLDER, create_verification_router
from bot.roster.centres import Centres
from bot.roster.repository import RosterRepository
from bot.tenants import accounts_of
from bot.texts import Texts
from bot.uploads.service import UploadService
from bot.wechat.deliveries import DeliveryRepository
from bot.wechat.desk_view import WeChatAtDesk
from bot.wechat.evidence import Evidence
from bot.wechat.followers import FollowerRepository, Welcome
from bot.wechat.hearing import Hearing
from bot.wechat.media import PlatformMedia
from bot.wechat.pauses import PauseRepository
from bot.wechat.ports import Binder, Links
from bot.wechat.reception import Patience, Preview, Reception
from bot.wechat.sending import SCENE, Sending
from bot.wechat.sends import SendRepository
from bot.wechat.speech import HttpSpeech
from bot.wechat.token_redis import RedisTokens
from bot.wechat.token_repository import DatabaseTokens
from bot.wechat.tokens import TokenKeeper, TokenStore
from bot.wechat.wording import sentences
from bot.wechat.words import own_words
from connectors.messages import Part, text
from connectors.web.limits import Allowance, limit_of
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.client import WeChatApi
from connectors.wechat.router import create_wechat_router
from connectors.wechat.wire import Wire

log = structlog.get_logger(__name__)

SPEECH_WITHIN_S = 6.0
MEDIA_STEP_S = 4.0
RECOVER_PAUSE_S = 2.0
FORGET_EVERY = 300
"""Rounds of recovery between two clearings of what can repeat nothing any more."""
LEAST_CONFIDENCE = 0.5
"""Below it a question that is near is not named: it would be a guess."""


@dataclass(frozen=True)
class Official:
    """What the application has of its official accounts."""

    accounts: Mapping[str, WeChatAccount]
    """By AppID."""
    apis: Mapping[str, WeChatApi]
    followers: FollowerRepository
    deliveries: DeliveryRepository
    reception: Reception
    sending: Sending
    evidence: Evidence
    at_desk: WeChatAtDesk
    router: APIRouter
    is_alone: bool
    """No other process serves these accounts."""

    async def begin(self) -> None:
        """Make ready for deliveries; to be awaited before the first of them."""
        if self.is_alone:
            # What a process before this one had claimed need not wait until that runs out.
            await self.deliveries.store.run(self.deliveries.free)

    async def run(self) -> None:
        """Send what is owed and look after what was left, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.sending.run())
            group.create_task(self._recover())

    async def _recover(self) -> None:
        rounds = 0
        while True:
            try:
                await self.reception.recover()
                if rounds % FORGET_EVERY == 0:
                    await self.deliveries.store.run(self.deliveries.forget_old)
            except Exception as error:  # noqa: BLE001  else one bad row would end it all
                log.warning("recovery_failed", error=type(error).__name__)
            rounds += 1
            await asyncio.sleep(RECOVER_PAUSE_S)

    def close(self) -> None:
        for api in self.apis.values():
            api.close()


def open_official(
    core: Core,
    uploads: UploadService,
    links: Links,
    binder: Binder,
    patience: Patience | None = None,
) -> Official | None:
    """Join the official accounts that the settings name; None where they name none."""
    settings, clock, store = core.settings, core.clock, core.store
    found = accounts_of(settings)
    if not found:
        return None
    patience = patience or Patience()
    accounts = {account.app_id: account for account in found}
    words = own_words()
    kept: TokenStore = (
        RedisTokens(settings.redis_url, store.cipher)
        if settings.redis_url
        else DatabaseTokens(store)
    )
    keeper = TokenKeeper(kept, clock)
    apis = {account.app_id: WeChatApi(account, keeper) for account in found if account.can_call}
    followers = make_followers(core)
    deliveries = DeliveryRepository(store, clock)
    sends = SendRepository(store, clock)
    pauses = PauseRepository(store, clock)
    speech = HttpSpeech(settings.speech_url, SPEECH_WITHIN_S) if settings.speech_url else None
    evidence = Evidence(
        core.conversations,
        uploads,
        PlatformMedia(apis, Wire(MEDIA_STEP_S)),
        speech,
        links,
        accounts,
        clock,
        words,
    )

    async def told(conversation_id: str) -> None:
        event = {"kind": "delivery", "conversation_id": conversation_id}
        await core.bus.publish(conversation_topic(conversation_id), event)

    hearing = Hearing(
        core.dialogue,
        core.conversations,
        followers,
        sends,
        evidence,
        binder,
        Centres(RosterRepository(store, clock), clock),
        links,
        core.conversations,
        core.texts,
        words,
        told,
    )
    reception = Reception(
        accounts,
        deliveries,
        followers,
        sends,
        hearing,
        links,
        sentences(words),
        words,
        preview_of(core.composer, words),
        clock,
        patience,
        _allowance(core),
        lambda app_id: pauses.present(app_id) is not None,
    )

    sending = Sending(
        accounts,
        apis,
        followers,
        sends,
        deliveries,
        pauses,
        uploads,
        links,
        sentences(words),
        words,
        clock,
        patience.quiet,
        told,
    )
    return Official(
        accounts,
        apis,
        followers,
        deliveries,
        reception,
        sending,
        evidence,
        WeChatAtDesk(accounts, followers, sends, pauses, clock, words, sending.wish_typing),
        create_wechat_router(found, reception, lambda: clock.now().timestamp()),
        is_alone=not settings.redis_url,
    )


def make_followers(core: Core) -> FollowerRepository:
    settings = core.settings
    words = own_words()

    def greeting(bureau: str) -> Part:
        return text(words.say("greeting", bureau=bureau, days=settings.retention_days))

    return FollowerRepository(
        core.conversations,
        core.clock,
        core.texts.say("consent_version"),
        greeting(settings.bureau),
        {
            account.app_id: Welcome(greeting(account.bureau), account.office_id)
            for account in accounts_of(settings)
        },
    )


def preview_of(composer: Composer, words: Texts) -> Preview:
    """Return what names the question nearest to the one that is still being worked on."""

    def preview(said: str) -> str:
        try:
            found = composer.find(said, "answer", 1)
        except IndexUnavailable:
            return ""
        if not found.hits or found.confidence < LEAST_CONFIDENCE:
            return ""
        question = composer.kb.answers[found.hits[0].key].question
        return words.say("slow.found", question=question)

    return preview


class AccountsPlatform:
    """Satisfies ``bot.h5.ports.Platform``."""

    def __init__(self, official: Official, public_url: str) -> None:
        self._accounts = official.accounts
        self._apis = official.apis
        self._public_url = public_url

    def uses_oauth(self, app_id: str) -> bool:
        account = self._accounts.get(app_id)
        return account is not None and account.uses_oauth and account.can_call

    def oauth_openid(self, app_id: str, code: str) -> str:
        """Exchange the code that a browser came back with.

        Raises:
            ApiFailed: the platform does not say who it was.
        """
        return self._apis[app_id].oauth_openid(code)

    def notice_template(self, app_id: str) -> str:
        account = self._accounts.get(app_id)
        return account.subscribe_template if account is not None and account.can_push else ""

    def subscribe_url(self, app_id: str, reserved: str) -> str:
        account = self._accounts[app_id]
        back = f"{self._public_url}/m/notified"
        return self._apis[app_id].subscribe_url(SCENE, account.subscribe_template, back, reserved)


def follower_pages(
    core: Core,
    official: Official,
    links: H5Links,
    form: ApplyService,
    door: FollowerDoor,
    apply_door: Door,
    templates: Jinja2Templates,
) -> APIRouter:
    """Return the pages that followers open, and what shows the platform that the site is ours."""
    label = core.texts.say("ai_label") + core.texts.say("as_of", day=core.as_of.isoformat())
    service = H5Service(
        LinkRepository(core.store, core.clock), core.conversations, form, core.matters, label
    )
    platform = AccountsPlatform(official, core.settings.public_url)
    pages = Pages(service, door, official.followers, platform, templates)
    router = APIRouter()
    router.include_router(
        create_bind_router(core.binding, door, apply_door.take_code, templates, route_class(pages))
    )
    services = tuple(core.kb.services.values())
    router.include_router(
        create_h5_router(
            service, door, official.followers, platform, core.dialogue, services, templates
        )
    )
    router.include_router(create_verification_router(core.settings.data_dir / FOLDER))
    return router


class _PerFollower:
    """Satisfies ``bot.wechat.ports.Allowance``: as many as a visitor of the web may send."""

    def __init__(self, allowance: Allowance, limit: str) -> None:
        self._allowance = allowance
        self._limit = limit_of(limit)

    async def __call__(self, follower: str) -> None:
        await self._allowance.take(self._limit, "follower", follower)


def _allowance(core: Core) -> _PerFollower:
    settings = core.settings
    allowance = Allowance(settings.redis_url, TooManyRequests)
    return _PerFollower(allowance, settings.limits.messages_per_visitor)
