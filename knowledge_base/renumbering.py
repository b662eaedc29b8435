"""Where an article of an earlier text stands today: tables of numbers between two versions.

Tables are derived by :mod:`knowledge_base.alignment` or written from the texts by hand
(``reviewed``); an article without a certain successor has no entry.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.lawnames import folded
from knowledge_base.versions import HISTORY, SAME_TEXT, Dated, Register, same_day

RENUMBERING = HISTORY / "renumbering.tsv"
COLUMNS = ("law", "passed", "to_law", "to_passed", "method", "articles")
_MOST_STEPS = 8


@dataclass(frozen=True)
class Table:
    """The certain successors of one text's articles in another text, main one first."""

    law: str
    passed: dt.date
    to_law: str
    to_passed: dt.date
    method: str
    """aligned or reviewed"""
    articles: Mapping[str, tuple[str, ...]]

    @functools.cached_property
    def backwards(self) -> Mapping[str, str]:
        """Return the predecessor of each article of the later text."""
        found: dict[str, str] = {}
        for old, successors in self.articles.items():
            found.setdefault(successors[0], old)
        return found


class Renumbering:
    """All tables; follows an article through them to the text of a day."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._from: defaultdict[str, list[Table]] = defaultdict(list)
        self._to: defaultdict[str, list[Table]] = defaultdict(list)
        for table in tables:
            self._from[folded(table.law)].append(table)
            self._to[folded(table.to_law)].append(table)
        for listed in self._from.values():
            listed.sort(key=lambda t: (t.passed, t.to_passed))

    def __len__(self) -> int:
        return sum(len(tables) for tables in self._from.values())

    def successor(self, row: Dated, number: str, on: dt.date, register: Register) -> str | None:
        """Return the key that an article of an earlier version bears on a day, if certain."""
        law, passed = row.version.law, row.version.passed or dt.date.min
        for _ in range(_MOST_STEPS):
            now = register.row(law, on)
            if now is not None and same_day(now.version.passed, passed):
                return f"{now.version.law}/{number}"
            table = self._next(law, passed, on, register)
            if table is None or number not in table.articles:
                return None
            law, passed, number = table.to_law, table.to_passed, table.articles[number][0]
        return None

    def predecessor(
        self, law: str, number: str, on: dt.date, earlier: dt.date, register: Register
    ) -> tuple[Dated, str] | None:
        """Return version and number under which an article of ``on`` stood on an earlier day."""
        row = register.row(law, on)
        waiting = [(row, number)] if row is not None else []
        for _ in range(_MOST_STEPS):
            for row, old in waiting:
                until = row.version.in_force_until
                if row.begins <= earlier and (until is None or earlier < until):
                    return row, old
            waiting = [found for row, old in waiting for found in self._before(row, old, register)]
        return None

    def _next(self, law: str, passed: dt.date, on: dt.date, register: Register) -> Table | None:
        """Return the table out of a version; one whose text is lost shares the next text's."""
        for table in self._from.get(folded(law), ()):
            if table.passed >= passed - SAME_TEXT:
                target = register.row_passed(table.to_law, table.to_passed)
                if target is not None and target.begins <= on:
                    return table
        return None

    def _before(self, row: Dated, number: str, register: Register) -> Iterator[tuple[Dated, str]]:
        """Yield the versions and numbers from which an article came in one step."""
        passed = row.version.passed or dt.date.min
        for table in self._to.get(folded(row.version.law), ()):
            if not same_day(table.to_passed, passed):
                continue
            old = table.backwards.get(number)
            earlier = register.row_passed(table.law, table.passed)
            if old is not None and earlier is not None:
                yield earlier, old


@functools.cache
def load_renumbering() -> Renumbering:
    """Return the committed tables, read once; raises ValueError if a line is wrong."""
    return Renumbering(read_tables(RENUMBERING))


def read_tables(path: Path) -> list[Table]:
    """Read a file of tables; raises ValueError with the number of the first wrong line."""
    tables: list[Table] = []
    if not path.exists():
        return tables
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if number == 1 or not line:
            continue
        try:
            law, passed, to_law, to_passed, method, articles = line.split("\t")
            tables.append(
                Table(
                    law,
                    dt.date.fromisoformat(passed),
                    to_law,
                    dt.date.fromisoformat(to_passed),
                    method,
                    dict(_unfolded(articles)),
                )
            )
        except ValueError as error:
            raise ValueError(f"{path.name} 第 {number} 行写法不对：{error}") from None
    return tables


def write_tables(path: Path, tables: Iterable[Table]) -> None:
    """Write tables, sorted; runs of consecutive numbers are folded: ``1..20>3`` is 1>3 to 20>22."""
    lines = ["\t".join(COLUMNS)]
    for t in sorted(tables, key=lambda t: (t.law, t.passed, t.to_law, t.to_passed)):
        days = t.passed.isoformat(), t.to_passed.isoformat()
        listed = ",".join(_folded_runs(t.articles))
        lines.append("\t".join((t.law, days[0], t.to_law, days[1], t.method, listed)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def merge_tables(reviewed: Sequence[Table], aligned: Sequence[Table]) -> list[Table]:
    """Return both; where a pair of texts has a reviewed table, that alone counts."""
    done = {(folded(t.law), t.passed, folded(t.to_law), t.to_passed) for t in reviewed}
    return [
        *reviewed,
        *(
            t
            for t in aligned
            if (folded(t.law), t.passed, folded(t.to_law), t.to_passed) not in done
        ),
    ]


def _folded_runs(articles: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    run: list[tuple[int, int]] = []

    def flushed() -> Iterator[str]:
        if run:
            (first, target), (last, _) = run[0], run[-1]
            yield f"{first}..{last}>{target}" if last > first else f"{first}>{target}"
            run.clear()

    for old in sorted(articles, key=_order):
        successors = articles[old]
        simple = len(successors) == 1 and "-" not in old and "-" not in successors[0]
        step = (int(old), int(successors[0])) if simple else None
        if step is None or (run and (step[0] - run[-1][0], step[1] - run[-1][1]) != (1, 1)):
            yield from flushed()
        if step is None:
            yield f"{old}>{'+'.join(successors)}"
        else:
            run.append(step)
    yield from flushed()


def _unfolded(written: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for part in filter(None, written.split(",")):
        old, target = part.split(">")
        first, _, last = old.partition("..")
        if last:
            for step in range(int(last) - int(first) + 1):
                yield str(int(first) + step), (str(int(target) + step),)
        else:
            yield old, tuple(target.split("+"))


def _order(number: str) -> tuple[int, ...]:
    return tuple(map(int, number.split("-")))
