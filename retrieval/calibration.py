"""From a ranking to the probability that its first three hold an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.fusion import softmax

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

SIGNALS: tuple[str, ...] = (
    "best",
    "mass_of_three",
    "gap_to_tenth",
    "cosine",
    "nearest_question",
    "coverage",
    "agreement",
    "short",
)
"""What the confidence is judged by, in order."""

_SHORT = 4
"""Words below which a question says too little."""


@dataclass(frozen=True)
class Calibration:
    """A logistic regression over ``SIGNALS``, fitted out of fold."""

    weights: tuple[float, ...] = (0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 0.5, 0.0)
    bias: float = -3.0

    def confidence(self, signals: FloatArray) -> float:
        """Return the probability, 0 to 1, that a true answer is among the first three."""
        logit = float(np.dot(signals, np.asarray(self.weights, np.float32))) + self.bias
        return float(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))))

    def as_table(self) -> dict[str, float]:
        """Return the coefficients by name, and ``bias``."""
        named = zip((*SIGNALS, "bias"), (*self.weights, self.bias), strict=True)
        return {name: round(value, 4) for name, value in named}

    @classmethod
    def from_table(cls, table: Mapping[str, float]) -> Calibration:
        """Read named coefficients and ``bias``.

        Raises ``ValueError`` if they were fitted for other signals.
        """
        if set(table) != {*SIGNALS, "bias"}:
            raise ValueError("the confidence was fitted for other signals")
        return cls(tuple(float(table[name]) for name in SIGNALS), float(table["bias"]))


@dataclass(frozen=True)
class Evidence:
    """Absolute measures of one query's candidates, float32 (candidates,) each."""

    cosine: FloatArray
    """Of the query and the passage's text."""
    nearest_question: FloatArray
    """Of the query and the passage's nearest lay question, 0 without one."""
    coverage: FloatArray
    """Part of the query's lexical weight that the passage or its best question holds."""


def signals(scores: FloatArray, order: IntArray, evidence: Evidence, words: int) -> FloatArray:
    """Return float32 (len(SIGNALS),) for one query.

    ``scores`` float32 (candidates,) are what ``order`` (candidates,), best first, was made from;
    candidates that only fill the end of the order may have a score of minus infinity.
    """
    if not len(scores):
        return np.zeros(len(SIGNALS), np.float32)
    shares = softmax(scores)[order]
    first = order[:3]
    tenth = shares[9] if len(shares) > 9 else 0.0
    agreement = [np.argmax(column) in first for column in (evidence.coverage, evidence.cosine)]
    return np.asarray(
        [
            scores[order[0]],
            shares[:3].sum(),
            shares[0] - tenth,
            evidence.cosine[first].max(),
            evidence.nearest_question[first].max(),
            evidence.coverage[first].max(),
            np.mean(agreement),
            words < _SHORT,
        ],
        np.float32,
    )
