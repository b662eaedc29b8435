"""Everybody's accounts as an administrator changes them; each change with its audit row."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from bot.domain.clock import Clock
from bot.domain.people import Role, Staff
from bot.errors import IllegalMove, NotFound
from bot.store.tables import audit, staff, staff_sessions
from bot.store.unit import Store

_LAST_ADMINISTRATOR = "这是最后一个在用的管理员账号，不能停用，也不能改成别的角色。"


@dataclass(frozen=True)
class Person:
    """An account as its administrator sees it."""

    staff: Staff
    active: bool
    locked_until: dt.datetime | None
    """None when it is not locked now."""
    has_codes: bool
    sessions: int
    created_at: dt.datetime


class PeopleRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def everybody(self) -> list[Person]:
        """Return all accounts, those in use first, by login name."""
        query = self._query().order_by(staff.c.active.desc(), staff.c.login)
        with self._store.read() as connection:
            return [self._person(row) for row in connection.execute(query)]

    def get(self, staff_id: int) -> Person:
        """Return one account.

        Raises:
            NotFound: there is none with this number.
        """
        with self._store.read() as connection:
            row = connection.execute(self._query().where(staff.c.id == staff_id)).first()
        if row is None:
            raise NotFound
        return self._person(row)

    def set_role(self, actor: str, staff_id: int, role: Role) -> None:
        """Give another role.

        Raises:
            NotFound: there is no such account.
            IllegalMove: it is the last administrator's.
        """
        with self._store.write() as connection:
            administrators = self._hold_administrators(connection)
            row = self._hold(connection, staff_id)
            if row.role == role:
                return
            if administrators == [staff_id]:
                raise IllegalMove(_LAST_ADMINISTRATOR)
            connection.execute(update(staff).where(staff.c.id == staff_id).values(role=role))
            self._log(connection, actor, f"role_set.{role}", row.login)

    def deactivate(self, actor: str, staff_id: int) -> None:
        """Close an account; its sessions end with it.

        Raises:
            NotFound: there is no such account.
            IllegalMove: it is the last administrator's.
        """
        with self._store.write() as connection:
            administrators = self._hold_administrators(connection)
            row = self._hold(connection, staff_id)
            if not row.active:
                return
            if administrators == [staff_id]:
                raise IllegalMove(_LAST_ADMINISTRATOR)
            connection.execute(update(staff).where(staff.c.id == staff_id).values(active=False))
            self._end_sessions(connection, staff_id)
            self._log(connection, actor, "account_deactivated", row.login)

    def activate(self, actor: str, staff_id: int) -> None:
        """Open a closed account again; the password is the old one.

        Raises:
            NotFound: there is no such account.
        """
        with self._store.write() as connection:
            row = self._hold(connection, staff_id)
            if not row.active:
                connection.execute(update(staff).where(staff.c.id == staff_id).values(active=True))
                self._log(connection, actor, "account_activated", row.login)

    def unlock(self, actor: str, staff_id: int) -> None:
        """Forget the failures of an account and lift its lock.

        Raises:
            NotFound: there is no such account.
        """
        failed = or_(staff.c.failed_logins > 0, staff.c.locked_until.is_not(None))
        with self._store.write() as connection:
            row = self._hold(connection, staff_id)
            changed = connection.execute(
                update(staff)
                .where(staff.c.id == staff_id, failed)
                .values(failed_logins=0, locked_until=None)
            ).rowcount
            if changed:
                self._log(connection, actor, "account_unlocked", row.login)

    def end_sessions(self, actor: str, staff_id: int) -> int:
        """End a person's sessions everywhere; return how many were open.

        Raises:
            NotFound: there is no such account.
        """
        with self._store.write() as connection:
            row = self._hold(connection, staff_id)
            ended = self._end_sessions(connection, staff_id)
            if ended:
                self._log(connection, actor, "sessions_ended", row.login)
            return ended

    def _hold(self, connection: Connection, staff_id: int) -> Row[Any]:
        row = connection.execute(
            select(staff).where(staff.c.id == staff_id).with_for_update()
        ).first()
        if row is None:
            raise NotFound
        return row

    def _hold_administrators(self, connection: Connection) -> list[int]:
        """Lock the administrators' rows, always in the same order, and return their numbers.

        Two administrators who close each other's account at once come one after the other; the
        second finds the list as the first left it.
        """
        return list(
            connection.execute(
                select(staff.c.id)
                .where(staff.c.role == Role.ADMIN, staff.c.active)
                .order_by(staff.c.id)
                .with_for_update()
            ).scalars()
        )

    def _end_sessions(self, connection: Connection, staff_id: int) -> int:
        now = self._clock.now()
        return connection.execute(
            update(staff_sessions)
            .where(
                staff_sessions.c.staff_id == staff_id,
                staff_sessions.c.revoked_at.is_(None),
                staff_sessions.c.expires_at > now,
            )
            .values(revoked_at=now)
        ).rowcount

    def _query(self) -> Any:
        still_open = (
            select(func.count())
            .select_from(staff_sessions)
            .where(
                staff_sessions.c.staff_id == staff.c.id,
                staff_sessions.c.revoked_at.is_(None),
                staff_sessions.c.expires_at > self._clock.now(),
            )
            .scalar_subquery()
        )
        return select(staff, still_open.label("sessions"))

    def _person(self, row: Row[Any]) -> Person:
        is_locked = row.locked_until is not None and row.locked_until > self._clock.now()
        return Person(
            Staff(row.id, row.login, row.name, row.licence, Role(row.role), row.office_id),
            row.active,
            row.locked_until if is_locked else None,
            row.totp_enc is not None,
            row.sessions,
            row.created_at,
        )

    def _log(self, connection: Connection, actor: str, action: str, subject: str) -> None:
        connection.execute(
            insert(audit).values(at=self._clock.now(), actor=actor, action=action, subject=subject)
        )
