"""Calculators as guided consultations: one field a message, the rules work out the end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.dialogue.cards import citation_cards
from bot.dialogue.typed import read_all
from bot.interviews.flows import Ended
from bot.interviews.words import own_texts
from bot.texts import Texts
from connectors.messages import Part, notice, text
from knowledge_base.consultations import Interview, Option, Question
from knowledge_base.models import Article
from knowledge_base.rules.calculators import calculate
from knowledge_base.rules.lpr import load_prime_rates
from knowledge_base.rules.worked import titled, written
from knowledge_base.tools import Calculator, Field

PREFIX = "sum-"
SKIPPED = ""


@dataclass(frozen=True)
class Sums:
    """The calculators that can be asked step by step, by the id of their consultation."""

    calculators: Mapping[str, Calculator]
    articles: Mapping[str, Article]
    texts: Texts

    @classmethod
    def of(
        cls, calculators: Sequence[Calculator], articles: Mapping[str, Article], texts: Texts
    ) -> Sums:
        """Make a consultation of every calculator."""
        return cls({f"{PREFIX}{c.name}": c for c in calculators}, articles, texts)

    def interviews(self) -> tuple[Interview, ...]:
        """Return the consultations; their ends are worked out and not looked up."""
        return tuple(
            Interview(id, c.title, (), "", tuple(map(_question, c.fields)), ())
            for id, c in self.calculators.items()
        )

    def next(self, interview: Interview, answers: Mapping[str, str]) -> Question | None:
        """Return the first field without an answer."""
        return next((q for q in interview.questions if q.id not in answers), None)

    def end(self, interview: Interview, answers: Mapping[str, str], on: dt.date) -> Ended:
        """Return the result with its steps and articles, or what keeps it from being one."""
        calculator = self.calculators[interview.id]
        parts = self._said(calculator, answers, on)
        return Ended("calculate", parts, calculator.topic, (calculator.name,))

    def _said(
        self, calculator: Calculator, answers: Mapping[str, str], on: dt.date
    ) -> tuple[Part, ...]:
        say = own_texts().say
        given = read_all(calculator, answers, self.texts.get("typed"))
        try:
            worked = calculate(calculator.name, given.inputs, on, rates=load_prime_rates())
        except ValueError as error:
            return (notice(say("sum.impossible", why=error), "warning"),)
        if worked.missing:
            asked = {field.name: field.ask for field in calculator.fields}
            missing = "、".join(asked.get(name, name) for name in worked.missing)
            return (
                notice(say("sum.missing", missing=missing), "warning"),
                text(calculator.formula, title=say("sum.formula")),
            )
        unit = "" if isinstance(worked.result, dt.date) else worked.unit
        result = say("sum.result", title=calculator.title, result=written(worked.result) + unit)
        if worked.span is not None:
            low, high = (written(end) for end in worked.span)
            result += say("sum.span", low=low, high=high, unit=unit)
        steps = "\n".join(f"{n}. {step}" for n, step in enumerate(worked.steps, 1))
        return (
            text(f"{steps}\n{basis_of(worked.articles)}", title=result),
            *cards_of(worked.articles, self.articles),
            text(say("sum.caution")),
        )


def basis_of(keys: Sequence[str]) -> str:
    """Name the articles, with their items, that a result rests on."""
    return own_texts().say("sum.basis", articles="；".join(titled(key) for key in keys))


def cards_of(keys: Sequence[str], held: Mapping[str, Article]) -> tuple[Part, ...]:
    """Return the folded cards of those articles that the law base holds."""
    plain = dict.fromkeys(key.partition("(")[0] for key in keys)
    found = [held[key] for key in plain if key in held]
    return (citation_cards(found, shown=0),) if found else ()


def _question(field: Field) -> Question:
    options = [Option(o.value, o.label) for o in field.options]
    if field.kind == "whether":
        yes, no = own_texts().get("sum")["whether"]
        options = [Option("是", yes), Option("否", no)]
    if field.optional:
        options.append(Option(SKIPPED, own_texts().say("sum.skip")))
    ask = f"{field.ask}？" + (f"（{field.hint}）" if field.hint else "")
    typed = field.kind not in ("choice", "whether")
    return Question(field.name, ask, tuple(options), typed, field)
