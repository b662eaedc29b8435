"""Does retrieval still find what lawyers said is right? One case a line: question, tab, keys.

A case counts as hit when one of its articles stands among the first three.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.answers import Search
from bot.dialogue.normalise import question_of

FIRST = 3


@dataclass(frozen=True)
class RegressionCase:
    question: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """A case whose articles were not among the first, and what was found instead."""

    question: str
    expected: tuple[str, ...]
    found: tuple[str, ...]


@dataclass(frozen=True)
class RegressionReport:
    cases: int
    """Cases that were tried."""
    hits: int
    failures: tuple[Failure, ...]
    not_held: tuple[RegressionCase, ...]
    """Cases none of whose articles the index holds; they were not tried."""

    @property
    def hit_at_3(self) -> float:
        """Return the share of tried cases that were hit; 1 when there were none."""
        return self.hits / self.cases if self.cases else 1.0


def read_regressions(path: Path) -> list[RegressionCase]:
    """Read the cases of a file; one that is not there holds none.

    Raises:
        ValueError: a line is not a question, a tab and keys.
    """
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            question, keys = line.split("\t")
            found.append(RegressionCase(question, tuple(keys.split(","))))
    return found


def regressions(
    searcher: Search,
    path: Path,
    *,
    held: Collection[str] | None = None,
    on: dt.date | None = None,
) -> RegressionReport:
    """Try every case of a file, each as the dialogue would ask it.

    ``held``: keys of the articles the index holds; without it every case is tried.

    Raises:
        ValueError: a line is not a question, a tab and keys.
    """
    hits = 0
    failures: list[Failure] = []
    not_held: list[RegressionCase] = []
    for case in read_regressions(path):
        if held is not None and not set(case.keys) & set(held):
            not_held.append(case)
            continue
        result = searcher.search(question_of(case.question), kinds={"article"}, on=on, limit=FIRST)
        found = tuple(hit.key for hit in result.hits[:FIRST])
        if set(found) & set(case.keys):
            hits += 1
        else:
            failures.append(Failure(case.question, case.keys, found))
    return RegressionReport(hits + len(failures), hits, tuple(failures), tuple(not_held))
