"""The facts that decide about legal aid; every one may be unknown (None)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

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
]
Matter = Literal[
    "wage_arrears", "labour_relation", "dismissal", "work_injury", "social_insurance",
    "social_assistance", "death_pension", "support", "capacity", "traffic_injury",
    "food_drug_injury", "medical_injury", "pollution", "domestic_violence", "abandonment",
    "hero_kin_honour", "good_samaritan", "state_compensation", "acquittal_compensation", "divorce",
    "inheritance", "loan", "contract", "property", "land", "consumer", "criminal_defence",
    "criminal_victim", "duty_lawyer", "retrial", "other",
]  # fmt: skip
Means = Literal["below_standard", "above_standard"]


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
    """What is known of an applicant; ``limitation_days_left`` in days, negative once over."""

    applicant: Applicant | None = None
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    disability: Disability | None = None
    fixed_income: bool | None = None
    groups: tuple[Group, ...] | None = None
    matter: Matter | None = None
    means: Means | None = None
    integrity_pledge: bool | None = None
    criminal: Criminal = Criminal()
    retrial: Retrial = Retrial()
    limitation_days_left: Annotated[int, Field(ge=-40_000, le=40_000)] | None = None
    preservation_needed: bool | None = None
    detained: bool | None = None
