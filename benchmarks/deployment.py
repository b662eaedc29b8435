"""A deployment of its own to measure: ``bot up`` on free ports with a temporary data folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from bot.supervisor import free_port

ROOT = Path(__file__).resolve().parent.parent
FIRST_START_S = 600.0
"""The first start may train Rasa and build the index."""
UNLIMITED = "1000000/second"
STOP_S = 30.0


class StartFailed(Exception):
    """The deployment did not become ready; the message ends with its last output."""


@dataclass(frozen=True)
class StartTimes:
    """Seconds from the command to an answer."""

    rasa_s: float
    ready_s: float


@dataclass(frozen=True)
class Running:
    """A deployment that is ready."""

    process: subprocess.Popen[bytes]
    app_url: str
    rasa_url: str
    times: StartTimes

    def cpu_s(self) -> float:
        """Return the processor seconds all its processes have used so far."""
        top = psutil.Process(self.process.pid)
        times = [p.cpu_times() for p in (top, *top.children(recursive=True))]
        return float(sum(t.user + t.system for t in times))

    def memory_mb(self) -> dict[str, float]:
        """Return the resident memory of each process in MB, by what it does."""
        top = psutil.Process(self.process.pid)
        found: dict[str, float] = {}
        for process in (top, *top.children(recursive=True)):
            name = _role(process.cmdline())
            found[name] = found.get(name, 0.0) + process.memory_info().rss / 1e6
        return found


def _role(command: list[str]) -> str:
    if "rasa" in command:
        return "rasa"
    return "application" if "serve" in command else "supervisor"


@dataclass(frozen=True)
class Site:
    """Where a deployment lives; it may be started more than once."""

    data_dir: Path
    port: int
    rasa_port: int
    actions_port: int

    @classmethod
    def in_folder(cls, folder: Path) -> Site:
        return cls(folder, free_port(), free_port(), free_port())

    def environment(self) -> dict[str, str]:
        """Return the environment, rate limits lifted; empty values undo a ``.env`` file."""
        return {
            **os.environ,
            "BOT_DATA_DIR": str(self.data_dir),
            "BOT_HOST": "127.0.0.1",
            "BOT_PORT": str(self.port),
            "BOT_RASA_PORT": str(self.rasa_port),
            "BOT_ACTIONS_PORT": str(self.actions_port),
            "BOT_DATABASE_URL": "",
            "BOT_REDIS_URL": "",
            "BOT_RASA_URL": "",
            "BOT_LOG_LEVEL": "WARNING",
            "BOT_LIMITS__SESSIONS_PER_ADDRESS": UNLIMITED,
            "BOT_LIMITS__MESSAGES_PER_VISITOR": UNLIMITED,
            "BOT_LIMITS__MESSAGES_PER_ADDRESS": UNLIMITED,
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[Running]:
        """Start, yield when ready, stop.

        Raises:
            StartFailed: it ended or took too long.
        """
        log = self.data_dir / "bench.log"
        started = time.perf_counter()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", "up"],
                cwd=ROOT,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            app_url, rasa_url = (f"http://127.0.0.1:{p}" for p in (self.port, self.rasa_port))
            rasa_s = self._until(f"{rasa_url}/webhooks/rest/", process, started)
            ready_s = self._until(f"{app_url}/readyz", process, started)
            yield Running(process, app_url, rasa_url, StartTimes(rasa_s, ready_s))
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def last_words(self) -> str:
        """Return the end of what ``bot up`` and Rasa wrote."""
        found = []
        for name in ("bench.log", "rasa/rasa.log"):
            path = self.data_dir / name
            if path.exists():
                lines = path.read_text("utf-8", "replace").strip().splitlines()[-12:]
                found += [f"--- {name}", *lines]
        return "\n".join(found)

    def _until(self, url: str, process: subprocess.Popen[bytes], started: float) -> float:
        with httpx2.Client(timeout=2.0, trust_env=False) as http:
            while True:
                took = time.perf_counter() - started
                if process.poll() is not None or took > FIRST_START_S:
                    raise StartFailed(f"bot up did not become ready:\n{self.last_words()}")
                with contextlib.suppress(httpx2.HTTPError):
                    if http.get(url).status_code == 200:
                        return time.perf_counter() - started
                time.sleep(0.05)
