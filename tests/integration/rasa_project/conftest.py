"""A real Rasa server with the repository's own model, and the small action server beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.conftest import ROOT, free_port, missing
from tests.integration.rasa_project.action_server import ActionServer

RASA = ROOT / ".venv-rasa" / "bin" / "rasa"
SOURCES = ("config.yml", "domain.yml", "nlu_data", "bot/rasa_ext")
START_TIMEOUT_S = 180
TRAIN_TIMEOUT_S = 600
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PYTHONWARNINGS": "ignore::DeprecationWarning",
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Rasa:
    """A running server, with what it wrote to its log."""

    url: str
    log: Path
    database: Path

    def say(self, sender: str, text: str) -> list[dict[str, Any]]:
        """Send one message and return the structured replies, in order."""
        answer = httpx2.post(
            f"{self.url}/webhooks/rest/webhook",
            json={"sender": sender, "message": text},
            timeout=30,
        )
        answer.raise_for_status()
        return [message["custom"] for message in answer.json()]

    def said(self, sender: str, text: str) -> list[str]:
        """Send one message and return the names of the actions that replied."""
        return [reply["action"] for reply in self.say(sender, text)]

    def tracker(self, sender: str) -> dict[str, Any]:
        """Return the conversation as Rasa sees it."""
        answer = httpx2.get(f"{self.url}/conversations/{sender}/tracker", timeout=30)
        answer.raise_for_status()
        tracker: dict[str, Any] = answer.json()
        return tracker

    def open_form(self, sender: str) -> str | None:
        """Return the name of the form that is open, if any."""
        name: str | None = self.tracker(sender)["active_loop"].get("name")
        return name

    def intent(self, text: str) -> str:
        """Return the intent of a text, without a conversation."""
        answer = httpx2.post(f"{self.url}/model/parse", json={"text": text}, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["intent"]["name"])


def environment() -> dict[str, str]:
    """Return this process's environment, with Rasa's telemetry and warnings off."""
    return {**os.environ, **QUIET}


@pytest.fixture(scope="session")
def rasa_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the newest model in models/, or train one where that is older than its sources."""
    if not RASA.exists():
        missing("没有 Rasa 环境（.venv-rasa），跳过对话测试")
    changed = max(
        file.stat().st_mtime
        for name in SOURCES
        for file in [ROOT / name, *(ROOT / name).rglob("*.yml"), *(ROOT / name).rglob("*.py")]
    )
    models = sorted((ROOT / "models").glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    if models and models[-1].stat().st_mtime > changed:
        return models[-1]
    folder = tmp_path_factory.mktemp("models")
    subprocess.run(
        [RASA, "train", "--quiet", "--out", str(folder)],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        timeout=TRAIN_TIMEOUT_S,
    )
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="session")
def action_names() -> list[str]:
    """Return every action that domain.yml names."""
    names: list[str] = yaml.safe_load((ROOT / "domain.yml").read_text("utf-8"))["actions"]
    return names


@pytest.fixture
def actions(action_names: list[str], running_rasa: tuple[Rasa, int]) -> Iterator[ActionServer]:
    """Serve the actions, for one test, on the port that the running Rasa calls."""
    server = ActionServer(action_names, running_rasa[1])
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def running_rasa(
    rasa_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Rasa, int]]:
    """Start Rasa once for all tests; each test uses senders of its own."""
    folder = tmp_path_factory.mktemp("rasa")
    port, action_port = free_port(), free_port()
    endpoints = yaml.safe_load((ROOT / "endpoints.yml").read_text("utf-8"))
    endpoints["action_endpoint"]["url"] = f"http://127.0.0.1:{action_port}/webhook"
    endpoints["tracker_store"]["db"] = str(folder / "new" / "tracker.db")
    (folder / "endpoints.yml").write_text(yaml.safe_dump(endpoints), "utf-8")
    rasa = Rasa(f"http://127.0.0.1:{port}", folder / "log", folder / "new" / "tracker.db")
    command = [
        *(str(RASA), "run", "--quiet", "--enable-api", "-i", "127.0.0.1", "-p", str(port)),
        *("--model", str(rasa_model), "--credentials", "credentials.yml"),
        *("--endpoints", str(folder / "endpoints.yml")),
    ]
    with rasa.log.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until_ready(rasa, process)
        yield rasa, action_port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_ready(rasa: Rasa, process: subprocess.Popen[bytes]) -> None:
    """Return when the model is loaded; raise when the server dies or takes too long."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"Rasa ended: {rasa.log.read_text('utf-8')[-2000:]}")
        try:
            if httpx2.get(f"{rasa.url}/status", timeout=2).status_code == httpx2.codes.OK:
                return
        except httpx2.TransportError:
            time.sleep(0.2)  # the port is not open yet
    raise TimeoutError(f"Rasa was not ready within {START_TIMEOUT_S} s")


@pytest.fixture
def rasa(running_rasa: tuple[Rasa, int]) -> Rasa:
    """Return the running server."""
    return running_rasa[0]
