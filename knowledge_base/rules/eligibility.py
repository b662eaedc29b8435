"""Who may get legal aid: 法律援助法 24-34, 41, 42 and 44 as a pure function.

The result is a trace: articles, what is missing, and the fact that would turn it. It is an
indication and never a decision; a person decides (个人信息保护法 24).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from knowledge_base.rules.exempt import ADULT, exemptions, might_be_exempt
from knowledge_base.rules.facts import Facts
from knowledge_base.rules.flips import changes
from knowledge_base.rules.heads import LISTED, UNCONDITIONAL
from knowledge_base.rules.regions import LocalBasis, Region
from knowledge_base.rules.terms import Terms, terms_of

__all__ = ["LISTED", "UNCONDITIONAL", "Assessment", "MeansState", "Outcome", "assess"]

Outcome = Literal["MAY_QUALIFY", "NEED_INFO", "LIKELY_NOT", "NOTIFY_TYPE", "NOT_NEEDED"]
MeansState = Literal["NO_CONDITION", "NO_CHECK", "SELF_DECLARE", "STANDARD"]

SOON_DAYS = 7
"""Aid comes before the papers where less than this is left (44(1))."""


@dataclass(frozen=True)
class Assessment:
    """``articles`` are keys with the item in brackets; ``flip`` is the fact that would turn it.

    ``say`` names the sentence for the citizen in ``legal_aid.yml``. ``local`` are the rules of the
    region that it rests on, none without a region.
    """

    outcome: Outcome
    means_state: MeansState | None
    urgent: bool
    articles: tuple[str, ...]
    missing: tuple[str, ...]
    flip: str | None
    say: str
    local: tuple[LocalBasis, ...] = ()


@dataclass(frozen=True)
class _Found:
    outcome: Outcome
    say: str
    articles: tuple[str, ...] = ()
    state: MeansState | None = None
    missing: tuple[str, ...] = ()
    local: tuple[LocalBasis, ...] = ()


def assess(facts: Facts, on: dt.date | None = None, region: Region | None = None) -> Assessment:
    """Say whether somebody may get legal aid, and why.

    ``on`` is the day to judge by, the newest law known if None: it decides who is 社会救助对象
    (42(2)) and which rules of ``region`` hold (31(9), 32(5), 34, 42(4)).
    """
    terms = terms_of(on, region)
    found = _judge(facts, terms)
    urgent_by = tuple(_urgent(facts))
    applies = found.outcome in ("MAY_QUALIFY", "NEED_INFO")
    articles = found.articles + (urgent_by if applies else ())
    return Assessment(
        found.outcome,
        found.state,
        bool(urgent_by),
        tuple(each if "/" in each else f"法律援助法/{each}" for each in articles),
        found.missing,
        found.missing[0] if found.missing else _flip(facts, terms, found),
        found.say,
        tuple(dict.fromkeys(found.local)),
    )


def _judge(facts: Facts, terms: Terms) -> _Found:
    if facts.applicant == "company":
        return _Found("LIKELY_NOT", "company", ("2",))
    found = _of_matter(facts, terms)
    if facts.applicant is None and found.outcome in ("MAY_QUALIFY", "NEED_INFO"):
        return replace(found, outcome="NEED_INFO", state=None, say="need_info",
                       missing=("applicant", *found.missing))  # fmt: skip
    return found


def _of_matter(facts: Facts, terms: Terms) -> _Found:
    matter = facts.matter
    if matter is None:
        # Whoever is suspected has that matter at least; only a no would be too early.
        found = (
            _of_defence(facts, terms) if facts.criminal.role in ("suspect", "defendant") else None
        )
        if found is None or found.outcome == "LIKELY_NOT":
            return _Found("NEED_INFO", "need_info", missing=("matter",))
        return found
    if matter == "duty_lawyer":
        return _Found("NOT_NEEDED", "duty_lawyer", ("30",))
    if matter == "criminal_defence":
        return _of_defence(facts, terms)
    if matter == "retrial":
        return _of_retrial(facts, terms)
    if matter in UNCONDITIONAL:
        return _Found("MAY_QUALIFY", "no_condition", (UNCONDITIONAL[matter],), "NO_CONDITION")
    if matter in terms.unconditional:
        return _Found("MAY_QUALIFY", "no_condition", ("32(5)",), "NO_CONDITION",
                      local=(terms.unconditional[matter],))  # fmt: skip
    if matter in LISTED:
        return _by_means(facts, terms, LISTED[matter])
    if matter in terms.listed:
        found = _by_means(facts, terms, "31(9)")
        return replace(found, local=(terms.listed[matter], *found.local))
    return _Found("LIKELY_NOT", "not_listed", ("31",))


def _of_defence(facts: Facts, terms: Terms) -> _Found:
    case = facts.criminal
    if case.has_counsel:
        return _Found("LIKELY_NOT", "has_counsel", ("24",))
    if case.role == "convict":
        return _of_retrial(facts, terms)
    head = next(_must_notify(facts), None)
    if head is not None:
        missing = ("has_counsel",) if case.has_counsel is None else ()
        return _Found("NOTIFY_TYPE", "notify", (head,), missing=missing)
    if case.role == "defendant" and case.procedure == "普通":
        return _Found("MAY_QUALIFY", "may_notify", ("25", "24"))
    found = _by_means(facts, terms, "24")
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


def _of_retrial(facts: Facts, terms: Terms) -> _Found:
    retrial = facts.retrial
    if retrial.decided or retrial.protested:
        return _by_means(facts, terms, "33")
    missing = tuple(n for n in ("decided", "protested") if getattr(retrial, n) is None)
    if missing:
        return _Found("NEED_INFO", "need_info", ("33",), missing=missing)
    return _Found("LIKELY_NOT", "retrial", ("33",))


def _by_means(facts: Facts, terms: Terms, head: str) -> _Found:
    """Judge a matter that is open to people of small means."""
    exempt = next(exemptions(facts, terms), None)
    if exempt is not None:
        return _Found("MAY_QUALIFY", "no_check", (head, *exempt.articles), "NO_CHECK",
                      local=exempt.bases)  # fmt: skip
    means, bases = terms.means_of(facts)
    if means != "above_standard" and facts.integrity_pledge:
        return _Found("MAY_QUALIFY", "self_declare", (head, "41"), "SELF_DECLARE")
    if means == "below_standard":
        return _Found("MAY_QUALIFY", "standard", (head, "34"), "STANDARD", local=bases)
    if means is None:
        return _Found("NEED_INFO", "need_info", (head,), missing=("means",))
    unknown = tuple(might_be_exempt(facts))
    if unknown:
        return _Found("NEED_INFO", "need_info", (head, "42"), missing=unknown, local=bases)
    return _Found("LIKELY_NOT", "above_standard", (head, "34"), local=bases)


def _urgent(facts: Facts) -> Iterator[str]:
    left = facts.limitation_days_left
    if left is not None and 0 <= left < SOON_DAYS:
        yield "44(1)"
    if facts.preservation_needed:
        yield "44(2)"


def _flip(facts: Facts, terms: Terms, found: _Found) -> str | None:
    """Return the first fact that, otherwise, would change the outcome."""
    for name, other in changes(facts):
        if _judge(other, terms).outcome != found.outcome:
            return name
    return None
