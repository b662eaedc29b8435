"""What training fits, on data small enough to know the answer."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoders import MODEL, EmbeddingConfig, StaticEncoder, make_encoder
from retrieval.features import COMPONENTS, FEATURES
from retrieval.folds import FOLDS, fold_of
from retrieval.learned import Learned
from retrieval.train_ranker import (
    area_under_curve,
    fit_confidence,
    fit_forest,
    fit_weights,
)


def test_weights_favour_the_component_that_tells_the_answer() -> None:
    rng = np.random.default_rng(5)
    examples = []
    for _ in range(60):
        x = rng.random((20, 2)).astype(np.float32)
        examples.append((x, x[:, 0] == x[:, 0].max(), 1.0))
    told, noise = fit_weights(examples, (1.0, 1.0))
    assert told > 5 * noise >= 0


def test_confidence_separates_hits_from_misses() -> None:
    rng = np.random.default_rng(5)
    rows = rng.random((400, 2)).astype(np.float32)
    hits = rows[:, 1] > 0.5
    coefficients, bias = fit_confidence(rows, hits, np.ones(400))
    values = rows @ coefficients + bias
    assert area_under_curve(values.tolist(), hits.tolist()) > 0.99
    assert abs(float((1 / (1 + np.exp(-values))).mean() - hits.mean())) < 0.02


def test_area_under_the_curve_of_a_perfect_and_an_inverted_order() -> None:
    assert area_under_curve([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert area_under_curve([1, 2, 3, 4], [True, True, False, False]) == 0.0


def test_folds_are_even_and_always_the_same() -> None:
    folds = [fold_of(str(i)) for i in range(2000)]
    assert all(0.17 < folds.count(fold) / 2000 < 0.23 for fold in range(FOLDS))
    assert [fold_of(str(i)) for i in range(2000)] == folds
    # Another split would compare what was trained on with what was not.
    assert [fold_of(name) for name in ("0", "2", "3-2-0")] == [3, 1, 3]


def test_a_forest_puts_the_telling_feature_first_and_is_what_lightgbm_grew() -> None:
    rng = np.random.default_rng(5)
    examples = []
    for _ in range(80):
        x = rng.random((30, 4)).astype(np.float32)
        examples.append((x, x[:, 2] == x[:, 2].max(), 1.0))
    forest = fit_forest(examples, rounds=30)
    x, true, _ = examples[0]
    assert forest.score(x)[true].min() > np.median(forest.score(x))
    assert set(forest.feature[np.isfinite(forest.threshold)].ravel().tolist()) >= {2}


def test_the_committed_model_is_small_and_complete() -> None:
    size = sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file())
    assert size < 25 * 1024 * 1024
    rankers = Learned.load().rankers
    assert rankers.articles.forest is not None
    assert rankers.articles.forest.feature.max() < len(FEATURES)
    assert rankers.others.forest is None
    for ranker in (rankers.articles, rankers.others):
        assert len(ranker.weights) == len(COMPONENTS)
        assert all(weight >= 0 for weight in ranker.weights)


def test_everyday_words_suggest_statute_words() -> None:
    learned = Learned.load()
    assert "用人单位" in learned.translate({"老板": 1.0})
    assert "用人单位" not in learned.translate({"老板": 1.0, "用人单位": 1.0})


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None,
    reason="sentence-transformers is not installed",
)
def test_sentence_transformers_reads_the_model_and_agrees() -> None:
    texts = ["公司拖欠工资怎么办", "离婚以后彩礼能要回来吗"]
    ours, theirs = StaticEncoder.load(MODEL), make_encoder(EmbeddingConfig(model=str(MODEL)))
    np.testing.assert_allclose(ours.encode(texts), theirs.encode(texts), atol=2e-3)
    np.testing.assert_allclose(
        ours.encode_questions(texts), theirs.encode_questions(texts), atol=2e-3
    )


def test_a_text_without_tokens_has_a_zero_vector() -> None:
    vectors = StaticEncoder.load(Path(MODEL)).encode(["😀", "工资", ""])
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx([0.0, 1.0, 0.0], abs=1e-5)
