"""Loans between people, maintenance of children, and years of compensation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from knowledge_base.rules.labour import Yuan
from knowledge_base.rules.lpr import PrimeRates
from knowledge_base.rules.worked import Worked, middle, money, say

Rate = Annotated[Decimal, Field(ge=0, le=10)]

_LENDING = "最高人民法院关于审理民间借贷案件适用法律若干问题的规定"
_FAMILY = "最高人民法院关于适用《中华人民共和国民法典》婚姻家庭编的解释（一）"
_HARM = "最高人民法院关于审理人身损害赔偿案件适用法律若干问题的解释"
_NEW_CAP = dt.date(2020, 8, 20)
_OLD_CAP = Decimal("0.24")
_YEAR = 365


@dataclass(frozen=True)
class LoanInterest:
    """``principal`` is what was really handed over; ``end`` is the last day and counts.

    ``annual_rate`` and ``lpr_1y`` are fractions, 0 means no interest was agreed. ``lpr_1y`` is
    that of the contract's day, or for a contract before 2020-08-20 that of the day of filing. The
    contract of two persons comes about when the money is handed over (民法典 679), so ``start`` is
    its day.
    """

    articles: ClassVar = (f"{_LENDING}/25", f"{_LENDING}/26")

    principal: Yuan
    annual_rate: Rate
    start: dt.date
    end: dt.date
    lpr_1y: Rate | None = None


def loan_interest(given: LoanInterest, rates: PrimeRates | None = None) -> Worked:
    """Work out the interest that the courts protect (规定 24-26, 31; 民法典 680).

    ``rates`` are the published ones, from which a rate that was not given may be taken. Raises
    ``ValueError`` if the loan ends before it starts.
    """
    articles: tuple[str, ...] = given.articles
    if given.end < given.start:
        raise ValueError("结束的日子早于开始的日子")
    if not given.annual_rate:
        steps: tuple[str, ...] = ("没有约定利息，借期内不支持利息；逾期之后可以参照一年期LPR要。",)
        return Worked(Decimal("0.00"), "元", steps, (f"{_LENDING}/24", "民法典/680"))
    lpr, told = given.lpr_1y, list[str]()
    if lpr is None and rates is not None and given.start >= _NEW_CAP:
        # An older contract takes the rate of the day of filing, which nobody knows yet (31).
        published = rates.on(given.start)
        if published is not None:
            lpr = published.rate
            told.append(published.told)
    if given.end >= _NEW_CAP and lpr is None:
        return Worked(None, "元", (), articles, ("lpr_1y",))
    parts = _parts(given.start, given.end, lpr or Decimal(0))
    if given.start < _NEW_CAP:
        articles += (f"{_LENDING}/31",)
    total = Decimal(0)
    for days, cap, name in parts:
        rate = min(given.annual_rate, cap)
        interest = given.principal * rate * days / _YEAR
        total += interest
        told.append(
            f"{name}上限{say(cap * 100)}%，按{say(rate * 100)}%："
            f"{say(given.principal)}×{say(rate * 100)}%×{days}÷{_YEAR}＝{money(interest)}元。"
        )
    return Worked(money(total), "元", tuple(told), articles)


def _parts(start: dt.date, end: dt.date, lpr: Decimal) -> list[tuple[int, Decimal, str]]:
    """Return days, cap and its name for each time in which one cap holds."""
    new = lpr * 4
    if start >= _NEW_CAP:
        return [((end - start).days + 1, new, "合同成立时一年期LPR的四倍，")]
    old_days = (min(end, _NEW_CAP - dt.timedelta(1)) - start).days + 1
    parts = [(old_days, _OLD_CAP, "2020年8月19日以前，")]
    if end >= _NEW_CAP:
        parts.append(((end - _NEW_CAP).days + 1, new, "此后按起诉时一年期LPR的四倍，"))
    return parts


@dataclass(frozen=True)
class ChildSupport:
    """``monthly_income`` of the parent who pays; ``children`` he has to support."""

    articles: ClassVar = ("民法典/1085", f"{_FAMILY}/49")

    monthly_income: Yuan
    children: Annotated[int, Field(ge=1, le=20)]


def child_support(given: ChildSupport) -> Worked:
    """Work out 抚养费 of a parent with a regular income (民法典 1085; 解释（一）49)."""
    most = Decimal("0.3") if given.children == 1 else Decimal("0.5")
    low, high = money(given.monthly_income * Decimal("0.2")), money(given.monthly_income * most)
    steps: tuple[str, ...] = (
        f"{say(given.monthly_income)}×20%至{say(most * 100)}%，即每月{low}元至{high}元。",
        "法院看孩子的需要、父母的负担能力和当地生活水平来定，这里取中间。",
    )
    if given.children > 1:
        steps = (steps[0], "两个以上子女可以适当提高，一般不超过总收入的一半。", steps[1])
    return Worked(middle(low, high), "元/月", steps, given.articles, span=(low, high))


@dataclass(frozen=True)
class DisabilityYears:
    """``age`` at the day the disability was assessed, or at death."""

    articles: ClassVar = (f"{_HARM}/12", f"{_HARM}/15")

    age: Annotated[int, Field(ge=0, le=150)]


def disability_years(given: DisabilityYears) -> Worked:
    """Work out for how many years 残疾赔偿金 and 死亡赔偿金 are paid (人身损害解释 12, 15)."""
    years = 5 if given.age >= 75 else 20 - max(given.age - 60, 0)
    steps = (
        f"{given.age}岁，按{years}年（六十岁以上每增加一岁减一年，七十五岁以上五年）。",
        "再乘法院所在地上一年度城镇居民人均可支配收入；残疾赔偿金还乘伤残系数。",
    )
    return Worked(years, "年", steps, given.articles)
