"""Small numbers in a table of two sides: nobody is to be recognised, nor worked out of the totals.

The totals of rows and columns are known to the reader from other tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

LEAST = 3
"""Smaller numbers, none among them, are not told apart."""


class Veiled(Enum):
    """What stands in the place of a number."""

    SMALL = "small"
    """It is below ``LEAST``."""
    HIDDEN = "hidden"
    """It is not small, and would give away a small one in its row or column."""


Shown = int | Veiled


def guarded(counts: Sequence[Sequence[int]]) -> list[list[Shown]]:
    """Return the table with its small numbers veiled, and what would give them away."""
    hidden = {
        (r, c) for r, row in enumerate(counts) for c, count in enumerate(row) if count < LEAST
    }
    lines = [[(r, c) for c in range(len(row))] for r, row in enumerate(counts)]
    lines += [list(line) for line in zip(*lines, strict=True)]
    while more := {cell for line in lines if (cell := _giving_away(line, counts, hidden))}:
        hidden |= more
    return [
        [
            count if (r, c) not in hidden else Veiled.SMALL if count < LEAST else Veiled.HIDDEN
            for c, count in enumerate(row)
        ]
        for r, row in enumerate(counts)
    ]


Cell = tuple[int, int]


def _giving_away(
    line: list[Cell], counts: Sequence[Sequence[int]], hidden: set[Cell]
) -> Cell | None:
    """Return the smallest number shown of a line whose total gives its veiled ones away."""
    veiled = [counts[r][c] for r, c in line if (r, c) in hidden]
    if not any(veiled):
        # There is nobody behind these.
        return None
    told = len(veiled) == 1 or all(count == LEAST - 1 for count in veiled)
    shown = [cell for cell in line if cell not in hidden]
    return min(shown, key=lambda cell: counts[cell[0]][cell[1]]) if told and shown else None
