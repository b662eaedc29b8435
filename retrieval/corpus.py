"""Which passages an index holds: the curated base, and imported statutes merged onto it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from knowledge_base.models import Article, KnowledgeBase, Passage
from knowledge_base.passages import passages as curated_passages
from knowledge_base.sources import SOURCES, Law, current
from knowledge_base.versions import load_register

_NO_TOPIC = "其他"


def passages(kb: KnowledgeBase, sources: Mapping[str, Path] | None = None) -> list[Passage]:
    """Return the curated passages; with ``sources`` also every article now in force there.

    ``sources`` maps a name of ``knowledge_base.sources.SOURCES`` to its folder. Where both hold
    an article, the statute's text is the body, and our own words stand with the questions.
    """
    curated = curated_passages(kb)
    if not sources:
        return curated
    laws = [law for name, folder in sources.items() for law in SOURCES[name](folder).laws]
    return merge(curated, articles_in_force(laws, kb.as_of), kb.questions)


def articles_in_force(laws: Iterable[Law], on: dt.date) -> list[Article]:
    """Return the articles of each law's version in force on a day, each key once.

    A law since repealed is kept, with the day of its end: a search on a date leaves it out.
    """
    register = load_register()
    versions: defaultdict[str, list[Law]] = defaultdict(list)
    for law in laws:
        if law.articles:
            versions[law.version.law].append(law)
    found: dict[str, Article] = {}
    for candidates in versions.values():
        chosen = current((law.version for law in candidates), on)
        for law in candidates:
            if law.version is chosen:
                row = register.row_passed(law.version.law, law.version.passed)
                version = row.version if row else law.version
                found |= {a.key: replace(a, version=version) for a in law.articles}
    return list(found.values())


def merge(
    curated: Sequence[Passage],
    articles: Sequence[Article],
    asked: Mapping[str, tuple[str, ...]],
) -> list[Passage]:
    """Lay the curated passages over the statute articles of the same key.

    ``asked`` are the further questions of articles that we do not retell.
    """
    ours = {passage.key: passage for passage in curated if passage.kind == "article"}
    topics = _Topics(ours.values())
    merged: list[Passage] = []
    for article in articles:
        own = ours.pop(article.key, None)
        merged.append(
            Passage(
                kind="article",
                key=article.key,
                title="\n".join((article.version.law, *article.path)),
                body=article.text or article.gist,
                topic=own.topic if own else topics.nearest(article),
                questions=(*own.questions, own.body) if own else asked.get(article.key, ()),
                in_force_from=article.version.in_force_from,
                in_force_until=article.version.in_force_until,
            )
        )
    merged += ours.values()
    merged += (passage for passage in curated if passage.kind != "article")
    return [replace(p, topic=p.topic or _NO_TOPIC) for p in merged]


class _Topics:
    """Guesses the topic of an uncurated article from the curated ones beside it."""

    def __init__(self, curated: Iterable[Passage]) -> None:
        self._laws: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        for passage in curated:
            law, _, number = passage.key.rpartition("/")
            self._laws[law].append((_position(number), passage.topic))

    def nearest(self, article: Article) -> str:
        """Return the topic of the nearest article by number in the same law."""
        beside = self._laws.get(article.version.law)
        if not beside:
            return article.topic
        here = _position(article.number)
        return min(beside, key=lambda one: abs(one[0] - here))[1]


def _position(number: str) -> float:
    main, _, sub = number.partition("-")
    return float(main) + float(sub or 0) / 100
