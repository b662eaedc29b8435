"""What was done to an application, in the words its applicant may read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot.aid.form import AidForm
from bot.aid.repository import AuditEntry
from bot.domain.aid import AidState
from bot.domain.clock import china_date

FILE = Path(__file__).with_name("timeline.yml")
STATE = "state."

_NOTED = frozenset({"progress", "forward", "objection_filed", "objection"})
"""Actions besides changes of state whose note was written for the applicant."""


@dataclass(frozen=True)
class Step:
    """One line of the progress of an application."""

    at: dt.datetime
    title: str
    says: str


@dataclass(frozen=True)
class _Words:
    title: str
    says: str


def timeline(trail: Sequence[AuditEntry], form: AidForm) -> tuple[Step, ...]:
    """Return what the applicant may see of an audit trail, oldest first.

    Whatever has no words in timeline.yml is internal and not shown. The notes of the other
    actions are the staff's own. Several papers of one day are one step.
    """
    found: list[Step] = []
    for entry in trail:
        step = _step(entry, form)
        if step is not None and not (found and _repeats(found[-1], step)):
            found.append(step)
    return tuple(found)


def _repeats(before: Step, step: Step) -> bool:
    is_same = (before.title, before.says) == (step.title, step.says)
    return is_same and china_date(before.at) == china_date(step.at)


def _step(entry: AuditEntry, form: AidForm) -> Step | None:
    known = _words().get(entry.action)
    if known is None:
        return None
    state = entry.action.removeprefix(STATE)
    is_state = state != entry.action
    title = form.texts.say(f"states.{AidState(state)}.label") if is_state else known.title
    note = entry.note.strip() if is_state or entry.action in _NOTED else ""
    return Step(entry.at, title, "\n".join(part for part in (known.says, note) if part))


@cache
def _words() -> Mapping[str, _Words]:
    tree = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    states = {f"{STATE}{name}": _Words("", says) for name, says in tree["states"].items()}
    others = {name: _Words(**words) for name, words in tree["actions"].items()}
    return {**states, **others}
