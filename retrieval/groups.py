"""Arithmetic on rows that lie together in groups: a passage's questions, a law's articles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def rows_of(starts: IntArray, groups: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of the ``groups``, one group after another, and each group's length.

    ``starts`` int64 (all groups + 1,): group ``g`` is rows ``starts[g]`` to ``starts[g + 1]``.
    """
    lengths = starts[groups + 1] - starts[groups]
    first = np.cumsum(lengths) - lengths
    rows: IntArray = np.repeat(starts[groups] - first, lengths) + np.arange(lengths.sum())
    return rows, lengths


def distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values ascending, each once: ``np.unique`` is five times slower on millions."""
    ordered = np.sort(values)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)]]


def best_of_each(values: FloatArray, lengths: IntArray, count: int) -> FloatArray:
    """Return the ``count`` best values of each group, float32 (groups, count), zeros to fill.

    ``values`` float32 (lengths.sum(),), group after group; none counts below zero.
    """
    best = np.zeros((len(lengths), count), np.float32)
    filled = np.flatnonzero(lengths)
    if not len(filled):
        return best
    held = lengths[filled]
    first = np.cumsum(held) - held
    left = np.maximum(values, 0.0)
    # Sorting every group takes five times as long as taking its best away, again and again.
    for place in range(count):
        best[filled, place] = np.maximum.reduceat(left, first)
        if place + 1 < count:
            left[_first_of_each(left == np.repeat(best[filled, place], held), first)] = 0.0
    return best


def _first_of_each(marked: npt.NDArray[np.bool_], first: IntArray) -> IntArray:
    """Return the first marked row of each group, where every group has one."""
    rows = np.flatnonzero(marked)
    found: IntArray = rows[np.searchsorted(rows, first)]
    return found


def share_of_group(shares: FloatArray, groups: npt.NDArray[np.int32]) -> FloatArray:
    """Give each row the sum of the shares that its group holds."""
    _, member = np.unique(groups, return_inverse=True)
    held: FloatArray = np.bincount(member, shares)[member].astype(np.float32)
    return held


def best_of_group(scores: FloatArray, groups: npt.NDArray[np.int32]) -> FloatArray:
    """Give each row the best score in its group."""
    _, member = np.unique(groups, return_inverse=True)
    best = np.full(int(member.max(initial=-1)) + 1, -np.inf, np.float32)
    np.maximum.at(best, member, scores)
    held: FloatArray = best[member]
    return held
