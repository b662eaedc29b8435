"""What a calculation gives: the figure, how it came about, and what it rests on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

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


def middle(low: Decimal, high: Decimal) -> Decimal:
    """Return the middle of a range, in yuan and cents."""
    return money((low + high) / 2)


def say(value: Decimal) -> str:
    """Write a number as people do: no exponent, no needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
