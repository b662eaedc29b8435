"""From features to an order: a weighted sum, and for articles a forest over its best."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.calibration import Calibration
from retrieval.features import COMPONENTS, FEATURES
from retrieval.forest import Forest

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# The forest re-orders this many: all of them is a millisecond slower and no better.
RERANKED = 120

_DEFAULT_WEIGHTS = (3.0, 1.0, 1.5, 4.5, 2.0, 0.3, 1.0, 0.2, 1.0, 1.0)


@dataclass(frozen=True)
class Ranking:
    """``order`` int64 (candidates,), best first; ``sums`` and ``scores`` float32 (candidates,).

    ``scores`` are what the order was made from, minus infinity for what was not re-ordered.
    """

    order: IntArray
    sums: FloatArray
    scores: FloatArray


@dataclass(frozen=True)
class Ranker:
    """The weights of the sum, the forest and the confidences, all fitted out of fold."""

    weights: tuple[float, ...] = _DEFAULT_WEIGHTS
    forest: Forest | None = None
    of_sum: Calibration = field(default_factory=Calibration)
    of_forest: Calibration = field(default_factory=Calibration)

    @property
    def scale(self) -> float:
        """The sum of a candidate best in everything; sums are shown as its fraction."""
        return float(sum(abs(weight) for weight in self.weights)) or 1.0

    def rank(self, features: FloatArray, *, with_forest: bool) -> Ranking:
        """Order candidates by ``features`` float32 (candidates, len(FEATURES)).

        The forest knows articles only; ``with_forest`` asks for it where there is one.
        """
        sums: FloatArray = features[:, : len(COMPONENTS)] @ np.asarray(self.weights, np.float32)
        order: IntArray = np.argsort(-sums, kind="stable")
        if self.forest is None or not with_forest:
            return Ranking(order, sums, sums)
        first = order[:RERANKED]
        scores = np.full(len(sums), -np.inf, np.float32)
        scores[first] = self.forest.score(features[first])
        better = first[np.argsort(-scores[first], kind="stable")]
        return Ranking(np.concatenate((better, order[RERANKED:])), sums, scores)

    def calibration(self, *, with_forest: bool) -> Calibration:
        """Return the calibration of the rankings that ``rank`` makes."""
        return self.of_forest if with_forest and self.forest is not None else self.of_sum

    @classmethod
    def load(cls, folder: Path) -> Ranker:
        """Read ``ranker.json`` and ``forest.npz``.

        Raises ``ValueError`` if they were made for other features.
        """
        path = folder / "ranker.json"
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if set(table["weights"]) != set(COMPONENTS) or table["features"] != list(FEATURES):
            raise ValueError(f"{path} was made for other features; train again")
        return cls(
            weights=tuple(float(table["weights"][name]) for name in COMPONENTS),
            forest=Forest.load(folder / "forest.npz"),
            of_sum=Calibration.from_table(table["confidence"]["sum"]),
            of_forest=Calibration.from_table(table["confidence"]["forest"]),
        )
