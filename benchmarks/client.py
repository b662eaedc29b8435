"""Visitors in a process of their own: they send what a job on stdin says and report each answer.

The job is one JSON object: ``channel`` (``web`` for the product, ``rest`` for bare Rasa), ``base``
(its address), ``clients`` and ``conversations`` (lists of messages). Each output line is one
message (``took_ms``, ``fault``); the last one holds ``wall_s``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2

TIMEOUT_S = 60.0
DEGRADED = "answered without Rasa"


class Talk(Protocol):
    """One conversation."""

    async def send(self, text: str) -> str:
        """Send one message; return what was wrong with the answer, or an empty string."""
        ...


@dataclass(frozen=True)
class WebTalk:
    """A visitor of the product's web channel."""

    http: httpx2.AsyncClient
    token: str

    @classmethod
    async def open(cls, http: httpx2.AsyncClient) -> WebTalk:
        response = await http.post("/api/web/sessions", json={})
        response.raise_for_status()
        return cls(http, response.json()["token"])

    async def send(self, text: str) -> str:
        response = await self.http.post(
            "/api/web/messages",
            json={"id": uuid.uuid4().hex, "text": text},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        if response.status_code != 200:
            return f"status {response.status_code}"
        answer = response.json()
        if not answer["messages"]:
            return "no answer"
        if answer["mode"] != "bot":
            # From then on a person is waited for and Rasa is not asked: no comparison.
            return f"mode {answer['mode']}"
        parts = [part for message in answer["messages"] for part in message["parts"]]
        degraded = any(p["type"] == "notice" and p.get("kind") == "warning" for p in parts)
        return DEGRADED if degraded else ""


@dataclass(frozen=True)
class RestTalk:
    """A sender on Rasa's own REST channel."""

    http: httpx2.AsyncClient
    sender: str

    async def send(self, text: str) -> str:
        response = await self.http.post(
            "/webhooks/rest/webhook", json={"sender": self.sender, "message": text}
        )
        if response.status_code != 200:
            return f"status {response.status_code}"
        return "" if response.json() else "no answer"


async def run(job: dict[str, Any]) -> None:
    """Carry out a job; conversations are opened before the clock starts."""
    clients = int(job["clients"])
    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx2.AsyncClient(
        base_url=job["base"], timeout=TIMEOUT_S, limits=limits, trust_env=False
    ) as http:
        waiting: deque[tuple[Talk, list[str]]] = deque()
        for messages in job["conversations"]:
            talk: Talk = (
                await WebTalk.open(http)
                if job["channel"] == "web"
                else RestTalk(http, uuid.uuid4().hex)
            )
            waiting.append((talk, messages))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(_visit(waiting))
        report({"wall_s": time.perf_counter() - started})


async def _visit(waiting: deque[tuple[Talk, list[str]]]) -> None:
    while waiting:
        talk, messages = waiting.popleft()
        for text in messages:
            started = time.perf_counter()
            try:
                fault = await talk.send(text)
            except httpx2.HTTPError as error:
                fault = type(error).__name__
            report({"took_ms": (time.perf_counter() - started) * 1000, "fault": fault})


def report(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    asyncio.run(run(json.load(sys.stdin)))
