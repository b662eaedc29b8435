"""Whose means nobody looks into: 法律援助法 42."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge_base.rules.facts import Facts, Group, Matter
from knowledge_base.rules.regions import LocalBasis
from knowledge_base.rules.terms import Terms

ADULT, OLD = 18, 60
"""Years of age: 民法典 17; 老年人权益保障法 2."""

_MIGRANTS: frozenset[Matter] = frozenset({"wage_arrears", "work_injury"})
_HELPED: tuple[Group, ...] = ("社会救助对象", "司法救助对象", "优抚对象", "特困")


@dataclass(frozen=True)
class Exemption:
    """The articles by which somebody's means are not checked; ``bases`` where a region says so."""

    articles: tuple[str, ...]
    bases: tuple[LocalBasis, ...] = ()


def exemptions(facts: Facts, terms: Terms) -> Iterator[Exemption]:
    """Yield the items of 法律援助法 42 that apply, those of the law before a region's."""
    groups = facts.groups or ()
    # Migrant workers first: their papers are the easiest to show.
    if "进城务工人员" in groups and facts.matter in _MIGRANTS:
        yield Exemption(("42(3)",))
    if any(group in groups for group in _HELPED):
        yield Exemption(("42(2)",))
    for group in groups:
        if group in terms.relief:
            article = terms.relief[group]
            yield Exemption(("42(2)", article) if article else ("42(2)",))
    if facts.fixed_income is False and _is_frail(facts):
        yield Exemption(("42(1)",))
    for group in groups:
        if group in terms.exempt:
            yield Exemption(("42(4)",), (terms.exempt[group],))


def might_be_exempt(facts: Facts) -> Iterator[str]:
    """Yield the unknown facts by which 法律援助法 42 could apply."""
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


def _is_frail(facts: Facts) -> bool:
    """Say whether somebody is a minor, old or disabled."""
    by_age = facts.age is not None and not ADULT <= facts.age < OLD
    return by_age or facts.disability not in (None, "none")
