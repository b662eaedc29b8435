"""Matters as the staff reads them: lists, counts, one with its log; nothing is changed here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from bot.domain.clock import Clock
from bot.domain.matter import OPEN, REFERRALS, Action, Matter, MatterState
from bot.domain.people import Role, Staff
from bot.matters.ledger_repository import NOTE, MatterLedger, is_own
from bot.matters.records import Colleague, LogLine, Office, Verdict, Wanted, exported
from bot.store.tables import guests, matter_moves, matters, offices, ratings, staff

COMMENT = "ratings.comment"

LISTED = 200


class MatterReader:
    def __init__(self, ledger: MatterLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._clock = clock

    def listing(self, person: Staff, wanted: Wanted) -> list[Matter]:
        """Return what this person may see of it, the most urgent first; at most ``LISTED``."""
        where = [_visible(person), matters.c.state.in_(wanted.states)]
        if wanted.office_id is not None:
            where.append(matters.c.office_id == wanted.office_id)
        if wanted.mine:
            where.append(matters.c.staff_id == person.id)
        if wanted.overdue:
            where.append(self._overdue())
        if wanted.referrals:
            where.append(matters.c.reason.in_(REFERRALS))
        if wanted.number:
            where.append(matters.c.number == wanted.number)
        query = (
            select(matters)
            .where(*where)
            .order_by(
                matters.c.closed_at.desc().nulls_first(),
                matters.c.due_at.nulls_last(),
                matters.c.id,
            )
            .limit(LISTED)
        )
        with self._store.read() as connection:
            return [self._ledger.matter(row) for row in connection.execute(query)]

    def counts(self, person: Staff) -> tuple[dict[MatterState, int], int, int]:
        """Return how many there are in each state, how many are overdue, and how many are mine."""
        by_state = (
            select(matters.c.state, func.count()).where(_visible(person)).group_by(matters.c.state)
        )
        some = select(func.count()).select_from(matters)
        with self._store.read() as connection:
            found = {MatterState(state): int(n) for state, n in connection.execute(by_state)}
            late = connection.execute(some.where(_visible(person), self._overdue())).scalar_one()
            mine = connection.execute(
                some.where(matters.c.staff_id == person.id, matters.c.state.in_(OPEN))
            ).scalar_one()
        return found, int(late), int(mine)

    def _overdue(self) -> ColumnElement[bool]:
        return and_(matters.c.state.in_(OPEN), matters.c.due_at < self._clock.now())

    def find(self, number: str) -> Matter | None:
        with self._store.read() as connection:
            row = connection.execute(select(matters).where(matters.c.number == number)).first()
        return None if row is None else self._ledger.matter(row)

    def newest_of(self, conversation_id: str) -> Matter | None:
        """Return the conversation's own open matter, or else the one closed last."""
        with self._store.read() as connection:
            row = connection.execute(
                select(matters)
                .where(matters.c.conversation_id == conversation_id, is_own())
                .order_by(matters.c.closed_at.desc().nulls_first(), matters.c.id.desc())
                .limit(1)
            ).first()
        return None if row is None else self._ledger.matter(row)

    def referrals_of(self, conversation_id: str) -> list[Matter]:
        """Return what the conversation had passed on, the newest first."""
        query = select(matters).where(
            matters.c.conversation_id == conversation_id, matters.c.reason.in_(REFERRALS)
        )
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(matters.c.id.desc())).all()
        return [self._ledger.matter(row) for row in rows]

    def log(self, matter_id: int) -> list[LogLine]:
        """Return every move of a matter, oldest first."""
        query = (
            select(matter_moves)
            .where(matter_moves.c.matter_id == matter_id)
            .order_by(matter_moves.c.id)
        )
        with self._store.read() as connection:
            return [
                LogLine(
                    row.at, row.actor, Action(row.action), self._ledger.unseal(NOTE, row.note_enc)
                )
                for row in connection.execute(query)
            ]

    def verdict(self, matter_id: int) -> Verdict | None:
        """Return how the visitor rated it; None if that was not done."""
        query = select(ratings).where(ratings.c.matter_id == matter_id)
        with self._store.read() as connection:
            row = connection.execute(query.order_by(ratings.c.id.desc())).first()
        if row is None:
            return None
        return Verdict(row.solved, row.score, self._ledger.unseal(COMMENT, row.comment_enc))

    def offices(self) -> list[Office]:
        query = select(offices).order_by(offices.c.name)
        with self._store.read() as connection:
            return [
                Office(row.id, row.name, row.phone, row.active) for row in connection.execute(query)
            ]

    def colleagues(self) -> list[Colleague]:
        """Return everybody with an account, also those who have left: the log names them."""
        query = select(staff).order_by(staff.c.name, staff.c.id)
        with self._store.read() as connection:
            return [
                Colleague(r.id, r.login, r.name, Role(r.role), r.office_id, r.active)
                for r in connection.execute(query)
            ]

    def is_guest(self, conversation_id: str, person: Staff) -> bool:
        """Say whether a colleague has invited this person into the conversation."""
        query = select(guests.c.staff_id).where(
            guests.c.conversation_id == conversation_id, guests.c.staff_id == person.id
        )
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def held(self, conversation_id: str) -> list[dict[str, Any]]:
        """Return what is held about a visitor's matters, decrypted and JSON-ready."""
        query = select(matters).where(matters.c.conversation_id == conversation_id)
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(matters.c.id)).all()
        return [exported(self._ledger.matter(row)) for row in rows]


def _visible(person: Staff) -> ColumnElement[bool]:
    """Return what a person sees: all for who supervises; else the own, the office's, and nobody's.

    The common queue belongs to no office yet, so everybody may see it.
    """
    if person.may_supervise:
        return true()
    return or_(
        matters.c.staff_id == person.id,
        matters.c.office_id.is_(None),
        matters.c.office_id == person.office_id,
    )
