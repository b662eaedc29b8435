"""One step with an application: who may take it, whether it still stands as it was shown, its row.

Every step of the officers and lawyers is one transaction that begins here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.aid.changes import AidChanges
from bot.aid.form import AidForm, load_form
from bot.aid.service import STATE_ACTION
from bot.casework.repository import CaseworkRepository
from bot.casework.words import moment, own_words, refusal
from bot.dialogue.normalise import clean
from bot.domain.aid import AidState, Application, may_change
from bot.domain.clock import Clock, china_date
from bot.domain.people import Role, Staff
from bot.errors import BadInput, Forbidden, IllegalMove, NotFound

log = structlog.get_logger(__name__)

HANDLING = frozenset({Role.OFFICER, Role.ADMIN})
"""Roles that decide on applications; lawyers see those assigned to them."""
LONGEST_NOTE = 1000
SILENT = frozenset({"reveal", "file", "letter", "status_denied"})
"""Lines of the trail that change nothing."""


class Stepping:
    """What every step needs: the row with its lock, the checks, and one change."""

    def __init__(self, repository: CaseworkRepository, changes: AidChanges, clock: Clock) -> None:
        self.repository = repository
        self.changes = changes
        self.clock = clock
        self.store = repository.store
        self.form: AidForm = load_form()

    def now(self) -> dt.datetime:
        return self.clock.now()

    def today(self) -> dt.date:
        return china_date(self.clock.now())

    @contextmanager
    def step(
        self, number: str, person: Staff, seen: str = "", *, own: bool = False
    ) -> Iterator[tuple[Connection, Application]]:
        """Open a transaction with the application's row lock.

        ``own``: it is a step of the lawyer to whom it is assigned, not of an officer. ``seen`` is
        the mark of the application as it was shown, empty where nothing was shown.

        Raises:
            Forbidden: this person may not take such a step.
            NotFound: there is none with this number that this person may see.
            IllegalMove: it was changed since it was shown.
        """
        if not own:
            require_handling(person)
        with self.store.write() as connection:
            application = self.repository.locked(connection, number, person)
            if application is None:
                raise NotFound(refusal("gone"))
            if own and application.staff_id != person.id:
                raise Forbidden(refusal("not_assigned_to_you"))
            if seen and seen != mark_of(application):
                raise IllegalMove(self.stale(number))
            yield connection, application

    def apply(
        self,
        connection: Connection,
        application: Application,
        person: Staff,
        action: str,
        *,
        note: str = "",
        values: Mapping[str, Any] | None = None,
        news: str = "",
    ) -> None:
        """Write a change with its line of the trail and what the applicant is told."""
        self.changes.apply(
            connection,
            application,
            actor_of(person),
            action,
            note=note,
            values=values,
            news=news,
        )
        log.info("aid_step", number=application.number, action=action, staff_id=person.id)

    def move(
        self,
        connection: Connection,
        application: Application,
        person: Staff,
        to: AidState,
        *,
        note: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Change the state and tell the applicant.

        Raises:
            IllegalMove: the state does not allow it.
        """
        self.require_move(application, to)
        self.apply(
            connection,
            application,
            person,
            STATE_ACTION + to,
            note=note,
            values={**(values or {}), "state": to},
            news=self._state_news(application.number, to, note),
        )

    def require_move(self, application: Application, to: AidState) -> None:
        if not may_change(application.state, to):
            raise self.impossible(application, to)

    def impossible(self, application: Application, to: AidState | None = None) -> IllegalMove:
        """Return the error that names the present state and what cannot be done from it."""
        now = self.label(application.state)
        if to is None:
            return IllegalMove(refusal("not_now", now=now))
        return IllegalMove(refusal("no_move", now=now, to=self.label(to)))

    def label(self, state: AidState) -> str:
        return self.form.texts.say(f"states.{state}.label")

    def _state_news(self, number: str, to: AidState, note: str) -> str:
        say = self.form.texts.say
        says = say(f"states.{to}.says")
        news = say("changed", number=number, label=self.label(to), says=says)
        return f"{news}\n{say('note', note=note)}" if note else news

    def stale(self, number: str) -> str:
        """Say who changed it since it was shown."""
        steps = [e for e in self.repository.aid.trail(number) if e.action not in SILENT]
        if not steps:
            return refusal("stale_unknown")
        last = steps[-1]
        who = last.actor.partition(":")[2] or own_words().say("actors.visitor")
        return refusal("stale", who=who, at=moment(last.at), what=action_label(self.form, last))


def action_label(form: AidForm, entry: Any) -> str:
    """Return what a line of the trail says was done."""
    action = str(entry.action)
    if action.startswith(STATE_ACTION):
        return form.texts.say(f"states.{action.removeprefix(STATE_ACTION)}.label")
    known: Mapping[str, str] = own_words().get("actions")
    return known.get(action, action)


def mark_of(application: Application) -> str:
    """Return what a form carries of the application as it was shown.

    Notes do not change it: a lawyer's note must not undo what an officer is writing. Nor do papers,
    which the form about them compares one by one: an applicant's upload must not either.
    """
    parts = (
        application.state,
        application.office_id or 0,
        application.staff_id or 0,
        application.taken_at is not None,
        application.urgent or "-",
        application.supplement_by or "-",
        application.objected_on or "-",
    )
    return "|".join(str(part) for part in parts)


def actor_of(person: Staff) -> str:
    return f"{person.id}:{person.name}"


def handles(person: Staff) -> bool:
    """Say whether a person decides on applications."""
    return person.role in HANDLING


def require_handling(person: Staff) -> None:
    """Refuse whoever does not decide on applications.

    Raises:
        Forbidden: this person does not.
    """
    if not handles(person):
        raise Forbidden(refusal("not_allowed"))


def written(words: str, needed: str) -> str:
    """Return what was written.

    Raises:
        BadInput: it is nothing, by the sentence ``needed``, or too long.
    """
    said = optional(words)
    if not said:
        raise BadInput(refusal(needed))
    return said


def optional(words: str) -> str:
    """Return what was written, or nothing.

    Raises:
        BadInput: it is too long.
    """
    said = clean(words)
    if len(said) > LONGEST_NOTE:
        raise BadInput(refusal("too_long", count=len(said), most=LONGEST_NOTE))
    return said
