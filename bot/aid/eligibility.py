"""What the rules make of an application: for the officer who decides, and before it is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from bot.aid.form import AidForm
from bot.domain.aid import Application
from bot.domain.clock import china_date
from knowledge_base.rules.eligibility import assess
from knowledge_base.rules.facts import Facts
from knowledge_base.rules.regions import Regions, load_regions
from knowledge_base.rules.wording import AidWording
from knowledge_base.rules.worked import titled

FIRST_ASKED = "for_whom"
"""The question with which the present form begins."""
_NOTHING_TO_APPLY_FOR = frozenset({"NOTIFY_TYPE", "NOT_NEEDED"})


@dataclass(frozen=True)
class Trace:
    """An assessment in words; ``flip`` is what would turn it."""

    outcome: str
    means: str
    articles: tuple[str, ...]
    missing: tuple[str, ...]
    flip: str
    say: str


@cache
def _wording() -> AidWording:
    return AidWording.load()


@cache
def _regions() -> Regions:
    return load_regions()


def trace_of(application: Application, form: AidForm) -> Trace:
    """Judge what the applicant stated, as of the day of the application and by its region."""
    day = china_date(application.created_at)
    facts = facts_of(application, form)
    found = assess(facts, day, _regions().of(application.place) if application.place else None)
    wording = _wording()
    return Trace(
        wording.check.outcomes[found.outcome],
        wording.means.get(found.means_state or "", ""),
        tuple(titled(key) for key in found.articles),
        tuple(wording.missing[name] for name in found.missing),
        wording.missing.get(found.flip or "", ""),
        wording.say(found, detained=bool(facts.detained)),
    )


def facts_of(application: Application, form: AidForm) -> Facts:
    """Return the facts that the chosen options, the numbers and the days state."""
    facts = form.facts(application.fields, china_date(application.created_at))
    if FIRST_ASKED not in application.fields:
        # Handed in before means were asked about: the pledge stood for them (法律援助法 41).
        return replace(facts, integrity_pledge=True)
    return facts


def stopped_by(facts: Facts) -> str:
    """Return what is told where there is nothing to apply for, empty where there is.

    The organ must notify (法律援助法 25), the duty lawyer needs no application (30), and a company
    is none of those whom legal aid is for (2). Everybody else may apply; a person decides.
    """
    found = assess(facts)
    stops = found.outcome in _NOTHING_TO_APPLY_FOR or facts.applicant == "company"
    return _wording().say(found) if stops else ""


def urgent_by(facts: Facts) -> str:
    """Return the item of article 44 by which aid comes before the papers, empty if none does."""
    found = assess(facts)
    items = (key.partition("/")[2] for key in found.articles)
    return next((item for item in items if item.startswith("44")), "44" if found.urgent else "")
