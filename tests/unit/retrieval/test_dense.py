"""Passages found by their vectors."""

from __future__ import annotations

import numpy as np

from retrieval.dense import DenseIndex
from retrieval.vectors import FaissVectors


def _unit(angle: float) -> list[float]:
    return [float(np.cos(angle)), float(np.sin(angle))]


def test_a_passage_with_many_questions_does_not_crowd_out_the_others() -> None:
    # Four passages in order of nearness; the first owns seven of the ten vectors.
    angles = [*(0.01 * i for i in range(1, 8)), 0.2, 0.3, 0.4]
    vectors = np.asarray([_unit(angle) for angle in angles], np.float32)
    index = DenseIndex(FaissVectors.build(vectors), np.asarray([0, 7, 8, 9, 10]))
    assert sorted(index.nearest(np.asarray(_unit(0.0), np.float32), 3).tolist()) == [0, 1, 2]


def test_a_passage_is_scored_by_its_text_and_its_questions_apart() -> None:
    vectors = np.asarray([_unit(1.0), _unit(0.1), _unit(0.2), _unit(0.5)], np.float32)
    index = DenseIndex(FaissVectors.build(vectors), np.asarray([0, 3, 4]))
    found = index.score(np.asarray(_unit(0.0), np.float32), np.asarray([0, 1]))
    np.testing.assert_allclose(found.text, np.cos([1.0, 0.5]), atol=0.01)
    np.testing.assert_allclose(found.question, [np.cos(0.1), 0.0], atol=0.01)
    np.testing.assert_allclose(found.questions, [(np.cos(0.1) + np.cos(0.2)) / 2, 0.0], atol=0.01)
    np.testing.assert_allclose(found.every, [(np.cos(0.1) + np.cos(0.2)) / 2, 0.0], atol=0.01)
    np.testing.assert_allclose(found.asked, [np.log(3), 0.0], atol=1e-6)


def test_every_question_counts_in_the_mean_of_all() -> None:
    vectors = np.asarray([_unit(1.0), *(_unit(angle) for angle in (0.1, 0.2, 0.3, 1.4))])
    index = DenseIndex(FaissVectors.build(vectors.astype(np.float32)), np.asarray([0, 5]))
    found = index.score(np.asarray(_unit(0.0), np.float32), np.asarray([0]))
    np.testing.assert_allclose(found.questions, [np.cos([0.1, 0.2, 0.3]).mean()], atol=0.01)
    np.testing.assert_allclose(found.every, [np.cos([0.1, 0.2, 0.3, 1.4]).mean()], atol=0.01)


def test_a_question_may_be_overlooked() -> None:
    vectors = np.asarray([_unit(1.0), _unit(0.1), _unit(0.2)], np.float32)
    index = DenseIndex(FaissVectors.build(vectors), np.asarray([0, 3]))
    found = index.score(
        np.asarray(_unit(0.0), np.float32), np.asarray([0]), without=np.asarray([1])
    )
    np.testing.assert_allclose(found.question, [np.cos(0.2)], atol=0.01)


def test_an_overlooked_question_proposes_nothing() -> None:
    vectors = np.asarray([_unit(1.0), _unit(0.1), _unit(0.9)], np.float32)
    index = DenseIndex(FaissVectors.build(vectors), np.asarray([0, 2, 3]))
    query = np.asarray(_unit(0.0), np.float32)
    assert index.nearest(query, 1).tolist() == [0]
    assert index.nearest(query, 1, without=np.asarray([1])).tolist() == [1]
