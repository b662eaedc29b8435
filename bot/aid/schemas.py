"""What the staff pages show of an application: masked unless it was revealed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.aid.chat import masked_id_number, masked_phone
from bot.aid.eligibility import Trace, trace_of
from bot.aid.form import AidForm
from bot.aid.papers import Paper
from bot.aid.repository import AuditEntry
from bot.aid.service import DENIED, DOWNLOADED, REVEALED, STATE_ACTION, VISITOR
from bot.domain.aid import NEEDS_NOTE, TRANSITIONS, AidState, Application
from bot.domain.clock import CHINA
from bot.redact import mask_personal


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    number: str
    matter: str
    state: str
    state_label: str
    name: str
    submitted: str
    days_left: int | None


@dataclass(frozen=True)
class Choice:
    """A state to filter by or to change to."""

    value: str
    label: str
    needs_note: bool = False


@dataclass(frozen=True)
class Entry:
    at: str
    actor: str
    action: str
    note: str


@dataclass(frozen=True)
class File:
    """An uploaded file on the page; ``size`` in kilobytes, at least 1."""

    id: str
    name: str
    at: str
    size: int


@dataclass(frozen=True)
class Detail:
    row: Row
    fields: tuple[tuple[str, str], ...]
    changes: tuple[Choice, ...]
    trail: tuple[Entry, ...]
    revealed: bool
    decide_by: str
    trace: Trace


def state_choices(form: AidForm) -> tuple[Choice, ...]:
    return tuple(Choice(state, _label(form, state)) for state in AidState)


def row_of(application: Application, form: AidForm, today: dt.date) -> Row:
    return Row(
        application.number,
        application.matter,
        application.state,
        _label(form, application.state),
        masked_name(application.fields["name"]),
        _moment(application.created_at),
        application.days_left(today),
    )


def detail_of(
    application: Application,
    trail: list[AuditEntry],
    form: AidForm,
    today: dt.date,
    *,
    revealed: bool,
    handles: bool,
) -> Detail:
    """Show one application; who does not handle it sees nothing of the identity number."""
    values = dict(application.fields)
    if not handles:
        values["id_number"] = "*" * len(values["id_number"])
    fields = tuple((f.label, _shown(f.key, values.get(f.key, ""), revealed)) for f in form.fields)
    changes = (state for state in AidState if state in TRANSITIONS[application.state])
    return Detail(
        row_of(application, form, today),
        fields,
        tuple(Choice(to, _label(form, to), to in NEEDS_NOTE) for to in changes),
        tuple(
            Entry(_moment(e.at), _actor(form, e.actor), _action(form, e.action), _note(e))
            for e in reversed(trail)
        ),
        revealed,
        application.decide_by.isoformat(),
        trace_of(application, form),
    )


def file_of(paper: Paper) -> File:
    """Show an uploaded file; numbers that name a person are masked in its name."""
    size = max(1, round(paper.size / 1024))
    return File(paper.id, mask_personal(paper.name), _moment(paper.created_at), size)


def masked_name(name: str) -> str:
    """Return the family name with a star for each further character, three at most."""
    return name[:1] + "*" * min(len(name) - 1, 3)


def _shown(key: str, value: str, revealed: bool) -> str:
    if revealed or not value:
        return value
    mask = {"name": masked_name, "id_number": masked_id_number, "phone": masked_phone}.get(
        key, mask_personal
    )
    return mask(value)


def _label(form: AidForm, state: AidState) -> str:
    return form.texts.say(f"states.{state}.label")


def _action(form: AidForm, action: str) -> str:
    if action.startswith(STATE_ACTION):
        return _label(form, AidState(action.removeprefix(STATE_ACTION)))
    known = {
        REVEALED: "actions.reveal",
        DENIED: "actions.status_denied",
        DOWNLOADED: "actions.file",
    }
    return form.texts.say(known[action]) if action in known else action


def _note(entry: AuditEntry) -> str:
    return mask_personal(entry.note) if entry.action == DOWNLOADED else entry.note


def _actor(form: AidForm, actor: str) -> str:
    return form.texts.say("staff.visitor") if actor.startswith(VISITOR) else actor


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
