"""The articles a suggestion rests on: today's text, and the text of the day of the facts.

Only what the register of versions confirms on the day concerned is returned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.dialogue.asof import PROCEDURE, LawOfTheDay, Then, former_title
from knowledge_base.citations import article_title
from knowledge_base.factdates import FactDate, mentioned_dates
from knowledge_base.models import KnowledgeBase, Transition
from knowledge_base.verifier import Verifier

MOST = 6


@dataclass(frozen=True)
class Statute:
    """One article as a lawyer is shown it."""

    key: str
    title: str
    gist: str
    """Our own words for it; empty where only the wording is held, or of a former text neither."""
    text: str
    """The statute's wording, where this deployment has imported it."""
    level: str
    version: dt.date | None
    """The day on which this text was passed."""
    in_force_from: dt.date | None
    in_force_until: dt.date | None
    of_that_day: bool | None
    """It is the text of the day of the facts; None where no day was said or it is not known."""
    score: float | None
    """Of the search; None where the reviewed answer cites it and the search did not find it."""
    is_basis: bool
    """The draft rests on it."""
    now: str = ""
    """Of a former text: the key that it bears today."""


class StatuteShelf:
    """Read-only and safe to share."""

    def __init__(self, kb: KnowledgeBase, law: LawOfTheDay, verifier: Verifier) -> None:
        self._kb = kb
        self._law = law
        self._verifier = verifier

    def transitions(
        self, question: str, keys: Sequence[str], facts: FactDate | None, today: dt.date
    ) -> list[Transition]:
        """Return the rules on which law applies to facts of that day."""
        dates = list(mentioned_dates(question, today)) or ([facts] if facts else [])
        return self._law.rules(question, keys, dates) if dates else []

    def of(
        self,
        keys: Sequence[str],
        scores: Mapping[str, float],
        basis: Sequence[str],
        facts: FactDate | None,
        settled: frozenset[str],
        today: dt.date,
    ) -> tuple[Statute, ...]:
        """Return today's articles in the order given, each former text after the one of today.

        ``settled``: keys for which a rule says that the law of today applies to old facts too.
        """
        found: list[Statute] = []
        held = [key for key in dict.fromkeys(keys) if self._holds(key, today)]
        for key in held[:MOST]:
            article = self._kb.articles.get(key)
            wording = self._law.wording(key, today)
            source = wording or article
            if source is None:
                continue
            then = self._then(key, facts, today) if facts and key not in settled else None
            version = source.version
            found.append(
                Statute(
                    key,
                    article_title(key),
                    article.gist if article else "",
                    (wording.text or "") if wording else "",
                    version.level,
                    version.passed,
                    version.in_force_from or version.passed,
                    version.in_force_until,
                    self._is_of_that_day(key, facts, then, today),
                    scores.get(key),
                    key in basis,
                )
            )
            if then is not None and facts is not None:
                found += self._former(then, facts, key in basis)
        return tuple(found)

    def _holds(self, key: str, on: dt.date) -> bool:
        law, _, number = key.rpartition("/")
        return self._verifier.judge(law, number, on).status == "in_force"

    def _then(self, key: str, facts: FactDate, today: dt.date) -> Then | None:
        article = self._kb.articles.get(key)
        if article is not None and article.topic == PROCEDURE:
            # How to sue follows the law of the day of suing, whenever the facts lie.
            return None
        return self._law.trace(key, facts.first, today)

    def _is_of_that_day(
        self, key: str, facts: FactDate | None, then: Then | None, today: dt.date
    ) -> bool | None:
        if facts is None:
            return None
        if then is not None:
            return False
        version = self._law.in_force(key.rpartition("/")[0], facts.first)
        if version is None:
            return False
        if self._law.is_present(version, today):
            return True
        held, now = self._law.wording(key, facts.first), self._law.wording(key, today)
        return True if held and now and held.text == now.text else None

    def _former(self, then: Then, facts: FactDate, is_basis: bool) -> list[Statute]:
        gist = then.former.article.gist if then.former else ""
        if not self._holds(then.key, facts.first):
            return []
        version = then.version
        return [
            Statute(
                then.key,
                former_title(then),
                gist,
                then.wording,
                version.level,
                version.passed,
                version.in_force_from or version.passed,
                version.in_force_until,
                True,
                None,
                is_basis,
                then.now,
            )
        ]
