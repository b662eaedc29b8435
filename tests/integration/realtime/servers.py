"""Servers that a test may kill: PostgreSQL, Redis, and the application's own processes.

The ones of ``tests/conftest.py`` are shared by the whole suite and must stay up.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil

from tests.conftest import ROOT, free_port

START_S = 180.0


class Missing(Exception):
    """A program that this machine does not have."""


class RedisServer:
    """A Redis of our own, on one port for its whole life."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise Missing("没有安装 Redis")
        self._program = program
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        command = [self._program, "--port", str(self.port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b"eady to accept connections" in line:
                return
        raise AssertionError("Redis ended at its start")

    def kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None


class PostgresServer:
    """A PostgreSQL of our own, on one port and one data folder for its whole life."""

    def __init__(self) -> None:
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        initdb = found[-1] if found else shutil.which("initdb")
        if initdb is None:
            raise Missing("没有安装 PostgreSQL 服务器")
        self._programs = Path(initdb).parent
        self._folder = Path(tempfile.mkdtemp(prefix="lawbridge-pg-"))
        self.port = free_port()
        self.url = f"postgresql+psycopg://lawbridge@127.0.0.1:{self.port}/postgres"
        self.is_running = False
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            shutil.chown(self._folder, "postgres")
            self._folder.chmod(0o755)
            self._as_user = ["runuser", "-u", "postgres", "--"]
        self._run("initdb", "-U", "lawbridge", "--auth=trust", "-E", "UTF8", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
        subprocess.run(
            [*self._as_user, *command], check=True, capture_output=True, cwd=self._folder
        )

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = str(self._folder / "log")
        deadline = time.monotonic() + START_S
        while True:
            try:
                self._run("pg_ctl", "-w", "-l", log, "-o", options + str(self._folder), "start")
            except subprocess.CalledProcessError:
                # After a kill its children may hold the shared memory for another moment.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                self.is_running = True
                return

    def kill(self) -> None:
        """End the postmaster as a machine that loses its power would: no word, no check-point."""
        pid = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        postmaster = psutil.Process(pid)
        everyone = [postmaster, *postmaster.children()]
        for process in everyone:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(everyone, timeout=START_S)
        self.is_running = False

    def remove(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass
class Application:
    """One application process; after a kill it comes back at the same address."""

    folder: Path
    environment: Mapping[str, str]
    command: Sequence[str]
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.port}.log"

    def start(self) -> None:
        """Start without waiting, so that several come up at the same time."""
        settings = {
            "BOT_DATA_DIR": str(self.folder),
            "BOT_HOST": "127.0.0.1",
            "BOT_PORT": str(self.port),
            "BOT_ACTIONS_PORT": str(free_port()),
            # Nobody listens there: a chat with a person needs no Rasa.
            "BOT_RASA_URL": f"http://127.0.0.1:{free_port()}",
        }
        kept = {key: value for key, value in os.environ.items() if not key.startswith("BOT_")}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env={**kept, **settings, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        with httpx2.Client(timeout=2.0, trust_env=False) as http:
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    break
                with contextlib.suppress(httpx2.HTTPError):
                    if http.get(f"{self.url}/healthz").status_code == 200:
                        return
                time.sleep(0.05)
        raise AssertionError(f"the application did not start: {self.log.read_text()[-3000:]}")

    def kill(self) -> None:
        """``kill -9``."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def look_often(self, often: bool) -> None:
        """Make connections opened from now on look again in a moment, or not at all."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1 if often else signal.SIGUSR2)
