"""The number of a matter: what it is proof against, how it is read, what is not taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.matter import (
    WrongNumber,
    find_number,
    is_issuable,
    matter_number,
    next_number,
    read_number,
    serial_of,
    spoken,
    without_number,
)

NUMBER = next_number(26, 11)
CHINESE = NUMBER.translate(str.maketrans("0123456789", "零一二三四五六七八九"))

issued = st.builds(next_number, st.integers(26, 59), st.integers(0, 120_000))


def refused(text: str) -> bool:
    try:
        return find_number(f"工单{text}到哪了") is None
    except WrongNumber:
        return True


def test_a_number_is_the_year_a_serial_and_a_check_digit_in_two_groups() -> None:
    assert NUMBER == "26000121"
    assert spoken(NUMBER) == "2600 0121"
    assert serial_of(NUMBER) == 12


def test_more_matters_than_five_digits_hold_make_the_number_longer() -> None:
    number = next_number(26, 99_999)
    assert len(number) == 9
    assert serial_of(number) >= 100_000
    assert find_number(f"工单{spoken(number)}") == number


@given(issued, st.data())
def test_every_single_wrong_digit_is_found(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    wrong = number[:place] + other + number[place + 1 :]
    with pytest.raises(WrongNumber):
        read_number(wrong)
    assert refused(wrong)


@given(issued, st.data())
def test_every_swap_of_neighbours_is_found(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(number) - 2))
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if wrong != number:
        with pytest.raises(WrongNumber):
            read_number(wrong)
        assert refused(wrong)


def test_the_check_digit_alone_misses_some_swaps_and_those_serials_are_left_out() -> None:
    blind = [serial for serial in range(1, 1000) if not is_issuable(matter_number(26, serial))]
    assert 50 < len(blind) < 150
    given_out, last = [], 0
    while last < 999:
        number = next_number(26, last)
        last = serial_of(number)
        given_out.append(last)
    assert not set(given_out) & set(blind)


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        "2600 0121",
        "26 00012 1",
        "2600-0121",
        "２６０００１２１",
        CHINESE,
        CHINESE.replace("一", "幺"),
        CHINESE.replace("零", "〇"),
        "二六 零零零幺二 幺",
        "二六，零零零幺二，幺",
        " ".join(NUMBER),
        f"我的工单{NUMBER}到哪了",
        "工单号：2600 0121，尾号 8000",
        f"{NUMBER} 8000",
        "2600 0121 13800138000",
        f"我打电话问工单{NUMBER}",
        f"{NUMBER}办得怎么样了",
        "查一下二六零零零一二一",
    ],
)
def test_a_number_is_understood_however_it_is_written_or_read_out(text: str) -> None:
    assert find_number(text) == NUMBER
    assert NUMBER not in without_number(text).replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "我的工单到哪了",
        "13826000121",
        "138-2600-0121",
        "138 2600 0121",
        "+86 138 2600 0121",
        "0871-26000121",
        "我的电话26000121",
        "拨打座机 2600 0121",
        "530102199001011237",
        "身份证530102 19900101 1237",
        "6222 0260 0001 2100 123",
        "欠我26000121",
        "26000121元",
        "26,000,121",
        "26000121块钱",
        "￥26000121",
        "二千六百万零一百二十一",
        "2026年11月23日",
        "20261123",
        "查一下20261123那天的",
        "FY20261123-0001-7",
        "（2026）云01民初26000122号",
        "民法典第一百八十八条",
        "63163333",
        "一二三四五六七",
    ],
)
def test_phones_identity_numbers_cards_dates_and_amounts_are_not_taken_for_one(text: str) -> None:
    assert find_number(text) is None


@pytest.mark.parametrize(
    "text", ["26000122", "我的工单 2600 0122", "工单号16000121", "进度26000122"]
)
def test_a_number_that_is_named_but_does_not_fit_is_wrong(text: str) -> None:
    with pytest.raises(WrongNumber):
        find_number(text)


def test_a_number_that_merely_stands_in_a_sentence_cannot_be_wrong() -> None:
    assert find_number("门牌上写着26000122就是那里") is None


def test_the_phone_beside_a_number_survives_its_removal() -> None:
    assert "8000" in without_number("工单26000121，尾号8000")
    assert "13800138000" in without_number("2600 0121 13800138000")


@given(st.text(alphabet="0123456789 -，,.元电话工单一二零幺", max_size=40))
def test_any_text_gives_a_fitting_number_or_none_or_is_wrong(text: str) -> None:
    try:
        found = find_number(text)
    except WrongNumber:
        return
    assert found is None or read_number(found) == found


@pytest.mark.parametrize("text", ["", "abc", "2600012", "2600012１1", "一千", "26000122"])
def test_the_search_box_takes_a_whole_number_only(text: str) -> None:
    with pytest.raises(WrongNumber):
        read_number(text)
    assert read_number(" 2600 - 0121 ") == NUMBER
