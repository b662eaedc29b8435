"""The exported files: readable by office programs, and nothing typed becomes a formula."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from openpyxl import load_workbook

from bot.statistics.sheets import Kind, Percent, Sheet, written

RISKY = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =cmd|'/c calc'!A1",
    "＝1+1",
    '=HYPERLINK("http://x","点")',
)
PLAIN = Sheet("数", ("项", "数"), (("工资", 3), ("占比", Percent(0.375)), ("无", None)))


def read_csv(body: bytes) -> list[list[str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_csv_is_utf8_with_its_mark_and_numbers_stay_numbers() -> None:
    rows = read_csv(written([PLAIN], Kind.CSV))
    assert rows == [["项", "数"], ["工资", "3"], ["占比", "37.5%"], ["无", ""]]


def test_csv_of_several_tables_names_each() -> None:
    rows = read_csv(written([PLAIN, Sheet("月", ("月份",), (("2026-11",),))], Kind.CSV))
    assert [row for row in rows if len(row) < 2 and row != ["月份"]][:3] == [["数"], [], ["月"]]


@pytest.mark.parametrize("typed", RISKY)
def test_no_text_is_a_formula_in_csv(typed: str) -> None:
    rows = read_csv(written([Sheet(typed, (typed,), ((typed,),))], Kind.CSV))
    assert [row[0][0] for row in rows] == ["'", "'"]
    assert rows[1][0] == f"'{typed}"


@pytest.mark.parametrize("typed", [*RISKY, "http://example.org", "00123", "530102199001011237"])
def test_every_text_is_stored_as_text_in_xlsx(typed: str) -> None:
    book = load_workbook(io.BytesIO(written([Sheet("表", ("项",), ((typed,),))], Kind.XLSX)))
    cell = book["表"]["A2"]
    assert cell.data_type == "s"
    assert cell.value.replace("_x000D_", "").strip() == typed.strip()
    assert cell.hyperlink is None


def test_xlsx_keeps_numbers_days_and_shares_apart() -> None:
    row = (7, 1.5, Percent(0.25), dt.date(2026, 11, 23), None, "")
    sheet = Sheet("a/b:c[d]", tuple("一二三四五六"), (row,))
    book = load_workbook(io.BytesIO(written([sheet], Kind.XLSX)))
    assert book.sheetnames == ["a b c d "]
    cells = book.worksheets[0][2]
    assert [cell.value for cell in cells[:3]] == [7, 1.5, 0.25]
    assert cells[3].value == dt.datetime(2026, 11, 23)  # noqa: DTZ001
    assert cells[2].number_format == "0.0%"
    assert cells[4].value is None


def test_signs_that_no_file_may_hold_are_left_out() -> None:
    sheet = Sheet("表", ("项",), (("a\x00\x07b" + "长" * 40_000,),))
    for kind in Kind:
        assert written([sheet], kind)
    book = load_workbook(io.BytesIO(written([sheet], Kind.XLSX)))
    assert book["表"]["A2"].value.startswith("ab长")


def test_a_table_without_rows_has_its_header() -> None:
    empty = Sheet("空", ("甲", "乙"), ())
    assert read_csv(written([empty], Kind.CSV)) == [["甲", "乙"]]
    book = load_workbook(io.BytesIO(written([empty], Kind.XLSX)))
    assert [cell.value for cell in book["空"][1]] == ["甲", "乙"]
