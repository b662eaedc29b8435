"""``/wechat`` and ``/wechat/{name}``: the callback of each official account."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.requests import ClientDisconnect

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.codec import MOST_BYTES_IN, CallbackQuery, check, decode, encode
from connectors.wechat.incoming import BadCallback
from connectors.wechat.ports import Reception

log = structlog.get_logger(__name__)

_STATUS = {"size": 413, "xml": 400}


def create_wechat_router(
    accounts: Sequence[WeChatAccount],
    reception: Reception,
    now: Callable[[], float] = time.time,
) -> APIRouter:
    """Return the callbacks of these accounts; ``now`` gives seconds since 1970."""
    router = APIRouter(tags=["wechat"])
    by_name = {account.name: account for account in accounts}

    # Nothing here blocks, so nothing here waits for a thread: under load none is free.
    async def query_of(
        signature: Annotated[str, Query(max_length=200)] = "",
        msg_signature: Annotated[str, Query(max_length=200)] = "",
        timestamp: Annotated[str, Query(max_length=40)] = "",
        nonce: Annotated[str, Query(max_length=200)] = "",
        encrypt_type: Annotated[str, Query(max_length=20)] = "",
    ) -> CallbackQuery:
        return CallbackQuery(signature, msg_signature, timestamp, nonce, encrypt_type)

    def confirm(name: str, query: CallbackQuery, echostr: str) -> Response:
        account = by_name.get(name)
        if account is None:
            return PlainTextResponse("no such account", status_code=404)
        try:
            check(account, query, now())
        except BadCallback as refused:
            return _refused(name, refused)
        # Never as a page: it is what anybody put into the address.
        return PlainTextResponse(echostr, headers={"X-Content-Type-Options": "nosniff"})

    async def callback(name: str, query: CallbackQuery, request: Request) -> Response:
        account = by_name.get(name)
        if account is None:
            return PlainTextResponse("no such account", status_code=404)
        try:
            body = await _body(request)
            message, is_encrypted = decode(account, body, query, now())
        except BadCallback as refused:
            return _refused(name, refused)
        except ClientDisconnect:
            # The platform delivers again; this answer is heard by nobody.
            return Response(status_code=400)
        text = await reception.take(account, message, request.is_disconnected)
        reply = encode(account, message, text, str(int(now())), query.nonce, is_encrypted)
        return Response(reply, media_type="application/xml" if text else "text/plain")

    asked = Depends(query_of)
    echo = Query("", max_length=500)
    named = Path()

    @router.get("/wechat", response_class=PlainTextResponse, summary="公众号验证服务器地址")
    async def confirm_main(query: CallbackQuery = asked, echostr: str = echo) -> Response:
        return confirm("", query, echostr)

    @router.post("/wechat", response_class=PlainTextResponse, summary="公众号回调")
    async def callback_main(request: Request, query: CallbackQuery = asked) -> Response:
        return await callback("", query, request)

    @router.get(
        "/wechat/{name}", response_class=PlainTextResponse, summary="其他公众号验证服务器地址"
    )
    async def confirm_named(
        name: str = named, query: CallbackQuery = asked, echostr: str = echo
    ) -> Response:
        return confirm(name, query, echostr)

    @router.post("/wechat/{name}", response_class=PlainTextResponse, summary="其他公众号的回调")
    async def callback_named(
        request: Request, name: str = named, query: CallbackQuery = asked
    ) -> Response:
        return await callback(name, query, request)

    return router


async def _body(request: Request) -> bytes:
    """Read the body up to its limit, whatever its length is said to be."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES_IN:
            raise BadCallback("size")
    return bytes(body)


def _refused(name: str, refused: BadCallback) -> Response:
    log.warning("callback_refused", account=name, reason=refused.reason)
    return PlainTextResponse(refused.reason, status_code=_STATUS.get(refused.reason, 403))
