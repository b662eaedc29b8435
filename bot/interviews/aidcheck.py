"""Whether legal aid may be had, asked step by step: only what the rules still need to know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from bot.dialogue.typed import read_field
from bot.interviews.flows import Ended
from bot.interviews.sums import basis_of, cards_of
from bot.interviews.words import own_texts
from connectors.messages import text
from knowledge_base.consultations import Interview, Option, Question
from knowledge_base.models import Article
from knowledge_base.rules.eligibility import Assessment, assess
from knowledge_base.rules.facts import Facts
from knowledge_base.rules.wording import AidWording, CheckQuestion
from knowledge_base.tools import Field

ID = "check-legal-aid"
UNKNOWN = "unknown"
MATTER, SOON = "matter", "soon"
_SERVICE = "9"
_CRIMINAL = frozenset({"role", "life_or_death", "has_counsel", "procedure"})
_RETRIAL = frozenset({"decided", "protested"})
_TRUTH = {"true": True, "false": False}
_HASTE: Mapping[str, Mapping[str, Any]] = {
    "limit": {"limitation_days_left": 0},
    "preserve": {"preservation_needed": True},
}
_FACTS = TypeAdapter(Facts)


@dataclass(frozen=True)
class AidCheck:
    """One consultation over ``knowledge_base.rules.eligibility``."""

    wording: AidWording
    articles: Mapping[str, Article]

    def interviews(self) -> tuple[Interview, ...]:
        """Return the consultation with every question that may be put."""
        check = self.wording.check
        questions = tuple(map(_question, check.questions))
        return (Interview(ID, check.title, check.triggers, "", questions, (), adapts=True),)

    def next(self, interview: Interview, answers: Mapping[str, str]) -> Question | None:
        """Return the next question of the plan while the outcome is open; at last the haste."""
        questions = {question.id: question for question in interview.questions}
        if MATTER not in answers:
            return questions[MATTER]
        found = assess(facts_of(answers))
        plans = self.wording.check.plan
        plan = plans.get(answers[MATTER], plans["default"])
        open_ = [questions[name] for name in plan if name not in answers]
        if found.outcome == "NEED_INFO" and open_:
            return open_[0]
        applies = found.outcome in ("MAY_QUALIFY", "NEED_INFO")
        return questions[SOON] if applies and SOON not in answers else None

    def end(self, interview: Interview, answers: Mapping[str, str], on: dt.date) -> Ended:
        """Say what the rules make of the answers; a person decides."""
        found = assess(facts_of(answers), on)
        title = self.wording.check.outcomes[found.outcome]
        said = self.wording.say(found)
        parts = (
            text(f"{said}\n{basis_of(found.articles)}", title=title),
            *cards_of(found.articles, self.articles),
            text(own_texts().say("aid_check.caution")),
        )
        return Ended("guided", parts, items=(_SERVICE,), buttons=_buttons(found))


def _buttons(found: Assessment) -> tuple[str, ...]:
    return ("aid", "lawyer") if found.outcome in ("MAY_QUALIFY", "NEED_INFO") else ("lawyer",)


def _question(asked: CheckQuestion) -> Question:
    if asked.kind:
        return Question(asked.id, asked.ask, (), True, Field(asked.id, asked.ask, "number"))
    options = tuple(Option(value, label) for value, label in asked.options)
    return Question(asked.id, asked.ask, options, False)


def facts_of(answers: Mapping[str, str]) -> Facts:
    """Return what the answers say; what somebody does not know stays unknown."""
    facts: dict[str, Any] = {"applicant": "person", "criminal": {}, "retrial": {}}
    for name, value in answers.items():
        if value == UNKNOWN:
            continue
        if name == "groups":
            facts["groups"] = () if value == "none" else (value,)
        elif name == "means" and value == "pledge":
            facts["integrity_pledge"] = True
        elif name == SOON:
            facts |= _HASTE.get(value, {})
        elif name == "age":
            facts["age"] = min(int(float(read_field(Field(name, "", "number"), value))), 150)
        else:
            inner = "criminal" if name in _CRIMINAL else "retrial" if name in _RETRIAL else ""
            (facts[inner] if inner else facts)[name] = _TRUTH.get(value, value)
    return _FACTS.validate_python(facts)
