"""The desk over HTTP: the page, the interface its scripts call, and the live connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Depends, Form, Query, Request, UploadFile, WebSocket
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from bot.bus import QUEUE_TOPIC, Bus, conversation_topic
from bot.desk.live import DeskConnection, typing_event
from bot.desk.reading import NEWEST, Note
from bot.desk.schemas import (
    CLIENT_ID,
    Close,
    ConversationId,
    FileId,
    GiveBack,
    Invite,
    Message,
    MessageId,
    Messages,
    Moved,
    NoteWords,
    Reveal,
    Say,
    Seen,
    Transfer,
)
from bot.desk.service import DeskService
from bot.desk.views import ConversationView, QueueEntry, QueueView
from bot.domain.conversation import Mode
from bot.domain.people import Staff
from bot.errors import Forbidden, NotSignedIn
from bot.web.staff import StaffGuard, StaffSessions, comes_from_here
from connectors.messages import Outbound
from connectors.web.files import attachment

T = TypeVar("T")

AID_PAGE = "/desk/aid"
MAX_BYTES = 10 * 1024 * 1024
_NO_VISITORS = "您的账号不接待来访者。"


def create_desk_router(
    desk: DeskService, accounts: StaffSessions, bus: Bus, templates: Jinja2Templates
) -> APIRouter:
    """Return ``/desk`` and ``/api/desk/*``."""
    router = APIRouter()
    guard = StaffGuard(accounts)
    _add_page(router, desk, guard, templates)
    _add_reading(router, desk, guard)
    _add_writing(router, desk, guard, bus)
    _add_moving(router, desk, guard, bus)
    _add_live(router, desk, guard, bus)
    return router


def _receiving(guard: StaffGuard) -> Callable[[Request], Staff]:
    def lawyer(request: Request) -> Staff:
        person = guard.of_script(request)
        if not person.may_receive:
            raise Forbidden(_NO_VISITORS)
        return person

    return lawyer


def _announcer(bus: Bus) -> Callable[[Outbound, Mode], Awaitable[None]]:
    async def announce(message: Outbound, mode: Mode) -> None:
        event = {
            "kind": "message",
            "conversation_id": message.conversation_id,
            "id": message.id,
            "mode": mode,
            "sender": message.sender,
        }
        await bus.publish(conversation_topic(message.conversation_id), event)
        await bus.publish(QUEUE_TOPIC, event)

    return announce


def _add_page(
    router: APIRouter, desk: DeskService, guard: StaffGuard, templates: Jinja2Templates
) -> None:
    @router.get("/desk", response_class=HTMLResponse, include_in_schema=False)
    def page(request: Request) -> Response:
        try:
            person = guard.signed_in(request)
        except NotSignedIn:
            empty = {"staff": None, "error": "", "login": ""}
            return templates.TemplateResponse(request, "login.html", empty)
        if not person.may_receive:
            return RedirectResponse(AID_PAGE, 303)
        context = {
            "staff": person,
            "author": desk.author(person),
            "office": desk.office_of(person),
            "canned": [asdict(text) for text in desk.canned],
        }
        return templates.TemplateResponse(request, "desk.html", context)


def _add_reading(router: APIRouter, desk: DeskService, guard: StaffGuard) -> None:
    api = APIRouter(prefix="/api/desk", tags=["desk"])
    lawyer = _receiving(guard)

    @api.get("/queue", summary="排队的会话和我接待中的会话")
    def queue(person: Staff = Depends(lawyer)) -> QueueView:
        return desk.queue(person)

    @api.get("/conversations", summary="找会话：主管找所有人的，律师找自己的")
    def find(
        person: Staff = Depends(lawyer),
        words: Annotated[str, Query(max_length=60, description="会话里的词；空着列最近的")] = "",
    ) -> tuple[QueueEntry, ...]:
        return desk.find(person, words)

    @api.get("/conversations/{conversation_id}", summary="会话消息和摘要卡")
    def conversation(
        conversation_id: ConversationId,
        person: Staff = Depends(lawyer),
        before: Annotated[MessageId, Query(description="只要比它更早的消息")] = NEWEST,
    ) -> ConversationView:
        return desk.open(conversation_id, person, before)

    @api.get(
        "/conversations/{conversation_id}/messages",
        summary="我接待中的会话里新于某条的消息",
        response_model_exclude_none=True,
    )
    def news(
        conversation_id: ConversationId,
        person: Staff = Depends(lawyer),
        after: Annotated[MessageId, Query(description="只要比它更新的消息")] = 0,
    ) -> Messages:
        found = desk.news(conversation_id, person, after)
        return Messages(messages=[Message(**data) for data in found])

    @api.get("/files/{file_id}", summary="下载来访者上传的文件", response_class=Response)
    def file(file_id: FileId, person: Staff = Depends(lawyer)) -> Response:
        stored, body = desk.file(file_id, person)
        return attachment(stored.name, stored.mime, body)

    @api.get(
        "/files/{file_id}/sound", summary="来访者的语音，转成浏览器能放的", response_class=Response
    )
    def sound(file_id: FileId, person: Staff = Depends(lawyer)) -> Response:
        stored, mime, body = desk.sound(file_id, person)
        name = stored.name if mime == stored.mime else f"{stored.name}.wav"
        return attachment(name, mime, body)

    router.include_router(api)


def _add_writing(router: APIRouter, desk: DeskService, guard: StaffGuard, bus: Bus) -> None:
    api = APIRouter(prefix="/api/desk/conversations/{conversation_id}", tags=["desk"])
    lawyer = _receiving(guard)

    announce = _announcer(bus)

    @api.post("/messages", summary="发送消息", response_model_exclude_none=True)
    async def say(
        conversation_id: ConversationId, body: Say, person: Staff = Depends(lawyer)
    ) -> Message:
        sent, is_new = await to_thread.run_sync(
            desk.say, conversation_id, person, body.id, body.text
        )
        if is_new:
            await announce(sent, Mode.HUMAN)
        return Message(**desk.shown(sent))

    @api.post("/typing", status_code=204, summary="正在输入")
    async def typing(conversation_id: ConversationId, person: Staff = Depends(lawyer)) -> None:
        await to_thread.run_sync(desk.typing, conversation_id, person)
        event = typing_event(conversation_id, person)
        await bus.publish(conversation_topic(conversation_id), event)

    @api.post("/files", summary="发送文件", response_model_exclude_none=True)
    async def send_file(
        conversation_id: ConversationId,
        file: UploadFile,
        id: Annotated[str, Form(pattern=CLIENT_ID)],
        person: Staff = Depends(lawyer),
    ) -> Message:
        body = await file.read(MAX_BYTES + 1)
        sent, is_new = await to_thread.run_sync(
            desk.send_file, conversation_id, person, id, file.filename or "", body
        )
        if is_new:
            await announce(sent, Mode.HUMAN)
        return Message(**desk.shown(sent))

    @api.post("/seen", status_code=204, summary="已读到哪一条")
    async def seen(
        conversation_id: ConversationId, body: Seen, person: Staff = Depends(lawyer)
    ) -> None:
        if await to_thread.run_sync(desk.saw, conversation_id, person, body.id):
            event = {"kind": "receipt", "sender": "lawyer", "id": body.id}
            await bus.publish(conversation_topic(conversation_id), event)

    @api.post("/notes", summary="写一条只有同事看得到的备注")
    async def note(
        conversation_id: ConversationId, body: NoteWords, person: Staff = Depends(lawyer)
    ) -> Note:
        written = await to_thread.run_sync(desk.note, conversation_id, person, body.text)
        await bus.publish(conversation_topic(conversation_id), {"kind": "note"})
        return written

    router.include_router(api)


def _add_moving(router: APIRouter, desk: DeskService, guard: StaffGuard, bus: Bus) -> None:
    api = APIRouter(prefix="/api/desk/conversations/{conversation_id}", tags=["desk"])
    lawyer = _receiving(guard)
    announce = _announcer(bus)

    @api.post("/claim", summary="接待一个排队的会话")
    async def claim(conversation_id: ConversationId, person: Staff = Depends(lawyer)) -> Moved:
        sent = await to_thread.run_sync(desk.claim, conversation_id, person)
        if sent is not None:
            await announce(sent, Mode.HUMAN)
        return Moved(id=conversation_id, mode=Mode.HUMAN)

    @api.post("/transfer", summary="转给同事或转回队列，附说明")
    async def transfer(
        conversation_id: ConversationId, body: Transfer, person: Staff = Depends(lawyer)
    ) -> Moved:
        sent = await to_thread.run_sync(desk.transfer, conversation_id, person, body.to, body.note)
        await announce(sent, Mode.QUEUED)
        return Moved(id=conversation_id, mode=Mode.QUEUED)

    @api.post("/invite", summary="请同事一起")
    async def invite(
        conversation_id: ConversationId, body: Invite, person: Staff = Depends(lawyer)
    ) -> Moved:
        sent = await to_thread.run_sync(desk.invite, conversation_id, person, body.colleague)
        if sent is not None:
            await announce(sent, Mode.HUMAN)
        return Moved(id=conversation_id, mode=Mode.HUMAN)

    @api.post("/uninvite", status_code=204, summary="请来的同事离开")
    async def uninvite(
        conversation_id: ConversationId, body: Invite, person: Staff = Depends(lawyer)
    ) -> None:
        await to_thread.run_sync(desk.uninvite, conversation_id, person, body.colleague)
        event = {"kind": "guests", "conversation_id": conversation_id}
        await bus.publish(conversation_topic(conversation_id), event)
        await bus.publish(QUEUE_TOPIC, event)

    @api.post("/return", summary="交还机器人")
    async def give_back(
        conversation_id: ConversationId,
        body: GiveBack | None = None,
        person: Staff = Depends(lawyer),
    ) -> Moved:
        advice = body.advice if body else ""
        sent = await to_thread.run_sync(desk.give_back, conversation_id, person, advice)
        await announce(sent, Mode.RETURNED)
        return Moved(id=conversation_id, mode=Mode.RETURNED)

    @api.post("/close", summary="结束会话，写明处理结果")
    async def close(
        conversation_id: ConversationId, body: Close, person: Staff = Depends(lawyer)
    ) -> Moved:
        sent = await to_thread.run_sync(
            desk.close, conversation_id, person, body.outcome, body.advice
        )
        await announce(sent, Mode.CLOSED)
        return Moved(id=conversation_id, mode=Mode.CLOSED)

    @api.post(
        "/reveal",
        summary="显示被隐藏的号码（写明理由）",
        response_model_exclude_none=True,
    )
    def reveal(
        conversation_id: ConversationId, body: Reveal, person: Staff = Depends(lawyer)
    ) -> Messages:
        found = desk.reveal(conversation_id, person, body.reason)
        return Messages(messages=[Message(**data) for data in found])

    router.include_router(api)


def _add_live(router: APIRouter, desk: DeskService, guard: StaffGuard, bus: Bus) -> None:
    @router.websocket("/api/desk/ws")
    async def live(socket: WebSocket) -> None:
        if not comes_from_here(socket):
            await socket.close()
            return
        await DeskConnection(socket, desk, guard, bus).serve()
