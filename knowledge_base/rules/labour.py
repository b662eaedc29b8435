"""What an employer owes: severance, double wage, overtime, annual leave, injury allowance."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from knowledge_base.rules.calendar import add_months, whole_months, workdays
from knowledge_base.rules.figures import figure_wording
from knowledge_base.rules.regions import Region
from knowledge_base.rules.worked import Worked, money, say

Yuan = Annotated[Decimal, Field(ge=0, le=10**12)]
Hours = Annotated[Decimal, Field(ge=0, le=10**5)]

MONTHLY_DAYS = Decimal("21.75")
"""Paid days of a month: 关于职工全年月平均工作时间和工资折算问题的通知 (2008), 2025 unchanged."""
_IN_FORCE = dt.date(2008, 1, 1)
_MOST_YEARS = 12
_FLOOR = "劳动合同法实施条例/27"
_LEAST_SHARE, _MOST_SHARE = Decimal("0.6"), Decimal(3)
_LUMP_MONTHS = {1: 27, 2: 25, 3: 23, 4: 21, 5: 18, 6: 16, 7: 13, 8: 11, 9: 9, 10: 7}

Ground = Literal[36, 37, 38, 39, 40, 41, 44]
_PAID = {38: "46(1)", 36: "46(2)", 40: "46(3)", 41: "46(4)", 44: "46(5)"}
_PROVISO = {
    36: "协商解除要由单位提出才有经济补偿；劳动者自己提出的没有（第四十六条第二项）。",
    44: "合同期满终止，单位按不低于原来的条件续订而劳动者不同意的，没有经济补偿。",
}


@dataclass(frozen=True)
class Severance:
    """``start`` and ``end`` of the work; ``monthly_wage`` is the mean of the last 12 months.

    ``local_average`` is the locality's mean monthly wage of the year before. ``ground`` is the
    article of 劳动合同法 by which the contract ended, ``double`` a termination against the law.
    """

    articles: ClassVar = ("劳动合同法/46", "劳动合同法/47")

    start: dt.date
    end: dt.date
    monthly_wage: Yuan
    ground: Ground
    local_average: Yuan | None = None
    double: bool = False


def severance(given: Severance, region: Region | None = None) -> Worked:
    """Work out 经济补偿金, or 赔偿金 at twice it (劳动合同法 46, 47, 87, 97; 实施条例 25, 27).

    ``region`` lends the average and the minimum wage of the last day. Raises ``ValueError`` if the
    work ends before it starts.
    """
    _in_order(given.start, given.end)
    articles = _severance_articles(given)
    if given.ground == 37 or (given.ground == 39 and not given.double):
        why = "劳动者自己提出辞职" if given.ground == 37 else "劳动者有第三十九条的过错被解除"
        return Worked(Decimal("0.00"), "元", (f"{why}，单位不支付经济补偿。",), articles)
    steps: list[str] = []
    first = given.start
    if first < _IN_FORCE and not given.double:
        first = _IN_FORCE
        steps.append("2008年以前的年限按当时的规定另算，这里从2008年1月1日起算（第九十七条）。")
    years = _years(first, given.end)
    steps.append(f"工作年限折合{say(years)}个月工资（六个月以上按一年，不满六个月按半年）。")
    base = given.monthly_wage
    least = None if region is None else region.figure("minimum_wage", given.end)
    if least is not None and base < least.amount:
        base = least.amount
        steps += [figure_wording().told(least), figure_wording().floored(base)]
        articles = tuple(dict.fromkeys((*articles, _FLOOR)))
    average = _average(given.local_average, region, given.end, steps)
    if average is None:
        steps.append("没有当地月平均工资，未核对三倍封顶。")
    elif base > average * 3:
        base, years = average * 3, min(years, Decimal(_MOST_YEARS))
        steps.append(f"月工资高于当地平均工资三倍，按{say(base)}元算，年限不超过{_MOST_YEARS}年。")
    result = base * years * (2 if given.double else 1)
    twice = "×2" if given.double else ""
    steps.append(f"{say(base)}×{say(years)}{twice}＝{money(result)}元。")
    if given.ground in _PROVISO and not given.double:
        steps.append(_PROVISO[given.ground])
    return Worked(money(result), "元", tuple(steps), articles)


def _severance_articles(given: Severance) -> tuple[str, ...]:
    if given.double and given.ground != 37:
        return ("劳动合同法/48", "劳动合同法/87", "劳动合同法/47", "劳动合同法实施条例/25")
    if given.ground in (37, 39):
        return (f"劳动合同法/{given.ground}", "劳动合同法/46")
    return (
        f"劳动合同法/{_PAID[given.ground]}",
        "劳动合同法/47",
        *(("劳动合同法/97",) if given.start < _IN_FORCE else ()),
        _FLOOR,
    )


def _years(first: dt.date, last: dt.date) -> Decimal:
    """Return months of wage: one a year, half a month for less than six months."""
    months, rest = whole_months(first, last)
    years, over = divmod(months, 12)
    if over >= 6:
        return Decimal(years + 1)
    return Decimal(years) + (Decimal("0.5") if over or rest <= last else 0)


@dataclass(frozen=True)
class DoubleWage:
    """``signed`` is the day of a late written contract, ``end`` the last day of work."""

    articles: ClassVar = ("劳动合同法/82", "劳动合同法实施条例/6", "劳动合同法实施条例/7")

    start: dt.date
    monthly_wage: Yuan
    signed: dt.date | None = None
    end: dt.date | None = None


def double_wage(given: DoubleWage, on: dt.date) -> Worked:
    """Work out what is owed beside the wage without a written contract (劳动合同法 82; 条例 6, 7).

    ``on`` is the last day counted where the work goes on without a contract. Raises ``ValueError``
    if the work ends, or the contract is signed, before it starts.
    """
    for day in (given.signed, given.end):
        if day is not None:
            _in_order(given.start, day)
    first = add_months(given.start, 1)
    last = add_months(given.start, 12) - dt.timedelta(1)
    if given.signed is not None:
        last = min(last, given.signed - dt.timedelta(1))
    if given.end is not None:
        last = min(last, given.end)
    elif given.signed is None:
        last = min(last, on)
    if last < first:
        return Worked(Decimal("0.00"), "元", ("第一个月内不付二倍工资。",), given.articles)
    months, rest = whole_months(first, last)
    steps = [f"从{first}到{last}，满{months}个月"]
    total = given.monthly_wage * months
    if rest <= last:
        days = workdays(rest, last)
        total += given.monthly_wage / MONTHLY_DAYS * days
        steps[0] += f"，另有{days}个工作日（月工资÷21.75）"
    steps[0] += "；最多十一个月，只算多出的一倍。"
    steps.append(f"差额共{money(total)}元。")
    steps.append("仲裁时效一年，请尽早提出。")
    return Worked(money(total), "元", tuple(steps), (*given.articles, "劳动争议调解仲裁法/27"))


@dataclass(frozen=True)
class Overtime:
    """Hours beyond working time; ``restday_h`` only those without another day off."""

    articles: ClassVar = ("劳动法/44", "劳动合同法/31")

    monthly_wage: Yuan
    weekday_h: Hours = Decimal(0)
    restday_h: Hours = Decimal(0)
    holiday_h: Hours = Decimal(0)


def overtime(given: Overtime) -> Worked:
    """Work out overtime pay (劳动法 44)."""
    hourly = given.monthly_wage / MONTHLY_DAYS / 8
    steps = [f"小时工资＝{say(given.monthly_wage)}÷21.75÷8＝{money(hourly)}元。"]
    total = Decimal(0)
    for name, hours, rate in (
        ("平时", given.weekday_h, Decimal("1.5")),
        ("休息日（没有补休）", given.restday_h, Decimal(2)),
        ("法定节假日", given.holiday_h, Decimal(3)),
    ):
        if hours:
            total += hourly * hours * rate
            steps.append(
                f"{name}{say(hours)}小时×{say(rate * 100)}%＝{money(hourly * hours * rate)}元。"
            )
    steps.append("经批准实行不定时工作制的，一般不适用。")
    return Worked(money(total), "元", tuple(steps), given.articles)


@dataclass(frozen=True)
class AnnualLeave:
    """``total_years`` of work with all employers; ``days_taken`` this year."""

    articles: ClassVar = (
        "职工带薪年休假条例/3",
        "职工带薪年休假条例/5",
        "企业职工带薪年休假实施办法/10",
        "企业职工带薪年休假实施办法/11",
    )

    total_years: Annotated[Decimal, Field(ge=0, le=80)]
    days_taken: Annotated[Decimal, Field(ge=0, le=366)]
    monthly_wage: Yuan


def annual_leave(given: AnnualLeave) -> Worked:
    """Work out what is owed beside the wage for leave not taken (年休假条例 3, 5; 办法 10, 11)."""
    due = next(
        (days for least, days in ((20, 15), (10, 10), (1, 5)) if given.total_years >= least), 0
    )
    left = max(Decimal(due) - given.days_taken, Decimal(0))
    result = money(given.monthly_wage / MONTHLY_DAYS * left * 2)
    steps = (
        f"累计工作{say(given.total_years)}年，每年应休{due}天，还有{say(left)}天没休。",
        f"{say(given.monthly_wage)}÷21.75×{say(left)}×200%＝{result}元（另外100%已在工资里）。",
        "本人书面提出不休的，只有正常工资。",
    )
    return Worked(result, "元", steps, given.articles)


@dataclass(frozen=True)
class InjuryLumpSum:
    """``monthly_wage`` is the mean of the 12 months before the injury, ``grade`` 1 to 10."""

    articles: ClassVar = (
        "工伤保险条例/35",
        "工伤保险条例/36",
        "工伤保险条例/37",
        "工伤保险条例/64",
    )

    grade: Annotated[int, Field(ge=1, le=10)]
    monthly_wage: Yuan
    local_average: Yuan | None = None


def injury_lump_sum(
    given: InjuryLumpSum, on: dt.date | None = None, region: Region | None = None
) -> Worked:
    """Work out 一次性伤残补助金 (工伤保险条例 35-37, 64).

    ``region`` lends the average wage of ``on``.
    """
    grade = given.grade
    article = 35 if grade <= 4 else 36 if grade <= 6 else 37
    articles = (f"工伤保险条例/{article}", "工伤保险条例/64")
    base = given.monthly_wage
    steps: list[str] = []
    average = _average(given.local_average, region, on, steps)
    if average is None:
        steps.append("没有当地职工平均工资，未核对上限三倍、下限六成。")
    else:
        least, most = average * _LEAST_SHARE, average * _MOST_SHARE
        if base != min(max(base, least), most):
            base = min(max(base, least), most)
            steps.append(f"本人工资按当地职工平均工资的60%至300%取{say(base)}元。")
    result = money(base * _LUMP_MONTHS[grade])
    steps.append(
        f"{grade}级为{_LUMP_MONTHS[grade]}个月：{say(base)}×{_LUMP_MONTHS[grade]}＝{result}元。"
    )
    if grade >= 5:
        steps.append("五至十级终结劳动关系时的医疗和就业补助金由各省规定，另算。")
    return Worked(result, "元", tuple(steps), articles)


def _average(
    given: Decimal | None, region: Region | None, on: dt.date | None, steps: list[str]
) -> Decimal | None:
    """Return the average as given, or the region's of a day; ``steps`` then name it."""
    if given is not None or region is None:
        return given
    figure = region.figure("local_average", on)
    if figure is None:
        return None
    steps.append(figure_wording().told(figure))
    return figure.amount


def _in_order(first: dt.date, last: dt.date) -> None:
    if last < first:
        raise ValueError("结束的日子早于开始的日子")
