"""Staff, their sessions, and the count of failed passwords, in the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.clock import Clock
from bot.domain.people import Role, Staff
from bot.errors import LoginTaken
from bot.store.tables import audit, staff, staff_sessions
from bot.store.unit import Store


@dataclass(frozen=True)
class Account:
    """A person with what is needed to check a password."""

    person: Staff
    password_hash: str


class AccountRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, login: str, name: str, licence: str, role: Role, password_hash: str) -> Staff:
        """Store a new account.

        Raises:
            LoginTaken: there is one with this login name.
        """
        try:
            with self._store.write() as connection:
                return self._insert(connection, login, name, licence, role, password_hash)
        except IntegrityError as error:
            raise LoginTaken from error

    def add_first(
        self, login: str, name: str, licence: str, role: Role, password_hash: str
    ) -> Staff | None:
        """Store the account if there is none at all; return None when there is."""
        try:
            with self._store.write() as connection:
                if connection.execute(select(func.count()).select_from(staff)).scalar_one():
                    return None
                return self._insert(connection, login, name, licence, role, password_hash)
        except IntegrityError:
            # Two processes started on an empty PostgreSQL database; the other one was first.
            return None

    def is_empty(self) -> bool:
        with self._store.read() as connection:
            return connection.execute(select(staff.c.id).limit(1)).first() is None

    def _insert(
        self,
        connection: Connection,
        login: str,
        name: str,
        licence: str,
        role: Role,
        password_hash: str,
    ) -> Staff:
        result = connection.execute(
            insert(staff).values(
                login=login,
                name=name,
                licence=licence,
                role=role,
                password_hash=password_hash,
                created_at=self._clock.now(),
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        self._log(connection, login, "account_added", login)
        return Staff(key[0], login, name, licence, role)

    def begin_attempt(self, login: str, allowed: int, lock: dt.timedelta) -> Account | None:
        """Count one password attempt and return the account it is for; None if unknown or locked.

        Counting comes before checking, so that guesses sent all at once are counted too. The
        attempt after ``allowed`` failures locks the account for ``lock``.
        """
        now = self._clock.now()
        open_now = or_(staff.c.locked_until.is_(None), staff.c.locked_until <= now)
        with self._store.write() as connection:
            counted = connection.execute(
                update(staff)
                .where(staff.c.login == login, staff.c.active, open_now)
                .where(staff.c.failed_logins < allowed)
                .values(failed_logins=staff.c.failed_logins + 1)
            ).rowcount
            if not counted:
                return None
            row = connection.execute(select(staff).where(staff.c.login == login)).one()
            if row.failed_logins >= allowed:
                # The lock ends by itself with a fresh count; a right password now lifts it.
                connection.execute(
                    update(staff)
                    .where(staff.c.id == row.id)
                    .values(failed_logins=0, locked_until=now + lock)
                )
                self._log(connection, login, "login_attempts_used_up", login)
            return Account(_person(row), row.password_hash)

    def is_locked(self, login: str) -> bool:
        query = select(staff.c.id).where(
            staff.c.login == login, staff.c.locked_until > self._clock.now()
        )
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def open_session(self, person: Staff, token_hash: str, lasts: dt.timedelta) -> None:
        """Store a session and forget the failures before it."""
        now = self._clock.now()
        with self._store.write() as connection:
            connection.execute(
                update(staff)
                .where(staff.c.id == person.id)
                .values(failed_logins=0, locked_until=None)
            )
            connection.execute(
                insert(staff_sessions).values(
                    token_hash=token_hash,
                    staff_id=person.id,
                    created_at=now,
                    expires_at=now + lasts,
                )
            )
            self._log(connection, person.login, "login", person.login)

    def session(self, token_hash: str) -> Staff | None:
        """Return whose session this is, if it still counts."""
        query = (
            select(staff)
            .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
            .where(
                staff_sessions.c.token_hash == token_hash,
                staff_sessions.c.revoked_at.is_(None),
                staff_sessions.c.expires_at > self._clock.now(),
                staff.c.active,
            )
        )
        with self._store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _person(row)

    def set_password(self, login: str, password_hash: str) -> int | None:
        """Replace a password, lift the lock, end every session; None without such a name."""
        with self._store.write() as connection:
            row = connection.execute(select(staff.c.id).where(staff.c.login == login)).first()
            if row is None:
                return None
            connection.execute(
                update(staff)
                .where(staff.c.id == row.id)
                .values(password_hash=password_hash, failed_logins=0, locked_until=None)
            )
            self._log(connection, login, "password_changed", login)
        self.revoke_all(row.id)
        return int(row.id)

    def revoke(self, token_hash: str) -> None:
        self._revoke(staff_sessions.c.token_hash == token_hash)

    def revoke_all(self, staff_id: int) -> int:
        """End every session of one person; return how many were open."""
        return self._revoke(staff_sessions.c.staff_id == staff_id)

    def _revoke(self, which: Any) -> int:
        now = self._clock.now()
        still_open = (staff_sessions.c.revoked_at.is_(None), staff_sessions.c.expires_at > now)
        with self._store.write() as connection:
            owners = connection.execute(
                select(staff.c.login)
                .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
                .where(which, *still_open)
                .distinct()
            ).scalars()
            for login in list(owners):
                self._log(connection, login, "logout", login)
            return connection.execute(
                update(staff_sessions).where(which, *still_open).values(revoked_at=now)
            ).rowcount

    def _log(self, connection: Connection, actor: str, action: str, subject: str) -> None:
        connection.execute(
            insert(audit).values(at=self._clock.now(), actor=actor, action=action, subject=subject)
        )


def _person(row: Row[Any]) -> Staff:
    return Staff(row.id, row.login, row.name, row.licence, Role(row.role))
