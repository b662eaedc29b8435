"""``bot cite`` and ``bot law``: judge citations and show the law of a day, one JSON a line.

The fields are those of docs/measuring.md; a wrong line gives its id and an error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr

from bot.dialogue.asof import LawTexts
from bot.dialogue.normalise import canonical
from bot.lines import Day, Row, read_line
from knowledge_base.citations import Citation, key_parts
from knowledge_base.factdates import fact_date
from knowledge_base.models import Kind, KnowledgeBase, Version
from knowledge_base.past import Past
from knowledge_base.verifier import Verdict, Verifier
from knowledge_base.versions import same_day
from retrieval.search import SearchResult

MOST_ARTICLES = 5
_WRITTEN = {
    "text": "要是一段文字",
    "question": "要是一段文字",
    "key": "要写成 劳动合同法/82",
}
_SEARCHED = 12
LONGEST_AROUND = 12
"""Characters beside citations up to which a question asks for the articles themselves."""
_NOTHING = "那一天没有这部法或这一条"
LONGEST = 20_000
"""Characters of a text to judge; a book is to be sent in pieces."""


class CiteCase(BaseModel):
    """One line for ``bot cite``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: StrictStr | StrictInt
    text: StrictStr
    on: Day | None = None


class LawCase(BaseModel):
    """One line for ``bot law``: a question, or an article key."""

    model_config = ConfigDict(extra="ignore")

    id: StrictStr | StrictInt
    question: StrictStr | None = None
    key: StrictStr | None = None
    on: Day | None = None


class Search(Protocol):
    def search(
        self, query: str, *, kinds: Collection[Kind], on: dt.date | None = None, limit: int = 10
    ) -> SearchResult: ...


@dataclass(frozen=True)
class Citing:
    """Answers lines; built once for a whole file."""

    kb: KnowledgeBase
    verifier: Verifier
    law_texts: LawTexts
    search: Callable[[], Search]
    """Loads the index at the first question; keys alone need none."""
    today: dt.date

    @cached_property
    def _past(self) -> Past:
        return Past(self.kb, self.verifier)

    def cite(self, line: str) -> Row:
        """Judge every citation of a text on a day."""
        case = read_line(CiteCase, line, _WRITTEN)
        if isinstance(case, dict):
            return case
        if len(case.text) > LONGEST:
            return {"id": case.id, "error": f"text 超过 {LONGEST} 字，请分段"}
        verdicts = self.verifier.verdicts(case.text, case.on or self.today)
        return {
            "id": case.id,
            "citations": [{"key": v.key, "status": v.status, "now": v.now} for v in verdicts],
        }

    def law(self, line: str) -> Row:
        """Show which articles held on a day, in the text of that day."""
        case = read_line(LawCase, line, _WRITTEN)
        if isinstance(case, dict):
            return case
        if not case.key and not (case.question or "").strip():
            return {"id": case.id, "error": "question 和 key 至少要有一个"}
        if case.key:
            parts = key_parts(case.key)
            if parts is None:
                return {"id": case.id, "error": f"key {_WRITTEN['key']}"}
            on = case.on or self.today
            found = self._judged(self.verifier.judge(*parts, on), on)
            return {"id": case.id, "articles": found} | ({} if found else {"note": _NOTHING})
        assert case.question is not None
        question = canonical(case.question)
        told = fact_date(question, self.today)
        on = case.on or (told.first if told else self.today)
        cited = self.verifier.citations(question)
        if cited and len(question) - (cited[-1].end - cited[0].start) <= LONGEST_AROUND:
            # It only names articles.
            rows = [row for c in cited[:MOST_ARTICLES] for row in self._named(c, on)]
            return {"id": case.id, "articles": rows}
        return {"id": case.id, "articles": self._by_question(question, on)}

    def _named(self, citation: Citation, on: dt.date) -> list[Row]:
        verdict = self.verifier.of(citation, on)
        if citation.edition and verdict.version is not None:
            # 旧公司法 means that text, whatever holds on the day.
            return [self._article(verdict.version, citation.number)]
        return self._judged(verdict, on)

    def _judged(self, verdict: Verdict, on: dt.date) -> list[Row]:
        number = verdict.key.rpartition("/")[2]
        if verdict.status == "in_force" and verdict.version is not None:
            return [self._article(verdict.version, number)]
        if verdict.now is None:
            return []
        law, _, number = verdict.now.rpartition("/")
        version = self.verifier.register.in_force(law, on)
        return [self._article(version, number)] if version else []

    def _by_question(self, question: str, on: dt.date) -> list[Row]:
        found: dict[str, Row] = {}
        for key in self._ranked(question, on):
            law, _, number = key.rpartition("/")
            version = self.verifier.register.in_force(law, on)
            if version is None:
                version = self._curated_version(key, on)
            if version is not None:
                found.setdefault(key, self._article(version, number))
            if len(found) == MOST_ARTICLES:
                break
        return list(found.values())

    def _ranked(self, question: str, on: dt.date) -> list[str]:
        """Rank what held on the day together with today's law traced back to it."""
        searcher = self.search()
        then = searcher.search(question, kinds={"article"}, on=on, limit=_SEARCHED)
        scores = {hit.key: hit.score for hit in then.hits}
        now = searcher.search(question, kinds={"article"}, on=self.today, limit=_SEARCHED)
        for hit in now.hits:
            traced = self._past.trace(hit.key, on, self.today)
            if traced is not None:
                scores[traced.key] = max(scores.get(traced.key, 0.0), hit.score)
        return sorted(scores, key=lambda key: -scores[key])

    def _curated_version(self, key: str, on: dt.date) -> Version | None:
        article = self.kb.articles.get(key)
        begins = article.version.in_force_from if article else None
        return article.version if article and begins and begins <= on else None

    def _article(self, version: Version, number: str) -> Row:
        key = f"{version.law}/{number}"
        row: Row = {
            "key": key,
            "law": version.law,
            "version": _day(version.passed),
            "in_force_from": _day(version.in_force_from or version.passed),
            "in_force_until": _day(version.in_force_until),
            "text": self._words(key, version, number),
        }
        notes = []
        if not row["text"]:
            notes.append("法律库没有收录这一条当时的文本")
        if version.in_force_from is None:
            notes.append("文本没有写明施行日，按通过日推定")
        if notes:
            row["note"] = "；".join(notes)
        return row

    def _words(self, key: str, version: Version, number: str) -> str:
        imported = self.law_texts.article(version.law, version.passed, number)
        if imported is not None and imported.text:
            return imported.text
        former = self._past.former_of(version, number)
        if former is not None:
            return former.article.gist
        article = self.kb.articles.get(key)
        is_same = article is not None and same_day(article.version.passed, version.passed)
        return article.gist if article is not None and is_same else ""


def _day(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()
