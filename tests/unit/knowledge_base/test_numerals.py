"""Numerals round trip between digits and Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.numerals import to_chinese, to_int


@given(st.integers(0, 10**8 - 1))
def test_chinese_numerals_round_trip(number: int) -> None:
    assert to_int(to_chinese(number)) == number


@given(st.integers(0, 10**8 - 1))
def test_arabic_and_full_width_numerals_are_read(number: int) -> None:
    wide = str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert to_int(str(number)) == to_int(wide) == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("一百零五", 105),
        ("一百一十", 110),
        ("一千零一十", 1010),
        ("两千", 2000),
        ("二〇二六", 2026),
        ("3万", 30000),
        ("三万五千", 35000),
        ("一亿", 10**8),
    ],
)
def test_usual_numerals_are_read(written: str, number: int) -> None:
    assert to_int(written) == number


@pytest.mark.parametrize(
    ("number", "written"), [(10, "十"), (110, "一百一十"), (577, "五百七十七"), (1005, "一千零五")]
)
def test_numbers_are_written_as_in_statutes(number: int, written: str) -> None:
    assert to_chinese(number) == written


def test_what_is_no_number_is_refused() -> None:
    for text in ("", "很多", "三个"):
        with pytest.raises(ValueError, match="number"):
            to_int(text)
    for number in (-1, 10**8):
        with pytest.raises(ValueError, match="article number"):
            to_chinese(number)
