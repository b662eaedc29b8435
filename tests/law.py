"""The law of the day over the curated base, with no imported texts."""

from __future__ import annotations

import datetime as dt

from bot.dialogue.asof import LawOfTheDay
from bot.texts import load_texts
from knowledge_base.models import Article, KnowledgeBase
from knowledge_base.verifier import load_verifier
from tests.conftest import FixedClock


class NoTexts:
    """A deployment that has imported nothing."""

    def article(self, law: str, passed: dt.date | None, number: str) -> Article | None:
        return None


def law_of(kb: KnowledgeBase) -> LawOfTheDay:
    return LawOfTheDay(kb, load_verifier(), NoTexts(), load_texts(), FixedClock())
