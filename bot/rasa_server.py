"""Train, start and stop the Rasa server as a child process bound to loopback."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

INPUTS = ("config.yml", "domain.yml", "nlu_data/**/*.yml", "bot/rasa_ext/*.py")


class RasaMissing(Exception):
    """The Rasa environment or a trained model is not there; the message says what to do."""


@dataclass(frozen=True)
class RasaPlan:
    """Where one Rasa server lives."""

    root: Path
    venv: Path
    data_dir: Path
    port: int
    actions_port: int
    model: Path
    """Named after what it is trained from, at the moment the plan was made: a server that is
    started again loads the same model even when the examples have been edited since."""

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"


def model_path(root: Path) -> Path:
    return root / "models" / f"lawbridge-{content_hash(root)}.tar.gz"


def content_hash(root: Path) -> str:
    """Return a short hash of everything the model is trained from."""
    digest = hashlib.sha256()
    for pattern in INPUTS:
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def train(plan: RasaPlan) -> bool:
    """Train when no model fits the present inputs; say whether training was needed.

    Raises:
        RasaMissing: the environment is not there or training failed.
    """
    if plan.model.exists():
        return False
    _require_environment(plan)
    plan.model.parent.mkdir(exist_ok=True)
    command = [
        str(plan.python), "-m", "rasa", "train", "--data", "nlu_data",
        "--fixed-model-name", plan.model.name.removesuffix(".tar.gz"), "--out", "models", "--quiet",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=plan.root, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not plan.model.exists():
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise RasaMissing(f"Rasa 训练失败：\n{tail}")
    for old in plan.model.parent.glob("lawbridge-*.tar.gz"):
        if old != plan.model:
            old.unlink(missing_ok=True)
    return True


def start(plan: RasaPlan) -> subprocess.Popen[bytes]:
    """Start the server; it dies with this process on Linux, whatever kills it.

    Raises:
        RasaMissing: the environment or the model is not there.
    """
    _require_environment(plan)
    if not plan.model.exists():
        raise RasaMissing("还没有训练好的 Rasa 模型，请先运行 make run。")
    run_dir = plan.data_dir / "rasa"
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    endpoints = run_dir / "endpoints.yml"
    endpoints.write_text(yaml.safe_dump(_endpoints(plan), allow_unicode=True), encoding="utf-8")
    log = (run_dir / "rasa.log").open("ab")
    command = [
        str(plan.python), "-m", "rasa", "run", "--interface", "127.0.0.1",
        "--port", str(plan.port), "--model", str(plan.model),
        "--endpoints", str(endpoints), "--credentials", "credentials.yml",
        "--quiet", "--logging-config-file", "bot/rasa_ext/logging.yml",
    ]  # fmt: skip
    with log:
        return subprocess.Popen(
            command,
            cwd=plan.root,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )


def stop(process: subprocess.Popen[bytes], grace_s: float = 8.0) -> None:
    """End a child politely, then for certain."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends (prctl PR_SET_PDEATHSIG)."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _require_environment(plan: RasaPlan) -> None:
    if not plan.python.exists():
        raise RasaMissing(f"没有找到 Rasa 的环境 {plan.venv}，请先运行 make setup。")


FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""glibc keeps freed memory apart for each thread; with dozens of threads that doubles a process."""
ONE_AT_A_TIME = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Many questions at once fill the cores; threads inside each would only wait for one another."""


def _environment() -> Mapping[str, str]:
    quiet = {
        **FEW_ARENAS,
        **ONE_AT_A_TIME,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "",
        "RASA_TELEMETRY_ENABLED": "false",
        # Two trainings at once would fight over Rasa's cache, and ours takes seconds anyway.
        "RASA_MAX_CACHE_SIZE": "0",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
        "TF_NUM_INTRAOP_THREADS": "1",
        "SANIC_WORKERS": "1",
    }
    return {**os.environ, **quiet}


def _endpoints(plan: RasaPlan) -> dict[str, Any]:
    """Return the project's endpoints with this server's own ports and files."""
    text = (plan.root / "endpoints.yml").read_text(encoding="utf-8")
    endpoints: dict[str, Any] = yaml.safe_load(text)
    endpoints["action_endpoint"]["url"] = f"http://127.0.0.1:{plan.actions_port}/webhook"
    endpoints["tracker_store"]["db"] = str(plan.data_dir / "rasa" / "tracker.db")
    return endpoints
