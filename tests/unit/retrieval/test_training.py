"""What training fits, on data small enough to know the answer."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from retrieval.dense import MODEL, EmbeddingConfig, StaticEncoder, make_encoder
from retrieval.fusion import COMPONENTS, SIGNALS
from retrieval.learned import Learned
from retrieval.train_ranker import (
    area_under_curve,
    fit_confidence,
    fit_weights,
    translation_table,
)
from retrieval.train_split import fold_of, is_held_out


def test_a_word_is_translated_into_what_its_answers_say() -> None:
    pairs = (
        [(["老板"], ["用人单位"])] * 3
        + [(["狗"], ["动物", "用人单位"])]
        + [(["猫"], ["动物"])] * 12
    )
    table = translation_table(pairs)
    assert set(table["老板"]) == {"用人单位"}
    assert "狗" not in table


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


def test_about_a_fifth_is_held_out_and_always_the_same() -> None:
    held = [is_held_out(str(i)) for i in range(2000)]
    assert 0.17 < sum(held) / 2000 < 0.23
    assert [fold_of(str(i), 5, "held-out") == 0 for i in range(2000)] == held


def test_the_committed_model_is_small_and_complete() -> None:
    size = sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file())
    assert size < 25 * 1024 * 1024
    learned = Learned.load()
    assert len(learned.ranker.weights) == len(COMPONENTS)
    assert len(learned.ranker.signals) == len(SIGNALS)
    assert all(weight >= 0 for weight in learned.ranker.weights)


def test_learned_tables_hold_words_and_no_sentences() -> None:
    learned = Learned.load()
    words = {*learned.translation, *(w for row in learned.translation.values() for w in row)}
    assert max(len(word) for word in words) <= 12


def test_everyday_words_are_translated_by_the_lexicon_too() -> None:
    assert "用人单位" in Learned.load().translate({"老板": 1.0})
    assert "用人单位" not in Learned.load().translate({"老板": 1.0, "用人单位": 1.0})


@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None,
    reason="sentence-transformers is not installed",
)
def test_sentence_transformers_reads_the_model_and_agrees() -> None:
    texts = ["公司拖欠工资怎么办", "离婚以后彩礼能要回来吗"]
    other = make_encoder(EmbeddingConfig(model=str(MODEL)))
    np.testing.assert_allclose(
        StaticEncoder.load(MODEL).encode(texts), other.encode(texts), atol=2e-3
    )


def test_a_text_without_tokens_has_a_zero_vector() -> None:
    vectors = StaticEncoder.load(Path(MODEL)).encode(["😀", "工资", ""])
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx([0.0, 1.0, 0.0], abs=1e-5)
