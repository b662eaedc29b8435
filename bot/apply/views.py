"""What a page shows of a question: its words, its choices, how its field is typed into. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.aid.form import AidForm, Field
from bot.aid.masking import shown
from bot.aid.reading import STORY_LENGTHS
from bot.domain.aid import Draft
from bot.texts import Texts

OWN = "own"
"""The choice of those who answer in their own words."""
_NUMBERS = frozenset({"identity", "mobile"})
"""Kinds whose stored answer is not put into the field again: it would be read over a shoulder."""
_LONG = frozenset({"story"})
_FIRST = re.compile(r"^(.+?[？。?])\s*(.+)$", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    checked: bool


@dataclass(frozen=True)
class Input:
    """How a field is typed into; attributes of HTML."""

    type: str = "text"
    inputmode: str = "text"
    autocomplete: str = "off"
    rows: int = 0


@dataclass(frozen=True)
class Question:
    key: str
    label: str
    title: str
    hint: str
    step: int
    count: int
    choices: tuple[Choice, ...]
    own: str
    """The label of the choice in own words where both are possible; empty otherwise."""
    own_first: bool
    """Own words are what is looked for; the choices are for those who have none."""
    own_checked: bool
    input: Input | None
    text: str
    kept: str
    """A number that was given before, masked: an empty field keeps it."""
    is_restored: bool
    """The field holds what was typed before and never sent."""
    most: int
    """Characters that a long answer may have, 0 where they are not counted."""
    previous: str


@dataclass(frozen=True)
class Answered:
    """One line of the page on which the answers are checked; without a value it is missing."""

    key: str
    label: str
    value: str


@dataclass(frozen=True)
class Group:
    title: str
    answers: tuple[Answered, ...]


def question_of(
    asked: Field,
    draft: Draft,
    questions: Sequence[Field],
    form: AidForm,
    words: Texts,
    typed: Mapping[str, str] | None = None,
) -> Question:
    """Show a question with what was answered, or with what was just sent and not taken."""
    place = questions.index(asked)
    title, hint = _asked_as(asked, draft, form, words)
    stored = draft.values.get(asked.key, "")
    chosen = asked.chosen(stored)
    unsent = draft.typed.get(asked.key, "")
    text, option = unsent, "" if chosen is None or unsent else asked.option_id(chosen)
    if not unsent and chosen is None and asked.kind not in _NUMBERS:
        text = stored
    if typed is not None:
        text, option = typed["text"], typed["option"]
        unsent = ""
    choices = tuple(
        Choice(asked.option_id(o), o.label, asked.option_id(o) == option) for o in asked.options
    )
    has_field = asked.kind != "choice" or asked.free_text
    return Question(
        asked.key,
        asked.label,
        title,
        hint,
        place + 1,
        len(questions) + 1,
        choices,
        _word(words, f"own.{asked.key}", words.say("own.other")) if choices and has_field else "",
        asked.kind != "choice",
        bool(text) and not any(choice.checked for choice in choices),
        _input_of(asked, text, form.is_for_another(draft.values)) if has_field else None,
        text,
        shown(asked.key, stored) if stored and asked.kind in _NUMBERS else "",
        bool(unsent) and unsent != stored,
        STORY_LENGTHS[1] if asked.kind in _LONG else 0,
        questions[place - 1].key if place else "",
    )


def groups_of(draft: Draft, questions: Sequence[Field], words: Texts) -> tuple[Group, ...]:
    """Show the answers for checking, numbers masked; what no group names stands in the last."""
    named: list[dict[str, Any]] = words.get("groups")
    placed = {key for group in named for key in group["keys"]}
    found = []
    for number, group in enumerate(named):
        is_last = number == len(named) - 1
        answers = tuple(
            Answered(f.key, f.label, shown(f.key, draft.values.get(f.key, "")))
            for f in questions
            if f.key in group["keys"] or (is_last and f.key not in placed)
        )
        if answers:
            found.append(Group(group["title"], answers))
    return tuple(found)


def sentence_of(asked: Field, sentence: str, words: Texts) -> str:
    """Return an objection as the page says it, where the chat's speaks of the chat."""
    name = next((name for name, said in asked.errors.items() if said == sentence), "")
    own = _word(words, f"wrong.{asked.key}.{name}", "")
    if own or name != "form":
        return own or sentence
    return words.say("empty.choice") if asked.kind == "choice" and not asked.free_text else sentence


def nothing_given(asked: Field, words: Texts) -> str:
    """Return what is said where a page was sent on without an answer."""
    if asked.options and (asked.kind != "choice" or asked.free_text):
        return words.say("empty.either")
    return words.say("empty.choice" if asked.kind == "choice" else "empty.text")


def keeps_stored(asked: Field, draft: Draft) -> bool:
    """Say whether an empty field leaves the answer as it is."""
    return asked.kind in _NUMBERS and asked.key in draft.values


def pledge_parts(asked: Field) -> tuple[tuple[str, ...], str]:
    """Return the lines of the pledge and the question that ends it."""
    lines = asked.question.strip().split("\n")
    head, _, last = lines[-1].rpartition("。")
    return (*lines[:-1], *([f"{head}。"] if head else [])), last


def _asked_as(asked: Field, draft: Draft, form: AidForm, words: Texts) -> tuple[str, str]:
    """Return a question and its reason: as the page has them, or the form's words in two."""
    whole = form.question(asked, draft.values)
    found = _FIRST.match(whole)
    title, hint = found.groups() if found else (whole, "")
    if not hint:
        first, comma, rest = whole.partition("，")
        title, hint = (first, rest) if comma else (whole, "")
    return title, _word(words, f"hints.{asked.key}", hint)


def _input_of(asked: Field, text: str, for_another: bool) -> Input:
    if asked.kind == "name":
        is_own = asked.key == "agent_name" or not for_another
        return Input(autocomplete="name" if is_own else "off")
    if asked.kind == "mobile":
        return Input("tel", "tel", "tel-national")
    if asked.kind == "deadline" and (not text or _DAY.fullmatch(text)):
        return Input("date")
    if asked.key == "address":
        return Input(autocomplete="street-address", rows=3)
    if asked.kind in _LONG:
        return Input(rows=8)
    return Input(rows=3 if asked.kind == "text" and asked.key in _ROOMY else 0)


_ROOMY = frozenset({"request", "evidence"})


def _word(words: Texts, name: str, fallback: str) -> str:
    try:
        return words.say(name)
    except KeyError:
        return fallback
