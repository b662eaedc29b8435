"""HTTP around the core: the only place where routers, features and channels are joined."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from anyio import from_thread
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_fastapi_instrumentator import Instrumentator
from sqlalchemy import text as sql

from bot.accounts.endpoints import create_accounts_router
from bot.accounts.people.endpoints import create_people_router
from bot.accounts.people.repository import PeopleRepository
from bot.accounts.people.service import PeopleService
from bot.accounts.repository import AccountRepository
from bot.accounts.service import AccountService
from bot.accounts.trail.endpoints import create_audit_router
from bot.accounts.trail.repository import TrailRepository
from bot.accounts.trail.service import TrailService
from bot.actions.server import create_actions_app
from bot.aid.changes import NEWS
from bot.aid.reminders import Reminders
from bot.aid.urgency import Urgency
from bot.apply.endpoints import create_apply_router
from bot.apply.pages import too_large_page
from bot.apply.service import ApplyService
from bot.apply.session import Door
from bot.binding.chat import BindingChat
from bot.binding.pages import create_parting_router
from bot.bus import Bus, conversation_topic
from bot.calculators.endpoints import create_calculator_pages
from bot.casework.endpoints import create_casework_router
from bot.casework.lettering import Lettering
from bot.casework.words import own_words
from bot.continuation.repository import ContinuationRepository
from bot.continuation.service import ContinuationService
from bot.copilot.corrections import Corrections
from bot.copilot.endpoints import create_copilot_router
from bot.copilot.learned import LearnedFiles
from bot.copilot.repository import CorrectionRepository
from bot.copilot.service import CopilotService, load_copilot_texts
from bot.core import Core, build_core
from bot.desk.endpoints import create_desk_router
from bot.desk.repository import DeskRepository
from bot.desk.service import DeskService
from bot.desk.views import load_words
from bot.errors import StorageUnavailable
from bot.h5.links import Links
from bot.h5.repository import LinkRepository
from bot.h5.session import FollowerDoor
from bot.jobs.dispatch import Dispatch
from bot.jobs.housekeeping import Housekeeping
from bot.matters.endpoints import create_matters_router
from bot.official import Official, follower_pages, open_official
from bot.privacy.repository import PrivacyRepository
from bot.privacy.service import PrivacyService
from bot.roster.endpoints import create_roster_router
from bot.settings import Settings
from bot.statistics.endpoints import create_statistics_router
from bot.statistics.repository import StatisticsRepository
from bot.statistics.service import StatisticsService
from bot.statistics.tables import Reported
from bot.store.outbox import Handler, OutboxRunner
from bot.uploads.repository import UploadRepository
from bot.uploads.service import UploadService
from bot.web.frames import where_shown
from bot.web.http import Protections, install_error_handlers
from bot.web.pages import create_pages, not_found_page, refused_page
from bot.web.staff import StaffGuard
from bot.web.visitors import REFUSALS, BusFeed, WebVisitors
from bot.wechat.evidence import FETCH
from bot.wechat.reception import Patience
from connectors.messages import Outbound
from connectors.web.limits import Allowance
from connectors.web.ports import WebOptions
from connectors.web.router import create_web_router
from knowledge_base.tools import load_calculators

log = structlog.get_logger(__name__)

WEB = Path(__file__).parent / "web"
FIRST_LOGIN = "first-login.txt"


def create_app(core: Core, patience: Patience | None = None) -> FastAPI:
    """Return the application over a built core; ``core`` is closed with it.

    ``patience`` is how long WeChat waits for an answer, by default as its documents say.
    """
    settings = core.settings

    uploads = UploadService(
        UploadRepository(core.store, core.clock, (core.paperwork.note_upload,)), core.scanner
    )
    links = make_links(core)
    official = open_official(core, uploads, links, BindingChat(core.binding, links), patience)
    dispatcher = core.roster.dispatcher
    dispatch = Dispatch(core.store, core.bus, (dispatcher.assign_once, dispatcher.sweep_once))

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if official is not None:
            await official.begin()
        async with asyncio.TaskGroup() as group:
            running = [housekeeping(core, official).run(), dispatch.run()]
            if official is not None:
                running.append(official.run())
            work = [group.create_task(one) for one in running]
            yield
            for task in work:
                task.cancel()
        if official is not None:
            official.close()
        await core.close()

    app = FastAPI(
        title="法桥 Lawbridge",
        version="0.1.0",
        description="公共法律服务咨询机器人的接口",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    templates = Jinja2Templates(
        WEB / "templates", context_processors=[where_shown(has_wechat=official is not None)]
    )
    guard = StaffGuard(make_accounts(core))
    install_error_handlers(
        app, not_found_page(templates, settings.bureau), refused_page(templates, guard)
    )
    app.add_middleware(
        Protections,
        embedding_sites=settings.allowed_sites,
        https=settings.cookie_secure,
        too_large=too_large_page(templates, settings.bureau),
    )
    Instrumentator(excluded_handlers=["/metrics"]).instrument(app)
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")
    app.include_router(_operations(core))
    app.include_router(create_pages(core.kb, templates, settings.bureau, core.as_of))
    app.include_router(
        create_calculator_pages(
            load_calculators(settings.knowledge_dir),
            templates,
            core.texts,
            settings.bureau,
            core.clock,
        )
    )
    _include_features(app, core, uploads, official, templates)
    return app


def housekeeping(core: Core, official: Official | None = None) -> Housekeeping:
    settings = core.settings
    privacy = make_privacy(core)
    handlers: dict[str, Handler] = {
        "aid_submitted": announced(core.bus, core.aid.notify_submitted),
        NEWS: announced(core.bus, core.aid_changes.deliver),
        "erase": lambda payload: privacy.erase(str(payload["conversation_id"])),
    }
    if official is not None:
        handlers[FETCH] = announced(core.bus, official.evidence.deliver)
    reminders = Reminders(core.kept_aid, core.paperwork, core.clock)
    urgency = Urgency(core.kept_aid, core.aid_changes, core.aid.form, core.clock)
    return Housekeeping(
        core.conversations,
        OutboxRunner(core.store, core.clock, handlers),
        core.clock,
        retention=dt.timedelta(days=settings.retention_days),
        rasa_retention=dt.timedelta(hours=settings.rasa_retention_hours),
        rasa_tracker=core.rasa_tracker,
        matters=core.kept_matters,
        corrections=make_corrections(core).sweep,
        expired=(
            make_continuations(core).forget_expired,
            core.binding.forget_expired,
            make_links(core).forget_expired,
        ),
        reminders=lambda: urgency.run_once() + reminders.run_once(),
    )


def make_privacy(core: Core) -> PrivacyService:
    return PrivacyService(
        PrivacyRepository(core.store, core.clock, core.kept_matters),
        core.conversations,
        core.rasa_tracker,
        core.clock,
    )


def make_continuations(core: Core) -> ContinuationService:
    return ContinuationService(ContinuationRepository(core.store, core.clock), core.clock)


def make_links(core: Core) -> Links:
    settings = core.settings
    return Links(
        LinkRepository(core.store, core.clock),
        core.clock,
        settings.public_url,
        dt.timedelta(days=settings.retention_days),
    )


def make_accounts(core: Core) -> AccountService:
    return AccountService(AccountRepository(core.store, core.clock), core.clock)


def make_statistics(core: Core) -> StatisticsService:
    report = Reported(own_words().get("results"), own_words().get("documents"))
    return StatisticsService(StatisticsRepository(core.kept_aid), core.clock, report)


def make_corrections(core: Core) -> Corrections:
    return Corrections(
        CorrectionRepository(core.store, core.clock),
        DeskRepository(core.store, core.clock, core.followers),
        core.verifier,
        core.clock,
        LearnedFiles(core.settings.data_dir),
        load_copilot_texts(),
    )


def _include_features(
    app: FastAPI,
    core: Core,
    uploads: UploadService,
    official: Official | None,
    templates: Jinja2Templates,
) -> None:
    settings = core.settings
    accounts = make_accounts(core)
    held = DeskRepository(core.store, core.clock, core.followers)
    desk = DeskService(
        held,
        core.clock,
        core.texts,
        verifier=core.verifier,
        files=uploads,
        words=load_words(),
        roster=core.roster.service,
        open_question=core.open_question,
        bureau=settings.bureau,
        channel=official.at_desk if official is not None else None,
    )
    guard = StaffGuard(accounts)
    copilot = CopilotService(
        held,
        core.conversations,
        core.composer,
        core.law,
        core.verifier,
        core.clock,
        core.texts,
        make_corrections(core),
    )
    people = PeopleService(PeopleRepository(core.store, core.clock), accounts)
    trail = TrailService(TrailRepository(core.store))
    for router in (
        create_matters_router(core.matters, guard, core.bus, templates),
        create_roster_router(core.roster.service, guard, templates),
        create_copilot_router(copilot, guard, templates),
        create_people_router(people, guard, templates),
        create_audit_router(trail, guard, templates),
    ):
        app.include_router(router)
    app.include_router(
        create_accounts_router(
            accounts,
            templates,
            cookie_secure=settings.cookie_secure,
            login_limit=settings.limits.logins_per_address,
            limit_storage=settings.redis_url or "memory://",
        )
    )
    app.include_router(create_desk_router(desk, accounts, core.bus, templates))
    lettering = Lettering(core.casework, core.letters)
    app.include_router(create_casework_router(core.casework, lettering, guard, templates))
    app.include_router(create_statistics_router(make_statistics(core), guard, templates))
    app.include_router(_web_channel(core, uploads, official, templates))
    if official is not None:
        app.include_router(official.router)
        app.include_router(create_parting_router(core.binding, guard, templates))


def announcer(bus: Bus) -> Callable[[str, int], Coroutine[Any, Any, None]]:
    """Return what tells a visitor's open connection that a message was stored."""

    async def announce(conversation_id: str, message_id: int) -> None:
        event = {"kind": "message", "conversation_id": conversation_id, "id": message_id}
        await bus.publish(conversation_topic(conversation_id), event)

    return announce


def announced(bus: Bus, deliver: Callable[[Mapping[str, Any]], Outbound | None]) -> Handler:
    """Return a handler of the outbox, run in a worker thread, that tells of what it has said."""
    announce = announcer(bus)

    def work(payload: Mapping[str, Any]) -> None:
        message = deliver(payload)
        if message is not None:
            from_thread.run(announce, message.conversation_id, message.id)

    return work


def _web_channel(
    core: Core,
    uploads: UploadService,
    official: Official | None,
    templates: Jinja2Templates,
) -> APIRouter:
    """Return the chat, the form and the pages of followers: the same visitors, counted together."""
    settings, limits = core.settings, core.settings.limits
    label = core.texts.say("ai_label") + core.texts.say("as_of", day=core.as_of.isoformat())
    privacy = make_privacy(core)
    visitors = WebVisitors(
        core.conversations,
        core.ratings,
        privacy,
        uploads,
        core.texts,
        core.waiting,
        make_continuations(core),
        bureau=settings.bureau,
        ai_label=label,
    )
    options = WebOptions(
        bureau=settings.bureau,
        consent_version=core.texts.say("consent_version"),
        retention_days=settings.retention_days,
        ai_label=label,
        allowed_sites=tuple(settings.allowed_sites),
        identity_secret=settings.identity_secret.get_secret_value(),
        trust_proxy=settings.trust_proxy,
        sessions_per_address=limits.sessions_per_address,
        messages_per_visitor=limits.messages_per_visitor,
        messages_per_address=limits.messages_per_address,
        continuations_per_address=limits.continuations_per_address,
        continuations_in_all=limits.continuations_in_all,
        redis_url=settings.redis_url,
    )
    feed = BusFeed(core.bus)
    allowance = Allowance(settings.redis_url, REFUSALS.too_many_requests)
    form = ApplyService(
        core.aid,
        core.kept_aid,
        core.aid_changes,
        core.paperwork,
        core.letters,
        UploadRepository(core.store, core.clock),
        core.clock,
    )
    door = Door(visitors, feed, options, allowance, secure=settings.cookie_secure)
    router = APIRouter()
    router.include_router(
        create_web_router(core.dialogue, visitors, feed, REFUSALS, options, allowance)
    )
    router.include_router(create_apply_router(form, door, templates))
    if official is not None:
        links = make_links(core)
        follower_door = FollowerDoor(
            links, visitors, feed, options, allowance, door, secure=settings.cookie_secure
        )
        router.include_router(
            follower_pages(core, official, links, form, follower_door, door, templates)
        )
    return router


def _operations(core: Core) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz", summary="进程是否存活")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz", summary="能否完整服务：数据库、对话、检索")
    async def readyz() -> JSONResponse:
        checks = {
            "database": await core.store.run(lambda: _database_answers(core)),
            "dialogue": await core.rasa.is_ready(),
            "index": await core.store.run(lambda: _index_loads(core)),
        }
        ready = all(checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, status_code=200 if ready else 503)

    @router.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _database_answers(core: Core) -> bool:
    try:
        with core.store.read() as connection:
            return bool(connection.execute(sql("SELECT 1")).scalar_one() == 1)
    except StorageUnavailable:
        return False


def _index_loads(core: Core) -> bool:
    try:
        core.search.load()
    except (OSError, ValueError):
        return False
    return True


async def serve(settings: Settings, fd: int | None = None) -> None:
    """Run the public application and, on loopback, the action endpoint for Rasa.

    ``fd`` is a socket that listens already; without it one is opened as the settings say.
    """
    core = build_core(settings)
    first = make_accounts(core).ensure_first()
    if first is not None:
        _keep_first_login(settings.data_dir / FIRST_LOGIN, first)
    servers = [
        uvicorn.Server(
            uvicorn.Config(
                create_app(core),
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                proxy_headers=settings.trust_proxy,
                forwarded_allow_ips="*" if settings.trust_proxy else None,
                ws_max_size=64 * 1024,
                # Frames are a few hundred bytes; a compressor is 60 KB a connection.
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=5,
                server_header=False,
            )
        ),
        uvicorn.Server(
            uvicorn.Config(
                create_actions_app(core.actions),
                host="127.0.0.1",
                port=settings.actions_port,
                log_config=None,
                access_log=False,
            )
        ),
    ]
    # What is loaded stays: looking through it for garbage would stop every chat for 0.2 s.
    gc.collect()
    gc.freeze()
    # Searching threads would keep the loop waiting for the interpreter, five milliseconds each.
    sys.setswitchinterval(0.001)
    await _run_together(servers, [None if fd is None else [socket.socket(fileno=fd)], None])


async def _run_together(
    servers: list[uvicorn.Server], sockets: list[list[socket.socket] | None]
) -> None:
    """Serve until one server ends, by a signal or a failure; then end the others."""
    tasks = [
        asyncio.create_task(server.serve(own)) for server, own in zip(servers, sockets, strict=True)
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)


def _keep_first_login(path: Path, first: tuple[str, str]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"登录名 {first[0]}  密码 {first[1]}\n")
