"""What people type, made fit for models, and what models must not see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.normalise import (
    canonical,
    clean,
    for_rasa,
    is_identity_number,
    mask_personal,
    question_of,
    says_something,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("老闆拖欠我工資", "老板拖欠我工资"),
        ("ＡＢＣ１２３", "ABC123"),
        ("工\u200b资", "工资"),
        ("工资\u0007拖欠", "工资 拖欠"),
        ("\u3000\u3000离婚", "离婚"),
        ("离婚\ud800", "离婚"),
    ],
)
def test_text_becomes_canonical(written: str, meant: str) -> None:
    assert canonical(written) == meant


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.sampled_from("/ \u3000\n\t\u200bab法\ufeff"), max_size=30))
def test_rasa_never_sees_a_leading_slash(text: str) -> None:
    seen = for_rasa(text)
    assert seen
    assert not seen.lstrip().startswith("/")


@given(st.text(max_size=100))
def test_rasa_never_sees_a_leading_slash_in_any_text(text: str) -> None:
    assert not for_rasa("/" + text).startswith("/")


@pytest.mark.parametrize(
    "text",
    [
        "身份证11010519491231002X请查",
        "我电话13800138000",
        "打138 0013 8000找我",
        "+86-13800138000",
        "卡号6222021234567890123",
        "邮箱zhang.san@example.com",
    ],
)
def test_personal_numbers_are_masked(text: str) -> None:
    masked = mask_personal(text)
    assert "〔" in masked
    assert not any(part in masked for part in ("0013", "1949", "8901", "example"))


@pytest.mark.parametrize(
    "text", ["欠我30000元", "2023年5月1日签的合同", "劳动合同法第82条", "12348"]
)
def test_ordinary_numbers_stay(text: str) -> None:
    assert mask_personal(text) == text


def test_an_identity_number_needs_its_check_digit() -> None:
    assert is_identity_number("11010519491231002X")
    assert is_identity_number("11010519491231002x")
    assert not is_identity_number("110105194912310021")
    assert not is_identity_number("123")


def test_symbols_alone_say_nothing() -> None:
    assert not says_something("😀？！…")
    assert says_something("告")


@pytest.mark.parametrize(
    "written",
    [
        "物业费不交会怎么样，我电话13800138000",
        "物业费不交会怎么样 我的手机号是13800138000",
        "物业费不交会怎么样，身份证号：11010519491231002X",
    ],
)
def test_numbers_of_a_person_do_not_blur_the_question(written: str) -> None:
    assert question_of(written) == "物业费不交会怎么样"


def test_a_number_alone_is_still_a_question() -> None:
    assert question_of("13800138000") == "13800138000"


@pytest.mark.parametrize("sum_", ["5万", "50000元", "3,000块钱", "2万多块", "1.5万"])
def test_a_sum_does_not_blur_the_question(sum_: str) -> None:
    assert question_of(f"别人欠我{sum_}不还") == "别人欠我钱不还"
