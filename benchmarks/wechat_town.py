"""The product with one official account between the platform's stand-in and a real Rasa.

Rasa is started once; what stands before it can keep every message back. The product runs as
``bot up`` does, on data of its own each time.
"""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import psutil

from benchmarks.wechat_screens import Kept, look
from bot import rasa_server
from bot.core import make_store
from bot.rasa_server import RasaPlan
from bot.settings import ROOT, Settings
from bot.store.unit import Store
from bot.supervisor import free_port
from tests.live import LiveApp, running
from tests.platform import HttpTransport, Platform, Registration, standing_in

PUBLIC = "https://12348.example.cn"
RASA_WITHIN_S = 180.0
IDLE_SHARE = 0.15
"""Of one core: below it Rasa has nothing left to do."""
FORWARD_S = 60.0
_FAULT = re.compile(r'"(?:level)": ?"(?:error|warning)"')
_EVENT = re.compile(r'"event": ?"([a-z_]+)"')


class Rasa:
    """One Rasa server, and what stands before it: ``delay_s`` is how long a message is kept back.

    A message that is kept back uses no processor, unlike one that waits for others.
    """

    def __init__(self, folder: Path) -> None:
        self.delay_s = 0.0
        self.actions_port = free_port()
        settings = Settings()
        self._plan = RasaPlan(
            ROOT, settings.rasa_venv, folder, free_port(), self.actions_port,
            rasa_server.model_path(ROOT),
        )  # fmt: skip
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _forwarding_to(self))
        self._server.daemon_threads = True
        self.slow_url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._plan.port}"

    @property
    def port(self) -> int:
        return self._plan.port

    @contextmanager
    def running(self) -> Iterator[None]:
        """Train if need be, and serve until the block ends."""
        rasa_server.train(self._plan)
        self._process = rasa_server.start(self._plan)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            ends = time.monotonic() + RASA_WITHIN_S
            while not self._answers():
                if time.monotonic() > ends or self._process.poll() is not None:
                    raise RuntimeError("Rasa 没有启动")
                time.sleep(0.2)
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            rasa_server.stop(self._process)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/webhooks/rest/", timeout=2.0).status_code == 200
        except httpx2.HTTPError:
            return False

    def cpu_s(self) -> float:
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system)

    def until_idle(self, within_s: float = 120.0) -> None:
        """Wait until it has done what was asked of it by products that are no more."""
        ends, before = time.monotonic() + within_s, self.cpu_s()
        while time.monotonic() < ends:
            time.sleep(1.0)
            now = self.cpu_s()
            if now - before < IDLE_SHARE:
                return
            before = now


def _forwarding_to(rasa: Rasa) -> type[BaseHTTPRequestHandler]:
    class Forward(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._forward("GET", b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(rasa.delay_s)
            self._forward("POST", body)

        def _forward(self, method: str, body: bytes) -> None:
            line = http.client.HTTPConnection("127.0.0.1", rasa.port, timeout=FORWARD_S)
            try:
                line.request(method, self.path, body, {"Content-Type": "application/json"})
                answer = line.getresponse()
                said, status = answer.read(), answer.status
            except (OSError, http.client.HTTPException):
                said, status = b"", 502
            finally:
                line.close()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                pass  # who asked has stopped waiting

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Forward


@dataclass(frozen=True)
class Town:
    """A product that serves, its official account, and the platform before it."""

    app: LiveApp
    platform: Platform
    store: Store
    rasa: Rasa

    def look(self) -> Kept:
        return look(self.store)

    def kill(self) -> None:
        """Kill the application; the supervisor starts it again."""
        self.app.children()["application"].kill()

    def cpu_s(self) -> float:
        """Return the processor seconds of the application that runs now."""
        found = self.app.children().get("application")
        used = found.cpu_times() if found is not None else None
        return float(used.user + used.system) if used is not None else 0.0

    def faults(self) -> dict[str, int]:
        """Count the warnings and errors in the log, by what they are called."""
        found: Counter[str] = Counter()
        for line in self.app.log.read_text(encoding="utf-8", errors="replace").splitlines():
            if _FAULT.search(line) and (event := _EVENT.search(line)):
                found[event[1]] += 1
            elif "Traceback" in line:
                found["traceback"] += 1
        return dict(found)


@contextmanager
def town(
    folder: Path,
    rasa: Rasa,
    *,
    has_customer_service: bool,
    rasa_timeout_s: float = 0.0,
    retry_pause_s: float = 0.0,
    database_url: str = "",
) -> Iterator[Town]:
    """Run a product on fresh data until the block ends; ``rasa_timeout_s`` 0 is its default.

    Without ``database_url`` it keeps its data in SQLite.
    """
    registration = Registration(has_customer_service=has_customer_service)
    with standing_in(registration) as platform:
        platform.retry_pause_s = retry_pause_s
        settings = {
            "BOT_RASA_URL": rasa.slow_url if rasa.delay_s else rasa.url,
            "BOT_ACTIONS_PORT": str(rasa.actions_port),
            "BOT_PUBLIC_URL": PUBLIC,
            "BOT_WECHAT__APP_ID": registration.app_id,
            "BOT_WECHAT__TOKEN": registration.token,
            "BOT_WECHAT__AES_KEY": registration.aes_key,
            "BOT_WECHAT__SECRET": registration.secret,
            "BOT_WECHAT__ORIGINAL_ID": registration.original_id,
            "BOT_WECHAT__CUSTOMER_SERVICE": str(has_customer_service).lower(),
            "BOT_WECHAT__API_URL": platform.url,
            "BOT_DATABASE_URL": database_url,
        }
        if rasa_timeout_s:
            settings["BOT_RASA_TIMEOUT_S"] = str(rasa_timeout_s)
        with running(folder, **settings) as app:
            platform.connect(HttpTransport(app.url))
            store = make_store(Settings(data_dir=folder, database_url=database_url))
            try:
                yield Town(app, platform, store, rasa)
            finally:
                store.engine.dispose()
