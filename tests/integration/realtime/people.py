"""A citizen and a lawyer at their browsers: they come back with what they have and send again
what was not acknowledged, under the same id, as the widget and the desk do.

What arrives is kept exactly as it came, so that a repeat or a gap is seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import websockets

PASSWORD = "correct horse"
AGAIN_S = 0.05
LONGEST_WAIT_S = 40.0
DROPPED = (OSError, TimeoutError, websockets.WebSocketException, EOFError)

Frame = dict[str, Any]


async def until(condition: Callable[[], Any], timeout_s: float = LONGEST_WAIT_S) -> None:
    """Return when the condition is true; fail when it does not become so."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def words(message: Frame) -> str:
    return str(next((part["text"] for part in message["parts"] if part["type"] == "text"), ""))


@dataclass
class Person:
    """One browser: its live connection and what it has heard there."""

    url: str
    """Where it connects to; may change while it is away."""
    http: httpx2.AsyncClient
    messages: list[Frame] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    """Everything that is not a list of messages."""
    acknowledged: list[str] = field(default_factory=list)
    connections: int = 0
    socket: websockets.ClientConnection | None = None

    def said_by(self, sender: str) -> list[str]:
        return [words(message) for message in self.messages if message["sender"] == sender]

    def heard(self, kind: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["kind"] == kind]

    @property
    def cursor(self) -> int:
        return int(self.messages[-1]["id"]) if self.messages else 0

    async def stay_connected(self) -> None:
        """Connect, listen, and come back whenever the line is gone."""
        while True:
            with contextlib.suppress(*DROPPED):
                async with self.connect() as socket:
                    self.connections += 1
                    await self.greet(socket)
                    self.socket = socket
                    async for text in socket:
                        self.take(json.loads(text))
            self.socket = None
            await asyncio.sleep(AGAIN_S)

    def connect(self) -> websockets.connect:
        raise NotImplementedError

    async def greet(self, socket: websockets.ClientConnection) -> None:
        raise NotImplementedError

    def take(self, frame: Frame) -> None:
        if frame["kind"] == "messages":
            self.messages += frame["messages"]
        else:
            self.frames.append(frame)

    async def send(self, frame: Frame) -> None:
        """Send a frame that may be lost with the connection."""
        if self.socket is not None:
            with contextlib.suppress(*DROPPED):
                await self.socket.send(json.dumps(frame))

    async def keep_trying(self, attempt: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(LONGEST_WAIT_S):
            while not await attempt():
                await asyncio.sleep(AGAIN_S)


@dataclass
class Citizen(Person):
    token: str = ""
    conversation_id: str = ""
    mode: str = ""

    @classmethod
    async def arrive(cls, url: str, http: httpx2.AsyncClient) -> Citizen:
        answer = await http.post(f"{url}/api/web/sessions", json={})
        answer.raise_for_status()
        body = answer.json()
        return cls(url, http, token=body["token"], conversation_id=body["session"])

    def connect(self) -> websockets.connect:
        return websockets.connect(f"{self.url.replace('http', 'ws', 1)}/api/web/ws", proxy=None)

    async def greet(self, socket: websockets.ClientConnection) -> None:
        await socket.send(json.dumps({"token": self.token, "after": str(self.cursor)}))

    def take(self, frame: Frame) -> None:
        super().take(frame)
        self.mode = frame.get("mode", self.mode)

    async def post(self, client_id: str, text: str) -> httpx2.Response:
        return await self.http.post(
            f"{self.url}/api/web/messages",
            json={"id": client_id, "text": text},
            headers={"Authorization": f"Bearer {self.token}"},
        )

    async def ask_for_a_person(self) -> None:
        answer = await self.post("wants", "转人工")
        answer.raise_for_status()
        assert answer.json()["mode"] == "queued"

    async def say(self, client_id: str, text: str) -> None:
        """Send over the live connection until it is acknowledged."""

        async def attempt() -> bool:
            socket, told = self.socket, len(self.frames)
            await self.send({"kind": "message", "id": client_id, "text": text})
            # Once a connection: a repeat on the same one would only be answered twice.
            while socket is not None and self.socket is socket:
                for frame in self.frames[told:]:
                    if frame.get("id") == client_id:
                        return bool(frame["kind"] == "reply")
                await asyncio.sleep(0.002)
            return False

        await self.keep_trying(attempt)
        self.acknowledged.append(client_id)


@dataclass
class Lawyer(Person):
    cookie: str = ""
    watching: dict[str, int] = field(default_factory=dict)
    """Conversation -> the last message held of it."""

    @classmethod
    async def arrive(cls, url: str, http: httpx2.AsyncClient, login: str) -> Lawyer:
        answer = await http.post(
            f"{url}/desk/login", data={"login": login, "password": PASSWORD}, follow_redirects=False
        )
        assert answer.status_code == 303, answer.text
        cookie = answer.headers["set-cookie"].split(";")[0]
        # Each lawyer has a browser of his own: a sign-in would end the session that it replaces.
        http.cookies.clear()
        return cls(url, http, cookie=cookie)

    def connect(self) -> websockets.connect:
        return websockets.connect(
            f"{self.url.replace('http', 'ws', 1)}/api/desk/ws",
            additional_headers={"Cookie": self.cookie},
            proxy=None,
        )

    async def greet(self, socket: websockets.ClientConnection) -> None:
        for conversation_id, after in self.watching.items():
            frame = {"kind": "watch", "conversation_id": conversation_id, "after": after}
            await socket.send(json.dumps(frame))

    async def watch(self, conversation_id: str, after: int = 0) -> None:
        self.watching[conversation_id] = after
        await self.send({"kind": "watch", "conversation_id": conversation_id, "after": after})

    def take(self, frame: Frame) -> None:
        super().take(frame)
        if frame["kind"] == "messages":
            self.watching[frame["conversation_id"]] = int(frame["messages"][-1]["id"])

    async def post(
        self, conversation_id: str, action: str, body: Frame | None = None
    ) -> httpx2.Response:
        return await self.http.post(
            f"{self.url}/api/desk/conversations/{conversation_id}/{action}",
            json=body or {},
            headers={"Cookie": self.cookie, "X-Lawbridge": "desk"},
        )

    async def say(self, conversation_id: str, client_id: str, text: str) -> None:
        """Send over HTTP until it is acknowledged."""

        async def attempt() -> bool:
            try:
                answer = await self.post(
                    conversation_id, "messages", {"id": client_id, "text": text}
                )
            except httpx2.HTTPError:
                return False
            return answer.status_code == 200

        await self.keep_trying(attempt)
        self.acknowledged.append(client_id)


@contextlib.asynccontextmanager
async def connected(*people: Person) -> AsyncIterator[None]:
    """Keep these people connected until the block ends."""
    tasks = [asyncio.create_task(person.stay_connected()) for person in people]
    try:
        await until(lambda: all(person.connections for person in people))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
