"""Who may get legal aid: 法律援助法 24-34, 41, 42 and 44 as a pure function.

The result is a trace: articles, what is missing, and the fact that would turn it. It is an
indication and never a decision; a person decides (个人信息保护法 24).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from knowledge_base.rules.facts import Criminal, Disability, Facts, Matter, Retrial

Outcome = Literal["MAY_QUALIFY", "NEED_INFO", "LIKELY_NOT", "NOTIFY_TYPE", "NOT_NEEDED"]
MeansState = Literal["NO_CONDITION", "NO_CHECK", "SELF_DECLARE", "STANDARD"]

ADULT, OLD = 18, 60
"""Years of age: 民法典 17; 老年人权益保障法 2."""
SOON_DAYS = 7
"""Aid comes before the papers where less than this is left (44(1))."""

LISTED: dict[Matter, str] = {
    "state_compensation": "31(1)",
    "social_insurance": "31(2)",
    "social_assistance": "31(2)",
    "death_pension": "31(3)",
    "support": "31(4)",
    "wage_arrears": "31(5)",
    "labour_relation": "31(5)",
    "capacity": "31(6)",
    "work_injury": "31(7)",
    "traffic_injury": "31(7)",
    "food_drug_injury": "31(7)",
    "medical_injury": "31(7)",
    "pollution": "31(8)",
    "criminal_victim": "29",
}
"""Matters for which people of small means may apply, by article and item."""
UNCONDITIONAL: dict[Matter, str] = {
    "hero_kin_honour": "32(1)",
    "good_samaritan": "32(2)",
    "acquittal_compensation": "32(3)",
    "domestic_violence": "32(4)",
    "abandonment": "32(4)",
}
"""Matters for which means do not count."""
_MIGRANTS: frozenset[Matter] = frozenset({"wage_arrears", "work_injury"})
_HELPED = frozenset({"社会救助对象", "司法救助对象", "优抚对象", "特困"})


@dataclass(frozen=True)
class Assessment:
    """``articles`` are keys with the item in brackets; ``flip`` is the fact that would turn it.

    ``say`` names the sentence for the citizen in ``legal_aid.yml``.
    """

    outcome: Outcome
    means_state: MeansState | None
    urgent: bool
    articles: tuple[str, ...]
    missing: tuple[str, ...]
    flip: str | None
    say: str


@dataclass(frozen=True)
class _Found:
    outcome: Outcome
    say: str
    articles: tuple[str, ...] = ()
    state: MeansState | None = None
    missing: tuple[str, ...] = ()


def assess(facts: Facts) -> Assessment:
    """Say whether somebody may get legal aid, and why."""
    found = _judge(facts)
    urgent_by = tuple(_urgent(facts))
    applies = found.outcome in ("MAY_QUALIFY", "NEED_INFO")
    articles = found.articles + (urgent_by if applies else ())
    return Assessment(
        found.outcome,
        found.state,
        bool(urgent_by),
        tuple(f"法律援助法/{article}" for article in articles),
        found.missing,
        found.missing[0] if found.missing else _flip(facts, found),
        found.say,
    )


def _judge(facts: Facts) -> _Found:
    if facts.applicant == "company":
        return _Found("LIKELY_NOT", "company", ("2",))
    found = _of_matter(facts)
    if facts.applicant is None and found.outcome in ("MAY_QUALIFY", "NEED_INFO"):
        return replace(found, outcome="NEED_INFO", state=None, say="need_info",
                       missing=("applicant", *found.missing))  # fmt: skip
    return found


def _of_matter(facts: Facts) -> _Found:
    matter = facts.matter
    if matter is None:
        # Whoever is suspected has that matter at least; only a no would be too early.
        found = _of_defence(facts) if facts.criminal.role in ("suspect", "defendant") else None
        if found is None or found.outcome == "LIKELY_NOT":
            return _Found("NEED_INFO", "need_info", missing=("matter",))
        return found
    if matter == "duty_lawyer":
        return _Found("NOT_NEEDED", "duty_lawyer", ("30",))
    if matter == "criminal_defence":
        return _of_defence(facts)
    if matter == "retrial":
        return _of_retrial(facts)
    if matter in UNCONDITIONAL:
        return _Found("MAY_QUALIFY", "no_condition", (UNCONDITIONAL[matter],), "NO_CONDITION")
    if matter in LISTED:
        return _by_means(facts, LISTED[matter])
    return _Found("LIKELY_NOT", "not_listed", ("31",))


def _of_defence(facts: Facts) -> _Found:
    case = facts.criminal
    if case.has_counsel:
        return _Found("LIKELY_NOT", "has_counsel", ("24",))
    if case.role == "convict":
        return _of_retrial(facts)
    head = next(_must_notify(facts), None)
    if head is not None:
        missing = ("has_counsel",) if case.has_counsel is None else ()
        return _Found("NOTIFY_TYPE", "notify", (head,), missing=missing)
    if case.role == "defendant" and case.procedure == "普通":
        return _Found("MAY_QUALIFY", "may_notify", ("25", "24"))
    found = _by_means(facts, "24")
    if found.outcome == "MAY_QUALIFY" and case.has_counsel is None:
        return replace(found, outcome="NEED_INFO", state=None, say="need_info",
                       missing=("has_counsel",))  # fmt: skip
    # Whoever has no counsel and no right to one paid for still has the duty lawyer.
    unknown = tuple(_might_notify(facts)) if found.outcome == "LIKELY_NOT" else ()
    if unknown:
        return _Found("NEED_INFO", "need_info", ("24", "25"), missing=unknown)
    return replace(found, say="duty_lawyer_too") if found.outcome == "LIKELY_NOT" else found


def _must_notify(facts: Facts) -> Iterator[str]:
    """Yield the heads of 25(1) that apply."""
    case = facts.criminal
    if facts.age is not None and facts.age < ADULT:
        yield "25(1)"
    if facts.disability in ("visual", "hearing_speech"):
        yield "25(2)"
    if facts.disability == "mental":
        yield "25(3)"
    if case.life_or_death:
        yield "25(4)"
    if case.death_review:
        yield "25(5)"
    if case.absent_trial:
        yield "25(6)"


def _might_notify(facts: Facts) -> Iterator[str]:
    """Yield the unknown facts that could be a head of 25(1)."""
    for name in ("age", "disability"):
        if getattr(facts, name) is None:
            yield name
    for name in ("life_or_death", "death_review", "absent_trial"):
        if getattr(facts.criminal, name) is None:
            yield name
    # A defendant in ordinary procedure, for whom the court may notify (25, second paragraph).
    if facts.criminal.role in (None, "defendant") and facts.criminal.procedure in (None, "普通"):
        yield "role" if facts.criminal.role is None else "procedure"


def _of_retrial(facts: Facts) -> _Found:
    retrial = facts.retrial
    if retrial.decided or retrial.protested:
        return _by_means(facts, "33")
    missing = tuple(n for n in ("decided", "protested") if getattr(retrial, n) is None)
    if missing:
        return _Found("NEED_INFO", "need_info", ("33",), missing=missing)
    return _Found("LIKELY_NOT", "retrial", ("33",))


def _by_means(facts: Facts, head: str) -> _Found:
    """Judge a matter that is open to people of small means."""
    exempt = next(_exempt(facts), None)
    if exempt is not None:
        return _Found("MAY_QUALIFY", "no_check", (head, exempt), "NO_CHECK")
    if facts.means == "below_standard":
        if facts.integrity_pledge:
            return _Found("MAY_QUALIFY", "self_declare", (head, "41"), "SELF_DECLARE")
        return _Found("MAY_QUALIFY", "standard", (head, "34"), "STANDARD")
    if facts.means is None:
        if facts.integrity_pledge:
            return _Found("MAY_QUALIFY", "self_declare", (head, "41"), "SELF_DECLARE")
        return _Found("NEED_INFO", "need_info", (head,), missing=("means",))
    unknown = tuple(_might_be_exempt(facts))
    if unknown:
        return _Found("NEED_INFO", "need_info", (head, "42"), missing=unknown)
    return _Found("LIKELY_NOT", "above_standard", (head, "34"))


def _exempt(facts: Facts) -> Iterator[str]:
    """Yield the items of article 42 by which nobody looks into the means."""
    groups = set(facts.groups or ())
    # Migrant workers first: their papers are the easiest to show.
    if "进城务工人员" in groups and facts.matter in _MIGRANTS:
        yield "42(3)"
    if groups & _HELPED:
        yield "42(2)"
    if facts.fixed_income is False and _is_frail(facts):
        yield "42(1)"


def _is_frail(facts: Facts) -> bool:
    """Say whether somebody is a minor, old or disabled."""
    by_age = facts.age is not None and not ADULT <= facts.age < OLD
    return by_age or facts.disability not in (None, "none")


def _might_be_exempt(facts: Facts) -> Iterator[str]:
    """Yield the unknown facts by which article 42 could apply."""
    if facts.groups is None:
        yield "groups"
    if facts.fixed_income is True:
        return
    if _is_frail(facts):
        # Known to have none it would apply already.
        yield "fixed_income"
        return
    unknown = [name for name in ("age", "disability") if getattr(facts, name) is None]
    yield from unknown
    if unknown and facts.fixed_income is None:
        yield "fixed_income"


def _urgent(facts: Facts) -> Iterator[str]:
    left = facts.limitation_days_left
    if left is not None and 0 <= left < SOON_DAYS:
        yield "44(1)"
    if facts.preservation_needed:
        yield "44(2)"


_DISABILITIES: tuple[Disability, ...] = ("none", "visual", "mental")


def _changes(facts: Facts) -> Iterator[tuple[str, Facts]]:
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


def _flip(facts: Facts, found: _Found) -> str | None:
    """Return the first fact that, otherwise, would change the outcome."""
    return next((n for n, other in _changes(facts) if _judge(other).outcome != found.outcome), None)
