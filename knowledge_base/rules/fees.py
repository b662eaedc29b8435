"""What a court takes, and what it adds for late payment."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from knowledge_base.rules.labour import Yuan
from knowledge_base.rules.worked import Worked, middle, money, say

CourtFeeKind = Literal["property", "divorce", "labour", "execution", "preservation", "non_property"]
_WAN = Decimal(10_000)
# Up to so many yuan (None: without end), the share of what lies above the step before.
_PROPERTY = (
    (_WAN * 10, "0.025"), (_WAN * 20, "0.02"), (_WAN * 50, "0.015"), (_WAN * 100, "0.01"),
    (_WAN * 200, "0.009"), (_WAN * 500, "0.008"), (_WAN * 1000, "0.007"), (_WAN * 2000, "0.006"),
    (None, "0.005"),
)  # fmt: skip
_EXECUTION = (
    (_WAN * 50, "0.015"), (_WAN * 500, "0.01"), (_WAN * 1000, "0.005"), (None, "0.001"),
)  # fmt: skip
_PRESERVATION = ((_WAN * 10, "0.01"), (None, "0.005"))
_MOST_PRESERVATION = Decimal(5000)
_DIVORCE_FREE = _WAN * 20
_DAILY = Decimal("0.000175")


@dataclass(frozen=True)
class CourtFee:
    """``halved``: simplified procedure, mediation or withdrawal (诉讼费用交纳办法 15, 16)."""

    articles: ClassVar = ("诉讼费用交纳办法/13", "诉讼费用交纳办法/14")

    kind: CourtFeeKind
    amount: Yuan | None = None
    halved: bool = False


def court_fee(given: CourtFee) -> Worked:
    """Work out 案件受理费 or 申请费 (诉讼费用交纳办法 13-16)."""
    if given.kind in ("execution", "preservation"):
        return _application_fee(given.kind, given.amount)
    low, high, steps, item = _acceptance_fee(given.kind, given.amount)
    articles: tuple[str, ...] = (f"诉讼费用交纳办法/13({item})",)
    if low is None or high is None:
        return Worked(None, "元", (), articles, ("amount",))
    if given.halved:
        low, high = low / 2, high / 2
        steps = (*steps, "减半交纳。")
        articles += ("诉讼费用交纳办法/15", "诉讼费用交纳办法/16")
    span = None if low == high else (money(low), money(high))
    if span is not None:
        steps = (*steps, f"各省在{span[0]}元至{span[1]}元之间规定，这里取中间。")
    return Worked(middle(low, high), "元", steps, articles, span=span)


def _acceptance_fee(
    kind: CourtFeeKind, amount: Decimal | None
) -> tuple[Decimal | None, Decimal | None, tuple[str, ...], int]:
    """Return both ends of the fee before halving, the steps, and the item of article 13."""
    if kind == "labour":
        return Decimal(10), Decimal(10), ("劳动争议案件每件10元；劳动仲裁不收费。",), 4
    if kind == "non_property":
        return Decimal(50), Decimal(100), ("其他非财产案件每件50元至100元。",), 2
    if kind == "divorce":
        over = max((amount or Decimal(0)) - _DIVORCE_FREE, Decimal(0))
        extra = over * Decimal("0.005")
        steps = ["离婚案件每件50元至300元。"]
        if amount is not None:
            steps.append(f"财产总额超过20万元的部分{say(over)}元×0.5%＝{money(extra)}元。")
        return Decimal(50) + extra, Decimal(300) + extra, tuple(steps), 2
    if amount is None:
        return None, None, (), 1
    fee, steps_of = _stepped(amount, Decimal(50), _PROPERTY)
    return fee, fee, steps_of, 1


def _application_fee(kind: CourtFeeKind, amount: Decimal | None) -> Worked:
    if kind == "execution":
        articles = ("诉讼费用交纳办法/14(1)", "诉讼费用交纳办法/20")
        if amount is None:
            span = (Decimal("50.00"), Decimal("500.00"))
            steps: tuple[str, ...] = ("没有执行金额的，每件50元至500元，这里取中间。",)
            return Worked(middle(*span), "元", steps, articles, span=span)
        fee, steps = _stepped(amount, Decimal(50), _EXECUTION)
        return Worked(money(fee), "元", (*steps, "执行申请费不预交，执行后交纳。"), articles)
    fee, steps = _stepped(amount or Decimal(0), Decimal(30), _PRESERVATION, free=Decimal(1000))
    if fee > _MOST_PRESERVATION:
        fee, steps = _MOST_PRESERVATION, (*steps, "保全申请费最多5000元。")
    return Worked(money(fee), "元", steps, ("诉讼费用交纳办法/14(2)",))


def _stepped(
    amount: Decimal,
    first: Decimal,
    ladder: tuple[tuple[Decimal | None, str], ...],
    free: Decimal = _WAN,
) -> tuple[Decimal, tuple[str, ...]]:
    """Return ``first`` yuan for what is not above ``free``, and shares of what is above."""
    fee, below = first, free
    steps = [f"不超过{say(free)}元的部分：{say(first)}元。"]
    for until, share in ladder:
        part = min(amount, until) - below if until is not None else amount - below
        if part <= 0:
            break
        fee += part * Decimal(share)
        steps.append(
            f"超过{say(below)}元的{say(part)}元×{say(Decimal(share) * 100)}%"
            f"＝{money(part * Decimal(share))}元。"
        )
        if until is None:
            break
        below = until
    return fee, tuple(steps)


@dataclass(frozen=True)
class DelayedPerformance:
    """``principal`` without ordinary interest; ``days`` from the day after the term."""

    articles: ClassVar = ("民事诉讼法/264",)

    principal: Yuan
    days: Annotated[int, Field(ge=0, le=40_000)]


def delayed_performance(given: DelayedPerformance) -> Worked:
    """Work out the doubled part of the interest (民事诉讼法 264; 法释〔2014〕8号)."""
    result = money(given.principal * _DAILY * given.days)
    steps = (
        f"{say(given.principal)}×0.0175%×{given.days}天＝{result}元。",
        "这是加倍部分；判决写明的一般利息另外照付。",
    )
    return Worked(result, "元", steps, given.articles)
