"""Tables as files that an office program opens: CSV with a byte order mark, and XLSX.

What people typed is never taken for a formula: such text gets an apostrophe in front in CSV, where
a program cannot tell it from ours, and is stored as text in XLSX.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet


class Percent(float):
    """A share from 0 to 1, shown in per cent."""


Cell = str | int | float | Percent | dt.date | None


class Kind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


MIMES = {
    Kind.CSV: "text/csv; charset=utf-8",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\']")
LONGEST_TITLE = 31
LONGEST_CELL = 32_000
WIDEST, NARROWEST = 40, 8


@dataclass(frozen=True)
class Sheet:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def written(sheets: Sequence[Sheet], kind: Kind) -> bytes:
    """Return the tables as one file; in CSV they follow one another under their titles."""
    return _csv(sheets) if kind is Kind.CSV else _xlsx(sheets)


def _csv(sheets: Sequence[Sheet]) -> bytes:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\r\n")
    for number, sheet in enumerate(sheets):
        if len(sheets) > 1:
            if number:
                out.writerow([])
            out.writerow([_plain(sheet.title)])
        out.writerow([_plain(name) for name in sheet.header])
        out.writerows([_plain(cell) for cell in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, Percent):
        return f"{cell:.1%}"
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if not isinstance(cell, str):
        return cell
    said = _UNREADABLE.sub("", cell)[:LONGEST_CELL]
    # Programs skip what is blank in front of a formula.
    risky = said.startswith(_STARTS_A_FORMULA) or said.lstrip().startswith(_STARTS_A_FORMULA)
    return f"'{said}" if risky else said


def _xlsx(sheets: Sequence[Sheet]) -> bytes:
    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(target, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        percent = book.add_format({"num_format": "0.0%"})
        for sheet in sheets:
            page = book.add_worksheet(_NOT_IN_A_TITLE.sub(" ", sheet.title)[:LONGEST_TITLE])
            page.freeze_panes(1, 0)
            for column, name in enumerate(sheet.header):
                page.write_string(0, column, name, bold)
                said = [name, *(str(_plain(row[column])) for row in sheet.rows)]
                page.set_column(column, column, _width(said))
            for number, row in enumerate(sheet.rows, 1):
                for column, cell in enumerate(row):
                    _write(page, number, column, cell, day, percent)
    return target.getvalue()


def _write(
    page: Worksheet, row: int, column: int, cell: Cell, day: Format, percent: Format
) -> None:
    if cell is None:
        return
    if isinstance(cell, Percent):
        page.write_number(row, column, cell, percent)
    elif isinstance(cell, dt.date):
        page.write_datetime(row, column, cell, day)
    elif isinstance(cell, str):
        page.write_string(row, column, _UNREADABLE.sub("", cell)[:LONGEST_CELL])
    else:
        page.write_number(row, column, cell)


def _width(said: Sequence[str]) -> int:
    """Return a width in digits; a Chinese character is as wide as two."""
    widest = max(sum(2 if ord(sign) > 0xFF else 1 for sign in words) for words in said)
    return min(max(widest + 2, NARROWEST), WIDEST)
