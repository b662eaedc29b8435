"""When the facts told in a message happened."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.factdates import fact_date, mentioned_dates, without_dates

D = dt.date
TODAY = D(2026, 11, 25)


def year(n: int) -> tuple[D, D]:
    return D(n, 1, 1), D(n, 12, 31)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2019年借的钱没还", year(2019)),
        ("19年借的钱", year(2019)),
        ("二〇一九年三月签的合同", (D(2019, 3, 1), D(2019, 3, 31))),
        ("2020年8月15号借的", (D(2020, 8, 15), D(2020, 8, 15))),
        ("2021-05-03车祸", (D(2021, 5, 3), D(2021, 5, 3))),
        ("2021.5.3被撞", (D(2021, 5, 3), D(2021, 5, 3))),
        ("去年3月摔伤", (D(2025, 3, 1), D(2025, 3, 31))),
        ("前年买的车", year(2024)),
        ("三年前借钱", year(2023)),
        ("两个月前被打", (D(2026, 9, 1), D(2026, 9, 30))),
        ("昨天被打了", (D(2026, 11, 24), D(2026, 11, 24))),
        ("今年被辞退", (D(2026, 1, 1), TODAY)),
        ("2015年进的厂，2019年受的工伤", year(2019)),
        ("前年结婚今年离婚", (D(2026, 1, 1), TODAY)),
        ("2018年入职，2025年12月被辞退", (D(2025, 12, 1), D(2025, 12, 31))),
        ("2020年结婚给的彩礼", year(2020)),
        ("2019年的时候民法典第1079条", year(2019)),
        ("房子是2010年盖的，去年邻居挖地基把墙弄裂了", year(2025)),
        ("2012年买的车上个月撞了人", (D(2026, 10, 1), D(2026, 10, 31))),
        ("爸爸2010年写的遗嘱把房给我，去年去世", year(2025)),
        ("2016年买到假货", year(2016)),
        ("一九年借的钱没还", year(2019)),
        ("98年借的钱还能要吗", year(1998)),
        ("去年年底被打了", (D(2025, 11, 1), D(2025, 12, 31))),
    ],
)
def test_the_day_of_the_facts_is_read(text: str, days: tuple[D, D]) -> None:
    found = fact_date(text, TODAY)
    assert found is not None
    assert (found.first, found.last) == days


@pytest.mark.parametrize(
    "text",
    [
        "我干了19年了",
        "判了10年",
        "合同签了3年",
        "工龄15年被辞退",
        "我1985年出生",
        "2018年公司法第七十一条",
        "《公司法》（2018修正）第71条",
        "2013年的新消法第五十五条",
        "民法典2021年1月1日施行",
        "2027年1月以后怎么办",
        "2030年",
        "08年入职到现在",
        "2015年结婚，现在想离婚",
        "2021年2月30日",
        "100年前的事",
        "0年前",
        "我是1985年8月的，被老公打了",
        "电话13800002019",
        "",
    ],
)
def test_lengths_births_editions_and_the_future_are_no_days_of_facts(text: str) -> None:
    assert fact_date(text, TODAY) is None


def test_the_start_of_work_is_still_mentioned() -> None:
    (found,) = mentioned_dates("2005年进厂，公司不要我了", TODAY)
    assert found.is_background
    assert found.first == D(2005, 1, 1)


def test_the_matter_remains_when_the_day_is_taken_out() -> None:
    assert without_dates("2025年8月被邻居打了，能拘留他吗", TODAY) == "被邻居打了，能拘留他吗"
    assert without_dates("房东不退押金", TODAY) == "房东不退押金"


@given(st.text(alphabet="0123456789年月日一二三十去前上个号.-/之借打了,，", max_size=40))
def test_no_text_breaks_the_reading_and_every_day_is_past(text: str) -> None:
    for one in mentioned_dates(text, TODAY):
        assert one.first <= one.last <= TODAY
