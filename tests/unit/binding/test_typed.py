"""What is read out of a message that answers a question about binding."""

from __future__ import annotations

import pytest

from bot.binding.typed import Typed, read_typed
from bot.domain.aid import application_number
from bot.domain.matter import matter_number, next_number, spoken
from tests.conftest import FixedClock

MATTER = next_number(26, 11)
AID = application_number(FixedClock().now().date(), 12)
PHONE = "13800138000"


def slipped(number: str) -> str:
    """Return a number with another check digit than its own."""
    return number[:-1] + str((int(number[-1]) + 1) % 10)


@pytest.mark.parametrize(
    "words",
    [
        "12345678",
        "1234 5678",
        "1234-5678",
        "１２３４　５６７８",
        "接续码：12345678。",
        "是 12345678",
    ],
)
def test_a_code_is_read_however_it_is_grouped(words: str) -> None:
    assert read_typed(words) == Typed(code="12345678")


@pytest.mark.parametrize(
    "words", [AID, AID.lower(), AID.replace("-", " "), f"申请编号是{AID}", AID[:-2]]
)
def test_an_application_is_named_with_or_without_its_check_digit(words: str) -> None:
    assert read_typed(words) == Typed(number=AID)


@pytest.mark.parametrize(
    "words", [MATTER, spoken(MATTER), f"工单 {spoken(MATTER)}", f"工單號{MATTER}"]
)
def test_a_matter_is_told_from_a_code_by_its_check_digit(words: str) -> None:
    assert read_typed(words) == Typed(number=MATTER)


@pytest.mark.parametrize(
    "words",
    [
        f"{AID} {PHONE}",
        f"{AID}，手机号 {PHONE}",
        f"{PHONE} {AID}",
        f"编号{AID}手机号码是138 0013 8000",
        f"{AID} +86 138-0013-8000",
        f"{AID.replace('-', ' ')} {PHONE}",
        f"{AID}　１３８００１３８０００",
        f"編號{AID}電話{PHONE}",
    ],
)
def test_number_and_telephone_are_read_together(words: str) -> None:
    assert read_typed(words) == Typed(number=AID, phone=PHONE)


@pytest.mark.parametrize(
    "words", [f"{MATTER} {PHONE}", f"{spoken(MATTER)} {PHONE}", f"{PHONE}，{spoken(MATTER)}"]
)
def test_a_matter_and_a_telephone_are_read_together(words: str) -> None:
    assert read_typed(words) == Typed(number=MATTER, phone=PHONE)


@pytest.mark.parametrize("words", ["0871-63512345", "0871 63512345", "087163512345"])
def test_a_telephone_with_an_area_code_is_one(words: str) -> None:
    assert read_typed(words) == Typed(phone="087163512345")


def test_six_figures_are_a_code_from_a_short_message() -> None:
    assert read_typed("０１２３４５") == Typed(sms="012345")


@pytest.mark.parametrize("words", [slipped(AID), f"{slipped(MATTER)} {PHONE}"])
def test_a_wrong_check_digit_is_noticed(words: str) -> None:
    found = read_typed(words)
    assert found is not None
    assert found.is_wrong
    assert not found.number


@pytest.mark.parametrize("words", ["1234567", "12345", "1234567890123", "12345678 87654321"])
def test_other_figures_are_an_answer_that_is_not_understood(words: str) -> None:
    assert read_typed(words) == Typed(is_odd=True)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "好的",
        "手机号",
        f"{PHONE}这个号码的人骗了我",
        "老板欠我12345678元",
        f"{AID}什么时候能批",
        "2026年11月23日被辞退",
        "我" * 100,
    ],
)
def test_a_message_that_says_more_is_no_answer(words: str) -> None:
    assert read_typed(words) is None


def test_a_matter_of_this_year_is_what_the_tests_take_it_for() -> None:
    assert matter_number(26, int(MATTER[2:-1])) == MATTER
