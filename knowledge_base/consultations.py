"""Guided consultations as data: questions, their options and the outcomes they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BeforeValidator
from pydantic import Field as Limits

from knowledge_base.reading import (
    OptionalText,
    Read,
    Shape,
    Slug,
    Text,
    read_entries,
    without_flaws,
)
from knowledge_base.tools import Field


@dataclass(frozen=True)
class Option:
    """One choice of a question."""

    value: str
    label: str


@dataclass(frozen=True)
class Question:
    """One step of the consultation; ``free_text`` admits an answer outside the options.

    ``field`` says what kind of value an answer outside the options must be, if any kind.
    """

    id: str
    ask: str
    options: tuple[Option, ...]
    free_text: bool
    field: Field | None = None


@dataclass(frozen=True)
class Outcome:
    """What to say once the answers fit ``when``; an empty ``when`` always fits."""

    when: Mapping[str, tuple[str, ...]]
    """Question id to the values that fit."""
    say: str
    answer: str
    """Id of a reviewed answer to show, or empty."""
    services: tuple[int, ...]
    urgent: bool

    def fits(self, given: Mapping[str, str]) -> bool:
        """Say whether every condition is met by the answers given."""
        return all(given.get(question) in values for question, values in self.when.items())


@dataclass(frozen=True)
class Interview:
    """A guided consultation; its first fitting outcome holds.

    One that ``adapts`` asks only what its earlier answers call for.
    """

    id: str
    title: str
    triggers: tuple[str, ...]
    intro: str
    questions: tuple[Question, ...]
    outcomes: tuple[Outcome, ...]
    adapts: bool = False


def _word(value: object) -> object:
    # YAML reads yes, no and numbers as such; option values are always words.
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int) else value


def _words(value: object) -> object:
    return [_word(v) for v in value] if isinstance(value, list) else [_word(value)]


class OptionShape(Shape):
    value: Annotated[Text, BeforeValidator(_word)]
    label: Text


class QuestionShape(Shape):
    id: Text
    ask: Text
    options: tuple[OptionShape, ...] = ()
    free_text: bool = False


class OutcomeShape(Shape):
    when: dict[str, Annotated[tuple[str, ...], BeforeValidator(_words)]] = Limits(
        default_factory=dict
    )
    say: Text
    answer: OptionalText = ""
    services: tuple[int, ...] = ()
    urgent: bool = False


class InterviewShape(Shape):
    id: Slug
    title: Text
    triggers: tuple[Text, ...] = Limits(min_length=1)
    intro: OptionalText = ""
    questions: tuple[QuestionShape, ...] = Limits(min_length=1)
    outcomes: tuple[OutcomeShape, ...] = Limits(min_length=1)


def read_interviews(root: Path) -> Read[InterviewShape]:
    """Read interviews/*.yml, one consultation each, with their flaws."""
    files = sorted((root / "interviews").glob("*.yml"))
    return read_entries(files, root, InterviewShape, many=False)


def load_interviews(root: Path) -> tuple[Interview, ...]:
    """Load the guided consultations; raises KnowledgeError if a file is wrong."""
    return tuple(interview_of(shape) for shape in without_flaws(read_interviews(root)))


def interview_of(shape: InterviewShape) -> Interview:
    """Turn a validated file into an interview."""
    return Interview(
        id=shape.id,
        title=shape.title,
        triggers=shape.triggers,
        intro=shape.intro,
        questions=tuple(
            Question(
                id=q.id,
                ask=q.ask,
                options=tuple(Option(o.value, o.label) for o in q.options),
                free_text=q.free_text,
            )
            for q in shape.questions
        ),
        outcomes=tuple(
            Outcome(MappingProxyType(dict(o.when)), o.say, o.answer, o.services, o.urgent)
            for o in shape.outcomes
        ),
    )


def inconsistencies(interview: Interview) -> list[str]:
    """Return what makes an interview unable to end as written, one sentence each."""
    asked = {question.id: {o.value for o in question.options} for question in interview.questions}
    wrong: list[str] = []
    if len(asked) < len(interview.questions):
        wrong.append("有两个问题的 id 相同")
    for question in interview.questions:
        if not question.options and not question.free_text:
            wrong.append(f"问题 {question.id} 既没有选项也不收文字")
    for outcome in interview.outcomes:
        for name, values in outcome.when.items():
            if name not in asked:
                wrong.append(f"结果的条件提到没有的问题 {name}")
            elif asked[name] and (unknown := [v for v in values if v not in asked[name]]):
                wrong.append(f"问题 {name} 没有选项 {'、'.join(unknown)}")
    if all(outcome.when for outcome in interview.outcomes):
        wrong.append("没有无条件的结果，有的回答得不到结论")
    return wrong
