"""From several scores to one: best-normalised components, a weighted sum, and a confidence.

Pure numpy on the candidates of one query; where the components come from is ``candidates``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

COMPONENTS: tuple[str, ...] = (
    "bm25",
    "translated",
    "lay",
    "dense",
    "near",
    "asked",
    "law",
    "named",
    "bm25_rank",
    "dense_rank",
)
"""Columns of a component matrix, in order."""

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

_DEFAULT_WEIGHTS = (3.0, 1.0, 1.5, 4.5, 2.0, 0.3, 1.0, 0.2, 1.0, 1.0)
_DEFAULT_SIGNALS = (0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 0.5, 0.0)


@dataclass(frozen=True)
class Ranker:
    """Weights of the sum and of the confidence, both fitted out of fold by ``train``."""

    weights: tuple[float, ...] = _DEFAULT_WEIGHTS
    signals: tuple[float, ...] = _DEFAULT_SIGNALS
    bias: float = -3.0

    @property
    def scale(self) -> float:
        """The score of a candidate best in everything; scores are shown as its fraction."""
        return float(sum(abs(weight) for weight in self.weights)) or 1.0

    def score(self, components: FloatArray) -> FloatArray:
        """Return float32 (candidates,) for components (candidates, len(COMPONENTS))."""
        return fuse(components, np.asarray(self.weights, np.float32))

    def confidence(self, signals: FloatArray) -> float:
        """Return the probability, 0 to 1, that a true answer is among the first three."""
        logit = float(np.dot(signals, np.asarray(self.signals, np.float32))) + self.bias
        return float(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))))


def best_normalised(scores: FloatArray) -> FloatArray:
    """Divide by the best score; all zero where nothing scored above zero."""
    best = float(scores.max(initial=0.0))
    if best <= 0.0:
        return np.zeros_like(scores)
    return (np.maximum(scores, 0.0) / best).astype(np.float32)


def reciprocal_rank(scores: FloatArray) -> FloatArray:
    """Return one over the rank of each score, the best first, ties in their order."""
    ranks = np.empty(len(scores), np.float32)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return np.reciprocal(ranks)


def fuse(components: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted sum of the columns of ``components`` (candidates, components)."""
    fused: FloatArray = components @ weights
    return fused


def softmax(scores: FloatArray) -> FloatArray:
    """Return the scores as shares of one."""
    if not len(scores):
        return scores
    powers = np.exp(scores - scores.max())
    shares: FloatArray = powers / powers.sum()
    return shares


def group_share(shares: FloatArray, groups: npt.NDArray[np.int32]) -> FloatArray:
    """Give each candidate the share that its whole group holds."""
    _, member = np.unique(groups, return_inverse=True)
    held: FloatArray = np.bincount(member, shares)[member].astype(np.float32)
    return held


@dataclass(frozen=True)
class Evidence:
    """Absolute measures of one query's candidates, float32 (candidates,) each."""

    cosine: FloatArray
    """Of the query and the passage's text."""
    nearest_question: FloatArray
    """Of the query and the passage's nearest lay question, 0 without one."""
    coverage: FloatArray
    """Part of the query's lexical weight that the passage holds."""

    def only(self, kept: npt.NDArray[np.bool_]) -> Evidence:
        """Return the evidence of some candidates."""
        return Evidence(self.cosine[kept], self.nearest_question[kept], self.coverage[kept])


def signals(scores: FloatArray, evidence: Evidence, words: int) -> FloatArray:
    """Return float32 (len(SIGNALS),) for the fused ``scores`` of one query's candidates."""
    if not len(scores):
        return np.zeros(len(SIGNALS), np.float32)
    order = np.argsort(-scores, kind="stable")
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
            words < 4,
        ],
        np.float32,
    )
