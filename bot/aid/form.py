"""The questions of the application as data: which are asked, in which order, and what they state.

Pure. The chat and the web form ask the same questions from here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import TypeAdapter
from stdnum.cn import ric

from bot.texts import Texts
from knowledge_base.rules.eligibility import assess
from knowledge_base.rules.facts import Facts

FILE = Path(__file__).with_name("form.yml")
OPTION = "aid"

Kind = Literal["name", "identity", "mobile", "choice", "story", "text", "place", "deadline"]

_FACTS = TypeAdapter(Facts)
_WITHOUT_MEANS = frozenset({"NO_CONDITION", "NO_CHECK"})


@dataclass(frozen=True)
class Option:
    id: str
    label: str
    also: tuple[str, ...] = ()
    refuses: bool = False
    """Choosing it keeps the question open: the visitor is asked whether that is meant."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What choosing it states, in the names of ``knowledge_base.rules.facts``."""


@dataclass(frozen=True)
class Field:
    """One question of the application."""

    key: str
    label: str
    kind: Kind
    question: str
    errors: Mapping[str, str]
    called: tuple[str, ...] = ()
    """What people call the question besides its label, when they want to change its answer."""
    for_another: str = ""
    """The question where somebody applies for another person."""
    sensitive: bool = False
    free_text: bool = False
    options: tuple[Option, ...] = ()
    never: tuple[str, ...] = ()
    """Words that people write here and that are no answer."""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Asked only where each of these fields was answered by one of these options."""
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Not asked where one of these fields was answered by one of these options."""
    unless_exempt: bool = False
    """Not asked where the rules need no look at the means (法律援助法 32, 42)."""

    def option_id(self, option: Option) -> str:
        return f"{OPTION}.{self.key}.{option.id}"

    def chosen(self, value: str) -> Option | None:
        """Return the option whose label was stored."""
        return next((option for option in self.options if option.label == value), None)


@dataclass(frozen=True)
class AidForm:
    """The questions in order, and the sentences about applications."""

    fields: tuple[Field, ...]
    refusal: Field
    """What is asked once when the pledge is refused."""
    texts: Texts = field(repr=False)

    def field_of(self, key: str) -> Field:
        """Return a question by its key; raises ``KeyError`` for one that is none."""
        found = next((f for f in self.fields if f.key == key), None)
        if found is None:
            raise KeyError(key)
        return found

    def relevant(self, values: Mapping[str, str], on: dt.date) -> tuple[Field, ...]:
        """Return the questions that these answers lead to, answered or not, in order."""
        return tuple(f for f in self.fields if self._applies(f, values, on))

    def pending(self, values: Mapping[str, str], on: dt.date) -> Field:
        """Return the question to ask; the last one again when all are answered."""
        open_fields = (f for f in self.relevant(values, on) if f.key not in values)
        return next(open_fields, self.fields[-1])

    def is_complete(self, values: Mapping[str, str], on: dt.date) -> bool:
        return all(f.key in values for f in self.relevant(values, on))

    def kept(self, values: Mapping[str, str], on: dt.date) -> dict[str, str]:
        """Return the answers to what is asked; what a correction left over is dropped."""
        keys = [f.key for f in self.relevant(values, on)]
        return {key: values[key] for key in keys if key in values}

    def step_of(self, asked: Field, values: Mapping[str, str], on: dt.date) -> tuple[int, int]:
        """Return the place of a question, from 1, and how many there are with these answers."""
        fields = self.relevant(values, on)
        return fields.index(asked) + 1, len(fields)

    def question(self, asked: Field, values: Mapping[str, str]) -> str:
        """Return the words of a question, about the visitor or about the one applied for."""
        words = asked.for_another if asked.for_another and self.is_for_another(values) else ""
        return (words or asked.question).strip()

    def is_for_another(self, values: Mapping[str, str]) -> bool:
        return self.option_id_of(values, "for_whom") not in ("", "self")

    def facts(self, values: Mapping[str, str], on: dt.date) -> Facts:
        """Return what the answers state to the rules, as of a day."""
        stated: dict[str, Any] = {"applicant": "person"}
        for each in self.fields:
            # What a correction left over states nothing.
            option = each.chosen(values.get(each.key, "")) if self._fits(each, values) else None
            if option is not None:
                _join(stated, option.facts)
        for name, value in _measured(values, on):
            stated[name] = value
        return _FACTS.validate_python(stated)

    def _applies(self, asked: Field, values: Mapping[str, str], on: dt.date) -> bool:
        if not self._fits(asked, values) or not asked.unless_exempt:
            return self._fits(asked, values)
        others = {key: value for key, value in values.items() if key != asked.key}
        return assess(self.facts(others, on)).means_state not in _WITHOUT_MEANS

    def _fits(self, asked: Field, values: Mapping[str, str]) -> bool:
        """Say whether the options chosen elsewhere lead to a question."""
        if any(self.option_id_of(values, key) not in ids for key, ids in asked.when.items()):
            return False
        return not any(self.option_id_of(values, key) in ids for key, ids in asked.unless.items())

    def option_id_of(self, values: Mapping[str, str], key: str) -> str:
        """Return the id of the option chosen, ``own`` for own words, empty if unanswered."""
        value = values.get(key, "")
        option = self.field_of(key).chosen(value)
        return option.id if option is not None else "own" if value else ""


def _join(stated: dict[str, Any], facts: Mapping[str, Any]) -> None:
    """Add what an option states; the parts of a criminal case come from several questions."""
    for name, value in facts.items():
        known = stated.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            stated[name] = {**known, **value}
        else:
            stated[name] = value


def _measured(values: Mapping[str, str], on: dt.date) -> Iterator[tuple[str, int]]:
    """Yield the age and the days that are left, as of a day."""
    try:
        born = ric.get_birth_date(values.get("id_number", ""))
    except ValueError:
        pass
    else:
        had_birthday = (on.month, on.day) >= (born.month, born.day)
        yield "age", max(on.year - born.year - (0 if had_birthday else 1), 0)
    try:
        ends = dt.date.fromisoformat(values.get("deadline", ""))
    except ValueError:
        return
    yield "limitation_days_left", (ends - on).days


@cache
def load_form() -> AidForm:
    """Load form.yml.

    Raises:
        pydantic.ValidationError: the file does not define a form.
    """
    tree: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    fields = TypeAdapter(tuple[Field, ...]).validate_python(tree["fields"])
    refusal = TypeAdapter(Field).validate_python(tree["refusal"])
    return AidForm(fields, refusal, Texts(tree))


def day_in_chinese(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
