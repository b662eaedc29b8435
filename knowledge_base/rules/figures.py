"""Regional figures in a calculation: which one is taken, and how the steps name it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

from knowledge_base.rules.regions import Figure, FigureName
from knowledge_base.rules.worked import say

_FILE = Path(__file__).with_name("figures.yml")


@dataclass(frozen=True)
class FigureWording:
    """How a figure, its being only an example, and the floor of a wage are told."""

    names: Mapping[FigureName, str]
    used: str
    example: str
    floor: str

    def told(self, figure: Figure) -> str:
        """Return the step that names a figure, its region and its source."""
        basis = figure.basis
        said = self.used.format(
            region=basis.region,
            name=self.names[figure.name],
            amount=say(figure.amount),
            source=basis.source,
        )
        return said + (self.example if basis.example else "")

    def floored(self, least: Decimal) -> str:
        """Return the step by which the minimum wage takes the place of a lower one."""
        return self.floor.format(amount=say(least))


@functools.cache
def figure_wording() -> FigureWording:
    """Read the sentences."""
    return FigureWording(**yaml.safe_load(_FILE.read_text(encoding="utf-8")))
