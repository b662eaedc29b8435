"""What lawyers taught is in the index again after every start."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

import bot.core
from bot.core import make_store
from bot.preparation import prepare
from bot.settings import Settings
from knowledge_base.loader import load
from knowledge_base.models import KnowledgeBase, Passage
from knowledge_base.passages import passages
from retrieval.search import Searcher
from tests.conftest import FixedClock
from tests.unit.copilot.conftest import furnish_copilot

QUESTION = "工头卷款跑路咋整"
KEY = "劳动合同法/30"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deployment with an index of labour law only, which is built in a second."""

    def of_labour(kb: KnowledgeBase) -> Iterable[Passage]:
        return [passage for passage in passages(kb) if passage.key.startswith("劳动")]

    monkeypatch.setattr(bot.core, "passages", of_labour)
    monkeypatch.setattr(bot.core, "former_passages", lambda _: ())
    return Settings(data_dir=tmp_path / "data", rasa_url="http://127.0.0.1:9")


def found(settings: Settings) -> str:
    hits = Searcher.load(settings.resolved_index_dir).search(QUESTION).hits
    return hits[0].key if hits else ""


def test_an_accepted_question_is_found_after_a_restart_that_lost_its_files(
    settings: Settings, clock: FixedClock
) -> None:
    prepare(settings, Console(quiet=True))
    assert found(settings) != KEY
    store = make_store(settings)
    room = furnish_copilot(store, clock, load(), settings.data_dir)
    conversation_id = room.talk(QUESTION)
    correction_id = room.corrections.correct(room.office.wang, conversation_id, QUESTION, [], [KEY])
    room.corrections.accept(room.chief, correction_id, QUESTION, KEY)
    store.engine.dispose()
    # As after a restored backup, which holds the database alone.
    shutil.rmtree(settings.data_dir / "questions")
    shutil.rmtree(settings.resolved_index_dir)
    prepare(settings, Console(quiet=True))
    assert found(settings) == KEY
