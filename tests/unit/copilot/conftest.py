"""An office with a copilot beside it, over the curated base and a search told what to find."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.accounts.repository import AccountRepository
from bot.copilot.corrections import Corrections
from bot.copilot.learned import LearnedFiles
from bot.copilot.repository import CorrectionRepository
from bot.copilot.service import CopilotService, Suggestion, load_copilot_texts
from bot.desk.repository import DeskRepository
from bot.dialogue.answers import Composer, Limits
from bot.dialogue.followup import FollowUps
from bot.domain.conversation import Context, Mode
from bot.domain.people import Role, Staff
from bot.store.unit import Store
from bot.texts import load_texts
from knowledge_base.loader import ROOT, load
from knowledge_base.models import Kind, KnowledgeBase
from knowledge_base.verifier import load_verifier
from retrieval.search import NOTHING, Hit, SearchResult
from tests.conftest import FixedClock
from tests.law import law_of
from tests.office import Office, furnish


@dataclass
class ToldSearch:
    """An index that finds what a test tells it to, by kind; or that is broken."""

    found: dict[Kind, SearchResult] = field(default_factory=dict)
    broken: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def search(
        self,
        query: str,
        *,
        kinds: Collection[Kind],
        on: dt.date | None = None,
        limit: int = 10,
    ) -> SearchResult:
        if self.broken is not None:
            raise self.broken
        self.asked.append(query)
        (kind,) = kinds
        return self.found.get(kind, NOTHING)

    def finds(
        self,
        kind: Kind,
        scores: Mapping[str, float],
        confidence: float = 0.9,
        topic: str = "劳动",
    ) -> None:
        hits = tuple(Hit(kind, key, score, 1.0, 0.8) for key, score in scores.items())
        self.found[kind] = SearchResult(hits, confidence, topic, {topic: 1.0})


@dataclass
class Room:
    """Everything a test of the copilot touches."""

    office: Office
    search: ToldSearch
    copilot: CopilotService
    corrections: Corrections
    repository: CorrectionRepository
    files: LearnedFiles
    chief: Staff

    def talk(self, *words: str, topic: str = "劳动", remembered: str | None = None) -> str:
        """Return a conversation that Wang has taken, in which the visitor said these words."""
        office = self.office
        conversation, _ = office.conversations.create("web", "v1")
        for said in words:
            inbound = office.visitor_says(conversation.id, said)
            question = words[0] if remembered is None else remembered
            office.conversations.finish(
                conversation.id,
                inbound,
                [],
                topic=topic,
                context=Context(question=question, topic=topic),
            )
        self.hand_over(conversation.id)
        return conversation.id

    def hand_over(self, conversation_id: str) -> None:
        self.office.conversations.move(conversation_id, Mode.QUEUED)
        self.office.desk.claim(conversation_id, self.office.wang)
        self.office.clock.advance(minutes=1)

    def suggest(self, *words: str, topic: str = "劳动") -> Suggestion:
        return self.copilot.suggest(self.talk(*words, topic=topic), self.office.wang)


@pytest.fixture(scope="session")
def kb() -> KnowledgeBase:
    return load(ROOT)


def furnish_copilot(store: Store, clock: FixedClock, kb: KnowledgeBase, data_dir: Path) -> Room:
    office, search, verifier = furnish(store, clock), ToldSearch(), load_verifier()
    followups = FollowUps(ROOT / "lexicon" / "followups.yml")
    law = law_of(kb)
    composer = Composer(kb, search, followups, load_texts(), clock, Limits(), law)
    reading = DeskRepository(store, clock)
    repository, files = CorrectionRepository(store, clock), LearnedFiles(data_dir)
    corrections = Corrections(repository, reading, verifier, clock, files, load_copilot_texts())
    copilot = CopilotService(
        reading, office.conversations, composer, law, verifier, clock, load_texts(), corrections
    )
    chief = AccountRepository(store, clock).add("zhou", "周主任", "", Role.SUPERVISOR, "unused")
    return Room(office, search, copilot, corrections, repository, files, chief)


@pytest.fixture
def room(store: Store, clock: FixedClock, kb: KnowledgeBase, tmp_path: Path) -> Room:
    return furnish_copilot(store, clock, kb, tmp_path / "data")
