"""What a province or a city adds to the law, each rule and figure from day to day with its source.

Read from ``aid/<code>.yml`` (法律援助法 31(9), 32(5), 34, 42(4)) and ``figures/<code>.yml`` (wages
and allowances) below a folder; the code is that of the administrative division, such as 530100.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, model_validator

from knowledge_base.reading import KnowledgeError, Shape, Text, read_entries, without_flaws
from knowledge_base.rules.facts import Group, Matter, NamedGroup
from knowledge_base.rules.heads import LISTED, UNCONDITIONAL, UNNAMED

ROOT = Path(__file__).parents[1] / "regions"
"""Where the product's own regions lie; an operator may name another folder."""

FigureName = Literal["local_average", "minimum_wage", "subsistence"]
MatterItem = Literal["31(9)", "32(5)"]
_CODE = re.compile(r"[1-9]\d{5}")


@dataclass(frozen=True)
class LocalBasis:
    """Where a rule of ``region`` comes from; it holds from ``starts`` to ``ends``, both counted.

    ``ends`` is None while no end is known; ``example`` marks what is not known to be official.
    """

    region: str
    source: str
    starts: dt.date
    ends: dt.date | None = None
    example: bool = False

    def holds(self, on: dt.date | None) -> bool:
        """Say whether the rule holds on a day; without a day, whether it has no end."""
        if on is None:
            return self.ends is None
        return self.starts <= on and (self.ends is None or on <= self.ends)


@dataclass(frozen=True)
class Figure:
    """Yuan a month; its days are those on which it is used, not those it was counted for."""

    name: FigureName
    amount: Decimal
    basis: LocalBasis


@dataclass(frozen=True)
class Standard:
    """The means standard (法律援助法 34): yuan a month per head, or so many times a figure."""

    basis: LocalBasis
    amount: Decimal | None = None
    multiple_of: FigureName | None = None
    times: Decimal = Decimal(1)


@dataclass(frozen=True)
class LocalMatter:
    """A matter that the region adds (法律援助法 31(9), 32(5))."""

    item: MatterItem
    matter: Matter
    basis: LocalBasis


@dataclass(frozen=True)
class LocalGroup:
    """A group whose means nobody looks into (法律援助法 42(4))."""

    group: Group
    basis: LocalBasis


@dataclass(frozen=True)
class Limit:
    """A means standard in yuan on a day; ``bases`` are those of the standard and its figure."""

    amount: Decimal
    bases: tuple[LocalBasis, ...]


@dataclass(frozen=True)
class Region:
    """The rules of a region, its own before those of the region around it."""

    code: str
    name: str
    standards: tuple[Standard, ...] = ()
    matters: tuple[LocalMatter, ...] = ()
    groups: tuple[LocalGroup, ...] = ()
    figures: tuple[Figure, ...] = ()

    def figure(self, name: FigureName, on: dt.date | None) -> Figure | None:
        """Return the figure that is used on a day."""
        return next((f for f in self.figures if f.name == name and f.basis.holds(on)), None)

    def limit(self, on: dt.date | None) -> Limit | None:
        """Return the means standard of a day (法律援助法 34), None where it is not known."""
        standard = next((s for s in self.standards if s.basis.holds(on)), None)
        if standard is None:
            return None
        if standard.amount is not None:
            return Limit(standard.amount, (standard.basis,))
        figure = standard.multiple_of and self.figure(standard.multiple_of, on)
        if not figure:
            return None
        return Limit(figure.amount * standard.times, (standard.basis, figure.basis))


@dataclass(frozen=True)
class Regions:
    """The regions that something is known of, by code."""

    by_code: Mapping[str, Region]

    def of(self, code: str) -> Region | None:
        """Return what holds in a place: of the county, the city and the province that are known.

        530102 takes 530100 and 530000: a city's rule stands beside its province's, and the nearest
        standard and figure of the day come first.
        """
        around = dict.fromkeys((code, f"{code[:4]}00", f"{code[:2]}0000"))
        found = [self.by_code[each] for each in around if each in self.by_code]
        if not found:
            return None
        return Region(
            found[0].code,
            found[0].name,
            tuple(each for region in found for each in region.standards),
            tuple(each for region in found for each in region.matters),
            tuple(each for region in found for each in region.groups),
            tuple(each for region in found for each in region.figures),
        )


def is_code(code: str) -> bool:
    """Say whether a text is written like the code of an administrative division."""
    return _CODE.fullmatch(code) is not None


def load_regions(root: Path = ROOT) -> Regions:
    """Read the regions below a folder.

    Raises ``KnowledgeError`` for a file that is wrong, and where two figures or two standards of
    one region would hold on one day.
    """
    found: dict[str, Region] = {}
    for file, aid in _shapes(root, "aid", AidShape):
        found[_code_of(file, aid.code)] = Region(
            aid.code,
            aid.name,
            tuple(Standard(s.basis(aid.name), s.amount, s.multiple_of, s.times) for s in aid.means),
            tuple(LocalMatter(m.item, m.matter, m.basis(aid.name)) for m in aid.matters),
            tuple(LocalGroup(g.group, g.basis(aid.name)) for g in aid.groups),
        )
        _apart(file, (each.basis(aid.name) for each in aid.means))
    for file, sums in _shapes(root, "figures", FiguresShape):
        figures = tuple(Figure(f.name, f.amount, f.basis(sums.name)) for f in sums.figures)
        for name in {figure.name for figure in figures}:
            _apart(file, (figure.basis for figure in figures if figure.name == name))
        known = found.get(_code_of(file, sums.code), Region(sums.code, sums.name))
        found[sums.code] = replace(known, figures=figures)
    return Regions(found)


# --- how the files are written --------------------------------------------------------------------

_Yuan = Annotated[Decimal, Field(ge=0, le=10**9)]
_Code = Annotated[Text, StringConstraints(pattern=f"^{_CODE.pattern}$")]


class DatedShape(Shape):
    starts: dt.date = Field(alias="from")
    ends: dt.date | None = Field(alias="to", default=None)
    source: Text
    example: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends is not None and self.ends < self.starts:
            raise ValueError("to 早于 from")
        return self

    def basis(self, region: str) -> LocalBasis:
        return LocalBasis(region, self.source, self.starts, self.ends, self.example)


class FigureShape(DatedShape):
    name: FigureName
    amount: _Yuan


class StandardShape(DatedShape):
    amount: _Yuan | None = None
    multiple_of: FigureName | None = None
    times: Annotated[Decimal, Field(gt=0, le=100)] = Decimal(1)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.amount is None) == (self.multiple_of is None):
            raise ValueError("amount 和 multiple_of 写一个")
        return self


class LocalMatterShape(DatedShape):
    item: MatterItem
    matter: Matter

    @model_validator(mode="after")
    def _adds_something(self) -> Self:
        if self.matter in UNNAMED or self.matter in UNCONDITIONAL:
            raise ValueError(f"{self.matter} 另有条文，地方不用补充")
        if self.item == "31(9)" and self.matter in LISTED:
            raise ValueError(f"{self.matter} 已经在第三十一条里")
        return self


class LocalGroupShape(DatedShape):
    group: NamedGroup


class AidShape(Shape):
    code: _Code
    name: Text
    means: tuple[StandardShape, ...] = ()
    matters: tuple[LocalMatterShape, ...] = ()
    groups: tuple[LocalGroupShape, ...] = ()


class FiguresShape(Shape):
    code: _Code
    name: Text
    figures: tuple[FigureShape, ...] = ()


_S = TypeVar("_S", bound=Shape)


def _shapes(root: Path, folder: str, shape: type[_S]) -> tuple[tuple[str, _S], ...]:
    read = read_entries(sorted((root / folder).glob("*.yml")), root, shape, many=False)
    without_flaws(read)
    return read.entries


def _code_of(file: str, code: str) -> str:
    # The file that an operator replaces must be the one that is read for the code.
    if Path(file).stem != code:
        raise KnowledgeError(f"{file}：文件名应当是 {code}.yml")
    return code


def _apart(file: str, bases: Iterable[LocalBasis]) -> None:
    """Refuse rules of which two would hold on one day."""
    ordered = sorted(bases, key=lambda basis: basis.starts)
    for before, after in itertools.pairwise(ordered):
        if before.ends is None or before.ends >= after.starts:
            raise KnowledgeError(f"{file}：从{before.starts}和从{after.starts}的两条日期重叠")
