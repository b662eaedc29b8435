"""Properties of scores, groups and orders."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from retrieval.calibration import SIGNALS, Calibration, Evidence, signals
from retrieval.features import FEATURES
from retrieval.fusion import best_normalised, reciprocal_rank, softmax
from retrieval.groups import best_of_each, best_of_group, rows_of, share_of_group
from retrieval.ranker import Ranker

_SCORES = arrays(
    np.float32,
    st.integers(1, 30),
    elements=st.floats(np.float32(0), np.float32(1000), width=32, allow_subnormal=False),
)
_ROWS = arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.just(len(FEATURES))),
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
    sums = Ranker().rank(better).sums
    assert sums[-1] >= sums[:-1].max() - 1e-4


@given(_ROWS)
def test_the_order_of_candidates_does_not_matter(rows: np.ndarray) -> None:
    shuffled = np.random.default_rng(1).permutation(len(rows))
    sums = Ranker().rank(rows).sums
    again = Ranker().rank(rows[shuffled])
    np.testing.assert_allclose(again.sums, sums[shuffled], rtol=1e-5)
    assert (np.diff(again.sums[again.order]) <= 0).all()


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
    held = share_of_group(shares, groups)
    assert abs(float(held[0]) - float(shares[groups == 0].sum())) < 1e-4


@given(_SCORES)
def test_confidence_is_a_probability(scores: np.ndarray) -> None:
    unit = best_normalised(scores)
    order = np.argsort(-unit, kind="stable")
    found = signals(unit, order, Evidence(unit, unit, unit), words=5)
    assert found.shape == (len(SIGNALS),)
    assert 0.0 <= Calibration().confidence(found) <= 1.0


def test_what_was_not_ordered_again_has_no_share_of_the_confidence() -> None:
    some = np.asarray([1.0, 0.5, -np.inf, -np.inf], np.float32)
    even = np.ones(4, np.float32)
    found = signals(some, np.arange(4), Evidence(even, even, even), words=5)
    assert found[SIGNALS.index("mass_of_three")] == 1.0


@given(st.lists(st.lists(st.floats(-1, 1, width=32), max_size=6), min_size=1, max_size=8))
def test_the_best_of_each_group_are_its_largest_values(groups: list[list[float]]) -> None:
    lengths = np.asarray([len(group) for group in groups])
    values = np.asarray([value for group in groups for value in group], np.float32)
    best = best_of_each(values, lengths, 3)
    for row, group in zip(best.tolist(), groups, strict=True):
        expected = [max(value, 0.0) for value in sorted(group, reverse=True)[:3]]
        assert row == [*expected, *[0.0] * (3 - len(expected))]


def test_rows_of_groups_are_their_places() -> None:
    rows, lengths = rows_of(np.asarray([0, 2, 2, 5]), np.asarray([2, 0, 1]))
    assert rows.tolist() == [2, 3, 4, 0, 1]
    assert lengths.tolist() == [3, 2, 0]


def test_the_best_of_a_group_is_told_to_its_members() -> None:
    held = best_of_group(np.asarray([1, 5, 2], np.float32), np.asarray([7, 7, 9], np.int32))
    assert held.tolist() == [5.0, 5.0, 2.0]
