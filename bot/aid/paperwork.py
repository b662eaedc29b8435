"""The materials of an application: which are needed, asked for, received or waived.

What is missing never refuses an application: it is asked for once and all together, and what was
not supplied counts as withdrawn (法律援助法 43); with an urgent case it follows later (44).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from bot.aid.form import AidForm, day_in_chinese
from bot.aid.materials import load_materials
from bot.domain.aid import ENDED, AidState, Application
from bot.domain.clock import Clock
from bot.errors import NotFound
from bot.store.tables import aid_applications, aid_papers, audit
from bot.store.unit import Store

ASKED = "aid_papers.asked"
"""What the column is encrypted under."""
OWN = "own."
"""Begins the key of what an officer asked for in own words."""
RECEIVED = "papers_received"
VISITOR = "visitor"
SYSTEM = "system"


class PaperState(StrEnum):
    OPEN = "open"
    RECEIVED = "received"
    WAIVED = "waived"


@dataclass(frozen=True)
class PaperItem:
    """One material of one application; ``where`` says where to get it."""

    id: int
    key: str
    label: str
    where: str
    deferrable: bool
    """Aid may be granted before it is there (容缺受理)."""
    state: PaperState
    due_on: dt.date | None
    file_id: str | None
    settled_by: int | None = None
    """Who of the staff said that it came or is not needed; None where its upload did."""


@dataclass(frozen=True)
class Wanted:
    """What an officer asks for: a key of materials.yml, or own words."""

    key: str = ""
    asked: str = ""


class Paperwork:
    def __init__(self, store: Store, clock: Clock, form: AidForm) -> None:
        self._store = store
        self._clock = clock
        self._form = form
        self._materials = load_materials()

    # --- reading ------------------------------------------------------------------------------

    def of(self, application_id: int) -> tuple[PaperItem, ...]:
        """Return the materials of an application in the order of materials.yml."""
        with self._store.read() as connection:
            return self.of_in(connection, application_id)

    def of_in(self, connection: Connection, application_id: int) -> tuple[PaperItem, ...]:
        query = select(aid_papers).where(aid_papers.c.application_id == application_id)
        rows = connection.execute(query.order_by(aid_papers.c.id)).all()
        return tuple(sorted((self._item(row) for row in rows), key=self._place))

    def with_news(self, numbers: Iterable[str]) -> frozenset[str]:
        """Return those applications whose applicant uploaded something staff has not looked at.

        Every line of the audit trail that a member of staff left is a look.
        """
        wanted = tuple(numbers)
        is_staff = and_(audit.c.actor.not_like(f"{VISITOR}%"), audit.c.actor != SYSTEM)
        is_upload = and_(audit.c.action == RECEIVED, audit.c.actor == VISITOR)
        uploaded = func.max(audit.c.id).filter(is_upload)
        looked = func.coalesce(func.max(audit.c.id).filter(is_staff), 0)
        query = (
            select(audit.c.subject)
            .where(audit.c.subject.in_(wanted))
            .group_by(audit.c.subject)
            .having(uploaded > looked)
        )
        with self._store.read() as connection:
            return frozenset(connection.execute(query).scalars())

    # --- writing ------------------------------------------------------------------------------

    def open_for(self, connection: Connection, application: Application) -> None:
        """Put down what an application needs, all of it open, in the caller's transaction."""
        for material in self._materials.needed(application, self._form):
            self._insert(connection, application.id, material.key, material.deferrable, None, None)

    def ask(
        self,
        connection: Connection,
        application: Application,
        wanted: Sequence[Wanted],
        due_on: dt.date,
    ) -> tuple[PaperItem, ...]:
        """Ask for materials, all together, until a day; return them as they now stand.

        What was received or waived before is open again: it could not be read, or is needed.
        What is not named stays as it is. The caller holds the application's row lock.

        Raises:
            NotFound: a key is none of materials.yml.
        """
        asked: dict[str, None] = {}
        for each in wanted:
            words = " ".join(each.asked.split())
            if not each.key and not words:
                continue
            key = each.key or self._own_key(connection, application.id, words)
            if self._reopen(connection, application.id, key, due_on):
                asked[key] = None
                continue
            material = self._materials.find(each.key) if each.key else None
            if each.key and material is None:
                raise NotFound
            deferrable = material is not None and material.deferrable
            self._insert(connection, application.id, key, deferrable, due_on, words or None)
            asked[key] = None
        found = self.of_in(connection, application.id)
        return tuple(item for item in found if item.key in asked)

    def settle(
        self,
        connection: Connection,
        application_id: int,
        item_id: int,
        state: PaperState,
        file_id: str | None = None,
        *,
        staff_id: int | None = None,
    ) -> PaperItem:
        """Say that a material came, is not needed, or is open after all.

        ``staff_id`` is who says so, None for the applicant.

        Raises:
            NotFound: the application has no such material.
        """
        now = None if state is PaperState.OPEN else self._clock.now()
        changed = connection.execute(
            update(aid_papers)
            .where(aid_papers.c.id == item_id, aid_papers.c.application_id == application_id)
            .values(state=state, file_id=file_id, settled_at=now, settled_by=staff_id)
        ).rowcount
        if not changed:
            raise NotFound
        row = connection.execute(select(aid_papers).where(aid_papers.c.id == item_id)).one()
        return self._item(row)

    def note_upload(self, connection: Connection, conversation_id: str, file_id: str) -> None:
        """Record that a file came in the conversation of applications that still want papers.

        Which of them it is, an officer decides; ``file_id`` is not linked to any here.
        """
        still_open = select(aid_papers.c.id).where(
            aid_papers.c.application_id == aid_applications.c.id,
            aid_papers.c.state == PaperState.OPEN,
        )
        numbers = connection.execute(
            select(aid_applications.c.number).where(
                aid_applications.c.conversation_id == conversation_id,
                aid_applications.c.state.not_in(ENDED),
                or_(aid_applications.c.state == AidState.NEED_SUPPLEMENT, still_open.exists()),
            )
        ).scalars()
        for number in numbers.all():
            lines = select(audit.c.action, audit.c.actor).where(audit.c.subject == number)
            last = connection.execute(lines.order_by(audit.c.id.desc()).limit(1)).first()
            if last is not None and last.action == RECEIVED and last.actor == VISITOR:
                # Ten photographs are one line: nobody has looked since the first.
                continue
            connection.execute(
                insert(audit).values(
                    at=self._clock.now(), actor=VISITOR, action=RECEIVED, subject=number
                )
            )

    def was_uploaded(self, connection: Connection, number: str, since: dt.datetime) -> bool:
        """Say whether the applicant has uploaded something since a moment."""
        query = select(audit.c.id).where(
            audit.c.subject == number,
            audit.c.action == RECEIVED,
            audit.c.actor == VISITOR,
            audit.c.at >= since,
        )
        return connection.execute(query.limit(1)).first() is not None

    # --- words --------------------------------------------------------------------------------

    def notice_text(
        self, application: Application, items: Sequence[PaperItem], due_on: dt.date
    ) -> str:
        """Return what the applicant is told once: everything missing, where to get it, until when.

        The words of 法律援助法 43(2): who does not supply it counts as having withdrawn.
        """
        say = self._materials.texts.say
        return say(
            "notice",
            number=application.number,
            day=day_in_chinese(due_on),
            items=self.listed(items),
            how=say("how"),
            more_time=say("more_time"),
        )

    def listed(self, items: Sequence[PaperItem]) -> str:
        """Return the materials as numbered lines, each with where to get it."""
        say = self._materials.texts.say
        lines = (
            say("line" if item.where else "line_plain", n=n, label=item.label, where=item.where)
            for n, item in enumerate(items, start=1)
        )
        return "\n".join(lines)

    # --- rows ---------------------------------------------------------------------------------

    def _insert(
        self,
        connection: Connection,
        application_id: int,
        key: str,
        deferrable: bool,
        due_on: dt.date | None,
        asked: str | None,
    ) -> None:
        connection.execute(
            insert(aid_papers).values(
                application_id=application_id,
                key=key,
                deferrable=deferrable,
                state=PaperState.OPEN,
                due_on=due_on,
                asked_enc=None if asked is None else self._store.cipher.encrypt(ASKED, asked),
            )
        )

    def _reopen(
        self, connection: Connection, application_id: int, key: str, due_on: dt.date
    ) -> bool:
        changed = connection.execute(
            update(aid_papers)
            .where(aid_papers.c.application_id == application_id, aid_papers.c.key == key)
            .values(
                state=PaperState.OPEN,
                due_on=due_on,
                file_id=None,
                settled_at=None,
                settled_by=None,
            )
        ).rowcount
        return bool(changed)

    def _own_key(self, connection: Connection, application_id: int, words: str) -> str:
        """Return the key of what was asked in the same words before, or the next free one."""
        own = [i for i in self.of_in(connection, application_id) if i.key.startswith(OWN)]
        known = next((item.key for item in own if item.label == words), "")
        return known or f"{OWN}{len(own) + 1}"

    def _item(self, row: Row[Any]) -> PaperItem:
        material = self._materials.find(row.key)
        if row.asked_enc is not None:
            label, where = self._store.cipher.decrypt(ASKED, row.asked_enc), ""
        elif material is not None:
            label, where = material.label, material.where
        else:
            # Taken out of materials.yml since: still asked for, by the name that is left.
            label, where = self._materials.texts.say("gone"), ""
        return PaperItem(
            row.id,
            row.key,
            label,
            where,
            row.deferrable,
            PaperState(row.state),
            row.due_on,
            row.file_id,
            row.settled_by,
        )

    def _place(self, item: PaperItem) -> tuple[int, int]:
        return self._materials.place(item.key), item.id


def default_due(today: dt.date) -> dt.date:
    """Return until when papers are asked for by default; the officer may set another day."""
    return load_materials().due_on(today)


def missing(items: Iterable[PaperItem]) -> tuple[PaperItem, ...]:
    """Return those that are still open."""
    return tuple(item for item in items if item.state is PaperState.OPEN)
