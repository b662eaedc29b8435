"""Imports statute texts so that a broken import changes nothing, and compares the sources."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from bot.domain.clock import Clock, china_date
from bot.errors import StorageUnavailable, TooMuchWithdrawn
from bot.lawbase.repository import LawRepository, Staged, StoredVersion
from knowledge_base.lawnames import folded
from knowledge_base.sources import Law, Problem, SourceReport
from knowledge_base.versions import load_register, same_day

log = structlog.get_logger(__name__)

T = TypeVar("T")
BATCH = 40
"""Laws in one transaction: short enough that no visitor's message waits for it."""
PATIENCE = 24
"""How often a locked database is tried again, with ``PAUSE_S`` between."""
PAUSE_S = 2.5
FEWEST = 20
LARGEST_LOSS = 0.1
"""Share of a source's versions beyond which its disappearance looks like a wrong folder."""
_IGNORED = re.compile(r"[\s\u200b-\u200d\ufeff　，。；：、“”‘’\"'（）()《》〈〉<>|—…·.,;:-]+")


@dataclass(frozen=True)
class Difference:
    """Two sources do not agree on an article of the same version."""

    law: str
    passed: dt.date | None
    number: str
    sources: tuple[str, str]
    problem: str


@dataclass(frozen=True)
class ImportResult:
    """What an import changed, and everything in the source that is not as it should be."""

    source: str
    files: int
    versions: int
    articles: int
    new: int
    unchanged: int
    gone: int
    skipped: tuple[str, ...]
    problems: tuple[Problem, ...]


class LawImport:
    def __init__(
        self,
        repository: LawRepository,
        clock: Clock,
        *,
        pause: Callable[[float], None] = time.sleep,
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        """``waiting`` is called each time the database is busy, before a pause."""
        self._repository = repository
        self._clock = clock
        self._pause = pause
        self._waiting = waiting

    def run(
        self,
        source: str,
        report: SourceReport,
        *,
        whole: bool = True,
        force: bool = False,
        advance: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> ImportResult:
        """Bring the stored texts of a source to those of a report.

        Versions already stored are recognised and not written again, so an import that was cut
        off goes on where it stopped. Readers see the old texts until the last step.

        ``force`` lets it withdraw much of what is there.

        Raises:
            StorageUnavailable: the database stayed locked for a minute.
            TooMuchWithdrawn: a tenth of the source would go; most often the wrong folder.
            ImportCollision: another import runs at the same time.
        """
        laws, doubles = _each_once(report.laws)
        known = self._patiently(partial(self._repository.digests, source))
        staged = [Staged(law, digest_of(law)) for law in laws]
        ids = [known[one.digest] for one in staged if one.digest in known]
        missing = [one for one in staged if one.digest not in known]
        if whole and not force:
            self._refuse_to_empty(source, laws)
        today = china_date(self._clock.now())
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            ids += self._patiently(partial(self._repository.stage, source, batch, today))
            advance(min(start + BATCH, len(missing)), len(missing))
        gone = self._patiently(partial(self._repository.publish, source, ids, whole=whole))
        self._patiently(self._note_ends)
        log.info("laws_imported", source=source, new=len(missing), gone=gone)
        return ImportResult(
            source=source,
            files=report.files,
            versions=len(laws),
            articles=sum(len(law.articles) for law in laws),
            new=len(missing),
            unchanged=len(laws) - len(missing),
            gone=gone,
            skipped=report.skipped,
            problems=(*report.problems, *doubles),
        )

    def _refuse_to_empty(self, source: str, laws: Sequence[Law]) -> None:
        coming = {(folded(law.version.law), law.version.passed) for law in laws}
        present = [one for one in self._repository.versions() if one.version.source == source]
        gone = [o for o in present if (folded(o.version.law), o.version.passed) not in coming]
        if len(present) >= FEWEST and len(gone) > len(present) * LARGEST_LOSS:
            raise TooMuchWithdrawn(
                f"这次导入会撤下 {len(present)} 个版本中的 {len(gone)} 个，目录可能不对，没有导入；"
                "确定要换掉的，请加 --yes。"
            )

    def _patiently(self, work: Callable[[], T]) -> T:
        for _ in range(PATIENCE):
            try:
                return work()
            except StorageUnavailable:
                self._waiting()
                self._pause(PAUSE_S)
        return work()

    def _note_ends(self) -> None:
        """Work out anew when each stored version ended: a new text may have ended another."""
        stored = self._repository.versions()
        register = load_register().with_versions(one.dated for one in stored)
        ends: dict[int, tuple[dt.date | None, str]] = {}
        for one in stored:
            row = register.row_passed(one.version.law, one.version.passed)
            if row is None:
                continue
            found = row.version.in_force_until, row.version.superseded_by
            if found != (one.version.in_force_until, one.version.superseded_by):
                ends[one.id] = found
        self._repository.write_ends(ends)

    def differences(self) -> Iterator[Difference]:
        """Compare the texts that two sources hold of the same version, article by article."""
        texts: defaultdict[str, list[StoredVersion]] = defaultdict(list)
        for stored in self._repository.versions():
            texts[folded(stored.version.law)].append(stored)
        for versions in texts.values():
            for place, one in enumerate(versions):
                for other in versions[place + 1 :]:
                    if _same_version(one, other):
                        yield from self._compared(one, other)

    def _compared(self, one: StoredVersion, other: StoredVersion) -> Iterator[Difference]:
        first = {a.number: a.text or "" for a in self._repository.articles(one.id)}
        second = {a.number: a.text or "" for a in self._repository.articles(other.id)}
        sources = (one.version.source, other.version.source)
        for number in dict.fromkeys((*first, *second)):
            if number not in first or number not in second:
                lacking = sources[0] if number not in first else sources[1]
                problem = f"{lacking} 没有这一条"
            elif _plain(first[number]) != _plain(second[number]):
                problem = _where(_plain(first[number]), _plain(second[number]))
            else:
                continue
            yield Difference(one.version.law, one.version.passed, number, sources, problem)


def digest_of(law: Law) -> str:
    """Return a hash of everything that is stored of a version."""
    version = law.version
    content = hashlib.sha256()
    facts = (
        version.law, version.title, version.level, version.passed, version.in_force_from,
        version.in_force_until, law.file, law.preamble, law.annex,
    )  # fmt: skip
    content.update(repr(facts).encode())
    for article in law.articles:
        content.update(repr((article.number, article.path, article.text)).encode())
    return content.hexdigest()


def _each_once(laws: Sequence[Law]) -> tuple[list[Law], list[Problem]]:
    """Keep one file of each version, the fuller one, and report the others."""
    kept: dict[tuple[str, dt.date | None], Law] = {}
    problems: list[Problem] = []
    for law in laws:
        place = law.version.law, law.version.passed
        other = kept.get(place)
        if other is None:
            kept[place] = law
            continue
        longer, shorter = (law, other) if _length(law) > _length(other) else (other, law)
        kept[place] = longer
        same = "内容相同" if _texts(law) == _texts(other) else "内容不同，取较全的一份"
        problems.append(Problem(shorter.file, 1, f"与 {longer.file} 是同一版本，{same}"))
    return list(kept.values()), problems


def _length(law: Law) -> int:
    return sum(len(article.text or "") for article in law.articles)


def _texts(law: Law) -> dict[str, str]:
    return {article.number: _plain(article.text or "") for article in law.articles}


def _same_version(one: StoredVersion, other: StoredVersion) -> bool:
    sources = one.version.source, other.version.source
    return sources[0] != sources[1] and same_day(one.version.passed, other.version.passed)


def _plain(text: str) -> str:
    return _IGNORED.sub("", text)


def _where(first: str, second: str) -> str:
    """Say where two texts part, in a few characters of each."""
    place = next(
        (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b),
        min(len(first), len(second)),
    )
    return f"第 {place + 1} 字起不同：…{first[place : place + 12]}｜…{second[place : place + 12]}"
