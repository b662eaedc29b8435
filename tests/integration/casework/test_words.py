"""Every sentence that the officers' side says is there, and every step has its words."""

from __future__ import annotations

import re
from pathlib import Path

import bot.casework
from bot.accounts.wording import load_wording
from bot.aid.form import load_form
from bot.casework.listing import Flag, Scope
from bot.casework.relations import Tie
from bot.casework.steps import Step
from bot.casework.words import own_words
from bot.domain.aid import AidState
from knowledge_base.models import TOPICS

SOURCES = [
    path.read_text(encoding="utf-8") for path in Path(bot.casework.__file__).parent.glob("*.py")
]
FORMS_OWN = {"changed", "note"}
"""Said by bot/aid/form.yml."""


def test_every_refusal_and_sentence_that_is_named_exists() -> None:
    words = own_words()
    named = {
        f"refusals.{n}" for source in SOURCES for n in re.findall(r'refusal\(\s*"([\w.]+)"', source)
    }
    named |= {
        f"refusals.{n}"
        for source in SOURCES
        for n in re.findall(r'(?:written\(\w+, )"([\w.]+)"', source)
    }
    named |= {n for source in SOURCES for n in re.findall(r'\bsay\("([\w.]+)"', source)}
    assert len(named) > 50
    for name in named - FORMS_OWN:
        assert isinstance(words.get(name), str), name


def test_every_step_filter_and_tie_has_its_word() -> None:
    words = own_words()
    for group, members in (("done", Step), ("flags", Flag), ("scopes", Scope), ("ties", Tie)):
        assert set(words.get(group)) == set(members), group


def test_every_matter_of_the_form_is_some_lawyers_field() -> None:
    fields = own_words().get("fields_of_law")
    matters = {o.label for o in load_form().field_of("matter").options if o.id != "other"}
    assert set(fields) == matters
    assert {topic for topics in fields.values() for topic in topics} <= set(TOPICS)


def test_the_audit_page_knows_every_line_that_is_written_here() -> None:
    audit = load_wording()
    actions = [*own_words().get("actions"), *(f"state.{state}" for state in AidState)]
    unknown = [a for a in actions if audit.action(a) == a and a != "reminded"]
    assert unknown == []
