"""From features to an order: a weighted sum, and for articles a forest over its best."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
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

_FILE = "ranker.json"

_DEFAULT_WEIGHTS = (3.0, 1.0, 1.5, 4.5, 2.0, 0.3, 1.0, 0.2, 1.0, 1.0, 2.0, 0.5, 1.0)


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
    """The weights of a sum, the forest over its best, if any, and how far to trust the result."""

    weights: tuple[float, ...] = _DEFAULT_WEIGHTS
    forest: Forest | None = None
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def scale(self) -> float:
        """The sum of a candidate best in everything; sums are shown as its fraction."""
        return float(sum(abs(weight) for weight in self.weights)) or 1.0

    def rank(self, features: FloatArray) -> Ranking:
        """Order candidates by ``features`` float32 (candidates, len(FEATURES))."""
        sums: FloatArray = features[:, : len(COMPONENTS)] @ np.asarray(self.weights, np.float32)
        order: IntArray = np.argsort(-sums, kind="stable")
        if self.forest is None:
            return Ranking(order, sums, sums)
        first = order[:RERANKED]
        scores = np.full(len(sums), -np.inf, np.float32)
        scores[first] = self.forest.score(features[first])
        better = first[np.argsort(-scores[first], kind="stable")]
        return Ranking(np.concatenate((better, order[RERANKED:])), sums, scores)


@dataclass(frozen=True)
class Rankers:
    """Articles have a ranker of their own; answers, cases and services share the other."""

    articles: Ranker = field(default_factory=Ranker)
    others: Ranker = field(default_factory=Ranker)

    def save(self, folder: Path) -> None:
        """Write ``ranker.json``, and the articles' forest to ``forest.npz``."""
        if self.articles.forest is not None:
            self.articles.forest.save(folder / "forest.npz")
        table = {
            "features": list(FEATURES),
            **{
                name: {
                    "weights": {
                        component: round(weight, 4)
                        for component, weight in zip(COMPONENTS, ranker.weights, strict=True)
                    },
                    "confidence": ranker.calibration.as_table(),
                }
                for name, ranker in (("articles", self.articles), ("others", self.others))
            },
        }
        text = json.dumps(table, ensure_ascii=False, indent=0)
        (folder / _FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Rankers:
        """Read what ``save`` wrote.

        Raises ``ValueError`` if it was made for other features.
        """
        path = folder / _FILE
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if table.get("features") != list(FEATURES):
            raise ValueError(f"{path} was made for other features; train again")
        articles, others = (
            Ranker(
                weights=tuple(float(part["weights"][name]) for name in COMPONENTS),
                calibration=Calibration.from_table(part["confidence"]),
            )
            for part in (table["articles"], table["others"])
        )
        return cls(replace(articles, forest=Forest.load(folder / "forest.npz")), others)
