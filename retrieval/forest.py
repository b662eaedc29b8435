"""Evaluates a forest of small regression trees with numpy, all trees and rows at once.

LightGBM grows the trees and is needed for nothing else; importing it costs a serving process
more memory than the whole index. The method is QuickScorer (Lucchese et al., SIGIR 2015): every
node that a row fails strikes the leaves of its left branch, and the first leaf left is the exit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

MOST_LEAVES = 16
_EVERY_LEAF = 0xFFFF
_FIRST_LEAF = np.asarray(
    [0, *((mask & -mask).bit_length() - 1 for mask in range(1, 1 << MOST_LEAVES))], np.uint8
)


@dataclass(frozen=True)
class Forest:
    """Trees of at most 16 leaves, padded with nodes that strike nothing.

    ``feature`` int16, ``threshold`` float32 and ``keeps`` uint16 (trees, 15): a row whose feature
    exceeds the threshold keeps only the leaves of the mask; ``values`` float32 (trees, 16).
    """

    feature: npt.NDArray[np.int16]
    threshold: FloatArray
    keeps: npt.NDArray[np.uint16]
    values: FloatArray

    def score(self, rows: FloatArray) -> FloatArray:
        """Return float32 (len(rows),) for ``rows`` float32 (rows, features)."""
        exceeded = rows[:, self.feature] > self.threshold
        left = np.where(exceeded, self.keeps, np.uint16(_EVERY_LEAF))
        leaf = _FIRST_LEAF[np.bitwise_and.reduce(left, axis=2)]
        scores: FloatArray = self.values[np.arange(len(self.values)), leaf].sum(axis=1)
        return scores

    def save(self, path: Path) -> None:
        """Write the arrays as one ``.npz`` file."""
        np.savez_compressed(
            path,
            feature=self.feature,
            threshold=self.threshold,
            keeps=self.keeps,
            values=self.values,
        )

    @classmethod
    def load(cls, path: Path) -> Forest:
        """Read what ``save`` wrote."""
        with np.load(path) as arrays:
            return cls(**{name: arrays[name] for name in arrays.files})

    @classmethod
    def from_lightgbm(cls, dump: Mapping[str, Any]) -> Forest:
        """Convert what ``lightgbm.Booster.dump_model`` returns.

        Raises ``ValueError`` for a tree of more than 16 leaves.
        """
        trees = [tree["tree_structure"] for tree in dump["tree_info"]]
        shape = (len(trees), MOST_LEAVES - 1)
        feature = np.zeros(shape, np.int16)
        threshold = np.full(shape, np.inf, np.float32)
        keeps = np.full(shape, _EVERY_LEAF, np.uint16)
        values = np.zeros((len(trees), MOST_LEAVES), np.float32)
        for number, tree in enumerate(trees):
            nodes: list[tuple[int, float, int]] = []
            leaves: list[float] = []
            _walk(tree, nodes, leaves)
            if len(leaves) > MOST_LEAVES:
                raise ValueError(f"a tree has {len(leaves)} leaves, at most {MOST_LEAVES} fit")
            for place, (column, limit, struck) in enumerate(nodes):
                feature[number, place] = column
                threshold[number, place] = _not_above(limit)
                keeps[number, place] = _EVERY_LEAF & ~struck
            values[number, : len(leaves)] = leaves
        return cls(feature, threshold, keeps, values)


def _walk(
    node: Mapping[str, Any], nodes: list[tuple[int, float, int]], leaves: list[float]
) -> None:
    """List the inner nodes with the leaves of their left branches, and the leaves in order."""
    if "split_feature" not in node:
        leaves.append(float(node["leaf_value"]))
        return
    first = len(leaves)
    _walk(node["left_child"], nodes, leaves)
    struck = ((1 << len(leaves)) - 1) & ~((1 << first) - 1)
    nodes.append((int(node["split_feature"]), float(node["threshold"]), struck))
    _walk(node["right_child"], nodes, leaves)


def _not_above(limit: float) -> np.float32:
    """Return the largest float32 not above ``limit``: rows are float32, LightGBM's limits not."""
    nearest = np.float32(limit)
    return nearest if nearest <= limit else np.nextafter(nearest, np.float32(-np.inf))
