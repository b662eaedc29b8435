"""Figures over a real database: whose applications, which period, and what the trail tells."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.domain.aid import AidState
from bot.errors import Forbidden
from bot.statistics.figures import Level
from bot.statistics.period import Period
from bot.statistics.service import Shown
from tests.integration.statistics.conftest import MENGZI, REPORT, Bureau

NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
OCTOBER = Period(dt.date(2026, 10, 1), dt.date(2026, 10, 31))


def shown(bureau: Bureau, login: str = "admin", period: Period = NOVEMBER) -> Shown:
    return bureau.service.shown(bureau.people[login], period, Level.COUNTY)


def table(found: Shown, title: str) -> dict[object, object]:
    tables = found.tables
    sheets = (*tables.counts, tables.times, tables.others)
    sheet = next(each for each in sheets if each.title == title)
    return {row[0]: row[1] for row in sheet.rows}


def months(found: Shown) -> dict[object, dict[str, object]]:
    sheet = found.tables.months
    return {row[0]: dict(zip(sheet.header[1:], row[1:], strict=True)) for row in sheet.rows}


def test_an_empty_period_has_no_counts_and_its_months(bureau: Bureau) -> None:
    bureau.lodge()
    found = shown(bureau, period=OCTOBER)
    assert found.total == 0
    assert found.tables.counts == ()
    assert table(found, "期限")["已作决定的件数"] == 0
    assert list(months(found)) == ["2026-10"]


def test_applications_are_counted_by_what_they_are(bureau: Bureau) -> None:
    bureau.lodge()
    bureau.lodge(matter="工伤", group="低保")
    bureau.lodge(deadline="2026-11-5")
    found = shown(bureau)
    assert found.total == 3
    assert table(found, "事项") == {"讨要工资": 2, "工伤": 1}
    assert table(found, "申请人情况") == {"农民工": 2, "低保": 1}
    assert table(found, "为谁申请") == {"我自己": 3}
    assert table(found, "地区") == {"云南省昆明市官渡区": 3}
    assert table(found, "现在的状态") == {"已提交": 3}
    assert table(found, "是否先行援助") == {
        "一般": 2,
        "期限不足七日（第四十四条第一项）": 1,
    }


def test_an_officer_sees_the_own_office_and_what_has_none(bureau: Bureau) -> None:
    bureau.lodge()
    bureau.lodge(MENGZI)
    bureau.lodge("北京市朝阳区")
    assert shown(bureau, "admin").total == 3
    assert shown(bureau, "sun").total == 2
    assert shown(bureau, "he").total == 2
    assert shown(bureau, "zhou").total == 2
    assert shown(bureau, "sun").scope == "昆明法律援助中心，以及还没有分到机构的申请"
    assert shown(bureau, "admin").scope == "全部机构"


@pytest.mark.parametrize("login", ["wang", "tian"])
def test_who_receives_visitors_sees_no_figures(bureau: Bureau, login: str) -> None:
    with pytest.raises(Forbidden):
        shown(bureau, login)


def test_a_period_ends_with_its_last_day_in_china(bureau: Bureau) -> None:
    bureau.clock.moment = dt.datetime(2026, 10, 31, 15, 59, tzinfo=dt.UTC)
    bureau.lodge()
    bureau.clock.moment = dt.datetime(2026, 10, 31, 16, 0, tzinfo=dt.UTC)
    bureau.lodge()
    assert shown(bureau, period=OCTOBER).total == 1
    assert shown(bureau).total == 1


def test_the_way_of_an_application_is_read_from_the_trail(bureau: Bureau) -> None:
    application = bureau.lodge()
    bureau.clock.advance(days=1)
    bureau.move(application, AidState.NEED_SUPPLEMENT)
    bureau.clock.advance(days=2)
    bureau.move(application, AidState.ACCEPTED)
    bureau.set(application, waited_days=2)
    bureau.clock.advance(days=1)
    bureau.grant(application)
    bureau.clock.advance(days=1)
    bureau.assign(application)
    # Declined: granted again to be assigned anew, which changes neither figure.
    bureau.move(application, AidState.APPROVED, assigned_at=None, staff_id=None)
    bureau.clock.advance(days=9)
    bureau.assign(application)
    bureau.clock.advance(days=1)
    bureau.close(application, REPORT)
    found = shown(bureau)
    times = table(found, "期限")
    assert times["到决定的天数，中位数"] == 2
    assert times["按期决定的比例"] == 1
    assert times["从决定到指派的天数，中位数"] == 1
    assert table(found, "补正、撤回和异议")["要求补正材料的件数"] == 1
    assert table(found, "办理结果") == {"调解结案": 1}
    assert table(found, "审查结果") == {"决定给予": 1}
    assert months(found)["2026-11"] == {
        "提交": 1, "给予": 1, "不予": 0, "视为撤回": 0, "指派": 1, "办结": 1, "终止": 0,
    }  # fmt: skip


def test_an_objection_does_not_move_the_first_decision(bureau: Bureau) -> None:
    application = bureau.lodge()
    bureau.clock.advance(days=3)
    bureau.move(application, AidState.REFUSED, decided_at=bureau.clock.now())
    bureau.clock.advance(days=15)
    bureau.note(application, "objection")
    bureau.grant(application)
    found = shown(bureau)
    assert table(found, "期限")["到决定的天数，中位数"] == 3
    assert table(found, "补正、撤回和异议")["提出异议的件数"] == 1
    assert table(found, "审查结果") == {"决定给予": 1}


def test_a_month_counts_what_was_submitted_before_the_period(bureau: Bureau) -> None:
    bureau.clock.moment = dt.datetime(2026, 10, 28, 1, tzinfo=dt.UTC)
    application = bureau.lodge()
    bureau.clock.advance(days=7)
    bureau.grant(application)
    found = shown(bureau)
    assert found.total == 0
    assert months(found)["2026-11"]["给予"] == 1
    assert months(shown(bureau, "he"))["2026-11"]["给予"] == 0
    assert months(shown(bureau, period=OCTOBER))["2026-10"]["给予"] == 0


def test_a_withdrawal_is_no_decision(bureau: Bureau) -> None:
    bureau.move(bureau.lodge(), AidState.WITHDRAWN)
    found = shown(bureau)
    assert table(found, "期限")["已作决定的件数"] == 0
    assert table(found, "补正、撤回和异议")["视为撤回的件数"] == 1


def test_no_figure_holds_anything_personal(bureau: Bureau) -> None:
    bureau.lodge(name="欧阳小红", opponent="城东建筑公司")
    said = repr(shown(bureau))
    for personal in ("欧阳", "13800138000", "1101051949", "城东建筑公司", "去年三月"):
        assert personal not in said
