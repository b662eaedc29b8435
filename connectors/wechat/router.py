"""``/wechat``: the official account's callback, answered passively within its five seconds.

Lawyers' messages reach a follower with the next passive reply; pushing them is not done here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse, Response

from connectors.console import render
from connectors.messages import Chat, Inbound, Outbound, Part
from connectors.wechat.codec import (
    BadCallback,
    WeChatAccount,
    WeChatMessage,
    decode,
    encode,
    fit,
    options_of,
    signature_is_true,
)

ANSWER_WITHIN_S = 4.5
CHANNEL = "wechat"


class Followers(Protocol):
    """Finds or opens the conversation of a follower."""

    async def conversation_of(self, openid: str) -> tuple[str, bool]:
        """Return the conversation's id, and whether it was opened just now."""
        ...

    async def undelivered(self, conversation_id: str, before: int) -> list[Outbound]:
        """Return a person's messages the follower has not been shown yet."""
        ...


def create_wechat_router(
    chat: Chat,
    followers: Followers,
    account: WeChatAccount,
    greeting: Callable[[], str],
    not_understood: str,
) -> APIRouter:
    """Return the callback's router.

    ``greeting`` gives the welcome with the privacy notice; ``not_understood`` answers kinds of
    messages that carry no text.
    """
    router = APIRouter(tags=["wechat"])

    @router.get("/wechat", response_class=PlainTextResponse)
    def confirm(
        signature: str = Query(""),
        timestamp: str = Query(""),
        nonce: str = Query(""),
        echostr: str = Query(""),
    ) -> Response:
        if not signature_is_true(account, signature, timestamp, nonce):
            return PlainTextResponse("signature", status_code=403)
        return PlainTextResponse(echostr)

    @router.post("/wechat", response_class=PlainTextResponse)
    async def callback(
        request: Request,
        msg_signature: str = Query(""),
        timestamp: str = Query(""),
        nonce: str = Query(""),
    ) -> Response:
        try:
            message = decode(account, await request.body(), msg_signature, timestamp, nonce)
        except BadCallback:
            return PlainTextResponse("bad callback", status_code=403)
        words = await _within(answer(message))
        body = encode(account, message, words, timestamp, nonce)
        media = "text/plain" if body == "success" else "application/xml"
        return Response(body, media_type=media)

    async def answer(message: WeChatMessage) -> str:
        if message.kind == "event":
            return greeting() if message.event == "subscribe" else ""
        if not message.text:
            return not_understood
        conversation_id, is_new = await followers.conversation_of(message.follower)
        spoken = message.kind == "voice"
        reply = await chat.receive(
            Inbound(conversation_id, message.id, message.text, spoken=spoken)
        )
        parts = tuple(part for sent in reply.messages for part in sent.parts)
        waiting = await followers.undelivered(conversation_id, reply.inbound_id)
        blocks = [greeting()] if is_new else []
        blocks += [f"{sent.author}：{render(sent.parts)}" for sent in waiting]
        return fit(blocks + _blocks(parts))

    return router


def _blocks(parts: tuple[Part, ...]) -> list[str]:
    shown = [render([part], folded=False) for part in parts if part.type != "buttons"]
    return [block for block in (*shown, options_of(parts)) if block]


async def _within(work: Awaitable[str]) -> str:
    """Wait as long as the platform does; the platform asks again with the same message id.

    The work goes on meanwhile, so the repeated call finds the stored answer.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.wait_for(asyncio.shield(task), ANSWER_WITHIN_S)
    except TimeoutError:
        return ""
