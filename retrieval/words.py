"""Late interaction: every word of a question against the nearest word of a passage.

The vector of a whole text blurs what its single words say. For the candidates of one query the
words themselves are compared (MaxSim: Khattab and Zaharia, SIGIR 2020), with the rows of the
static tables in place of a transformer's outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.encoders import QuestionWords, Table, Tokens
from retrieval.groups import distinct, rows_of

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_LARGEST = 127.0
# Of a long statute its beginning says what it is about.
_LONGEST = 200


@dataclass(frozen=True)
class Found:
    """How the words of one query and of some passages meet, float32 (passages,) each, -1 to 1.

    ``asked`` is how well the passage holds the words of the query, ``told`` how well the query
    holds the words of the passage; each word counts by its weight.
    """

    asked: FloatArray
    told: FloatArray


@dataclass(frozen=True)
class Words:
    """The words of each passage, and the vector and weight of every word.

    ``tokens`` uint16 (words,): those of passage ``p``, each once, are ``starts[p]`` to
    ``starts[p + 1]``; ``directions`` int8 (vocabulary, dimensions), unit vectors times 127;
    ``weights`` float32 (vocabulary,).
    """

    tokens: npt.NDArray[np.uint16]
    starts: IntArray
    directions: npt.NDArray[np.int8]
    weights: FloatArray

    @classmethod
    def build(cls, texts: Tokens, table: Table) -> Words:
        """Keep the tokens of ``texts``; ``table`` (vocabulary, dimensions) has their rows.

        Raises ``ValueError`` for a vocabulary whose numbers do not fit in two bytes.
        """
        if len(table) > 1 << 16:
            raise ValueError(f"a vocabulary of {len(table)} words is too large")
        lengths = np.diff(texts.starts)
        owners = np.repeat(np.arange(len(lengths)), lengths)
        places = np.arange(len(owners)) - texts.starts[owners]
        kept = places < _LONGEST
        # A text without a known word keeps the unknown one, which is like nothing.
        empty = np.flatnonzero(lengths == 0) * len(table)
        cells = distinct(np.concatenate((owners[kept] * len(table) + texts.numbers[kept], empty)))
        owner, tokens = np.divmod(cells, len(table))
        starts = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=len(lengths)))))
        return cls(tokens.astype(np.uint16), starts.astype(np.int64), *_directions(table))

    def with_table(self, table: Table) -> Words:
        """Return the same words with other vectors."""
        return Words(self.tokens, self.starts, *_directions(table))

    def meet(self, query: QuestionWords, passages: IntArray) -> Found:
        """Compare the words of ``query`` with those of each passage."""
        if not len(passages) or not len(query.weights):
            nothing = np.zeros(len(passages), np.float32)
            return Found(nothing, nothing)
        places, lengths = rows_of(self.starts, passages)
        tokens = self.tokens[places]
        first = np.cumsum(lengths) - lengths
        # Candidates share most of their words: each is compared once.
        present = np.zeros(len(self.directions), bool)
        present[tokens] = True
        used = np.flatnonzero(present)
        number = np.zeros(len(self.directions), np.int32)
        number[used] = np.arange(len(used), dtype=np.int32)
        alike = self.directions[used].astype(np.float32) @ (query.directions.T / _LARGEST)
        own = number[tokens]
        # One row a word of the query: the largest of a run is found faster than of a column.
        by_word = np.ascontiguousarray(alike.T)
        best = np.maximum.reduceat(np.take(by_word, own, axis=1), first, axis=1)
        asked = (query.weights / query.weights.sum()) @ best
        weights = self.weights[tokens]
        nearest = by_word.max(axis=0)[own]
        total = np.add.reduceat(weights, first)
        told = np.add.reduceat(weights * nearest, first) / np.maximum(total, 1e-6)
        return Found(asked, told.astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write the arrays under ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("tokens", "starts", "directions", "weights"):
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> Words:
        """Map what ``save`` wrote."""
        return cls(
            *(
                np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
                for name in ("tokens", "starts", "directions", "weights")
            )
        )


def _directions(table: Table) -> tuple[npt.NDArray[np.int8], FloatArray]:
    rows = np.asarray(table, np.float32)
    lengths: FloatArray = np.linalg.norm(rows, axis=1)
    unit = rows / np.maximum(lengths, 1e-6)[:, None]
    return np.rint(unit * _LARGEST).astype(np.int8), lengths
