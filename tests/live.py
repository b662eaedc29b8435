"""A whole running product for tests: supervisor, application and Rasa on free ports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil

from tests.conftest import ROOT, free_port

READY_TIMEOUT_S = 180.0


@dataclass
class LiveApp:
    """Addresses and files of one running product."""

    data_dir: Path
    port: int
    rasa_port: int
    actions_port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def staff_login(self) -> str:
        return self._first_login()[1]

    @property
    def staff_password(self) -> str:
        return self._first_login()[3]

    @property
    def log(self) -> Path:
        return self.data_dir / "up.log"

    def _first_login(self) -> list[str]:
        # "登录名 admin  密码 …"
        return (self.data_dir / "first-login.txt").read_text(encoding="utf-8").split()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "up"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"bot up ended: {self.log.read_text()[-3000:]}")
            if self.is_ready():
                return
            self.process.poll()
            _pause(0.1)
        raise AssertionError(f"not ready in time: {self.log.read_text()[-3000:]}")

    def is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def children(self) -> dict[str, psutil.Process]:
        """Return the application's and Rasa's processes by name."""
        found = {}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                command = " ".join(child.cmdline())
            except psutil.Error:
                continue  # it has just ended
            if "bot serve" in command:
                found["application"] = child
            elif "rasa run" in command:
                found.setdefault("rasa", child)
        return found

    def visitor(self) -> Visitor:
        return Visitor(self.url)


class Visitor:
    """A visitor of the web channel over HTTP."""

    def __init__(self, url: str) -> None:
        answer = httpx2.post(f"{url}/api/web/sessions", json={"consent": "2026-11"}, timeout=10)
        answer.raise_for_status()
        body = answer.json()
        self.session: str = body["session"]
        self.token: str = body["token"]
        self._client = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {self.token}"}, timeout=20
        )
        self._sent = 0

    def say(self, words: str, client_id: str | None = None, **extra: Any) -> dict[str, Any]:
        self._sent += 1
        body = {"id": client_id or f"m{self._sent}", "text": words, **extra}
        answer = self._client.post("/api/web/messages", json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def tap(self, button: str, label: str = "") -> dict[str, Any]:
        return self.say(label, button=button)

    def continuation_code(self) -> str:
        """Return a code by which the conversation goes on on another device."""
        answer = self._client.post("/api/web/continuations")
        answer.raise_for_status()
        return str(answer.json()["code"])

    def hear(self, after: int = 0) -> dict[str, Any]:
        answer = self._client.get("/api/web/messages", params={"after": after})
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def words_of(reply: dict[str, Any]) -> str:
    """Return all visible strings of a reply."""

    def strings(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for inner in value.values():
                yield from strings(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from strings(inner)

    return "\n".join(strings([message["parts"] for message in reply["messages"]]))


@contextmanager
def running(data_dir: Path, **settings: str) -> Iterator[LiveApp]:
    """Run the product on its own data until the block ends."""
    ports = [free_port() for _ in range(3)]
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("BOT_")},
        "BOT_DATA_DIR": str(data_dir),
        "BOT_PORT": str(ports[0]),
        "BOT_RASA_PORT": str(ports[1]),
        "BOT_ACTIONS_PORT": str(ports[2]),
        "BOT_INDEX_DIR": str(ROOT / "var" / "index"),
        "BOT_LIMITS__SESSIONS_PER_ADDRESS": "10000/minute",
        "BOT_LIMITS__MESSAGES_PER_ADDRESS": "100000/minute",
        "BOT_LIMITS__MESSAGES_PER_VISITOR": "10000/minute",
        **settings,
    }
    app = LiveApp(data_dir, ports[0], ports[1], ports[2], environment)
    app.start()
    try:
        app.wait_ready()
        yield app
    finally:
        app.stop()


def _pause(seconds: float) -> None:
    # Waiting for another process to come up; no result depends on how long this is.
    time.sleep(seconds)


def until(condition: Any, timeout_s: float = 30.0) -> Any:
    """Return the first true value of ``condition``; fail after ``timeout_s`` seconds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        _pause(0.05)
    raise AssertionError("the condition did not come true in time")


APPLICATION = (
    "我自己",
    "讨要工资",
    "张小明",
    "11010519491231002X",
    "13800138000",
    "云南省昆明市官渡区",
    "暂不填",
    "城东建筑公司",
    "工地老板拖欠我三个月工资一共两万四千元，没有签合同。",
    "要回工资两万四千元",
    "暂时没有",
    "没有",
    "农民工",
    "同意",
)
"""A migrant worker's answers to the questions of the application, in their order."""
