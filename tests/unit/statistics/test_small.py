"""Small numbers: no cell below three is shown, and none can be worked out of the totals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.statistics.small import LEAST, Shown, Veiled, guarded

SMALL, HIDDEN = Veiled.SMALL, Veiled.HIDDEN


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([[5, 6], [7, 8]], [[5, 6], [7, 8]]),
        # One small number in its row and column: the rest of both would tell it.
        ([[1, 6, 9], [7, 8, 9], [9, 9, 9]], [[SMALL, HIDDEN, 9], [HIDDEN, HIDDEN, 9], [9, 9, 9]]),
        # Nobody is behind a nought that stands alone.
        ([[0, 6], [7, 8]], [[SMALL, 6], [7, 8]]),
        # Two twos of a total of four would be told by it.
        ([[2, 2, 5], [2, 2, 6], [4, 5, 7]], None),
    ],
)
def test_small_numbers_and_what_tells_them_are_veiled(
    counts: list[list[int]], expected: list[list[Shown]] | None
) -> None:
    shown = guarded(counts)
    if expected is None:
        assert shown[0] == [SMALL, SMALL, HIDDEN]
    else:
        assert shown == expected


def test_an_empty_table_stays_empty() -> None:
    assert guarded([]) == []


tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 9), min_size=width, max_size=width), min_size=1, max_size=5
    )
)


@settings(max_examples=300)
@given(tables)
def test_no_line_tells_a_small_number_by_its_total(counts: list[list[int]]) -> None:
    shown = guarded(counts)
    for row, veiled in zip(counts, shown, strict=True):
        for count, cell in zip(row, veiled, strict=True):
            assert cell == count if isinstance(cell, int) else True
            assert (cell is SMALL) == (count < LEAST)
    lines = [*zip(counts, shown, strict=True)]
    lines += [*zip(zip(*counts, strict=True), zip(*shown, strict=True), strict=True)]
    for line, cells in lines:
        if any(0 < count < LEAST for count in line):
            # Where all are veiled, nothing more can be.
            everything = all(isinstance(cell, Veiled) for cell in cells)
            assert everything or len(_possible(line, cells)) > 1


def _possible(line: object, cells: object) -> set[tuple[int, ...]]:
    """Return what the veiled numbers of a line may be, given its total and what is shown."""
    counts, shown = list(line), list(cells)  # type: ignore[call-overload]
    rest = sum(n for n, cell in zip(counts, shown, strict=True) if isinstance(cell, Veiled))
    found = {()}
    for cell in shown:
        if isinstance(cell, Veiled):
            choices = range(LEAST) if cell is SMALL else range(LEAST, rest + 1)
            found = {(*each, n) for each in found for n in choices if sum(each) + n <= rest}
    return {each for each in found if sum(each) == rest}
