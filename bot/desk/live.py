"""The desk's live connection: the queue as it changes, and the messages of watched conversations.

Events are only hints; each makes the connection read the store, so nothing is lost or repeated.
A browser that comes back names, for each conversation, the last message it has. Every read looks
the session up in the same breath, so that a revoked one sees nothing more.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi.encoders import jsonable_encoder
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.bus import QUEUE_TOPIC, Bus, Event, conversation_topic
from bot.desk.schemas import Watch
from bot.desk.service import DeskService
from bot.domain.conversation import Mode, Sender
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
WORDS_SETTLE_S = 5.0
"""Words in a watched conversation are on the screen already; their line in the list may follow."""
MOST_WATCHED = 50
FULL_PAGE = 50
"""No page of the store is shorter; from so many messages on there may be more."""
FRAME = 5
"""Messages sent together: over a line that breaks off again and again, some must get through."""
VIEWS_AT_ONCE = 2
"""A view of the queue reads much; forty at once would keep the messages waiting."""
_views: RunVar[CapacityLimiter] = RunVar("desk_views")

_CHANGES = frozenset({"note", "receipt", "guests", "delivery"})
"""Events after which the browser reads the conversation's view again."""


def typing_event(conversation_id: str, person: Staff) -> Event:
    """Return the event that tells the visitor and colleagues that a lawyer writes."""
    return {
        "kind": "typing",
        "sender": "lawyer",
        "conversation_id": conversation_id,
        "staff_id": person.id,
        "name": person.name,
    }


class DeskConnection:
    """Serves one WebSocket until either side leaves or the session ends."""

    def __init__(self, socket: WebSocket, desk: DeskService, guard: StaffGuard, bus: Bus) -> None:
        self._socket = socket
        self._desk = desk
        self._guard = guard
        self._bus = bus
        self._sending = asyncio.Lock()
        self._changed = asyncio.Event()
        self._mine: frozenset[str] = frozenset()
        self._meanwhile: set[str] | None = None
        """Conversations with new words since the view that is being read was begun."""
        self._later: asyncio.TimerHandle | None = None
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
            asyncio.create_task(self._follow_queue(person)),
            asyncio.create_task(self._push_queue()),
            asyncio.create_task(self._look_again()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._later is not None:
                self._later.cancel()
            everything = [*tasks, *self._watched.values()]
            for task in everything:
                task.cancel()
            # Not gather: a cancellation that comes while waiting must pass on as it came.
            await asyncio.wait(everything)
        failures = [task.exception() for task in everything if not task.cancelled()]
        for failure in failures:
            if failure is not None:
                raise failure

    async def _follow_queue(self, person: Staff) -> None:
        async with self._bus.subscribe(QUEUE_TOPIC) as events:
            # Subscribed first, read second: no change in between is missed.
            self._changed.set()
            async for event in events:
                if event.get("kind") == "looking":
                    await self._pass_on(event, person)
                else:
                    self._note(event)

    def _note(self, event: Event) -> None:
        """Have the queue read again when the event may have changed how it looks here."""
        spoken = event.get("sender") in (Sender.VISITOR, Sender.LAWYER)
        if not spoken or event.get("mode") != Mode.HUMAN:
            self._changed.set()
            return
        # Somebody said something in a conversation that has its lawyer: of forty it concerns one.
        # While a view is being read it is not known yet whose it is.
        conversation_id = str(event.get("conversation_id"))
        if self._meanwhile is None:
            self._note_words(conversation_id)
        else:
            self._meanwhile.add(conversation_id)

    def _note_words(self, conversation_id: str) -> None:
        if conversation_id not in self._mine:
            return
        if conversation_id not in self._watched:
            self._changed.set()
        elif self._later is None:
            pause_s = _within(WORDS_SETTLE_S)
            self._later = asyncio.get_running_loop().call_later(pause_s, self._changed.set)

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(_within(LOOK_AGAIN_S))
            self._changed.set()

    async def _push_queue(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._later is not None:
                self._later.cancel()
                self._later = None
            await self._send({"kind": "queue", **await self._view()})
            await asyncio.sleep(SETTLE_S)

    async def _view(self) -> dict[str, Any]:
        meanwhile = self._meanwhile = set()
        view = await to_thread.run_sync(self._queue, limiter=_view_limiter())
        self._mine = frozenset(entry["id"] for entry in view["mine"])
        self._meanwhile = None
        for conversation_id in meanwhile:
            self._note_words(conversation_id)
        return view

    def _queue(self) -> dict[str, Any]:
        """Read the queue, in one thread with the session and the encoding."""
        person = self._guard.signed_in(self._socket)
        view: dict[str, Any] = jsonable_encoder(self._desk.queue(person))
        return view

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
            await to_thread.run_sync(self._desk.typing, conversation_id, person)
            event = typing_event(conversation_id, person)
            await self._bus.publish(conversation_topic(conversation_id), event)
            return
        if frame.kind == "look":
            await to_thread.run_sync(self._desk.may_read, conversation_id, person)
            event = {**typing_event(conversation_id, person), "kind": "looking"}
            await self._bus.publish(QUEUE_TOPIC, event)
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
                while True:
                    event = await _next(events)
                    kind = event.get("kind")
                    if kind == "typing":
                        if event.get("sender") == "visitor":
                            await self._send({"kind": "typing", "conversation_id": conversation_id})
                        else:
                            await self._pass_on(event, await self._person())
                        continue
                    if kind == "receipt" and event.get("sender") == "lawyer":
                        continue
                    if kind in _CHANGES:
                        await self._send({"kind": "changed", "conversation_id": conversation_id})
                    after = await self._push_messages(conversation_id, after)
        except (NotFound, Forbidden):
            # Handed back, closed, or erased by the visitor: no longer this lawyer's to read.
            if self._watched.get(conversation_id) is asyncio.current_task():
                del self._watched[conversation_id]
            await self._send_quietly({"kind": "ended", "conversation_id": conversation_id})
        except NotSignedIn:
            await self._close(NOT_SIGNED_IN)
        except LawbridgeError as error:
            # A watch must not end unnoticed: the browser comes back and takes all of them up.
            await self._send_quietly(
                {"kind": "error", "code": error.code, "sentence": error.detail}
            )
            await self._close(TRY_AGAIN)
        except WebSocketDisconnect:
            return

    async def _pass_on(self, event: Event, person: Staff) -> None:
        """Show what a colleague does; one's own doing is no news."""
        if event.get("staff_id") not in (None, person.id):
            shown = ("kind", "conversation_id", "sender", "name")
            await self._send({name: event[name] for name in shown if name in event})

    async def _push_messages(self, conversation_id: str, after: int) -> int:
        while True:
            found = await to_thread.run_sync(self._news, conversation_id, after)
            if not found:
                return after
            frame = {"kind": "messages", "conversation_id": conversation_id}
            for first in range(0, len(found), FRAME):
                part = list(found[first : first + FRAME])
                await self._send({**frame, "messages": part})
                after = int(part[-1]["id"])
            if len(found) < FULL_PAGE:
                return after

    def _news(self, conversation_id: str, after: int) -> tuple[dict[str, Any], ...]:
        """Read what is new, in one thread with the session."""
        person = self._guard.signed_in(self._socket)
        return self._desk.news(conversation_id, person, after)

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


async def _next(events: AsyncIterator[Event]) -> Event:
    """Return the next event, or an empty one when it is time to look again."""
    try:
        async with asyncio.timeout(_within(LOOK_AGAIN_S)):
            return await anext(events)
    except TimeoutError:
        return {}


def _view_limiter() -> CapacityLimiter:
    """Return what this event loop's desks share."""
    try:
        return _views.get()
    except LookupError:
        limiter = CapacityLimiter(VIEWS_AT_ONCE)
        _views.set(limiter)
        return limiter


def _within(longest_s: float) -> float:
    """Return a pause up to so long: hundreds of connections must not all read in one moment."""
    return longest_s * random.uniform(0.5, 1.0)
