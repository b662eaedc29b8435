"""The desk's live connection: the queue as it changes, and the messages of watched conversations.

Events are only hints; each makes the connection read the store, so nothing is lost or repeated.
A browser that comes back names, for each conversation, the last message it has.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from anyio import to_thread
from fastapi.encoders import jsonable_encoder
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.bus import QUEUE_TOPIC, Bus, conversation_topic
from bot.desk.schemas import Watch
from bot.desk.service import DeskService
from bot.domain.people import Staff
from bot.errors import BadInput, Forbidden, LawbridgeError, NotFound, NotSignedIn
from bot.web.staff import StaffGuard

NOT_SIGNED_IN = 4401
FORBIDDEN = 4403
TRY_AGAIN = 1013
LOOK_AGAIN_S = 20.0
"""A lost hint, or a session ended elsewhere, shows at the latest after this."""
SETTLE_S = 0.2
"""Several changes at once are shown together."""
MOST_WATCHED = 50


class DeskConnection:
    """Serves one WebSocket until either side leaves or the session ends."""

    def __init__(self, socket: WebSocket, desk: DeskService, guard: StaffGuard, bus: Bus) -> None:
        self._socket = socket
        self._desk = desk
        self._guard = guard
        self._bus = bus
        self._sending = asyncio.Lock()
        self._changed = asyncio.Event()
        self._watched: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        await self._socket.accept()
        try:
            person = await self._person()
            if not person.may_receive:
                await self._socket.close(FORBIDDEN)
                return
            await self._until_gone(person)
        except NotSignedIn:
            await self._close(NOT_SIGNED_IN)
        except LawbridgeError:
            # The store is unreachable: the browser comes back and asks again.
            await self._close(TRY_AGAIN)
        except WebSocketDisconnect:
            return

    async def _person(self) -> Staff:
        """Look the session up anew: it may have been revoked since the last time."""
        return await to_thread.run_sync(self._guard.signed_in, self._socket)

    async def _until_gone(self, person: Staff) -> None:
        tasks = [
            asyncio.create_task(self._listen(person)),
            asyncio.create_task(self._follow_queue()),
            asyncio.create_task(self._push_queue()),
            asyncio.create_task(self._look_again()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            everything = [*tasks, *self._watched.values()]
            for task in everything:
                task.cancel()
            # Not gather: a cancellation that comes while waiting must pass on as it came.
            await asyncio.wait(everything)
        failures = [task.exception() for task in everything if not task.cancelled()]
        for failure in failures:
            if failure is not None:
                raise failure

    async def _follow_queue(self) -> None:
        async with self._bus.subscribe(QUEUE_TOPIC) as events:
            # Subscribed first, read second: no change in between is missed.
            self._changed.set()
            async for _event in events:
                self._changed.set()

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            self._changed.set()

    async def _push_queue(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            person = await self._person()
            view = await to_thread.run_sync(self._desk.queue, person)
            await self._send({"kind": "queue", **jsonable_encoder(view)})
            await asyncio.sleep(SETTLE_S)

    async def _listen(self, person: Staff) -> None:
        while True:
            try:
                frame = json.loads(await self._socket.receive_text())
                if isinstance(frame, dict) and frame.get("kind") == "ping":
                    await self._send({"kind": "pong"})
                    continue
                await self._obey(Watch.model_validate(frame), person)
            except (ValueError, ValidationError, RecursionError, KeyError):
                await self._refuse(BadInput())
            except (NotFound, Forbidden) as error:
                await self._refuse(error)

    async def _obey(self, frame: Watch, person: Staff) -> None:
        conversation_id = frame.conversation_id
        if frame.kind == "typing":
            await to_thread.run_sync(self._desk.may_write, conversation_id, person)
            event = {"kind": "typing", "sender": "lawyer", "conversation_id": conversation_id}
            await self._bus.publish(conversation_topic(conversation_id), event)
            return
        old = self._watched.pop(conversation_id, None)
        if old is not None:
            old.cancel()
        if frame.kind == "watch":
            if len(self._watched) >= MOST_WATCHED:
                raise Forbidden
            self._watched[conversation_id] = asyncio.create_task(
                self._watch(conversation_id, frame.after)
            )

    async def _watch(self, conversation_id: str, after: int) -> None:
        try:
            async with self._bus.subscribe(conversation_topic(conversation_id)) as events:
                after = await self._push_messages(conversation_id, after)
                async for event in events:
                    if event.get("kind") == "typing":
                        if event.get("sender") == "visitor":
                            await self._send({"kind": "typing", "conversation_id": conversation_id})
                        continue
                    after = await self._push_messages(conversation_id, after)
        except (NotFound, Forbidden):
            # Handed back, closed, or erased by the visitor: no longer this lawyer's to read.
            await self._send_quietly({"kind": "ended", "conversation_id": conversation_id})
        except LawbridgeError as error:
            await self._send_quietly(
                {"kind": "error", "code": error.code, "sentence": error.detail}
            )
        except WebSocketDisconnect:
            return

    async def _push_messages(self, conversation_id: str, after: int) -> int:
        while True:
            person = await self._person()
            found = await to_thread.run_sync(self._desk.news, conversation_id, person, after)
            if not found:
                return after
            frame = {"kind": "messages", "conversation_id": conversation_id}
            await self._send({**frame, "messages": list(found)})
            after = int(found[-1]["id"])

    async def _refuse(self, error: LawbridgeError) -> None:
        await self._send({"kind": "error", "code": error.code, "sentence": error.detail})

    async def _send(self, frame: dict[str, Any]) -> None:
        async with self._sending:
            try:
                await self._socket.send_json(frame)
            except RuntimeError as error:
                # The other side has gone; everything is in the store.
                raise WebSocketDisconnect from error

    async def _send_quietly(self, frame: dict[str, Any]) -> None:
        try:
            await self._send(frame)
        except WebSocketDisconnect:
            return

    async def _close(self, code: int) -> None:
        try:
            await self._socket.close(code)
        except RuntimeError:
            return
