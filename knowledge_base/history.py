"""Derives the register of versions from the statute sources: names, days and article numbers.

Run as ``python -m knowledge_base.history --corpora DIR`` after a source has moved on; the result
(``history/laws.tsv``) is committed, so that citations can be judged where no text is at hand.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from knowledge_base.lawnames import folded, short_name
from knowledge_base.loader import load
from knowledge_base.models import Version
from knowledge_base.numbers import Numbers
from knowledge_base.sources import SOURCES, Law, SourceReport
from knowledge_base.versions import HISTORY, LAWS, SAME_TEXT, Dated, write_rows

KNOWN = HISTORY / "known.yml"
_HEADER_ONLY = dt.timedelta(days=120)
_BULK = (dt.date(2020, 12, 23), dt.date(2020, 12, 31), dt.date(2021, 1, 1))
"""The interpretations revised for the 民法典 (法释〔2020〕17–21号) all hold from its first day."""


@dataclass
class _Draft:
    version: Version
    numbers: Numbers | None = None
    sources: set[str] = field(default_factory=set)

    def row(self) -> Dated:
        listed = ",".join(sorted(self.sources))
        return Dated(replace(self.version, source=listed), self.numbers)


def derive(laws: Iterable[Law], known: Iterable[Dated]) -> list[Dated]:
    """Return every version that texts, their headers and the known facts tell of."""
    texts: defaultdict[str, list[Law]] = defaultdict(list)
    facts: defaultdict[str, list[Dated]] = defaultdict(list)
    for law in laws:
        texts[folded(law.version.law)].append(law)
    for fact in known:
        facts[folded(fact.version.law)].append(fact)
    rows: list[Dated] = []
    for name in sorted({*texts, *facts}):
        drafts = _with_text(texts[name])
        _add_earlier(drafts, texts[name])
        for fact in facts[name]:
            _apply(drafts, fact)
        rows += (draft.row() for draft in drafts)
    return rows


def _with_text(laws: Sequence[Law]) -> list[_Draft]:
    drafts: list[_Draft] = []
    for law in sorted(laws, key=lambda one: one.version.passed or dt.date.min):
        version = replace(law.version, in_force_from=_begins(law.version))
        draft = _of_day(drafts, version.passed)
        if draft is None:
            draft = _Draft(version)
            drafts.append(draft)
        elif version.in_force_from and not draft.version.in_force_from:
            draft.version = replace(draft.version, in_force_from=version.in_force_from)
        draft.sources.add(law.version.source)
        numbers = Numbers.of(article.number for article in law.articles)
        if len(numbers) and (draft.numbers is None or len(numbers) > len(draft.numbers)):
            draft.numbers = numbers
    return drafts


def _begins(version: Version) -> dt.date | None:
    first, last, begins = _BULK
    revised = version.level == "司法解释" and version.passed and first <= version.passed <= last
    return version.in_force_from or (begins if revised else None)


def _of_day(
    drafts: Sequence[_Draft], day: dt.date | None, apart: dt.timedelta = SAME_TEXT
) -> _Draft | None:
    for draft in drafts:
        passed = draft.version.passed
        if passed == day or (passed and day and abs(passed - day) <= apart):
            return draft
    return None


def _add_earlier(drafts: list[_Draft], laws: Iterable[Law]) -> None:
    """Add the versions that headers name and no source holds."""
    for law in laws:
        for event in law.events:
            days = [d.version.passed for d in drafts if d.version.passed]
            if all(abs(event.on - day) >= _HEADER_ONLY for day in days):
                version = replace(law.version, passed=event.on, in_force_from=None, source="")
                drafts.append(_Draft(version))


def _apply(drafts: list[_Draft], fact: Dated) -> None:
    bare = [draft for draft in drafts if not draft.sources]
    draft = _of_day(drafts, fact.version.passed) or _of_day(bare, fact.version.passed, _HEADER_ONLY)
    if draft is None:
        drafts.append(_Draft(fact.version, fact.numbers))
        return
    begins = fact.version.in_force_from or draft.version.in_force_from
    # A header names the day of passing, the fact that of publication, by which people know it.
    passed = draft.version.passed if draft.sources else fact.version.passed
    draft.version = replace(draft.version, passed=passed, in_force_from=begins)
    draft.numbers = draft.numbers or fact.numbers


def read_known(path: Path = KNOWN) -> list[Dated]:
    """Read the facts that no source states."""
    listed = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return [
        Dated(
            Version(
                law=short_name(entry["law"]),
                title=short_name(entry["law"]),
                level=entry["level"],
                passed=entry["passed"],
                in_force_from=entry["in_force_from"],
                source="",
            ),
            Numbers.read(entry["articles"]) if "articles" in entry else None,
        )
        for entry in listed
    ]


def curated_versions() -> list[Dated]:
    """Return the versions that the curated statutes name, without article numbers."""
    versions = {article.version for article in load().articles.values()}
    return [Dated(replace(v, title=v.law, source=""), None) for v in versions]


def read_sources(corpora: Path) -> Mapping[str, SourceReport]:
    """Read every source that lies below ``corpora``."""
    return {
        name: read(corpora / name) for name, read in SOURCES.items() if (corpora / name).is_dir()
    }


def main(arguments: list[str] | None = None) -> int:
    """Derive the register anew and write it; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m knowledge_base.history", description="由法规文本重新整理版本登记表"
    )
    parser.add_argument("--corpora", type=Path, required=True, help="内有 lawrefbook 和 just-laws")
    parser.add_argument("--out", type=Path, default=LAWS)
    options = parser.parse_args(arguments)
    if not options.corpora.is_dir():
        print(f"没有法规文本目录 {options.corpora}", file=sys.stderr)
        return 2
    laws = [law for report in read_sources(options.corpora).values() for law in report.laws]
    rows = derive(laws, [*curated_versions(), *read_known()])
    write_rows(options.out, rows)
    names = {folded(row.version.law) for row in rows}
    print(f"已写入 {options.out.name}：{len(names)} 部法，{len(rows)} 个版本")
    return 0


if __name__ == "__main__":
    sys.exit(main())
