"""Reads the curated law base from its YAML files into the nouns of :mod:`knowledge_base.models`.

Broken data raises; looking for every flaw at once is the work of :mod:`knowledge_base.check`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from knowledge_base.asked import Asked, read_asked
from knowledge_base.models import (
    Answer,
    Article,
    Case,
    Contact,
    Former,
    KnowledgeBase,
    ServiceItem,
    Transition,
    Version,
)
from knowledge_base.reading import (
    AnswerShape,
    ArticleShape,
    CaseShape,
    ContactShape,
    Flaw,
    FormerStatuteShape,
    KnowledgeError,
    ManifestShape,
    ServiceShape,
    StatuteShape,
    TransitionShape,
    existing,
    read_entries,
)

__all__ = ["ROOT", "Contents", "KnowledgeError", "load", "read_all"]

ROOT = Path(__file__).parent

T = TypeVar("T")
Placed = tuple[str, T]
"""An entry and the file it stands in, relative to the root."""


@dataclass(frozen=True)
class Contents:
    """Everything that could be read, duplicates included, and the flaws of the rest."""

    articles: tuple[Placed[Article], ...]
    cases: tuple[Placed[Case], ...]
    answers: tuple[Placed[Answer], ...]
    services: tuple[Placed[ServiceItem], ...]
    contacts: tuple[Placed[Contact], ...]
    as_of: dt.date | None
    flaws: tuple[Flaw, ...]
    former: tuple[Placed[Former], ...] = ()
    transitions: tuple[Placed[Transition], ...] = ()
    asked: tuple[Placed[Asked], ...] = ()


def load(root: Path | None = None) -> KnowledgeBase:
    """Load the whole base from ``root``, by default the folder of this package.

    Raises KnowledgeError if anything cannot be read or an entry occurs twice.
    """
    contents = read_all(root or ROOT)
    flaws = list(contents.flaws)
    articles = _unique(contents.articles, lambda a: a.key, flaws)
    cases = _unique(contents.cases, lambda c: c.id, flaws)
    answers = _unique(contents.answers, lambda a: a.id, flaws)
    services = _unique(contents.services, lambda s: s.number, flaws)
    transitions = _unique(contents.transitions, lambda t: t.id, flaws)
    former: dict[str, list[Former]] = {}
    for _, one in contents.former:
        former.setdefault(one.article.key, []).append(one)
    if flaws:
        more = f"（另有 {len(flaws) - 1} 处）" if len(flaws) > 1 else ""
        raise KnowledgeError(f"{flaws[0]}{more}")
    if contents.as_of is None:
        raise KnowledgeError("MANIFEST.yml，全文：缺少 as_of（法律库截至日期）")
    return KnowledgeBase(
        articles=MappingProxyType(articles),
        cases=MappingProxyType(cases),
        answers=MappingProxyType(answers),
        services=MappingProxyType(dict(sorted(services.items()))),
        contacts=tuple(contact for _, contact in contents.contacts),
        former=MappingProxyType(
            {key: tuple(sorted(found, key=_ended, reverse=True)) for key, found in former.items()}
        ),
        transitions=tuple(transitions.values()),
        as_of=contents.as_of,
        questions=MappingProxyType(_by_article(contents.asked)),
    )


def _by_article(asked: Iterable[Placed[Asked]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for _, line in asked:
        for key in line.keys:
            found[key] = found.get(key, ()) + line.questions
    return found


def _ended(former: Former) -> dt.date:
    return former.article.version.in_force_until or dt.date.max


def read_all(root: Path) -> Contents:
    """Read every file below ``root`` without judging what the entries say.

    Raises KnowledgeError if there is no such folder.
    """
    if not root.is_dir():
        raise KnowledgeError(f"没有知识库目录 {root}")
    statutes = read_entries(_files(root, "statutes"), root, StatuteShape, many=False)
    cases = read_entries(_files(root, "cases"), root, CaseShape)
    answers = read_entries(_files(root, "answers"), root, AnswerShape)
    services = read_entries(existing(root / "services" / "catalogue.yml"), root, ServiceShape)
    contacts = read_entries(existing(root / "regions" / "contacts.yml"), root, ContactShape)
    manifest = read_entries(existing(root / "MANIFEST.yml"), root, ManifestShape, many=False)
    former = read_entries(_files(root, "statutes/former"), root, FormerStatuteShape, many=False)
    transitions = read_entries(existing(root / "transitions.yml"), root, TransitionShape)
    asked = read_asked(sorted((root / "questions").glob("*.tsv")), root)
    return Contents(
        articles=tuple(
            (file, article) for file, statute in statutes.entries for article in _articles(statute)
        ),
        cases=tuple((file, Case(**c.model_dump())) for file, c in cases.entries),
        answers=tuple((file, Answer(**a.model_dump())) for file, a in answers.entries),
        services=tuple((file, ServiceItem(**s.model_dump())) for file, s in services.entries),
        contacts=tuple((file, Contact(**c.model_dump())) for file, c in contacts.entries),
        as_of=manifest.entries[0][1].as_of if manifest.entries else None,
        flaws=statutes.flaws
        + cases.flaws
        + answers.flaws
        + services.flaws
        + contacts.flaws
        + manifest.flaws
        + former.flaws
        + transitions.flaws
        + asked.flaws,
        former=tuple(
            (file, Former(_article(_version(statute), shape), shape.now, shape.changed))
            for file, statute in former.entries
            for shape in statute.articles
        ),
        transitions=tuple((file, Transition(**t.model_dump())) for file, t in transitions.entries),
        asked=asked.lines,
    )


def _articles(statute: StatuteShape) -> Iterable[Article]:
    version = _version(statute)
    return (_article(version, shape) for shape in statute.articles)


def _version(statute: StatuteShape) -> Version:
    return Version(
        law=statute.law,
        title=statute.title,
        level=statute.level,
        passed=statute.version,
        in_force_from=statute.in_force_from,
        in_force_until=statute.in_force_until,
    )


def _article(version: Version, shape: ArticleShape) -> Article:
    return Article(
        number=shape.article,
        version=version,
        gist=shape.gist,
        topic=shape.topic,
        questions=shape.questions,
    )


K = TypeVar("K")


def _unique(placed: Iterable[Placed[T]], key: Callable[[T], K], flaws: list[Flaw]) -> dict[K, T]:
    kept: dict[K, T] = {}
    places: dict[K, str] = {}
    for file, entry in placed:
        name = key(entry)
        if name in kept:
            flaws.append(Flaw(file, str(name), f"重复，已在 {places[name]} 中"))
        else:
            kept[name], places[name] = entry, file
    return kept


def _files(root: Path, folder: str) -> list[Path]:
    return sorted((root / folder).glob("*.yml"))
