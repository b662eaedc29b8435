"""The files: who may take which, what is in them, and that each is recorded."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from openpyxl import load_workbook

from bot.errors import Forbidden
from bot.statistics.figures import Level
from bot.statistics.period import Period
from bot.statistics.service import Export
from bot.statistics.sheets import Kind
from tests.integration.statistics.conftest import MENGZI, REPORT, Bureau

NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
OCTOBER = Period(dt.date(2026, 10, 1), dt.date(2026, 10, 31))


def rows(export: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export.body.decode("utf-8-sig"), newline="")))


def cases(bureau: Bureau, login: str = "admin", kind: Kind = Kind.CSV) -> Export:
    return bureau.service.export_cases(bureau.people[login], NOVEMBER, kind)


def subsidy(bureau: Bureau, login: str = "admin", period: Period = NOVEMBER) -> Export:
    return bureau.service.export_subsidy(bureau.people[login], period, Kind.CSV)


def test_the_list_has_the_days_and_a_masked_name(bureau: Bureau) -> None:
    application = bureau.lodge(name="欧阳小红")
    bureau.clock.advance(days=3)
    bureau.grant(application)
    bureau.clock.advance(days=1)
    bureau.assign(application)
    (row,) = rows(cases(bureau))
    assert row["申请编号"] == application.number
    assert row["申请人"] == "欧***"
    assert (row["提交日期"], row["决定日期"], row["指派日期"], row["办结日期"]) == (
        "2026-11-02",
        "2026-11-05",
        "2026-11-06",
        "",
    )
    assert (row["状态"], row["承办人"], row["办理机构"]) == ("已指派", "王敏", "昆明法律援助中心")
    assert "13800138000" not in cases(bureau).body.decode()


def test_an_officer_takes_the_own_cases_only(bureau: Bureau) -> None:
    bureau.lodge()
    there = bureau.lodge(MENGZI)
    assert [row["申请编号"] for row in rows(cases(bureau, "he"))] == [there.number]
    assert len(rows(cases(bureau))) == 2


@pytest.mark.parametrize("login", ["wang", "tian", "zhou"])
def test_nobody_else_takes_cases_or_subsidies(bureau: Bureau, login: str) -> None:
    bureau.lodge()
    with pytest.raises(Forbidden):
        cases(bureau, login)
    with pytest.raises(Forbidden):
        subsidy(bureau, login)
    assert bureau.exports() == []


def test_the_subsidy_is_of_what_was_closed_in_the_period(bureau: Bureau) -> None:
    bureau.clock.moment = dt.datetime(2026, 10, 30, 1, tzinfo=dt.UTC)
    application, bare, running = bureau.lodge(), bureau.lodge(), bureau.lodge()
    for each in (application, bare, running):
        bureau.assign(each)
    bureau.clock.moment = dt.datetime(2026, 11, 20, 1, tzinfo=dt.UTC)
    bureau.close(application, REPORT)
    bureau.close(bare)
    full, empty = rows(subsidy(bureau))
    assert full["申请编号"] == application.number
    assert (full["承办人"], full["执业证号"], full["办理机构"]) == (
        "王敏",
        "1530",
        "昆明法律援助中心",
    )
    assert (full["指派日期"], full["办结日期"], full["从指派到办结的天数"]) == (
        "2026-10-30",
        "2026-11-20",
        "21",
    )
    assert (full["开庭次数"], full["工作天数"]) == ("2", "3.5")
    assert (full["文书"], full["办理结果"]) == ("起诉状", "调解结案")
    assert empty["申请编号"] == bare.number
    assert "开庭次数" in empty["结案报告里没有的"]
    assert rows(subsidy(bureau, period=OCTOBER)) == []
    assert rows(subsidy(bureau, "he")) == []


def test_every_export_is_recorded_with_its_period_and_its_rows(bureau: Bureau) -> None:
    bureau.lodge()
    person = bureau.people["sun"]
    actor = f"{person.id}:孙主任"
    cases(bureau, "sun", Kind.XLSX)
    subsidy(bureau, "sun", OCTOBER)
    figures = bureau.service.export_figures(person, NOVEMBER, Level.COUNTY, Kind.CSV)
    assert figures.name == "法律援助统计_2026-11-01_2026-11-30.csv"
    listed, closed, counted = bureau.exports()
    assert listed == (actor, "cases:2026-11-01/2026-11-30", "1 行，xlsx")
    assert closed == (actor, "subsidy:2026-10-01/2026-10-31", "0 行，csv")
    assert counted[:2] == (actor, "figures:2026-11-01/2026-11-30")


def test_the_audit_page_tells_of_an_export_in_words(bureau: Bureau) -> None:
    from bot.accounts.trail.schemas import Filter

    cases(bureau, "sun")
    (line,) = bureau.trail.page(bureau.people["admin"], Filter(actor="sun")).lines
    assert line.action == "导出表格"
    assert line.subject == "法律援助案件清单 2026-11-01/2026-11-30"
    assert line.why == "0 行，csv"


def test_a_name_that_is_a_formula_stays_text(bureau: Bureau) -> None:
    bureau.hire("evil", "=1+1", bureau.people["wang"].role, bureau.east)
    bureau.assign(bureau.lodge(), "evil")
    (row,) = rows(cases(bureau))
    assert row["承办人"] == "'=1+1"
    book = load_workbook(io.BytesIO(cases(bureau, kind=Kind.XLSX).body))
    cells = {cell.value: cell for cell in book.worksheets[0][2]}
    assert cells["=1+1"].data_type == "s"


def test_the_figures_as_a_workbook_have_a_sheet_for_each_table(bureau: Bureau) -> None:
    bureau.lodge()
    export = bureau.service.export_figures(
        bureau.people["zhou"], NOVEMBER, Level.PREFECTURE, Kind.XLSX
    )
    book = load_workbook(io.BytesIO(export.body))
    assert book.sheetnames[:3] == ["说明", "事项", "申请人情况"]
    assert [cell.value for cell in book["地区"][2]] == ["云南省昆明市", 1, 1]
    assert book["说明"]["B2"].value == "2026-11-01 至 2026-11-30"


def test_an_empty_period_gives_files_that_open(bureau: Bureau) -> None:
    assert rows(cases(bureau)) == []
    for kind in Kind:
        export = bureau.service.export_figures(bureau.people["admin"], OCTOBER, Level.COUNTY, kind)
        assert "法律援助统计".encode() not in export.body[:2]
        assert len(export.body) > 200
