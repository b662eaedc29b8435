"""Lexical scores: bm25s weighs the terms, memory-mapped arrays answer.

bm25s builds the sparse matrix of term scores; a query sums a few of its columns. Terms are kept
as sorted 64-bit hashes, so that loading reads no dictionary and several processes share pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_ARRAYS = ("terms", "indptr", "rows", "scores", "peaks")


def _hash(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class LexicalIndex:
    """Term scores by column.

    ``terms`` uint64 (vocabulary,), sorted; ``indptr`` int64 (vocabulary + 1,);
    ``rows`` int32 and ``scores`` float32 (non-zero entries,); ``peaks`` float32 (vocabulary,),
    the best score of each term.
    """

    terms: npt.NDArray[np.uint64]
    indptr: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    scores: FloatArray
    peaks: FloatArray
    size: int

    @classmethod
    def build(
        cls, documents: Sequence[Sequence[str]], *, k1: float = 1.2, b: float = 0.75
    ) -> LexicalIndex:
        """Weigh the terms of ``documents``; the position in the sequence is the row."""
        vocabulary = sorted({term for document in documents for term in document})
        if not vocabulary:
            return cls(
                np.zeros(0, np.uint64),
                np.zeros(1, np.int64),
                np.zeros(0, np.int32),
                np.zeros(0, np.float32),
                np.zeros(0, np.float32),
                len(documents),
            )
        # Imported here: building needs it, and serving is 25 MB lighter without.
        import bm25s

        number = {term: i for i, term in enumerate(vocabulary)}
        ids = [[number[term] for term in document] for document in documents]
        engine = bm25s.BM25(k1=k1, b=b, method="lucene")
        engine.index((ids, number), show_progress=False, create_empty_token=False)
        matrix = engine.scores
        indptr = np.asarray(matrix["indptr"], np.int64)
        hashes = np.fromiter((_hash(term) for term in vocabulary), np.uint64, len(vocabulary))
        order = np.argsort(hashes)
        lengths = np.diff(indptr)[order]
        sorted_indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        # Entry j of column c moves from indptr[order[c]] + j to sorted_indptr[c] + j.
        source = np.repeat(indptr[:-1][order] - sorted_indptr[:-1], lengths)
        source += np.arange(len(source))
        scores = np.asarray(matrix["data"], np.float32)[source]
        return cls(
            hashes[order],
            sorted_indptr,
            np.asarray(matrix["indices"], np.int32)[source],
            scores,
            np.maximum.reduceat(scores, sorted_indptr[:-1]),
            len(documents),
        )

    def _column(self, term: str) -> int | None:
        wanted = np.uint64(_hash(term))
        at = int(np.searchsorted(self.terms, wanted))
        if at == len(self.terms) or self.terms[at] != wanted:
            return None
        return at

    def score(self, query: Mapping[str, float]) -> FloatArray:
        """Return float32 (size,): the sum of the query terms' scores times their weights."""
        total = np.zeros(self.size, np.float32)
        for term, weight in query.items():
            column = self._column(term)
            if column is not None:
                start, end = self.indptr[column], self.indptr[column + 1]
                total[self.rows[start:end]] += np.float32(weight) * self.scores[start:end]
        return total

    def ceiling(self, query: Mapping[str, float], *, unknown: float = 0.0) -> float:
        """Return what a document best in every term would score; ``unknown`` for new terms."""
        total = 0.0
        for term, weight in query.items():
            column = self._column(term)
            total += weight * (unknown if column is None else float(self.peaks[column]))
        return total

    def save(self, folder: Path) -> None:
        """Write the arrays as ``.npy`` files under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        np.save(folder / "size.npy", np.int64(self.size))

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Map the arrays written by ``save``; nothing is read until it is used."""
        # asarray drops the memmap class, not the mapping: its slicing is several times slower.
        arrays = {
            name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in _ARRAYS
        }
        return cls(size=int(np.load(folder / "size.npy")), **arrays)
