"""The one-year LPR from day to day, as far as the table in ``lpr.yml`` is known to be complete."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from knowledge_base.reading import Shape, Text, read_entries, without_flaws
from knowledge_base.rules.worked import say

_FILE = Path(__file__).with_name("lpr.yml")


@dataclass(frozen=True)
class PrimeRate:
    """``rate`` is a fraction, first published on ``since``; ``told`` names both, for a step."""

    rate: Decimal
    since: dt.date
    told: str


class RateShape(Shape):
    since: dt.date = Field(alias="from")
    percent: Annotated[Decimal, Field(gt=0, lt=20)]


class PrimeRates(Shape):
    """The whole table; ``known_until`` is the last day whose publication it is sure to hold."""

    source: Text
    known_until: dt.date
    say: Text
    rates: Annotated[tuple[RateShape, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> PrimeRates:
        days = [each.since for each in self.rates]
        if days != sorted(set(days)) or days[-1] > self.known_until:
            raise ValueError("rates 要按日期排，不晚于 known_until")
        return self

    def on(self, day: dt.date) -> PrimeRate | None:
        """Return the rate of the contract's day (民间借贷规定 25), None where it is not known."""
        held = [each for each in self.rates if each.since <= day]
        if not held or day > self.known_until:
            return None
        last = held[-1]
        told = self.say.format(
            day=day, rate=say(last.percent), since=last.since, source=self.source
        )
        return PrimeRate(last.percent / 100, last.since, told)


@functools.cache
def load_prime_rates(path: Path = _FILE) -> PrimeRates:
    """Read the table; raises ``KnowledgeError`` where it is wrong."""
    read = read_entries([path], path.parent, PrimeRates, many=False)
    return without_flaws(read)[0]
