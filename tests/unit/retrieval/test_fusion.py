"""Properties of the fused score."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrieval.fusion import (
    COMPONENTS,
    SIGNALS,
    Evidence,
    Ranker,
    best_normalised,
    fuse,
    group_share,
    reciprocal_rank,
    signals,
    softmax,
)

_SCORES = arrays(
    np.float32,
    st.integers(1, 30),
    elements=st.floats(np.float32(0), np.float32(1000), width=32, allow_subnormal=False),
)
_ROWS = arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.just(len(COMPONENTS))),
    elements=st.floats(0, 1, width=32, allow_subnormal=False),
)


@given(_SCORES)
def test_the_best_of_normalised_scores_is_one_and_order_is_kept(scores: np.ndarray) -> None:
    normalised = best_normalised(scores)
    assert ((normalised >= 0) & (normalised <= 1)).all()
    assert normalised.max() == (1.0 if scores.max() > 0 else 0.0)
    assert (np.diff(normalised[np.argsort(scores, kind="stable")]) >= 0).all()


@given(_SCORES, st.floats(0.5, 8))
def test_normalising_forgets_the_scale(scores: np.ndarray, factor: float) -> None:
    scaled = (scores * factor).astype(np.float32)
    np.testing.assert_allclose(best_normalised(scaled), best_normalised(scores), rtol=1e-4)


@given(_ROWS)
def test_a_candidate_better_in_everything_never_ranks_lower(rows: np.ndarray) -> None:
    better = np.vstack([rows, rows.max(axis=0)])
    scores = Ranker().score(better)
    assert scores[-1] >= scores[:-1].max() - 1e-4


@given(_ROWS)
def test_the_order_of_candidates_does_not_matter(rows: np.ndarray) -> None:
    weights = np.asarray(Ranker().weights, np.float32)
    order = np.random.default_rng(1).permutation(len(rows))
    np.testing.assert_allclose(fuse(rows[order], weights), fuse(rows, weights)[order], rtol=1e-5)


@given(_SCORES)
def test_reciprocal_ranks_follow_the_scores(scores: np.ndarray) -> None:
    ranks = 1 / reciprocal_rank(scores)
    assert sorted(np.rint(ranks).astype(int).tolist()) == list(range(1, len(scores) + 1))
    assert ranks[np.argmax(scores)] == 1


@given(_SCORES)
def test_shares_sum_to_one_and_a_group_holds_its_members(scores: np.ndarray) -> None:
    shares = softmax(scores / np.float32(1000))
    assert abs(float(shares.sum()) - 1) < 1e-4
    groups = np.asarray([i % 2 for i in range(len(scores))], np.int32)
    held = group_share(shares, groups)
    assert abs(float(held[0]) - float(shares[groups == 0].sum())) < 1e-4


@given(_SCORES)
def test_confidence_is_a_probability(scores: np.ndarray) -> None:
    unit = best_normalised(scores)
    found = signals(unit, Evidence(unit, unit, unit), words=5)
    assert found.shape == (len(SIGNALS),)
    assert 0.0 <= Ranker().confidence(found) <= 1.0
