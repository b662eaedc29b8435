"""What unit tests of the dialogue share: a composer over the curated base and a real index."""

from __future__ import annotations

import pytest

from bot.dialogue.answers import Composer, Limits
from bot.dialogue.followup import FollowUps
from bot.texts import load_texts
from knowledge_base.loader import ROOT, load
from knowledge_base.passages import passages
from retrieval.building import build
from retrieval.search import Searcher
from tests.conftest import FixedClock
from tests.law import law_of


@pytest.fixture(scope="session")
def composer(tmp_path_factory: pytest.TempPathFactory) -> Composer:
    kb = load(ROOT)
    directory = tmp_path_factory.mktemp("index")
    build(passages(kb), directory)
    followups = FollowUps(ROOT / "lexicon" / "followups.yml")
    searcher = Searcher.load(directory)
    return Composer(kb, searcher, followups, load_texts(), FixedClock(), Limits(), law_of(kb))
