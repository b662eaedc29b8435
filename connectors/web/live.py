"""One live connection: deliver what is stored, in order, without gap or repeat.

Events are only hints; each one makes the connection read the store after its own cursor. Sending
works here as well as over HTTP, with the same idempotent message ids.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

import anyio
from anyio import to_thread
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from connectors.messages import Chat, Inbound, Outbound
from connectors.web.ports import Event, Feed, Refusals, Visitors
from connectors.web.schemas import Hello, MessageRequest, ReceiptFrame

HELLO_TIMEOUT_S = 10.0
LOOK_AGAIN_S = 20.0
"""A lost hint delays a message by at most this."""
MAX_FRAME = 64 * 1024
MAX_IN_FLIGHT = 8
FRAME = 5
"""Messages sent together: over a line that breaks off again and again, some must get through."""
FULL_PAGE = 50
"""No page of the store is shorter; from so many messages on there may be more."""
POLICY_VIOLATION = 1008
TOO_BIG = 1009


class Admission(Protocol):
    def __call__(self, token: str) -> Awaitable[str]:
        """Return the conversation of a token, or raise the application's error."""
        ...


def shown_mode(mode: str) -> str:
    """Return the mode a visitor is told: handed back by a lawyer, the bot answers again."""
    return "bot" if mode == "returned" else str(mode)


class LiveConnection:
    """Serves one WebSocket until either side leaves."""

    def __init__(
        self,
        socket: WebSocket,
        chat: Chat,
        visitors: Visitors,
        feed: Feed,
        refusals: Refusals,
        admit: Admission,
        take: Callable[[str], Awaitable[None]],
    ) -> None:
        self._socket = socket
        self._chat = chat
        self._visitors = visitors
        self._feed = feed
        self._refusals = refusals
        self._admit = admit
        self._take = take
        self._sending = asyncio.Lock()
        self._pushing = asyncio.Lock()
        self._cursor = 0
        self._mode = ""
        self._conversation_id = ""
        self._token = ""
        self._in_flight: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        await self._socket.accept()
        try:
            if not await self._greeted():
                return
            async with self._feed.subscribe(self._conversation_id) as events:
                # Subscribed first, read second: nothing stored in between is missed.
                await self._push(always=True)
                await self._until_gone(events)
        except WebSocketDisconnect:
            return
        except self._refusals.family as error:
            # Erased or gone on elsewhere meanwhile, or the store is unreachable: the browser comes
            # back and asks again.
            with contextlib.suppress(WebSocketDisconnect):
                await self._refuse(error)

    async def _greeted(self) -> bool:
        try:
            with anyio.fail_after(HELLO_TIMEOUT_S):
                frame = await self._read()
            hello = Hello.model_validate(frame)
            self._cursor = _cursor(hello.after)
            self._conversation_id = await self._admit(hello.token)
            self._token = hello.token
        except (TimeoutError, ValidationError, ValueError):
            await self._refuse(self._refusals.bad_input())
        except self._refusals.family as error:
            await self._refuse(error)
        else:
            return True
        return False

    async def _until_gone(self, events: AsyncIterator[Event]) -> None:
        ended: list[Exception] = []

        async def run(work: Callable[[], Awaitable[None]]) -> None:
            try:
                await work()
            except (WebSocketDisconnect, self._refusals.family) as error:
                ended.append(error)
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(run, self._listen)
            group.start_soon(run, lambda: self._follow(events))
            group.start_soon(run, self._look_again)
        if ended:
            raise ended[0]

    async def _follow(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            kind = event.get("kind")
            if kind == "erased":
                await self._refuse(self._refusals.not_signed_in())
                return
            if kind == "typing":
                if event.get("sender") != "visitor":
                    await self._send({"kind": "typing"})
                continue
            if kind == "receipt":
                if event.get("sender") == "lawyer":
                    await self._send({"kind": "read", "id": str(event["id"])})
                continue
            await self._push()

    async def _look_again(self) -> None:
        while True:
            # Not all together: hundreds may have connected in one moment.
            await anyio.sleep(LOOK_AGAIN_S * random.uniform(0.5, 1.0))
            await self._push()

    async def _push(self, *, always: bool = False) -> None:
        async with self._pushing:
            while True:
                found, mode = await to_thread.run_sync(self._news)
                if not found and not always and mode == self._mode:
                    return
                self._mode = mode
                for first in range(0, max(len(found), 1), FRAME):
                    part = found[first : first + FRAME]
                    shown = [message.to_json() for message in part]
                    await self._send({"kind": "messages", "messages": shown, "mode": mode})
                    if part:
                        self._cursor = part[-1].id
                if len(found) < FULL_PAGE:
                    return
                always = False

    def _news(self) -> tuple[Sequence[Outbound], str]:
        # With the token: it may have stopped opening the conversation since it was shown.
        found, mode = self._visitors.news(self._conversation_id, self._cursor, self._token)
        return found, shown_mode(mode)

    async def _listen(self) -> None:
        while True:
            try:
                frame = await self._read()
            except ValueError:
                await self._send_error(self._refusals.bad_input(), None)
                continue
            kind = frame.get("kind") if isinstance(frame, dict) else None
            if kind == "ping":
                await self._send({"kind": "pong"})
            elif kind == "typing":
                await self._feed.publish(
                    self._conversation_id, {"kind": "typing", "sender": "visitor"}
                )
            elif kind == "message":
                await self._accept(frame)
            elif kind == "receipt":
                await self._receipt(frame)
            else:
                await self._send_error(self._refusals.bad_input(), None)

    async def _receipt(self, frame: dict[str, Any]) -> None:
        try:
            told = ReceiptFrame.model_validate(frame)
        except ValidationError:
            await self._send_error(self._refusals.bad_input(), None)
            return
        await self._still_admitted()
        # Nobody has what was never sent.
        got, seen = min(told.got, self._cursor), min(told.seen, self._cursor)
        if await to_thread.run_sync(self._visitors.receipt, self._conversation_id, got, seen):
            event = {"kind": "receipt", "sender": "visitor"}
            await self._feed.publish(self._conversation_id, event)

    async def _accept(self, frame: dict[str, Any]) -> None:
        given = frame.get("id")
        reference = given.encode(errors="ignore").decode() if isinstance(given, str) else None
        try:
            message = MessageRequest.model_validate(frame)
        except ValidationError:
            await self._send_error(self._refusals.bad_input(), reference)
            return
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            await self._send_error(self._refusals.too_many_requests(), reference)
            return
        # Answering takes seconds; meanwhile pings and further frames must be served.
        task = asyncio.create_task(self._answer(message))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _answer(self, message: MessageRequest) -> None:
        try:
            await self._take(self._conversation_id)
            await self._still_admitted()
            reply = await self._chat.receive(
                Inbound(self._conversation_id, message.id, message.text, message.button)
            )
        except self._refusals.family as error:
            with contextlib.suppress(WebSocketDisconnect):
                await self._send_error(error, message.id)
            return
        answer = {
            "kind": "reply",
            "id": message.id,
            "messages": [m.to_json() for m in reply.messages],
            "mode": shown_mode(reply.mode),
        }
        # Whoever left meanwhile finds the answer in the store on coming back.
        with contextlib.suppress(WebSocketDisconnect):
            await self._send(answer)

    async def _still_admitted(self) -> None:
        """Raise the application's error if the token stopped working; the hint may be lost."""
        if await to_thread.run_sync(self._visitors.by_token, self._token) is None:
            raise self._refusals.not_signed_in()

    async def _read(self) -> Any:
        event = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1000))
        text = event.get("text")
        if text is None:
            raise ValueError("binary frames carry nothing here")
        if len(text) > MAX_FRAME:
            await self._socket.close(TOO_BIG)
            raise WebSocketDisconnect(TOO_BIG)
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error

    async def _send(self, frame: dict[str, Any]) -> None:
        async with self._sending:
            try:
                await self._socket.send_json(frame)
            except RuntimeError as error:
                # The other side has gone; an answer on its way is in the store and not lost.
                raise WebSocketDisconnect from error

    async def _send_error(self, error: Exception, reference: str | None) -> None:
        frame: dict[str, Any] = {"kind": "error", **_told(error)}
        if reference is not None:
            frame["id"] = reference
        await self._send(frame)

    async def _refuse(self, error: Exception) -> None:
        await self._send_error(error, None)
        await self._socket.close(POLICY_VIOLATION)


def _told(error: Exception) -> dict[str, str]:
    code, sentence = getattr(error, "code", "internal"), getattr(error, "detail", str(error))
    return {"code": str(code), "sentence": str(sentence)}


def _cursor(after: int | str) -> int:
    value = int(after)
    if not 0 <= value < 2**62:
        raise ValueError(after)
    return value
