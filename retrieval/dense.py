"""Vectors grouped by passage: a passage has one for its text and one for each of its questions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.groups import best_of_each, rows_of
from retrieval.vectors import VectorStore, Within

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# An article's three nearest questions together say more than one that happens to sound alike.
_BEST_QUESTIONS = 3

# Vectors looked at for each passage wanted: articles have up to a dozen questions.
_VECTORS_A_PASSAGE = 4


@dataclass(frozen=True)
class Scope:
    """Which passages a search may return, bool (passages,), and the same for their vectors."""

    passages: npt.NDArray[np.bool_]
    within: Within


@dataclass(frozen=True)
class Cosines:
    """Cosines of one query and some passages, float32 (passages,) each."""

    text: FloatArray
    question: FloatArray
    """Of the nearest question; 0 without one."""
    questions: FloatArray
    """Mean over the three nearest questions, or as many as there are."""
    every: FloatArray
    """Mean over all its questions; 0 without one."""
    asked: FloatArray
    """How many questions it has, as a logarithm: the nearest of many is near by chance."""


class DenseIndex:
    """Vectors in groups, one group a passage: its text first, then its questions.

    ``starts`` int64 (passages + 1,): the vectors of passage ``p`` are rows ``starts[p]`` to
    ``starts[p + 1]`` of the store.
    """

    def __init__(self, store: VectorStore, starts: IntArray) -> None:
        self._store = store
        self.starts = starts
        self._owner = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))

    def scope(
        self, passages: npt.NDArray[np.bool_], kinds: tuple[int, ...], day: int | None
    ) -> Scope:
        """Return the scope of some passages, which are those of ``kinds`` in force on ``day``."""
        return Scope(passages, Within(passages[self._owner], kinds, day))

    def nearest(
        self,
        query: FloatArray,
        limit: int,
        scope: Scope | None = None,
        without: IntArray | None = None,
    ) -> IntArray:
        """Return up to ``limit`` passages, unordered: those whose nearest vector is nearest.

        A passage with many questions owns many vectors near to a query that one of them
        resembles, so several times as many vectors are looked at. ``without`` are the rows of
        vectors to be overlooked.
        """
        rows, _ = self._store.nearest(
            query, limit * _VECTORS_A_PASSAGE, scope.within if scope else None
        )
        if without is not None:
            rows = rows[~np.isin(rows, without)]
        owners = self._owner[rows]
        _, first = np.unique(owners, return_index=True)
        found: IntArray = owners[np.sort(first)[:limit]].astype(np.int64)
        return found

    def score(
        self, query: FloatArray, passages: IntArray, without: IntArray | None = None
    ) -> Cosines:
        """Return the cosines of the passages' texts and of their questions.

        ``without`` are the rows of questions' vectors to be overlooked.
        """
        if not len(passages):
            nothing = np.zeros(0, np.float32)
            return Cosines(nothing, nothing, nothing, nothing, nothing)
        rows, lengths = rows_of(self.starts, passages)
        cosines = self._store.cosines(query, rows)
        first = np.cumsum(lengths) - lengths
        text: FloatArray = cosines[first]
        # The text's own place stands empty, so that only questions are left to be compared.
        cosines[first] = 0.0
        if without is not None:
            cosines[np.isin(rows, without)] = 0.0
        best = best_of_each(cosines, lengths, _BEST_QUESTIONS)
        held = (lengths - 1).astype(np.float32)
        every = (np.add.reduceat(cosines, first) / np.maximum(held, 1.0)).astype(np.float32)
        three = best.sum(axis=1) / np.clip(held, 1.0, _BEST_QUESTIONS)
        return Cosines(text, best[:, 0], three, every, np.log1p(held))

    def save(self, folder: Path) -> None:
        """Write the groups under ``folder``; the vectors are the store's to keep."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "starts.npy", self.starts)
