"""The facts that decide about legal aid; every one may be unknown (None)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

Applicant = Literal["person", "company"]
Disability = Literal["none", "visual", "hearing_speech", "mental", "limb", "other"]
Group = Literal[
    "社会救助对象",
    "司法救助对象",
    "优抚对象",
    "进城务工人员",
    "军人军属",
    "孤儿",
    "特困",
    # The kinds of 社会救助对象 as 社会救助法 13 names them; which of them count depends on the day.
    "特困人员",
    "最低生活保障家庭",
    "最低生活保障边缘家庭",
    "刚性支出困难家庭",
    "受灾人员",
    "基本生活暂时出现严重困难的人员",
    "需要疾病应急救助人员",
    "生活无着的流散人员",
]
SHORT_GROUPS: Mapping[str, Group] = {
    "低保": "最低生活保障家庭",
    "低保家庭": "最低生活保障家庭",
    "低保边缘": "最低生活保障边缘家庭",
    "低保边缘家庭": "最低生活保障边缘家庭",
    "刚性支出困难": "刚性支出困难家庭",
}
"""What people call a group, by the name that the statute gives it."""
Matter = Literal[
    "wage_arrears", "labour_relation", "dismissal", "work_injury", "social_insurance",
    "social_assistance", "death_pension", "support", "capacity", "traffic_injury",
    "food_drug_injury", "medical_injury", "pollution", "domestic_violence", "abandonment",
    "hero_kin_honour", "good_samaritan", "state_compensation", "acquittal_compensation", "divorce",
    "inheritance", "loan", "contract", "property", "land", "consumer", "criminal_defence",
    "criminal_victim", "duty_lawyer", "retrial", "other",
]  # fmt: skip
Means = Literal["below_standard", "above_standard"]


def _full_name(group: object) -> object:
    return SHORT_GROUPS.get(group, group) if isinstance(group, str) else group


NamedGroup = Annotated[Group, BeforeValidator(_full_name)]
"""A group by its name or by what people call it."""


@dataclass(frozen=True)
class Criminal:
    """A person's place in a criminal case."""

    role: Literal["suspect", "defendant", "convict"] | None = None
    procedure: Literal["普通", "简易", "速裁"] | None = None
    life_or_death: bool | None = None
    death_review: bool | None = None
    absent_trial: bool | None = None
    has_counsel: bool | None = None


@dataclass(frozen=True)
class Retrial:
    """Whether a court decided to try again, or a procuratorate protested."""

    decided: bool | None = None
    protested: bool | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of an applicant; ``limitation_days_left`` in days, negative once over.

    ``income_per_head`` is the household's monthly income per head in yuan. It tells the means only
    where they are not stated and the region's standard of the day is known (法律援助法 34).
    """

    applicant: Applicant | None = None
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    disability: Disability | None = None
    fixed_income: bool | None = None
    groups: tuple[NamedGroup, ...] | None = None
    matter: Matter | None = None
    means: Means | None = None
    integrity_pledge: bool | None = None
    criminal: Criminal = Criminal()
    retrial: Retrial = Retrial()
    limitation_days_left: Annotated[int, Field(ge=-40_000, le=40_000)] | None = None
    preservation_needed: bool | None = None
    detained: bool | None = None
    income_per_head: Annotated[Decimal, Field(ge=0, le=10**9)] | None = None
