"""Hundreds of citizens and dozens of lawyers at their live connections, in a process of their own.

The job comes as one JSON line on stdin. Each output line is one JSON object: ``opened`` counts
sockets, ``ready`` says that all are open; a line ``go`` on stdin starts the talk; ``sent`` counts
messages; ``result`` ends it.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import uvloop
import websockets

OPENING_AT_ONCE = 16
LAST_WORDS_S = 30.0
"""How long a message may still be under way at the end before it counts as lost."""
WORDS = (
    "公司从三月起一直没有发工资，老板说再等等，我手里有考勤表和转账记录",
    "房东不退押金，说墙上有钉子眼，合同里没有写这一条，现在联系不上他",
    "我和前夫的抚养费一直没有按判决付，孩子马上要上学了，可以申请执行吗",
    "在工地上摔伤了，包工头只付了医药费，工伤认定要准备哪些材料呢",
    "好的，谢谢",
    "那要多久能有结果？",
)


@dataclass
class Talk:
    """What was said when, and who has seen it how often."""

    every_s: float
    seconds: float
    warm_up_s: float
    dice: random.Random
    said: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    seen: dict[str, list[float]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    started: float = 0.0

    def result(self) -> dict[str, Any]:
        """Return latencies after the warm-up in ms, and every message lost or shown twice."""
        from_s = self.started + self.warm_up_s
        counted = {key: at for key, at in self.said.items() if at >= from_s}
        return {
            "shown_ms": [
                round((self.seen[key][0] - at) * 1000, 3)
                for key, at in counted.items()
                if key in self.seen
            ],
            "acknowledged_ms": [
                round((self.acknowledged[key] - at) * 1000, 3)
                for key, at in counted.items()
                if key in self.acknowledged
            ],
            "sent": len(self.said),
            "lost": sum(key not in self.seen for key in self.said),
            "repeated": sum(len(times) > 1 for times in self.seen.values()),
            "refused": self.refused,
        }


async def citizen(
    talk: Talk, number: int, url: str, token: str, opened: asyncio.Event, go: asyncio.Event
) -> None:
    async with websockets.connect(url, proxy=None, ping_interval=None) as socket:
        await socket.send(json.dumps({"token": token, "after": 0}))
        await socket.recv()
        opened.set()
        listening = asyncio.create_task(_hear_replies(talk, socket))
        await go.wait()
        count, ends = 0, talk.started + talk.seconds
        await asyncio.sleep(talk.dice.uniform(0, talk.every_s))
        while time.perf_counter() < ends:
            key = f"{number}-{count}"
            text = f"〔{key}〕{talk.dice.choice(WORDS)}"
            frame = json.dumps({"kind": "message", "id": key, "text": text}, ensure_ascii=False)
            talk.said[key] = time.perf_counter()
            await socket.send(frame)
            count += 1
            pause = talk.dice.expovariate(1 / talk.every_s)
            await asyncio.sleep(min(pause, max(0.0, ends - time.perf_counter())))
        await _until_seen(talk)
        listening.cancel()


async def _hear_replies(talk: Talk, socket: websockets.ClientConnection) -> None:
    async for text in socket:
        frame = json.loads(text)
        if frame["kind"] == "reply":
            talk.acknowledged[frame["id"]] = time.perf_counter()
        elif frame["kind"] == "error":
            talk.refused[frame["code"]] = talk.refused.get(frame["code"], 0) + 1


async def lawyer(
    talk: Talk, url: str, cookie: str, chats: list[str], opened: asyncio.Event, go: asyncio.Event
) -> None:
    async with websockets.connect(
        url, additional_headers={"Cookie": cookie}, proxy=None, ping_interval=None
    ) as socket:
        for conversation_id in chats:
            frame = {"kind": "watch", "conversation_id": conversation_id, "after": 0}
            await socket.send(json.dumps(frame))
        unheard = set(chats)
        listening = asyncio.create_task(_hear_citizens(talk, socket, unheard, opened))
        await go.wait()
        await asyncio.sleep(talk.seconds)
        await _until_seen(talk)
        listening.cancel()


async def _hear_citizens(
    talk: Talk, socket: websockets.ClientConnection, unheard: set[str], opened: asyncio.Event
) -> None:
    async for text in socket:
        now = time.perf_counter()
        frame = json.loads(text)
        if frame["kind"] != "messages":
            continue
        unheard.discard(frame["conversation_id"])
        if not unheard:
            opened.set()
        for message in frame["messages"]:
            words = str(message["parts"][0].get("text", ""))
            if message["sender"] == "visitor" and words.startswith("〔"):
                talk.seen.setdefault(words[1 : words.index("〕")], []).append(now)


async def _until_seen(talk: Talk) -> None:
    deadline = talk.started + talk.seconds + LAST_WORDS_S
    while time.perf_counter() < deadline and len(talk.seen) < len(talk.said):
        await asyncio.sleep(0.2)


async def run(job: dict[str, Any]) -> None:
    """Open every socket, talk, and report."""
    dice = random.Random(job["seed"])
    talk = Talk(job["every_s"], job["seconds"], job["warm_up_s"], dice)
    go, gate = asyncio.Event(), asyncio.Semaphore(OPENING_AT_ONCE)
    count = 0

    async def open_one(opened: asyncio.Event, task: asyncio.Task[None]) -> None:
        nonlocal count
        waiting = asyncio.create_task(opened.wait())
        await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        count += 1
        report({"opened": count})

    async with asyncio.TaskGroup() as group:

        async def start(serve: Any, *arguments: Any) -> None:
            async with gate:
                opened = asyncio.Event()
                await open_one(opened, group.create_task(serve(talk, *arguments, opened, go)))

        async with asyncio.TaskGroup() as opening:
            for number, (url, token) in enumerate(job["citizens"]):
                opening.create_task(start(citizen, number, url, token))
            for url, cookie, chats in job["lawyers"]:
                opening.create_task(start(lawyer, url, cookie, chats))
        report({"ready": True})
        await asyncio.to_thread(sys.stdin.readline)
        talk.started = time.perf_counter()
        go.set()
        counting = group.create_task(_count(talk))
        await asyncio.sleep(talk.seconds)
        counting.cancel()
    report({"result": talk.result()})


async def _count(talk: Talk) -> None:
    while True:
        await asyncio.sleep(1.0)
        report({"sent": len(talk.said)})


def report(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
