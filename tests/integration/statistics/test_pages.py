"""The page and its files over HTTP: each route for each role, and wrong days."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from bot.domain.aid import AidState
from tests.integration.statistics.conftest import MENGZI, Pages

PAGE = "/desk/statistics"
FIGURES = [f"{PAGE}/figures.csv", f"{PAGE}/figures.xlsx"]
LISTS = [f"{PAGE}/{what}.{kind}" for what in ("cases", "subsidy") for kind in ("csv", "xlsx")]
MONTH = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.mark.parametrize("path", [PAGE, *FIGURES, *LISTS])
def test_strangers_are_sent_to_the_sign_in_page(pages: Pages, path: str) -> None:
    answer = pages.browser().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/desk/login"


@pytest.mark.parametrize(
    ("login", "figures", "lists"),
    [
        ("admin", 200, 200),
        ("sun", 200, 200),
        ("zhou", 200, 403),
        ("wang", 403, 403),
        ("tian", 403, 403),
    ],
)
def test_each_role_gets_what_it_may(pages: Pages, login: str, figures: int, lists: int) -> None:
    browser = pages.browser(login)
    assert [browser.get(path).status_code for path in (PAGE, *FIGURES)] == [figures] * 3
    assert [browser.get(path).status_code for path in LISTS] == [lists] * 4
    assert len(pages.bureau.exports()) == 2 * (figures == 200) + 4 * (lists == 200)


def test_the_page_shows_the_figures_of_this_month_first(pages: Pages) -> None:
    pages.bureau.lodge()
    pages.bureau.lodge(MENGZI, group="残疾人")
    page = pages.browser("admin").get(PAGE).text
    for shown in (
        "<b>2</b> 件申请",
        "2026-11-01 至 2026-11-02",
        "官渡区",
        "蒙自市",
        "&lt;3",
        "残疾人",
    ):
        assert shown in page
    assert re.search(r'aria-current="page">本月', page)
    assert "张小明" not in page
    assert "style=" not in page
    assert "<script" not in page


def test_a_supervisor_is_offered_the_figures_only(pages: Pages) -> None:
    page = pages.browser("zhou").get(PAGE).text
    assert "/desk/statistics/figures.xlsx?" in page
    assert "/desk/statistics/cases" not in page


def test_an_empty_period_says_so(pages: Pages) -> None:
    answer = pages.browser("sun").get(PAGE, params={"from": "2025-01-01", "to": "2025-02-28"})
    assert answer.status_code == 200
    assert "这段时间没有提交的申请" in answer.text
    assert "2025-01" in answer.text


@pytest.mark.parametrize("path", [PAGE, *FIGURES, *LISTS])
@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("昨天<b>", "2026-11-30", "日期没有认出来"),
        ("2026-11-30", "2026-11-01", "开始日期晚于结束日期"),
        ("2016-01-01", "2026-11-01", "最多统计三年"),
    ],
)
def test_wrong_days_give_a_sentence_and_stay_in_the_form(
    pages: Pages, path: str, first: str, last: str, sentence: str
) -> None:
    answer = pages.browser("sun").get(path, params={"from": first, "to": last})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{first.replace("<b>", "&lt;b&gt;")}"' in answer.text
    assert f'value="{last}"' in answer.text
    assert pages.bureau.exports() == []


def test_a_level_that_is_none_gives_a_sentence(pages: Pages) -> None:
    for path in (PAGE, FIGURES[0]):
        answer = pages.browser("sun").get(path, params={**MONTH, "level": "galaxy"})
        assert answer.status_code == 422
        assert "市州或者县区" in answer.text


def test_a_file_that_there_is_not_is_not_found(pages: Pages) -> None:
    for path in (f"{PAGE}/secrets.csv", f"{PAGE}/cases.exe"):
        assert pages.browser("admin").get(path).status_code == 404
    assert pages.bureau.exports() == []


def test_a_file_has_a_chinese_name_and_is_never_shown_by_a_browser(pages: Pages) -> None:
    answer = pages.browser("sun").get(f"{PAGE}/subsidy.xlsx", params=MONTH)
    name = quote("法律援助补贴数据_2026-11-01_2026-11-30.xlsx")
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_the_menu_leads_there_for_those_who_may(pages: Pages) -> None:
    assert 'href="/desk/statistics" aria-current="page">统计' in pages.browser("sun").get(PAGE).text


def test_places_by_prefecture(pages: Pages) -> None:
    for place in ("云南省昆明市五华区", "云南省昆明市官渡区"):
        pages.bureau.move(pages.bureau.lodge(place), AidState.ACCEPTED)
    page = pages.browser("admin").get(PAGE, params={**MONTH, "level": "prefecture"}).text
    assert "云南省昆明市<svg" in page
    assert "五华区" not in page
