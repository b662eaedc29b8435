"""What the law index holds: every imported article in every version, the curated words over it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

from bot.lawbase.repository import LawRepository, StoredVersion
from knowledge_base.lawnames import folded
from knowledge_base.models import Article, KnowledgeBase, Passage, Version
from knowledge_base.passages import of_article, passages
from knowledge_base.versions import Register
from retrieval.corpus import merge


def every_version(
    kb: KnowledgeBase, repository: LawRepository, register: Register, today: dt.date
) -> list[Passage]:
    """Return the passages of today's law with our own words, then those of former texts."""
    present: list[Article] = []
    former: list[Passage] = []
    for stored, version in _texts(repository, register):
        until = version.in_force_until
        held = [replace(a, version=version) for a in repository.articles(stored.id)]
        if until is not None and until <= today:
            former += (_titled(article) for article in held)
        else:
            present += held
    curated = [passage for passage in passages(kb) if passage.kind == "article"]
    return [*merge(curated, present, kb.questions), *former]


def _texts(
    repository: LawRepository, register: Register
) -> Iterator[tuple[StoredVersion, Version]]:
    """Yield one text of each version, with the days the register knows."""
    seen: set[tuple[str, dt.date | None]] = set()
    # just-laws before lawrefbook: it is the better kept of the two.
    for stored in sorted(repository.versions(), key=lambda one: one.version.source):
        if stored.dated.numbers is None:
            continue
        row = register.row_passed(stored.version.law, stored.version.passed)
        version = row.version if row else stored.version
        place = folded(version.law), version.passed
        if place not in seen:
            seen.add(place)
            yield stored, version


def _titled(article: Article) -> Passage:
    title = "\n".join((article.version.law, *article.path))
    return replace(of_article(article), title=title)
