"""What the ranking is worth on questions it did not see: the tables of docs/retrieval.md.

Works on the cases that training leaves behind; nothing is trained here but forests.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.calibration import Calibration, signals
from retrieval.features import FEATURES
from retrieval.ranker import Ranker
from retrieval.train import fit_forest, fit_sum
from retrieval.train_examples import Case
from retrieval.train_ranker import area_under_curve, calibrated
from retrieval.traits import ARTICLE_TRAITS, QUESTION_TRAITS

FloatArray = npt.NDArray[np.float64]

METRICS = ("R@1", "R@10", "R@100", "hit@3", "MRR@10")
COVERAGES = (0.3, 0.5, 0.7, 0.9)

_RESAMPLES = 2000
_BINS = 10

ABLATIONS: Mapping[str, tuple[str, ...]] = {
    "正文词法": ("bm25", "bm25_rank", "bm25_share"),
    "问法词法": ("lay", "lay_share", "lay_three", "lay_rank"),
    "日常词的同义词": ("translated", "translated_rank"),
    "正文向量": ("dense", "dense_rank", "cosine"),
    "问法向量": ("near", "near_three", "near_every", "near_rank", "questions"),
    "逐词比较，正文": (
        "words",
        "words_share",
        "words_rank",
        "words_below_law",
        "told",
        "told_share",
        "told_rank",
    ),
    "逐词比较，问法": ("lay_words", "lay_words_rank", "lay_both"),
    "互相引用": ("cites", "cited"),
    "同法、同章、相邻": (
        "law",
        "law_behind",
        "below_law",
        "chapter",
        "below_chapter",
        "beside",
    ),
    "被问次数": ("asked", "law_asked"),
    "条文特征": ARTICLE_TRAITS,
    "问题特征": QUESTION_TRAITS,
}
"""Groups of features that are taken from the forest, one at a time."""


@dataclass(frozen=True)
class Measured:
    """The mean of a metric over questions, its 95 % interval, and its spread over folds."""

    mean: float
    low: float
    high: float
    spread: float


@dataclass(frozen=True)
class Trusted:
    """How far confidences can be trusted, out of fold.

    ``bins`` hold mean confidence, share of hits and number of questions; ``precision`` maps a
    coverage to the share of hits among that part of the questions that is most confident.
    """

    area: float
    bins: tuple[tuple[float, float, int], ...]
    precision: Mapping[float, float]
    confidences: FloatArray
    hits: npt.NDArray[np.bool_]


class CrossValidation:
    """Ranks every case by a forest that did not see its fold."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._articles = [case for case in cases if case.kind == "article"]
        self._sum = Ranker(weights=fit_sum(self._articles))
        self._folds = sorted({case.fold for case in cases})
        self._grown: dict[tuple[str, ...], dict[int, Ranker]] = {}

    @classmethod
    def load(cls, path: Path) -> CrossValidation:
        """Read the cases that training wrote.

        Raises ``FileNotFoundError`` if there are none.
        """
        return cls(pickle.loads(path.read_bytes()))

    def by_sum(self, source: str) -> dict[str, Measured]:
        """Return the metrics of the weighted sum alone."""
        return self._measured(source, lambda _: self._sum)

    def by_forest(self, source: str, without: Sequence[str] = ()) -> dict[str, Measured]:
        """Return the metrics of the forest, grown without some features."""
        rankers = self._rankers(without)
        return self._measured(source, lambda case: rankers[case.fold])

    def trust(self, sources: Sequence[str]) -> Trusted:
        """Return how well confidences fitted on other folds hold."""
        rankers = self._rankers(())
        rows: dict[int, list[npt.NDArray[np.float32]]] = {fold: [] for fold in self._folds}
        hits: dict[int, list[bool]] = {fold: [] for fold in self._folds}
        for case in self._articles:
            found = case.candidates
            if case.source not in sources or not len(found.rows):
                continue
            ranking = rankers[case.fold].rank(found.features)
            rows[case.fold].append(
                signals(ranking.scores, ranking.order, found.evidence, found.words)
            )
            hits[case.fold].append(bool(case.true[ranking.order[:3]].any()))
        confidences: list[float] = []
        correct: list[bool] = []
        for fold in self._folds:
            others = [other for other in self._folds if other != fold]
            table = np.stack([row for other in others for row in rows[other]])
            told = np.asarray([hit for other in others for hit in hits[other]])
            calibration: Calibration = calibrated(table, told, np.ones(len(told)))
            confidences += [calibration.confidence(row) for row in rows[fold]]
            correct += hits[fold]
        return trusted(np.asarray(confidences), np.asarray(correct))

    def _rankers(self, without: Sequence[str]) -> dict[int, Ranker]:
        """Return the ranker of each fold; growing five forests takes a minute or two."""
        known = self._grown.get(tuple(without))
        if known is None:
            known = self._grown[tuple(without)] = self._grow(without)
        return known

    def _grow(self, without: Sequence[str]) -> dict[int, Ranker]:
        columns = [i for i, name in enumerate(FEATURES) if name not in without]
        return {
            fold: Ranker(
                self._sum.weights,
                fit_forest(
                    [case for case in self._articles if case.fold != fold],
                    self._sum.weights,
                    columns,
                ),
            )
            for fold in self._folds
        }

    def _measured(self, source: str, ranker: Callable[[Case], Ranker]) -> dict[str, Measured]:
        cases = [case for case in self._articles if case.source == source]
        rows = []
        for case in cases:
            chosen = ranker(case)
            ranking = chosen.rank(case.candidates.features)
            rows.append(metrics_of(case.true[ranking.order], case.gold))
        folds = np.asarray([case.fold for case in cases])
        table = np.asarray(rows)
        return {name: measured(table[:, i], folds) for i, name in enumerate(METRICS)}


def metrics_of(true: npt.NDArray[np.bool_], gold: int) -> tuple[float, ...]:
    """Return ``METRICS`` of one ranking: which places hold gold, and how much gold there is."""
    places = np.flatnonzero(true[:10])
    return (
        *(float(true[:depth].sum()) / gold for depth in (1, 10, 100)),
        float(true[:3].any()),
        1.0 / (int(places[0]) + 1) if len(places) else 0.0,
    )


def measured(values: FloatArray, folds: npt.NDArray[np.int64]) -> Measured:
    """Return mean, bootstrap interval over questions (seed fixed) and spread of the folds."""
    generator = np.random.default_rng(0)
    drawn = generator.integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    means = [values[folds == fold].mean() for fold in np.unique(folds)]
    return Measured(float(values.mean()), float(low), float(high), float(np.std(means)))


def trusted(confidences: FloatArray, hits: npt.NDArray[np.bool_]) -> Trusted:
    """Return reliability and precision at coverage of out-of-fold confidences."""
    order = np.argsort(-confidences, kind="stable")
    bins = tuple(
        (float(confidences[part].mean()), float(hits[part].mean()), len(part))
        for part in np.array_split(order, _BINS)
    )
    return Trusted(
        area_under_curve(confidences.tolist(), hits.tolist()),
        bins,
        {share: float(hits[order[: int(share * len(hits))]].mean()) for share in COVERAGES},
        confidences,
        hits,
    )
