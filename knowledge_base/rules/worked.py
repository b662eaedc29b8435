"""What a calculation gives: the figure, how it came about, and what it rests on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from knowledge_base.citations import article_title
from knowledge_base.numerals import to_chinese

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Worked:
    """One result: money in yuan with two decimals, whole years, or a day.

    ``result`` is None where an input or a regional figure is ``missing``, by name. Where the law
    gives a range, ``span`` holds both ends and ``result`` its middle. ``steps`` are Chinese
    sentences with the numbers in them; ``articles`` are keys.
    """

    result: Decimal | int | dt.date | None
    unit: str
    steps: tuple[str, ...]
    articles: tuple[str, ...]
    missing: tuple[str, ...] = ()
    span: tuple[Decimal, Decimal] | None = None


def money(value: Decimal) -> Decimal:
    """Return yuan and cents, half a cent rounded up."""
    return value.quantize(CENT, ROUND_HALF_UP)


def titled(key: str) -> str:
    """Name an article, and the item that stands in brackets after its key."""
    article, _, item = key.partition("(")
    return article_title(article) + (f"第{to_chinese(int(item[:-1]))}项" if item else "")


def written(value: Decimal | int | dt.date | None) -> str:
    """Write a result as people do: 2026年12月8日, 32,000.00."""
    if isinstance(value, dt.date):
        return f"{value.year}年{value.month}月{value.day}日"
    return "" if value is None else f"{value:,}"


def middle(low: Decimal, high: Decimal) -> Decimal:
    """Return the middle of a range, in yuan and cents."""
    return money((low + high) / 2)


def say(value: Decimal) -> str:
    """Write a number as people do: no exponent, no needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
