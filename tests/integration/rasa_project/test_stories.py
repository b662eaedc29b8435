"""The written conversations, judged by `rasa test` with the repository's own model."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.integration.rasa_project.conftest import RASA, environment

pytestmark = pytest.mark.rasa
CONVERSATIONS = ROOT / "tests" / "conversations"
TIMEOUT_S = 280


def test_every_written_conversation_goes_as_written(rasa_model: Path, tmp_path: Path) -> None:
    written = [
        story
        for file in CONVERSATIONS.glob("*.yml")
        for story in yaml.safe_load(file.read_text("utf-8"))["stories"]
    ]
    subprocess.run(
        [
            *(str(RASA), "test", "core", "--fail-on-prediction-errors", "--no-plot"),
            *("--stories", str(CONVERSATIONS), "--model", str(rasa_model), "--out", str(tmp_path)),
        ],
        cwd=ROOT,
        env=environment(),
        check=True,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    report = json.loads((tmp_path / "story_report.json").read_text("utf-8"))
    # Rasa passes silently over stories that it does not find, so they are counted here.
    judged = report["conversation_accuracy"]
    assert (judged["correct"], judged["total"]) == (len(written), len(written))


def test_rasa_finds_the_conversations_by_their_file_names() -> None:
    assert all(file.name.startswith("test_") for file in CONVERSATIONS.iterdir())
