"""The arithmetic of the tables."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.crossvalidation import METRICS, measured, metrics_of, trusted


def test_metrics_of_one_ranking() -> None:
    true = np.asarray([False, True, False, True] + [False] * 200)
    assert dict(zip(METRICS, metrics_of(true, 4), strict=True)) == {
        "R@1": 0.0,
        "R@10": 0.5,
        "R@100": 0.5,
        "hit@3": 1.0,
        "MRR@10": 0.5,
    }


def test_gold_that_is_no_candidate_counts_as_missed() -> None:
    assert metrics_of(np.asarray([True]), 2)[:3] == (0.5, 0.5, 0.5)


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few = np.tile([0.0, 1.0], 20)
    many = np.tile([0.0, 1.0], 500)
    narrow = measured(many, np.arange(1000) % 5)
    wide = measured(few, np.arange(40) % 5)
    assert narrow.low < narrow.mean < narrow.high
    assert narrow.high - narrow.low < wide.high - wide.low
    assert narrow.mean == wide.mean == 0.5


def test_the_spread_is_that_of_the_folds() -> None:
    assert measured(np.asarray([0.0, 0.0, 1.0, 1.0]), np.asarray([0, 0, 1, 1])).spread == 0.5


def test_precision_falls_with_coverage_where_confidence_tells() -> None:
    confidences = np.linspace(0.01, 0.99, 1000)
    hits = np.random.default_rng(2).random(1000) < confidences
    found = trusted(confidences, hits)
    assert found.precision[0.3] > found.precision[0.9] > hits.mean()
    assert found.area > 0.75
    for confidence, share, count in found.bins:
        assert count == 100
        assert share == pytest.approx(confidence, abs=0.15)
