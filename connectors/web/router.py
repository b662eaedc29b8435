"""HTTP and WebSocket of the web channel: thin translations between JSON and the ports.

What a visitor may do is decided behind the ports; here are tokens, limits and shapes only.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, WebSocket
from fastapi.responses import Response

from connectors.messages import Chat, Inbound, Part, Reply
from connectors.web.files import UPLOAD_SCHEMA, ai_marks, attachment, read_upload
from connectors.web.limits import Allowance, limit_of
from connectors.web.live import LiveConnection, shown_mode
from connectors.web.pages import create_page_routes
from connectors.web.ports import Feed, Opened, Refusals, Visitors, WebOptions
from connectors.web.schemas import (
    AttributesRequest,
    ErrorBody,
    MessageRequest,
    RatingRequest,
    RedeemRequest,
    SessionRequest,
)
from connectors.web.session import address_of, bearer_of, is_signed

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": words}
    for status, words in (
        (400, "请求不是有效的 JSON"),
        (401, "没有会话或会话已失效"),
        (404, "没有找到"),
        (413, "内容太大"),
        (422, "内容格式不对"),
        (429, "太频繁"),
        (503, "暂时无法保存"),
    )
}


class WebChannel:
    """What the endpoints share: the ports, the limits, and who is calling."""

    def __init__(
        self,
        chat: Chat,
        visitors: Visitors,
        feed: Feed,
        refusals: Refusals,
        options: WebOptions,
        allowance: Allowance | None = None,
    ) -> None:
        self.chat = chat
        self.visitors = visitors
        self.feed = feed
        self.refusals = refusals
        self.options = options
        self._allowance = allowance or Allowance(options.redis_url, refusals.too_many_requests)
        self._sessions = limit_of(options.sessions_per_address)
        self._per_visitor = limit_of(options.messages_per_visitor)
        self._per_address = limit_of(options.messages_per_address)
        self._codes = limit_of(options.continuations_per_address)
        self._codes_in_all = limit_of(options.continuations_in_all)

    def address(self, connection: Request | WebSocket) -> str:
        return address_of(connection, trust_proxy=self.options.trust_proxy)

    async def visit(self, request: Request) -> str:
        """Return the conversation whose bearer token the request carries."""
        return await self.admit(bearer_of(request.headers))

    async def admit(self, token: str) -> str:
        found = await to_thread.run_sync(self.visitors.by_token, token) if token else None
        if found is None:
            raise self.refusals.not_signed_in()
        return found

    async def speak(self, request: Request) -> str:
        """As ``visit``, for requests that cost something: they are counted."""
        await self._allowance.take(self._per_address, "message", self.address(request))
        conversation_id = await self.visit(request)
        await self.take_message(conversation_id)
        return conversation_id

    async def take_message(self, conversation_id: str) -> None:
        await self._allowance.take(self._per_visitor, "visitor", conversation_id)

    async def take_session(self, request: Request) -> None:
        await self._allowance.take(self._sessions, "session", self.address(request))

    async def take_code(self, request: Request) -> None:
        await self._allowance.take(self._codes, "code", self.address(request))
        # Whoever has many addresses, as with IPv6, must not be able to try all codes.
        await self._allowance.take(self._codes_in_all, "code")

    async def take_connection(self, socket: WebSocket) -> None:
        await self._allowance.take(self._per_address, "message", self.address(socket))

    def reply_json(self, reply: Reply, **more: Any) -> dict[str, Any]:
        messages = [message.to_json() for message in reply.messages]
        return {"messages": messages, "mode": shown_mode(reply.mode), **more}

    async def changed(self, conversation_id: str, message_id: int) -> None:
        event = {"kind": "message", "conversation_id": conversation_id, "id": message_id}
        await self.feed.publish(conversation_id, event)


def create_web_router(
    chat: Chat,
    visitors: Visitors,
    feed: Feed,
    refusals: Refusals,
    options: WebOptions,
    allowance: Allowance | None = None,
) -> APIRouter:
    """Return every route of the web channel: the API, the loader and the frame.

    ``allowance`` counts together with other pages of the same visitors; without it, alone.
    """
    channel = WebChannel(chat, visitors, feed, refusals, options, allowance)
    router = APIRouter()
    router.include_router(_talk_routes(channel))
    router.include_router(_continuation_routes(channel))
    router.include_router(_rights_routes(channel))
    router.include_router(create_page_routes(options, refusals))
    return router


def _opened_json(opened: Opened) -> dict[str, Any]:
    return {
        "session": opened.conversation_id,
        "token": opened.token,
        "greeting": {"parts": [part.to_json() for part in opened.greeting]},
    }


def _talk_routes(channel: WebChannel) -> APIRouter:
    router = APIRouter(prefix="/api/web", tags=["web"], responses=_ERRORS)
    visitors, options, refusals = channel.visitors, channel.options, channel.refusals
    speaker, visit = Depends(channel.speak), Depends(channel.visit)

    @router.post("/sessions", status_code=201, summary="同意隐私说明并开始会话")
    async def open_session(request: Request, body: SessionRequest | None = None) -> dict[str, Any]:
        await channel.take_session(request)
        asked = body or SessionRequest()
        visitor = ""
        if asked.identity is not None:
            identity = asked.identity
            if not is_signed(identity.id, identity.signature, options.identity_secret):
                raise refusals.bad_input()
            visitor = identity.id
        opened = await to_thread.run_sync(
            visitors.open, asked.consent or options.consent_version, visitor
        )
        return _opened_json(opened)

    @router.post("/messages", summary="发送一条消息，返回对它的答复")
    async def send(body: MessageRequest, conversation_id: str = speaker) -> dict[str, Any]:
        reply = await channel.chat.receive(
            Inbound(conversation_id, body.id, body.text, body.button)
        )
        return channel.reply_json(reply)

    @router.get("/messages", summary="取回某个编号之后的消息")
    async def messages(
        conversation_id: str = visit, after: int = Query(0, ge=0, lt=2**62)
    ) -> dict[str, Any]:
        found, mode = await to_thread.run_sync(visitors.news, conversation_id, after)
        return {"messages": [message.to_json() for message in found], "mode": shown_mode(mode)}

    @router.post("/files", summary="上传图片或 PDF", openapi_extra=UPLOAD_SCHEMA)
    async def upload(request: Request, conversation_id: str = speaker) -> dict[str, Any]:
        upload = await read_upload(request, refusals.bad_input, refusals.bad_file)
        part: Part = await to_thread.run_sync(
            visitors.keep_file, conversation_id, upload.client_id, upload.name, upload.body
        )
        reply = await channel.chat.receive(
            Inbound(conversation_id, upload.client_id, "", parts=(part,))
        )
        return channel.reply_json(reply, file=part.to_json())

    @router.get("/files/{file_id}", summary="下载自己上传的文件", response_class=Response)
    async def download(file_id: str, conversation_id: str = visit) -> Response:
        if not file_id.isalnum() or not file_id.isascii() or len(file_id) > 32:
            raise refusals.not_found()
        file = await to_thread.run_sync(visitors.read_file, conversation_id, file_id)
        return attachment(file.name, file.mime, file.body)

    @router.post("/attributes", summary="宿主网页提供的信息，访客和律师都能看到")
    async def attributes(
        body: AttributesRequest, conversation_id: str = speaker
    ) -> dict[str, bool]:
        message_id = await to_thread.run_sync(
            visitors.note_attributes, conversation_id, body.attributes
        )
        await channel.changed(conversation_id, message_id)
        return {"accepted": True}

    @router.post("/end", summary="结束咨询")
    async def end(conversation_id: str = speaker) -> dict[str, str]:
        message_id = await to_thread.run_sync(visitors.end, conversation_id)
        if message_id:
            await channel.changed(conversation_id, message_id)
        return {"mode": "closed"}

    @router.post("/rating", summary="评价")
    async def rate(body: RatingRequest, conversation_id: str = speaker) -> dict[str, bool]:
        if body.score is None and body.solved is None and not body.comment.strip():
            raise refusals.bad_input()
        message_id = await to_thread.run_sync(
            visitors.rate, conversation_id, body.score, body.solved, body.comment
        )
        if message_id:
            await channel.changed(conversation_id, message_id)
        return {"accepted": True}

    @router.websocket("/ws")
    async def live(socket: WebSocket) -> None:
        async def admit(token: str) -> str:
            await channel.take_connection(socket)
            return await channel.admit(token)

        take: Callable[[str], Awaitable[None]] = channel.take_message
        connection = LiveConnection(
            socket, channel.chat, visitors, channel.feed, refusals, admit, take
        )
        await connection.serve()

    return router


def _continuation_routes(channel: WebChannel) -> APIRouter:
    router = APIRouter(prefix="/api/web/continuations", tags=["web"], responses=_ERRORS)
    visitors, speaker = channel.visitors, Depends(channel.speak)

    @router.post("", status_code=201, summary="取一个接续码，在另一台设备上接着咨询")
    async def issue(conversation_id: str = speaker) -> dict[str, Any]:
        issued = await to_thread.run_sync(visitors.issue_code, conversation_id)
        return {"code": issued.code, "valid_s": issued.valid_s}

    @router.post("/redeem", summary="用接续码接着咨询，原来的令牌随之失效")
    async def redeem(request: Request, body: RedeemRequest) -> dict[str, Any]:
        await channel.take_code(request)
        opened = await to_thread.run_sync(visitors.redeem_code, body.code, body.id)
        await channel.feed.publish(opened.conversation_id, {"kind": "continued"})
        return _opened_json(opened)

    return router


def _rights_routes(channel: WebChannel) -> APIRouter:
    router = APIRouter(prefix="/api/web", tags=["web"], responses=_ERRORS)
    visitors, options = channel.visitors, channel.options
    visit = Depends(channel.visit)

    def marked(conversation_id: str) -> dict[str, str]:
        return ai_marks(options.provider, conversation_id)

    @router.get("/transcript", summary="下载对话记录", response_class=Response)
    async def transcript(conversation_id: str = visit) -> Response:
        words = await to_thread.run_sync(visitors.transcript, conversation_id)
        return attachment(
            "咨询记录.txt",
            "text/plain",
            words.encode("utf-8", "replace"),
            marked(conversation_id),
        )

    @router.get("/export", summary="导出系统保存的关于我的全部数据", response_class=Response)
    async def export(conversation_id: str = visit) -> Response:
        held = await to_thread.run_sync(visitors.export, conversation_id)
        body = json.dumps(held, ensure_ascii=False, indent=2).encode("utf-8", "replace")
        return attachment("我的数据.json", "application/json", body, marked(conversation_id))

    @router.delete("/session", summary="删除我的数据")
    async def erase(conversation_id: str = visit) -> dict[str, bool]:
        await to_thread.run_sync(visitors.erase, conversation_id)
        await channel.feed.publish(conversation_id, {"kind": "erased"})
        return {"erased": True}

    return router
