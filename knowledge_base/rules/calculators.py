"""The calculators by name: from what somebody gave to a result, or to what is lacking."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from knowledge_base.rules import deadlines, fees, labour, persons
from knowledge_base.rules.lpr import PrimeRates
from knowledge_base.rules.regions import Region
from knowledge_base.rules.worked import Worked


@dataclass(frozen=True)
class Calculator:
    """``shape`` is the dataclass of its inputs, whose required fields must be given.

    ``work`` takes them, the day, the region and the published rates whose figures may be used.
    """

    shape: Any
    work: Callable[[Any, dt.date, Region | None, PrimeRates | None], Worked]
    unit: str = "元"


CALCULATORS: dict[str, Calculator] = {
    "severance": Calculator(
        labour.Severance, lambda given, _, region, __: labour.severance(given, region)
    ),
    "double_wage": Calculator(
        labour.DoubleWage, lambda given, on, *_: labour.double_wage(given, on)
    ),
    "overtime": Calculator(labour.Overtime, lambda given, *_: labour.overtime(given)),
    "annual_leave": Calculator(labour.AnnualLeave, lambda given, *_: labour.annual_leave(given)),
    "injury_lump_sum": Calculator(
        labour.InjuryLumpSum, lambda given, on, region, _: labour.injury_lump_sum(given, on, region)
    ),
    "court_fee": Calculator(fees.CourtFee, lambda given, *_: fees.court_fee(given)),
    "loan_interest": Calculator(
        persons.LoanInterest, lambda given, _, __, rates: persons.loan_interest(given, rates)
    ),
    "disability_years": Calculator(
        persons.DisabilityYears, lambda given, *_: persons.disability_years(given), "年"
    ),
    "child_support": Calculator(
        persons.ChildSupport, lambda given, *_: persons.child_support(given), "元/月"
    ),
    "delayed_performance": Calculator(
        fees.DelayedPerformance, lambda given, *_: fees.delayed_performance(given)
    ),
    "deadline": Calculator(deadlines.Deadline, lambda given, *_: deadlines.deadline(given), "日"),
}

_ADAPTERS = {name: TypeAdapter(each.shape) for name, each in CALCULATORS.items()}


def calculate(
    name: str,
    given: Mapping[str, object],
    on: dt.date,
    region: Region | None = None,
    rates: PrimeRates | None = None,
) -> Worked:
    """Work out calculator ``name`` from inputs as JSON writes them; None counts as not given.

    Figures of ``region`` and of ``rates`` are used where none is given and one is known for the
    day. Raises ``KeyError`` for an unknown calculator, ``ValueError`` for an input that cannot be.
    """
    calculator = CALCULATORS[name]
    known = {key: value for key, value in given.items() if value is not None}
    try:
        # As JSON, strictly: a day is an ISO text and never a number of seconds.
        inputs = _ADAPTERS[name].validate_json(json.dumps(known), strict=True)
    except ValidationError as error:
        wrong = [str(e["loc"][0]) for e in error.errors() if e["type"] != "missing"]
        if wrong:
            raise ValueError("这些数据不对：" + "、".join(dict.fromkeys(wrong))) from error
        missing = tuple(str(e["loc"][0]) for e in error.errors())
        return Worked(None, calculator.unit, (), calculator.shape.articles, missing)
    return calculator.work(inputs, on, region, rates)
