"""Which text of a law was in force on a date, and which law took the place of one repealed.

The register of versions (``history/laws.tsv``) is derived from the statute sources by
:mod:`knowledge_base.history` and committed as facts: names, dates and article numbers, no text.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import yaml

from knowledge_base.lawnames import folded
from knowledge_base.models import Version
from knowledge_base.numbers import Numbers

HISTORY = Path(__file__).parent / "history"
LAWS = HISTORY / "laws.tsv"
REPEALED = HISTORY / "repealed.yml"
SAME_TEXT = dt.timedelta(days=31)
"""Sources date one version by its passing or its publication; these lie days apart."""
COLUMNS = ("law", "level", "passed", "in_force_from", "articles", "sources")


@dataclass(frozen=True)
class Repeal:
    """A law that was repealed: by which law, from which day, and the article that says so."""

    by: str
    since: dt.date
    basis: str
    """Article key; empty where a decision outside the law base repealed it."""


@dataclass(frozen=True)
class Dated:
    """One version and its article numbers, None where no text of it is known."""

    version: Version
    numbers: Numbers | None

    @property
    def begins(self) -> dt.date:
        return self.version.in_force_from or self.version.passed or dt.date.min


class Register:
    """Every version of every law we know of; read-only and safe to share."""

    def __init__(self, rows: Iterable[Dated], repeals: Mapping[str, Repeal] | None = None) -> None:
        """``repeals`` maps short names to repeals; ends of versions are worked out here."""
        self._repeals = {folded(law): repeal for law, repeal in (repeals or {}).items()}
        laws: dict[str, list[Dated]] = {}
        for row in rows:
            laws.setdefault(folded(row.version.law), []).append(row)
        self._laws = {
            name: self._timeline(name, sorted(found, key=lambda r: r.begins))
            for name, found in laws.items()
        }

    def _timeline(self, name: str, rows: list[Dated]) -> tuple[Dated, ...]:
        repeal = self._repeals.get(name)
        done: list[Dated] = []
        for place, row in enumerate(rows):
            until, by = row.version.in_force_until, row.version.superseded_by
            following = rows[place + 1] if place + 1 < len(rows) else None
            if repeal is not None and row.begins < repeal.since:
                until, by = repeal.since, repeal.by
            if following is not None and (until is None or following.begins < until):
                until, by = following.begins, following.version.law
            version = replace(row.version, in_force_until=until, superseded_by=by)
            done.append(Dated(version, row.numbers))
        return tuple(done)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self._laws.values())

    @property
    def laws(self) -> tuple[str, ...]:
        """Short names of all laws, in the order of the register."""
        return tuple(rows[0].version.law for rows in self._laws.values())

    @property
    def repealed_laws(self) -> tuple[str, ...]:
        """Names of the laws whose repeal is known."""
        return tuple(self._repeals)

    def knows(self, law: str) -> bool:
        """Say whether the register holds a law or at least its repeal."""
        return folded(law) in self._laws or folded(law) in self._repeals

    def history(self, law: str) -> tuple[Dated, ...]:
        """Return the versions of a law, oldest first; empty if it is not known."""
        return self._laws.get(folded(law), ())

    def repeal(self, law: str) -> Repeal | None:
        """Return how a law was repealed, if it was and no later law bears its name."""
        repeal = self._repeals.get(folded(law))
        if repeal is None or any(row.begins >= repeal.since for row in self.history(law)):
            return None
        return repeal

    def in_force(self, law: str, on: dt.date) -> Version | None:
        """Return the version of a law in force on a day; None before the first, after the last."""
        row = self.row(law, on)
        return row.version if row else None

    def row_passed(self, law: str, passed: dt.date | None) -> Dated | None:
        """Return the version of a law passed on a day, or published some days from it."""
        rows = self.history(law)
        exact = next((row for row in rows if row.version.passed == passed), None)
        return exact or next((r for r in rows if same_day(r.version.passed, passed)), None)

    def row_of(self, version: Version) -> Dated | None:
        """Return the row of a version that this register gave out."""
        return next((r for r in self.history(version.law) if r.version == version), None)

    def row(self, law: str, on: dt.date) -> Dated | None:
        """Return the version in force on a day with its article numbers."""
        for row in reversed(self.history(law)):
            until = row.version.in_force_until
            if row.begins <= on and (until is None or on < until):
                return row
        return None

    def with_versions(self, rows: Iterable[Dated]) -> Register:
        """Return a copy that also holds these versions; a known one gains its article numbers."""
        merged = {name: list(known) for name, known in self._laws.items()}
        for row in rows:
            known = merged.setdefault(folded(row.version.law), [])
            place = next(
                (
                    i
                    for i, one in enumerate(known)
                    if one.version.passed == row.version.passed
                    or same_day(one.version.passed, row.version.passed)
                ),
                None,
            )
            if place is None:
                known.append(row)
            elif known[place].numbers is None:
                known[place] = replace(known[place], numbers=row.numbers)
        bare = [
            Dated(replace(row.version, in_force_until=None, superseded_by=""), row.numbers)
            for known in merged.values()
            for row in known
        ]
        return Register(bare, self._repeals)


def same_day(one: dt.date | None, other: dt.date | None) -> bool:
    """Say whether two days of passing or publication belong to one version."""
    return one is not None and other is not None and abs(one - other) <= SAME_TEXT


def in_force(law: str, on: dt.date) -> Version | None:
    """Return the version of a law in force on a day, from the committed register."""
    return load_register().in_force(law, on)


@functools.cache
def load_register() -> Register:
    """Return the committed register, read once.

    Raises FileNotFoundError if a file is missing, ValueError if a line is wrong.
    """
    return Register(read_rows(LAWS), load_repeals())


def read_rows(path: Path) -> list[Dated]:
    """Read a register file; raises ValueError with the number of the first wrong line."""
    rows: list[Dated] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if number == 1 or not line:
            continue
        try:
            law, level, passed, begins, articles, sources = line.split("\t")
            version = Version(
                law=law,
                title=law,
                level=level,
                passed=_day(passed),
                in_force_from=_day(begins),
                source=sources,
            )
            rows.append(Dated(version, Numbers.read(articles) if articles else None))
        except ValueError as error:
            raise ValueError(f"{path.name} 第 {number} 行写法不对：{error}") from None
    return rows


def write_rows(path: Path, rows: Iterable[Dated]) -> None:
    """Write a register file, sorted by law and day."""
    lines = ["\t".join(COLUMNS)]
    for row in sorted(rows, key=lambda r: (r.version.law, r.begins)):
        version = row.version
        days = (version.passed, version.in_force_from)
        lines.append(
            "\t".join(
                (
                    version.law,
                    version.level,
                    *("" if day is None else day.isoformat() for day in days),
                    "" if row.numbers is None else str(row.numbers),
                    version.source,
                )
            )
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@functools.cache
def load_repeals() -> Mapping[str, Repeal]:
    """Return the repealed laws by short name."""
    data = yaml.load(REPEALED.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return MappingProxyType(
        {
            law: Repeal(entry["by"], entry["since"], entry.get("basis", ""))
            for law, entry in data.items()
        }
    )


def _day(written: str) -> dt.date | None:
    return dt.date.fromisoformat(written) if written else None
