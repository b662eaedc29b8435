"""Puts scores of different kinds on one scale. Pure numpy, on the candidates of one query."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


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


def softmax(scores: FloatArray) -> FloatArray:
    """Return the scores as shares of one."""
    if not len(scores):
        return scores
    powers = np.exp(scores - scores.max())
    shares: FloatArray = powers / powers.sum()
    return shares
