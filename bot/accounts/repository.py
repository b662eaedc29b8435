"""Staff, their sessions, their one-time codes and the count of failures, in the database.

Methods that take a connection run inside the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.accounts.schemas import OpenSession
from bot.domain.clock import Clock
from bot.domain.people import Role, Staff
from bot.errors import LoginTaken
from bot.store.crypto import Cipher
from bot.store.tables import audit, staff, staff_sessions
from bot.store.unit import Store

SECRET = "staff.totp"
OPERATOR = "operator"
"""The actor of what is done at the command line, where nobody is signed in."""

_KEY = 16
"""Of a token's hash, so much names a session on a page."""


@dataclass(frozen=True)
class Account:
    """A person with what is needed to check a password and a code."""

    person: Staff
    password_hash: str
    secret: str | None
    """The secret of the one-time codes; None when they are off."""
    last_step: int
    """The step whose code was used last."""
    lock_until: dt.datetime | None = None
    """The lock that this attempt brought, being the last one allowed."""


class AccountRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @property
    def cipher(self) -> Cipher:
        return self._store.cipher

    # --- accounts -----------------------------------------------------------------------------

    def add(
        self,
        login: str,
        name: str,
        licence: str,
        role: Role,
        password_hash: str,
        actor: str = OPERATOR,
    ) -> Staff:
        """Store a new account.

        Raises:
            LoginTaken: there is one with this login name.
        """
        person = Staff(0, login, name, licence, role)
        try:
            with self._store.write() as connection:
                return self._insert(connection, person, password_hash, actor)
        except IntegrityError as error:
            raise LoginTaken from error

    def add_first(
        self, login: str, name: str, licence: str, role: Role, password_hash: str
    ) -> Staff | None:
        """Store the account if there is none at all; return None when there is."""
        person = Staff(0, login, name, licence, role)
        try:
            with self._store.write() as connection:
                if connection.execute(select(func.count()).select_from(staff)).scalar_one():
                    return None
                return self._insert(connection, person, password_hash, OPERATOR)
        except IntegrityError:
            # Two processes started on an empty PostgreSQL database; the other one was first.
            return None

    def is_empty(self) -> bool:
        with self._store.read() as connection:
            return connection.execute(select(staff.c.id).limit(1)).first() is None

    def _insert(
        self, connection: Connection, person: Staff, password_hash: str, actor: str
    ) -> Staff:
        result = connection.execute(
            insert(staff).values(
                login=person.login,
                name=person.name,
                licence=person.licence,
                role=person.role,
                password_hash=password_hash,
                created_at=self._clock.now(),
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        self._log(connection, actor, "account_added", person.login)
        return Staff(key[0], person.login, person.name, person.licence, person.role)

    def find(self, login: str) -> Account | None:
        """Return an account that may sign in, without counting an attempt."""
        with self._store.read() as connection:
            row = connection.execute(
                select(staff).where(staff.c.login == login, staff.c.active)
            ).first()
        return None if row is None else self._account(row)

    # --- attempts -----------------------------------------------------------------------------

    def begin_attempt(self, login: str, allowed: int, lock: dt.timedelta) -> Account | None:
        """Count one attempt and return the account it is for; None if unknown or locked.

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
            until = None
            if row.failed_logins >= allowed:
                # The lock ends by itself with a fresh count; a right password now lifts it.
                until = now + lock
                connection.execute(
                    update(staff)
                    .where(staff.c.id == row.id)
                    .values(failed_logins=0, locked_until=until)
                )
                self._log(connection, login, "login_attempts_used_up", login)
            return self._account(row, until)

    def take_back(self, account: Account, allowed: int) -> None:
        """Undo the counting of an attempt that proved right and is not the end of the matter.

        Failures before it stay counted: a known password must not give fresh guesses of the code.
        """
        query = update(staff).where(staff.c.id == account.person.id)
        if account.lock_until is None:
            query = query.where(staff.c.failed_logins > 0).values(
                failed_logins=staff.c.failed_logins - 1
            )
        else:
            query = query.where(staff.c.locked_until == account.lock_until).values(
                failed_logins=allowed - 1, locked_until=None
            )
        with self._store.write() as connection:
            connection.execute(query)

    def is_locked(self, login: str) -> bool:
        query = select(staff.c.id).where(
            staff.c.login == login, staff.c.locked_until > self._clock.now()
        )
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    # --- sessions -----------------------------------------------------------------------------

    def open_session(
        self,
        account: Account,
        token_hash: str,
        lasts: dt.timedelta,
        device: str = "",
        step: int | None = None,
    ) -> bool:
        """Store a session and forget the failures before it; say whether it was opened.

        It is not when the account changed since it was checked, or when the code of ``step`` was
        used meanwhile by somebody else.
        """
        now = self._clock.now()
        used = account.last_step if step is None else step
        with self._store.write() as connection:
            unchanged = connection.execute(
                update(staff)
                .where(*_unchanged(account))
                .values(failed_logins=0, locked_until=None, totp_step=used)
            ).rowcount
            if not unchanged:
                return False
            connection.execute(
                insert(staff_sessions).values(
                    token_hash=token_hash,
                    staff_id=account.person.id,
                    created_at=now,
                    expires_at=now + lasts,
                    device=device,
                )
            )
            self._log(connection, account.person.login, "login", account.person.login)
            return True

    def session(self, token_hash: str) -> Staff | None:
        """Return whose session this is, if it still counts."""
        query = (
            select(staff)
            .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
            .where(staff_sessions.c.token_hash == token_hash, *self._still_open(), staff.c.active)
        )
        with self._store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _person(row)

    def sessions_of(self, staff_id: int, this: str) -> list[OpenSession]:
        """Return a person's open sessions, newest first; ``this`` is the hash of the asker's."""
        query = (
            select(staff_sessions)
            .where(staff_sessions.c.staff_id == staff_id, *self._still_open())
            .order_by(staff_sessions.c.created_at.desc(), staff_sessions.c.token_hash)
        )
        with self._store.read() as connection:
            return [
                OpenSession(
                    row.token_hash[:_KEY],
                    row.device,
                    row.created_at,
                    row.expires_at,
                    row.token_hash == this,
                )
                for row in connection.execute(query)
            ]

    def revoke(self, token_hash: str) -> None:
        """End one session by its token."""
        with self._store.write() as connection:
            self._end(connection, "logout", staff_sessions.c.token_hash == token_hash)

    def revoke_all(self, staff_id: int) -> int:
        """End every session of one person; return how many were open."""
        with self._store.write() as connection:
            return self._end(connection, "logout", staff_sessions.c.staff_id == staff_id)

    def revoke_one(self, staff_id: int, key: str) -> bool:
        """End the session of this person that a page named; say whether it was open."""
        which = (
            staff_sessions.c.staff_id == staff_id,
            staff_sessions.c.token_hash.startswith(key, autoescape=True),
        )
        with self._store.write() as connection:
            return self._end(connection, "session_ended", *which) > 0

    def revoke_others(self, staff_id: int, this: str) -> int:
        """End every session of this person but the asker's; return how many were open."""
        which = (staff_sessions.c.staff_id == staff_id, staff_sessions.c.token_hash != this)
        with self._store.write() as connection:
            return self._end(connection, "sessions_ended", *which)

    def _end(self, connection: Connection, action: str, *which: Any) -> int:
        owners = connection.execute(
            select(staff.c.login)
            .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
            .where(*which, *self._still_open())
            .distinct()
        ).scalars()
        for login in list(owners):
            self._log(connection, login, action, login)
        return connection.execute(
            update(staff_sessions)
            .where(*which, *self._still_open())
            .values(revoked_at=self._clock.now())
        ).rowcount

    def _still_open(self) -> tuple[Any, ...]:
        return (
            staff_sessions.c.revoked_at.is_(None),
            staff_sessions.c.expires_at > self._clock.now(),
        )

    # --- passwords and codes ------------------------------------------------------------------

    def set_password(self, login: str, password_hash: str, actor: str = "") -> bool:
        """Replace a password, lift the lock, end every session; False without such a name.

        Without an ``actor`` the person did it.
        """
        with self._store.write() as connection:
            row = connection.execute(
                update(staff)
                .where(staff.c.login == login)
                .values(password_hash=password_hash, failed_logins=0, locked_until=None)
                .returning(staff.c.id)
            ).first()
            if row is None:
                return False
            connection.execute(
                update(staff_sessions)
                .where(staff_sessions.c.staff_id == row.id, *self._still_open())
                .values(revoked_at=self._clock.now())
            )
            action = "password_reset" if actor else "password_changed"
            self._log(connection, actor or login, action, login)
            return True

    def has_codes(self, staff_id: int) -> bool:
        query = select(staff.c.id).where(staff.c.id == staff_id, staff.c.totp_enc.is_not(None))
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def turn_codes_on(self, person: Staff, secret: str, step: int) -> bool:
        """Store a confirmed secret; False when there is one already."""
        with self._store.write() as connection:
            changed = connection.execute(
                update(staff)
                .where(staff.c.id == person.id, staff.c.active, staff.c.totp_enc.is_(None))
                .values(totp_enc=self.cipher.encrypt(SECRET, secret), totp_step=step)
            ).rowcount
            if changed:
                self._log(connection, person.login, "codes_on", person.login)
            return changed > 0

    def turn_codes_off(self, account: Account, step: int) -> bool:
        """Forget the secret, its code of ``step`` being given; False when that was used before."""
        with self._store.write() as connection:
            changed = connection.execute(
                update(staff)
                .where(*_unchanged(account))
                .values(totp_enc=None, totp_step=step, failed_logins=0, locked_until=None)
            ).rowcount
            if changed:
                self._log(connection, account.person.login, "codes_off", account.person.login)
            return changed > 0

    def clear_codes(self, login: str, actor: str) -> bool:
        """Forget the secret of somebody who lost it; False when there is none."""
        with self._store.write() as connection:
            changed = connection.execute(
                update(staff)
                .where(staff.c.login == login, staff.c.totp_enc.is_not(None))
                .values(totp_enc=None)
            ).rowcount
            if changed:
                self._log(connection, actor, "codes_cleared", login)
            return changed > 0

    def _account(self, row: Row[Any], lock_until: dt.datetime | None = None) -> Account:
        secret = self.cipher.decrypt(SECRET, row.totp_enc) if row.totp_enc else None
        return Account(_person(row), row.password_hash, secret, row.totp_step, lock_until)

    def _log(self, connection: Connection, actor: str, action: str, subject: str) -> None:
        connection.execute(
            insert(audit).values(at=self._clock.now(), actor=actor, action=action, subject=subject)
        )


def _unchanged(account: Account) -> tuple[Any, ...]:
    """Return the guard of every change that rests on a password or code checked before."""
    on = staff.c.totp_enc.is_(None) if account.secret is None else staff.c.totp_enc.is_not(None)
    return (
        staff.c.id == account.person.id,
        staff.c.active,
        staff.c.password_hash == account.password_hash,
        staff.c.totp_step == account.last_step,
        on,
    )


def _person(row: Row[Any]) -> Staff:
    return Staff(row.id, row.login, row.name, row.licence, Role(row.role), row.office_id)
