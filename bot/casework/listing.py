"""The list of applications: by the clock, narrowed, counted, and found by number or person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, true

from bot.aid.paperwork import PaperState
from bot.aid.rows import application_of
from bot.aid.visibility import visible
from bot.casework.stepping import SILENT, actor_of
from bot.dialogue.names import name_index
from bot.domain.aid import ENDED, UNDER_REVIEW, AidState, Application
from bot.domain.clock import CHINA
from bot.domain.people import Staff
from bot.store.tables import aid_applications, aid_papers, audit
from bot.store.unit import Store
from knowledge_base.rules.aid_periods import (
    ASSIGN_DAYS,
    OBJECTION_DAYS,
    answer_objection_by,
    assign_by,
)

PAGE = 50
FURTHEST_REST = 30
"""No holidays move the end of a period further than this many days."""


class Flag(StrEnum):
    """What a list can be narrowed to besides a state."""

    URGENT = "urgent"
    OVERDUE = "overdue"
    PAPERS = "papers"
    UNTAKEN = "untaken"
    OBJECTED = "objected"


class Scope(StrEnum):
    ALL = "all"
    OFFICE = "office"
    MINE = "mine"


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; ``state`` None with ``ended`` false means all that is open.

    What has ended is open again while an objection to it waits for its answer (法律援助法 49).
    """

    state: AidState | None = None
    ended: bool = False
    """Those that have ended as well."""
    flag: Flag | None = None
    scope: Scope = Scope.ALL
    office_id: int | None = None
    page: int = 1


@dataclass(frozen=True)
class Counts:
    """How many there are by each filter, within the scope; scopes within all that is visible."""

    states: Mapping[AidState, int]
    flags: Mapping[Flag, int]
    scopes: Mapping[Scope, int]
    open: int
    all: int


@dataclass(frozen=True)
class Found:
    applications: tuple[Application, ...]
    count: int
    papers_due: Mapping[int, dt.date]
    """The earliest day on which a paper is due, by application."""
    replaced: frozenset[str]
    """Numbers of those whose lawyer was replaced, so that no period runs for the next."""


class Listing:
    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, person: Staff, wanted: Wanted, today: dt.date) -> Found:
        """Return a page of what a person may see, urgent first, then by the day of the decision."""
        table = aid_applications
        where = (
            visible(person),
            _scoped(person, wanted),
            _of_state(wanted),
            true() if wanted.flag is None else flagged(wanted.flag, today),
        )
        query = (
            select(table)
            .where(*where)
            .order_by(
                case((_is_open(), 0), else_=1),
                case((table.c.urgent != "", 0), else_=1),
                case((table.c.state.in_(UNDER_REVIEW), 0), else_=1),
                table.c.decide_by,
                table.c.id,
            )
            .limit(PAGE)
            .offset((wanted.page - 1) * PAGE)
        )
        cipher = self._store.cipher
        with self._store.read() as connection:
            count = connection.execute(select(func.count()).select_from(table).where(*where))
            found = tuple(application_of(row, cipher) for row in connection.execute(query))
            total = int(count.scalar_one())
        return self._with_days(found, total)

    def counts(self, person: Staff, wanted: Wanted, today: dt.date) -> Counts:
        """Return how many each filter would show."""
        table = aid_applications
        is_open = _is_open()
        sums = {f"state.{state}": table.c.state == state for state in AidState}
        sums |= {f"flag.{flag}": flagged(flag, today) for flag in Flag}
        sums |= {"open": is_open, "all": true()}
        scopes = {scope: _scoped(person, Wanted(scope=scope)) for scope in Scope}
        with self._store.read() as connection:
            inside = connection.execute(
                _summed(sums).where(visible(person), _scoped(person, wanted))
            ).one()
            found = connection.execute(
                _summed(
                    {str(scope): and_(is_open, holds) for scope, holds in scopes.items()}
                ).where(visible(person))
            ).one()
        number = {name: int(value or 0) for name, value in inside._mapping.items()}
        return Counts(
            {state: number[f"state.{state}"] for state in AidState},
            {flag: number[f"flag.{flag}"] for flag in Flag},
            {scope: int(found._mapping[str(scope)] or 0) for scope in Scope},
            number["open"],
            number["all"],
        )

    def search(self, person: Staff, said: str) -> Found:
        """Return those of exactly this number, telephone, identity number or name, newest first."""
        table, cipher = aid_applications, self._store.cipher
        holds = or_(
            table.c.number == said,
            table.c.phone_index == cipher.blind_index("aid_applications.phone", said),
            table.c.id_number_index == cipher.blind_index("aid_applications.id_number", said),
            table.c.name_index == name_index(cipher, said),
        )
        query = select(table).where(visible(person), holds).order_by(table.c.id.desc()).limit(PAGE)
        with self._store.read() as connection:
            found = tuple(application_of(row, cipher) for row in connection.execute(query))
        return self._with_days(found, len(found))

    def _with_days(self, found: Sequence[Application], count: int) -> Found:
        ids = [application.id for application in found]
        free = [a.number for a in found if a.state is AidState.APPROVED]
        due = (
            select(aid_papers.c.application_id, func.min(aid_papers.c.due_on))
            .where(
                aid_papers.c.application_id.in_(ids),
                aid_papers.c.state == PaperState.OPEN,
                aid_papers.c.due_on.is_not(None),
            )
            .group_by(aid_papers.c.application_id)
        )
        freed = select(audit.c.subject).where(
            audit.c.subject.in_(free), audit.c.action == "replaced"
        )
        with self._store.read() as connection:
            days = {row[0]: row[1] for row in connection.execute(due)}
            replaced = frozenset(connection.execute(freed).scalars())
        return Found(tuple(found), count, days, replaced)


def flagged(flag: Flag, today: dt.date) -> ColumnElement[bool]:
    """Return what of the open applications a filter keeps."""
    table = aid_applications
    if flag is Flag.URGENT:
        # Once somebody acts, nothing about it is urgent for the office any more.
        before = {*UNDER_REVIEW, AidState.NEED_SUPPLEMENT, AidState.APPROVED}
        return and_(table.c.urgent != "", table.c.state.in_(before))
    if flag is Flag.OVERDUE:
        return or_(
            and_(table.c.state.in_(UNDER_REVIEW), table.c.decide_by < today),
            and_(
                table.c.state == AidState.APPROVED,
                table.c.decided_at < _decided_before(today),
                ~_replaced(),
            ),
            table.c.objected_on < _objected_before(today),
        )
    if flag is Flag.OBJECTED:
        return table.c.objected_on.is_not(None)
    if flag is Flag.UNTAKEN:
        return and_(table.c.state == AidState.ASSIGNED, table.c.taken_at.is_(None))
    waits = exists().where(
        aid_papers.c.application_id == table.c.id,
        aid_papers.c.state == PaperState.OPEN,
        aid_papers.c.due_on.is_not(None),
    )
    return and_(table.c.state.not_in(ENDED), or_(table.c.state == AidState.NEED_SUPPLEMENT, waits))


def _decided_before(today: dt.date) -> dt.datetime:
    """Return the moment before which a decision must have led to an assignment by now."""
    return dt.datetime.combine(_over_before(today, ASSIGN_DAYS, assign_by), dt.time.min, CHINA)


def _objected_before(today: dt.date) -> dt.date:
    """Return the day before which an objection must have been answered by now."""
    return _over_before(today, OBJECTION_DAYS, answer_objection_by)


def _over_before(today: dt.date, days: int, ends: Callable[[dt.date], dt.date]) -> dt.date:
    """Return the first day from which a period still runs today."""
    day = today - dt.timedelta(days=days + FURTHEST_REST)
    while ends(day) < today:
        day += dt.timedelta(days=1)
    return day


def _replaced() -> ColumnElement[bool]:
    return exists().where(
        audit.c.subject == aid_applications.c.number, audit.c.action == "replaced"
    )


def _of_state(wanted: Wanted) -> ColumnElement[bool]:
    table = aid_applications
    if wanted.state is not None:
        return table.c.state == wanted.state
    return true() if wanted.ended else _is_open()


def _is_open() -> ColumnElement[bool]:
    table = aid_applications
    return or_(table.c.state.not_in(ENDED), table.c.objected_on.is_not(None))


def _scoped(person: Staff, wanted: Wanted) -> ColumnElement[bool]:
    table = aid_applications
    if wanted.scope is Scope.MINE:
        worked = exists().where(
            audit.c.subject == table.c.number,
            audit.c.actor == actor_of(person)[:60],
            audit.c.action.not_in(SILENT),
        )
        return or_(table.c.staff_id == person.id, worked)
    if wanted.scope is Scope.OFFICE:
        return table.c.office_id == person.office_id
    return true() if wanted.office_id is None else table.c.office_id == wanted.office_id


def _summed(sums: Mapping[str, ColumnElement[bool]]) -> Select[Any]:
    columns = (func.sum(case((holds, 1), else_=0)).label(name) for name, holds in sums.items())
    return select(*columns).select_from(aid_applications)
