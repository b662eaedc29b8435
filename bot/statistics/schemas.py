"""What the page of the figures shows, with the addresses of its links."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from bot.statistics.figures import Level
from bot.statistics.period import Period, Quick
from bot.statistics.service import Shown
from bot.statistics.sheets import Cell, Percent, Sheet


@dataclass(frozen=True)
class Asked:
    """The filter as it was typed."""

    first: str = ""
    last: str = ""
    level: str = ""


@dataclass(frozen=True)
class Link:
    name: str
    query: str
    current: bool


@dataclass(frozen=True)
class Bar:
    """One row of a table of counts; ``width`` in per cent of the greatest."""

    label: str
    count: int
    share: str
    width: int


@dataclass(frozen=True)
class Counted:
    title: str
    header: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Grid:
    """A table whose cells are ready to be shown."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Page:
    first: str
    last: str
    level: str
    quick: tuple[Link, ...]
    query: str
    """Of the figures shown; empty where there are none."""
    scope: str = ""
    said: str = ""
    total: int = 0
    counted: tuple[Counted, ...] = ()
    times: Grid | None = None
    others: Grid | None = None
    months: Grid | None = None
    cross: Grid | None = None


def page_of(asked: Asked, shown: Shown | None, usual: tuple[Quick, ...]) -> Page:
    """Return the page; without figures it keeps what was typed."""
    level = asked.level if shown is None else shown.level
    period = None if shown is None else shown.period
    quick = tuple(
        Link(each.name, _query(each.period, level), each.period == period) for each in usual
    )
    if shown is None:
        return Page(asked.first, asked.last, asked.level, quick, "")
    tables = shown.tables
    return Page(
        shown.period.first.isoformat(),
        shown.period.last.isoformat(),
        shown.level,
        quick,
        _query(shown.period, shown.level),
        shown.scope,
        shown.said,
        shown.total,
        tuple(_counted(sheet) for sheet in tables.counts),
        _grid(tables.times),
        _grid(tables.others),
        _grid(tables.months),
        None if tables.cross is None else _grid(tables.cross),
    )


def _counted(sheet: Sheet) -> Counted:
    counts = [row[1] for row in sheet.rows if isinstance(row[1], int)]
    most = max(counts, default=1)
    return Counted(
        sheet.title,
        sheet.header,
        tuple(
            Bar(_said(row[0]), n, _said(row[2]), max(round(n * 100 / most), 1))
            for row, n in zip(sheet.rows, counts, strict=True)
        ),
    )


def _grid(sheet: Sheet) -> Grid:
    rows = tuple(tuple(_said(cell) for cell in row) for row in sheet.rows)
    return Grid(sheet.title, sheet.header, rows)


def _said(cell: Cell) -> str:
    if cell is None:
        return "—"
    if isinstance(cell, Percent):
        return f"{cell:.1%}"
    if isinstance(cell, float):
        return f"{cell:g}"
    return str(cell)


def _query(period: Period, level: Level | str) -> str:
    return urlencode({"from": period.first, "to": period.last, "level": level})
