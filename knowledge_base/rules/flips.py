"""Which other facts are tried to find the one that would turn an assessment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from knowledge_base.rules.facts import Criminal, Disability, Facts, Retrial

_DISABILITIES: tuple[Disability, ...] = ("none", "visual", "mental")


def changes(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Yield facts with one of them otherwise, those first that people can do something about."""
    for flag in (False, True):
        if facts.criminal.has_counsel is not None or facts.criminal.role is not None:
            yield "has_counsel", replace(facts, criminal=replace(facts.criminal, has_counsel=flag))
    for name in ("decided", "protested"):
        yield name, replace(facts, retrial=replace(facts.retrial, **{name: True}))
    for means in ("below_standard", "above_standard"):
        yield "means", replace(facts, means=means)
    yield "integrity_pledge", replace(facts, integrity_pledge=not facts.integrity_pledge)
    yield "groups", replace(facts, groups=())
    yield "groups", replace(facts, groups=("社会救助对象",))
    for income in (False, True):
        yield "fixed_income", replace(facts, fixed_income=income)
    for age in (30, 17):
        yield "age", replace(facts, age=age)
    for disability in _DISABILITIES:
        yield "disability", replace(facts, disability=disability)
    case = facts.criminal
    yield (
        "life_or_death",
        replace(facts, criminal=replace(case, life_or_death=not case.life_or_death)),
    )
    yield "death_review", replace(facts, criminal=replace(case, death_review=not case.death_review))
    yield "absent_trial", replace(facts, criminal=replace(case, absent_trial=not case.absent_trial))
    yield "applicant", replace(facts, applicant="person")
    yield "matter", replace(facts, matter="other", criminal=Criminal(), retrial=Retrial())
    yield "matter", replace(facts, matter="domestic_violence")
