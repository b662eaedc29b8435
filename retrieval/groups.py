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
    if not len(values):
        return best
    member = np.repeat(np.arange(len(lengths)), lengths)
    order = np.lexsort((-values, member))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    kept = rank < count
    # Sorting by group first leaves ``member`` as it was.
    best[member[kept], rank[kept]] = np.maximum(values[order[kept]], 0.0)
    return best


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
