"""Until when: periods counted from a day, and moved on by days of rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from knowledge_base.rules.aid_periods import ASSIGN_DAYS, OBJECTION_DAYS, REVIEW_DAYS
from knowledge_base.rules.calendar import add_months, is_announced, rolled
from knowledge_base.rules.worked import Worked

DeadlineKind = Literal[
    "labour_arbitration",
    "civil_general",
    "appeal_judgment",
    "appeal_ruling",
    "injury_claim_worker",
    "injury_claim_employer",
    "enforcement",
    "sue_after_arbitration",
    "labour_wages",
    "admin_litigation",
    "sue_after_review",
    "aid_review",
    "aid_assign",
    "aid_objection",
]
_SUSPENDS = (
    "期间可能中止（民法典第一百九十四条）或者中断重新起算（第一百九十五条），不要自己认定已过。"
)


@dataclass(frozen=True)
class Period:
    """So many months or days from a day, by an article; ``note`` says what may change it."""

    name: str
    articles: tuple[str, ...]
    months: int = 0
    days: int = 0
    note: str = ""

    def until(self, first: dt.date) -> dt.date:
        """Return the last day before any roll; the first day is not counted (民法典 201, 202)."""
        return add_months(first, self.months) + dt.timedelta(self.days)

    @property
    def length(self) -> str:
        """Return the period in words."""
        if not self.months:
            return f"{self.days}日"
        return f"{self.months}个月" if self.months % 12 else f"{self.months // 12}年"


PERIODS: dict[DeadlineKind, Period] = {
    "labour_arbitration": Period(
        "劳动争议申请仲裁", ("劳动争议调解仲裁法/27",), months=12,
        note="在职期间追讨拖欠的工资不受这一年限制，离职的从离职之日起一年。" + _SUSPENDS,
    ),
    "civil_general": Period(
        "普通诉讼时效", ("民法典/188",), months=36,
        note="从知道或者应当知道权利受损害和义务人之日起算，最长二十年。" + _SUSPENDS,
    ),
    "appeal_judgment": Period("不服一审判决上诉", ("民事诉讼法/171",), days=15),
    "appeal_ruling": Period("不服一审裁定上诉", ("民事诉讼法/171",), days=10),
    "injury_claim_worker": Period(
        "职工本人或近亲属申请工伤认定", ("工伤保险条例/17",), months=12,
        note="单位没有在三十日内申请的，职工一方一年内可以自己申请。",
    ),
    "injury_claim_employer": Period(
        "单位申请工伤认定", ("工伤保险条例/17",), days=30,
        note="有特殊情况经社保行政部门同意可以适当延长。",
    ),
    "enforcement": Period("申请执行", ("民事诉讼法/250",), months=24, note=_SUSPENDS),
    "sue_after_arbitration": Period(
        "不服劳动仲裁裁决起诉", ("劳动争议调解仲裁法/50",), days=15,
        note="终局裁决单位不能起诉，劳动者可以（第四十七条、第四十八条）。",
    ),
    "labour_wages": Period(
        "离职以后追讨拖欠的工资申请仲裁", ("劳动争议调解仲裁法/27",), months=12,
        note="从劳动关系终止那天算；还在职的不受一年限制。" + _SUSPENDS,
    ),
    "admin_litigation": Period(
        "直接提起行政诉讼", ("行政诉讼法/46",), months=6,
        note="从知道或者应当知道行政行为之日起算，法律另有规定的除外。行政行为作出超过五年（不动产二十年）的"
             "法院不受理。不属于自己的原因耽误的时间不算在内（第四十八条）。",
    ),
    "sue_after_review": Period(
        "不服行政复议决定起诉", ("行政诉讼法/45",), days=15,
        note="从收到复议决定书之日起算；复议机关逾期不作决定的，从复议期满之日起算。法律另有规定的除外。",
    ),
    "aid_review": Period(
        "法律援助机构审查决定", ("法律援助法/43",), days=REVIEW_DAYS,
        note="从收到申请之日起算；等申请人补充材料的天数另加。",
    ),
    "aid_assign": Period(
        "决定给予以后指派法律援助人员", ("法律援助法/43",), days=ASSIGN_DAYS,
    ),
    "aid_objection": Period(
        "司法行政部门答复法律援助异议", ("法律援助法/49",), days=OBJECTION_DAYS,
        note="从收到异议之日起算；对答复还不服的，可以依法申请行政复议或者提起行政诉讼。",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Deadline:
    """``start`` is the day from which the period runs, such as the day of receipt."""

    articles: ClassVar = ("民法典/201", "民法典/202", "民法典/203")

    kind: DeadlineKind
    start: Annotated[dt.date, Field(alias="from")]


def deadline(given: Deadline) -> Worked:
    """Return the last day of a period that runs from ``start`` (民法典 201-203).

    Raises ``ValueError`` for a day so late that no calendar reaches it.
    """
    period = PERIODS[given.kind]
    try:
        plain = period.until(given.start)
        last = rolled(plain)
    except (OverflowError, ValueError) as error:
        raise ValueError("日期太远，无法计算") from error
    steps = [f"{period.name}：{period.length}，当天不算，从第二天起，到{plain}。"]
    if last != plain:
        steps.append(f"{plain}是休息日或者节假日，顺延到{last}。")
    if not is_announced(last.year):
        steps.append(f"{last.year}年的放假安排还没有公布，只按周末和固定节日顺延。")
    if period.note:
        steps.append(period.note)
    return Worked(last, "日", tuple(steps), (*period.articles, "民法典/201", "民法典/203"))
