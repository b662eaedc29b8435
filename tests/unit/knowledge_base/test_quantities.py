"""Quantities that legal texts state, however they are written."""

from fractions import Fraction

import pytest

from knowledge_base.quantities import Quantity, quantities


def _said(text: str) -> set[tuple[Fraction, str]]:
    return {(q.value, q.unit) for q in quantities(text)}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("30天内", "三十日内"),
        ("2个月", "二个月"),
        ("两年", "二年"),
        ("半年", "六个月"),
        ("30%", "百分之三十"),
        ("1.5倍", "百分之一百五十"),
        ("双倍工资", "二倍的工资"),
        ("3万元到10万元", "三万元以上十万元以下"),
        ("三至五万元", "三万元以上五万元以下"),
        ("满14岁", "满十四周岁"),
        ("超过半数", "超过二分之一"),
        ("48小时", "四十八小时"),
        ("五千元", "5000元"),
        ("5,000元", "五千元"),
        ("一周", "七日"),
        ("3到10年", "三年以上十年以下"),
        ("15个工作日", "十五个工作日"),
        ("万分之五", "0.05%"),
    ],
)
def test_the_same_quantity_is_equal_however_written(ours: str, theirs: str) -> None:
    assert _said(ours)
    assert _said(ours) & _said(theirs) == _said(theirs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("30日", "一个月"),
        ("15日", "15个工作日"),
        ("三年", "三个月"),
        ("30%", "40%"),
        ("十日", "十五日"),
    ],
)
def test_different_quantities_are_not_equal(one: str, other: str) -> None:
    assert not _said(one) & _said(other)


def test_article_numbers_and_calendar_dates_are_no_quantities() -> None:
    assert _said("依照第三十九条第二项，2021年1月1日起施行，第一百三十三条之一") == set()


def test_quantities_are_told_in_chinese() -> None:
    assert str(Quantity(Fraction(24), "月")) == "2年"
    assert str(Quantity(Fraction(3), "月")) == "3个月"
    assert "30%" in str(Quantity(Fraction(3, 10), "比例"))
