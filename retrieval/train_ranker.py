"""Fits what is not vectors: weights of the sum, forest, confidence.

Everything here is fitted on questions whose fold the vectors and tables have not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import log_softmax, softmax  # type: ignore[import-untyped]

from retrieval.calibration import Calibration
from retrieval.forest import Forest

FloatArray = npt.NDArray[np.float64]

FOREST_ROUNDS = 150
FOREST: dict[str, Any] = {
    "objective": "lambdarank",
    "learning_rate": 0.07,
    "num_leaves": 15,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "lambdarank_truncation_level": 20,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbose": -1,
}

Example = tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], float]
"""One question: components (candidates, n), which candidates answer it, its weight."""


def fit_weights(
    examples: Sequence[Example],
    start: Sequence[float],
    *,
    least: Sequence[float] | None = None,
    ridge: float = 1e-3,
) -> FloatArray:
    """Return weights that maximise the listwise likelihood of the true candidates.

    No weight falls below its ``least``, by default zero.
    """
    useful = [(x.astype(np.float64), y, w) for x, y, w in examples if y.any()]
    total = sum(w for _, _, w in useful)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        value = ridge * float(weights @ weights)
        slope = 2 * ridge * weights
        for x, y, w in useful:
            scores = x @ weights
            value -= w / total * float(log_softmax(scores)[y].mean())
            slope -= w / total * (x[y].mean(axis=0) - softmax(scores) @ x)
        return value, slope

    # A negative weight would punish a passage for matching, which no reader could explain.
    floors = [0.0] * len(start) if least is None else least
    bounds = [(floor, None) for floor in floors]
    found = minimize(loss, np.asarray(start), jac=True, method="L-BFGS-B", bounds=bounds)
    fitted: FloatArray = found.x
    return fitted


def fit_forest(
    examples: Sequence[Example], *, rounds: int = FOREST_ROUNDS, seed: int = 1
) -> Forest:
    """Return a LambdaMART forest over the features of the candidates (Burges, 2010).

    Questions without a true candidate teach nothing and are left out.
    """
    useful = [(x, y, w) for x, y, w in examples if y.any()]
    rows = np.concatenate([x for x, _, _ in useful])
    data = lightgbm.Dataset(
        rows,
        np.concatenate([y for _, y, _ in useful]).astype(np.int32),
        group=[len(y) for _, y, _ in useful],
        weight=np.concatenate([np.full(len(y), w, np.float32) for _, y, w in useful]),
    )
    booster = lightgbm.train(FOREST | {"seed": seed}, data, rounds)
    return Forest.from_lightgbm(booster.dump_model())


def fit_confidence(
    rows: npt.NDArray[np.float32],
    hits: npt.NDArray[np.bool_],
    importance: FloatArray,
    *,
    ridge: float = 1e-4,
) -> tuple[FloatArray, float]:
    """Return coefficients and bias of a logistic regression of ``hits`` on ``rows``.

    ``importance`` (rows,) weighs the cases.
    """
    share = importance / importance.sum()
    x = np.hstack([rows.astype(np.float64), np.ones((len(rows), 1))])
    signs = np.where(hits, 1.0, -1.0)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        margin = signs * (x @ weights)
        value = float(share @ np.logaddexp(0, -margin)) + ridge * float(weights[:-1] @ weights[:-1])
        slope = -((share * signs * np.exp(-np.logaddexp(0, margin))) @ x)
        slope[:-1] += 2 * ridge * weights[:-1]
        return value, slope

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B")
    return found.x[:-1], float(found.x[-1])


def calibrated(
    rows: npt.NDArray[np.float32], hits: npt.NDArray[np.bool_], importance: FloatArray
) -> Calibration:
    """Return the calibration fitted on signals of unseen questions."""
    weights, bias = fit_confidence(rows, hits, importance)
    return Calibration(tuple(float(weight) for weight in weights), bias)


def area_under_curve(values: Sequence[float], hits: Sequence[bool]) -> float:
    """Return the chance that a hit has a higher value than a miss."""
    order = np.argsort(np.argsort(values))
    positive = np.asarray(hits, bool)
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    return float((order[positive].sum() - n * (n - 1) / 2) / (n * m))
