"""``bot assess`` and ``bot calc``: the rules of law from outside, one JSON a line.

The fields are those of docs/measuring.md; a wrong line gives its id and an error.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from bot.lines import Day, Row, read_line
from knowledge_base.rules.calculators import CALCULATORS, calculate
from knowledge_base.rules.eligibility import assess
from knowledge_base.rules.facts import Facts
from knowledge_base.rules.lpr import load_prime_rates
from knowledge_base.rules.regions import LocalBasis, Region, Regions, is_code, load_regions
from knowledge_base.rules.wording import AidWording

_FACTS = TypeAdapter(Facts)
_WRITTEN = {
    "facts": "要是一个 {…}",
    "input": "要是一个 {…}",
    "calc": "要是计算项的名称，如 severance",
    "region": "要是六位行政区划代码，如 530100",
}


def _coded(region: str) -> str:
    if not is_code(region):
        raise ValueError("no code")
    return region


RegionCode = Annotated[StrictStr, AfterValidator(_coded)]


class AssessCase(BaseModel):
    """One line for ``bot assess``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: StrictStr | StrictInt
    facts: dict[str, Any]
    on: Day | None = None
    region: RegionCode | None = None


class CalcCase(BaseModel):
    """One line for ``bot calc``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: StrictStr | StrictInt
    calc: StrictStr
    input: dict[str, Any]
    on: Day | None = None
    region: RegionCode | None = None


@dataclass(frozen=True)
class Measuring:
    """Answers lines; built once for a whole file."""

    wording: AidWording
    today: dt.date
    regions: Regions = field(default_factory=load_regions)

    def assess(self, line: str) -> Row:
        """Judge eligibility for legal aid."""
        case = read_line(AssessCase, line, _WRITTEN)
        if isinstance(case, dict):
            return case
        try:
            facts = _FACTS.validate_json(json.dumps(_known(case.facts)), strict=True)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            return {"id": case.id, "error": f"facts.{where} 写法不对"}
        region = self._region(case.region)
        found = assess(facts, case.on or self.today, region)
        row: Row = {
            "id": case.id,
            "outcome": found.outcome,
            "means_state": found.means_state,
            "urgent": found.urgent,
            "articles": list(found.articles),
            "missing": list(found.missing),
            "flip": found.flip,
            "say": self.wording.say(found, detained=bool(facts.detained)),
        }
        if case.region is not None:
            row["region"] = region and region.name
            row["local"] = [_told(basis) for basis in found.local]
        return row

    def calc(self, line: str) -> Row:
        """Work out one calculator."""
        case = read_line(CalcCase, line, _WRITTEN)
        if isinstance(case, dict):
            return case
        if case.calc not in CALCULATORS:
            return {"id": case.id, "error": f"没有这个计算项：{case.calc[:40]}"}
        region = self._region(case.region)
        # An audit takes what the line gives; tables of ours fill in only where one asks for them.
        rates = None if case.region is None else load_prime_rates()
        try:
            worked = calculate(case.calc, case.input, case.on or self.today, region, rates)
        except ValueError as error:
            return {"id": case.id, "error": str(error)}
        result = worked.result
        row: Row = {
            "id": case.id,
            "result": result.isoformat() if isinstance(result, dt.date) else _number(result),
            "unit": worked.unit,
            "steps": list(worked.steps),
            "articles": list(worked.articles),
            "missing": list(worked.missing),
        }
        if worked.span is not None:
            row["range"] = [_number(end) for end in worked.span]
        return row

    def _region(self, code: str | None) -> Region | None:
        return None if code is None else self.regions.of(code)


def _told(basis: LocalBasis) -> Row:
    """Show a regional rule and whether it is only an example."""
    return {
        "region": basis.region,
        "source": basis.source,
        "from": basis.starts.isoformat(),
        "to": basis.ends and basis.ends.isoformat(),
        "example": basis.example,
    }


def _number(value: Any) -> float | int | None:
    return value if value is None or isinstance(value, int) else float(value)


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is null: it means not known."""
    return {
        name: _known(value) if isinstance(value, dict) else value
        for name, value in facts.items()
        if value is not None
    }
