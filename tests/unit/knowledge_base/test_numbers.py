"""Article numbers in their committed form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.numbers import Numbers

MAIN = st.integers(1, 1300).map(str)
INSERTED = st.tuples(st.integers(1, 500), st.integers(1, 9)).map(lambda n: f"{n[0]}-{n[1]}")


@given(st.sets(MAIN | INSERTED, max_size=60))
def test_what_is_written_is_read_again(numbers: set[str]) -> None:
    written = Numbers.of(numbers)
    again = Numbers.read(str(written))
    assert again == written
    assert len(again) == len(numbers)
    assert all(number in again for number in numbers)


def test_ranges_are_short_and_hold_only_their_own() -> None:
    numbers = Numbers.of([*map(str, range(1, 85)), "17-1"])
    assert str(numbers) == "1..84,17-1"
    assert "84" in numbers
    assert "85" not in numbers
    assert "0" not in numbers
    assert "17-2" not in numbers
