"""What the rules make of an application, for the officer who decides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from stdnum.cn import ric

from bot.aid.form import AidForm
from bot.domain.aid import Application
from bot.domain.clock import china_date
from knowledge_base.rules.eligibility import assess
from knowledge_base.rules.facts import Facts
from knowledge_base.rules.wording import AidWording
from knowledge_base.rules.worked import titled

_FACTS = TypeAdapter(Facts)


@dataclass(frozen=True)
class Trace:
    """An assessment in words; ``flip`` is what would turn it."""

    outcome: str
    means: str
    articles: tuple[str, ...]
    missing: tuple[str, ...]
    flip: str


@cache
def _wording() -> AidWording:
    return AidWording.load()


def trace_of(application: Application, form: AidForm) -> Trace:
    """Judge what the applicant stated, as of the day of the application."""
    found = assess(facts_of(application, form))
    wording = _wording()
    return Trace(
        wording.check.outcomes[found.outcome],
        wording.means.get(found.means_state or "", ""),
        tuple(titled(key) for key in found.articles),
        tuple(wording.missing[name] for name in found.missing),
        wording.missing.get(found.flip or "", ""),
    )


def facts_of(application: Application, form: AidForm) -> Facts:
    """Return the facts that the chosen options and the identity number state."""
    facts: dict[str, Any] = {"applicant": "person"}
    for field in form.fields:
        value = application.fields.get(field.key, "")
        for option in field.options:
            if option.label == value:
                facts |= option.facts
    age = _age(application)
    return _FACTS.validate_python(facts if age is None else {**facts, "age": age})


def _age(application: Application) -> int | None:
    """Return whole years of age on the day of the application."""
    try:
        born = ric.get_birth_date(application.fields.get("id_number", ""))
    except ValueError:
        return None
    day = china_date(application.created_at)
    years: int = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return years
