"""How well answers, cases and services are found: our own judged questions, never trained on.

``judged.tsv`` holds a kind, a question and the keys that serve the asker, separated by tabs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from knowledge_base.loader import load
from knowledge_base.models import Kind
from knowledge_base.passages import passages
from retrieval.building import build
from retrieval.search import Searcher

QUESTIONS = Path(__file__).with_name("judged.tsv")
_RESAMPLES = 2000


@dataclass(frozen=True)
class Judged:
    """A question and the passages of one kind that serve it."""

    kind: Kind
    text: str
    keys: frozenset[str]


def read(path: Path = QUESTIONS) -> list[Judged]:
    """Read the judged questions."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, text, keys = line.split("\t")
        found.append(Judged(cast(Kind, kind), text, frozenset(keys.split(","))))
    return found


def rank_of(searcher: Searcher, question: Judged, depth: int = 10) -> int | None:
    """Return the place, from 1, of the first passage that serves; ``None`` below ``depth``."""
    hits = searcher.search(question.text, kinds={question.kind}, limit=depth).hits
    return next((i for i, hit in enumerate(hits, start=1) if hit.key in question.keys), None)


def interval(values: Sequence[float]) -> str:
    """Return mean and 95 % bootstrap interval in per cent."""
    table = np.asarray(values)
    drawn = np.random.default_rng(0).integers(0, len(table), (_RESAMPLES, len(table)))
    low, high = np.percentile(table[drawn].mean(axis=1), [2.5, 97.5])
    return f"{100 * table.mean():.1f} ({100 * low:.1f}–{100 * high:.1f})"


def main() -> None:
    """Print a line a kind."""
    questions = read()
    with tempfile.TemporaryDirectory() as folder:
        build(passages(load()), Path(folder))
        searcher = Searcher.load(Path(folder))
        ranks = [rank_of(searcher, question) for question in questions]
    print("| 类别 | 题数 | 第一条 | 前三条 | MRR@10 |\n|---|---|---|---|---|")
    for kind in sorted({question.kind for question in questions}):
        found = [rank for rank, one in zip(ranks, questions, strict=True) if one.kind == kind]
        cells = (
            [float(rank == 1) for rank in found],
            [float(rank is not None and rank <= 3) for rank in found],
            [1 / rank if rank else 0.0 for rank in found],
        )
        print(f"| {kind} | {len(found)} | " + " | ".join(map(interval, cells)) + " |")


if __name__ == "__main__":
    main()
