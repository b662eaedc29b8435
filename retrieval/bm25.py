"""Lexical scores: the columns of bm25s' matrix as memory-mapped arrays; a query sums a few.

The weights are those of bm25s ("lucene"), computed on arrays of terms because its own builder
takes a list of strings a document: three times the time and ten times the memory. Terms are kept
as sorted 64-bit hashes, so that loading reads no dictionary and several processes share pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.terms import Terms, term_hash

FloatArray = npt.NDArray[np.float32]

_PART = 1 << 20

_ARRAYS = ("terms", "indptr", "rows", "scores", "peaks")


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
    def build(cls, terms: Terms, *, k1: float = 1.2, b: float = 0.75) -> LexicalIndex:
        """Weigh the terms of the documents; a document's number is its row.

        Source of the weights: Kamphuis et al., Which BM25 do you mean? (ECIR 2020), "Lucene".
        """
        if not len(terms.columns):
            return cls(
                np.zeros(0, np.uint64),
                np.zeros(1, np.int64),
                np.zeros(0, np.int32),
                np.zeros(0, np.float32),
                np.zeros(0, np.float32),
                terms.size,
            )
        cells = terms.columns.astype(np.int64)
        cells *= terms.size
        cells += terms.documents
        cells.sort()
        first = np.flatnonzero(np.diff(cells, prepend=-1))
        limits = np.arange(len(terms.hashes) + 1) * terms.size
        indptr = np.searchsorted(cells[first], limits).astype(np.int64)
        found_in = np.diff(indptr)
        rarity = np.log1p((terms.size - found_in + 0.5) / (found_in + 0.5))
        lengths = np.bincount(terms.documents, minlength=terms.size)
        damping = k1 * (1.0 - b + b * lengths / lengths.mean())
        rows = np.empty(len(first), np.int32)
        scores = np.empty(len(first), np.float32)
        ends = np.append(first[1:], len(cells))
        # Part by part: in double precision the whole would take most of the memory of building.
        for i in range(0, len(first), _PART):
            part = slice(i, i + _PART)
            column_of, rows[part] = np.divmod(cells[first[part]], terms.size)
            counts = ends[part] - first[part]
            scores[part] = rarity[column_of] * counts / (counts + damping[rows[part]])
        peaks = np.zeros(len(terms.hashes), np.float32)
        peaks[found_in > 0] = np.maximum.reduceat(scores, indptr[:-1][found_in > 0])
        return cls(
            terms.hashes,
            indptr,
            rows,
            scores,
            peaks,
            terms.size,
        )

    def _columns(self, query: Mapping[str, float]) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Return the columns of the query's known terms, and their weights."""
        wanted = np.fromiter(map(term_hash, query), np.uint64, len(query))
        weights = np.fromiter(query.values(), np.float32, len(query))
        at = np.searchsorted(self.terms, wanted)
        known = np.flatnonzero(at < len(self.terms))
        known = known[self.terms[at[known]] == wanted[known]]
        return at[known], weights[known]

    def score(self, query: Mapping[str, float]) -> FloatArray:
        """Return float32 (size,): the sum of the query terms' scores times their weights."""
        total = np.zeros(self.size, np.float32)
        columns, weights = self._columns(query)
        starts, ends = self.indptr[columns].tolist(), self.indptr[columns + 1].tolist()
        for start, end, weight in zip(starts, ends, weights, strict=True):
            total[self.rows[start:end]] += weight * self.scores[start:end]
        return total

    def ceiling(self, query: Mapping[str, float], *, unknown: float = 0.0) -> float:
        """Return what a document best in every term would score; ``unknown`` for new terms."""
        columns, weights = self._columns(query)
        missing = sum(query.values()) - float(weights.sum())
        return float(weights @ self.peaks[columns]) + unknown * missing

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
