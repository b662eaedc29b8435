"""The numpy forest gives what LightGBM gives."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import pytest

from retrieval.forest import MOST_LEAVES, Forest


def _grown(leaves: int) -> tuple[lightgbm.Booster, np.ndarray]:
    rng = np.random.default_rng(3)
    # Few distinct values: thresholds fall on them, where float32 and float64 may part.
    x = rng.choice(np.linspace(0, 1, 9, dtype=np.float32), (500, 6)).astype(np.float32)
    y = x[:, 0] * x[:, 1] - x[:, 2] + rng.normal(0, 0.1, 500)
    settings = {"num_leaves": leaves, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}
    return lightgbm.train(settings, lightgbm.Dataset(x, y), 40), x


def test_scores_equal_those_of_lightgbm() -> None:
    booster, x = _grown(MOST_LEAVES)
    forest = Forest.from_lightgbm(booster.dump_model())
    np.testing.assert_allclose(forest.score(x), booster.predict(x), atol=1e-5)


def test_a_saved_forest_scores_the_same(tmp_path: Path) -> None:
    booster, x = _grown(8)
    forest = Forest.from_lightgbm(booster.dump_model())
    forest.save(tmp_path / "forest.npz")
    again = Forest.load(tmp_path / "forest.npz")
    np.testing.assert_array_equal(again.score(x), forest.score(x))


def test_a_tree_with_too_many_leaves_is_refused() -> None:
    booster, _ = _grown(MOST_LEAVES + 8)
    with pytest.raises(ValueError, match="at most 16 fit"):
        Forest.from_lightgbm(booster.dump_model())


def test_no_rows_have_no_scores() -> None:
    booster, x = _grown(4)
    assert Forest.from_lightgbm(booster.dump_model()).score(x[:0]).shape == (0,)
