"""What of legal aid depends on the day and the place: who is on relief, what a region adds."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import Field, TypeAdapter

from knowledge_base.reading import Shape
from knowledge_base.rules.facts import Facts, Group, Matter, Means
from knowledge_base.rules.regions import Limit, LocalBasis, Region

_RELIEF = Path(__file__).with_name("relief.yml")
_N = TypeVar("_N", bound=str)


@dataclass(frozen=True)
class Terms:
    """The rules of one day and place.

    ``relief`` names the groups that are 社会救助对象 (法律援助法 42(2)), each with the article that
    says so, if one does. The others are the region's: matters by 31(9) and 32(5), groups by 42(4),
    and the standard of 34.
    """

    relief: Mapping[Group, str | None]
    listed: Mapping[Matter, LocalBasis] = field(default_factory=dict)
    unconditional: Mapping[Matter, LocalBasis] = field(default_factory=dict)
    exempt: Mapping[Group, LocalBasis] = field(default_factory=dict)
    limit: Limit | None = None

    def means_of(self, facts: Facts) -> tuple[Means | None, tuple[LocalBasis, ...]]:
        """Return the means as stated, or as the income tells them by the region's standard."""
        if facts.means is not None or facts.income_per_head is None or self.limit is None:
            return facts.means, ()
        # At the figure itself is not above it: the doubt goes to the applicant.
        above = facts.income_per_head > self.limit.amount
        return ("above_standard" if above else "below_standard"), self.limit.bases


def terms_of(on: dt.date | None, region: Region | None) -> Terms:
    """Return what holds on a day, or by the newest law known, in a region or in none."""
    relief: dict[Group, str | None] = {}
    for span in _relief():
        if span.holds(on):
            relief |= dict.fromkeys(span.groups, span.article)
    if region is None:
        return Terms(relief)
    matters = [m for m in region.matters if m.basis.holds(on)]
    return Terms(
        relief,
        _nearest((m.matter, m.basis) for m in matters if m.item == "31(9)"),
        _nearest((m.matter, m.basis) for m in matters if m.item == "32(5)"),
        _nearest((g.group, g.basis) for g in region.groups if g.basis.holds(on)),
        region.limit(on),
    )


def _nearest(pairs: Iterable[tuple[_N, LocalBasis]]) -> dict[_N, LocalBasis]:
    """Keep the first of each name: a region's own rules stand before those around it."""
    found: dict[_N, LocalBasis] = {}
    for name, basis in pairs:
        found.setdefault(name, basis)
    return found


class _ReliefShape(Shape):
    starts: dt.date = Field(alias="from")
    ends: dt.date | None = Field(alias="to", default=None)
    groups: tuple[Group, ...]
    article: str | None = None

    def holds(self, on: dt.date | None) -> bool:
        if on is None:
            return self.ends is None
        return self.starts <= on and (self.ends is None or on <= self.ends)


@functools.cache
def _relief() -> tuple[_ReliefShape, ...]:
    table = yaml.safe_load(_RELIEF.read_text(encoding="utf-8"))
    return TypeAdapter(tuple[_ReliefShape, ...]).validate_python(table)
