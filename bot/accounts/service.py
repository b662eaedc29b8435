"""Accounts of the staff: passwords, sessions, and the lock after wrong passwords."""

from __future__ import annotations

import datetime as dt
import secrets
import threading

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pwdlib import PasswordHash

from bot.accounts.repository import AccountRepository
from bot.accounts.schemas import LEAST_PASSWORD, LONGEST_PASSWORD, login_name
from bot.domain.clock import Clock
from bot.domain.people import Role, Staff
from bot.errors import BadInput, LockedOut, NotSignedIn
from bot.store.crypto import token_hash

SESSION_LASTS = dt.timedelta(hours=12)
FAILURES_ALLOWED = 5
LOCK_LASTS = dt.timedelta(minutes=15)

_WRONG = "登录名或密码不对。"
_BAD_LOGIN = "登录名须为 2 至 40 个小写字母、数字或 _ . @ -，以字母或数字开头。"
_BAD_NAME = "请填写姓名（不超过 40 个字）。"
_BAD_LICENCE = "执业证号不能超过 40 个字。"
_BAD_ROLE = "角色只能是 lawyer、officer 或 admin。"
_SAME_PASSWORD = "新密码不能和现在的密码一样。"
_NO_ACCOUNT = "没有这个登录名的账号。"
_BAD_PASSWORD = f"密码至少 {LEAST_PASSWORD} 位，至多 {LONGEST_PASSWORD} 位。"

# Argon2 takes 64 MiB for each check: a burst of sign-ins must wait, not exhaust the memory.
_CHECKS_AT_ONCE = 4


class AccountService:
    """``hasher`` is Argon2 at the recommended cost unless given."""

    def __init__(
        self, repository: AccountRepository, clock: Clock, hasher: PasswordHash | None = None
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._hasher = hasher or PasswordHash.recommended()
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))
        self._checks = threading.BoundedSemaphore(_CHECKS_AT_ONCE)
        # Unknown names lock as known ones do, or the lock would tell which names exist.
        self._unknown = FixedWindowRateLimiter(MemoryStorage())
        self._unknown_limit = parse(f"{FAILURES_ALLOWED}/{LOCK_LASTS.seconds} seconds")

    def add(self, login: str, name: str, licence: str, role: str, password: str) -> Staff:
        """Make an account.

        Raises:
            BadInput: a value is missing, too long or not allowed.
            LoginTaken: there is one with this login name.
        """
        stored = login_name(login)
        if stored is None:
            raise BadInput(_BAD_LOGIN)
        if not name.strip() or len(name.strip()) > 40:
            raise BadInput(_BAD_NAME)
        if len(licence.strip()) > 40:
            raise BadInput(_BAD_LICENCE)
        if role not in set(Role):
            raise BadInput(_BAD_ROLE)
        self._require_length(password)
        hashed = self._hasher.hash(password)
        return self._repository.add(stored, name.strip(), licence.strip(), Role(role), hashed)

    def ensure_first(self) -> tuple[str, str] | None:
        """Make the first administrator when there is no account; return login and password."""
        if not self._repository.is_empty():
            return None
        password = secrets.token_urlsafe(12)
        made = self._repository.add_first(
            "admin", "值班律师", "", Role.ADMIN, self._hasher.hash(password)
        )
        return None if made is None else (made.login, password)

    def authenticate(self, login: str, password: str) -> tuple[Staff, str]:
        """Return who this is and the token of a new session; only its hash is stored.

        Raises:
            NotSignedIn: the name or the password is wrong.
            LockedOut: there were too many wrong passwords for this name.
        """
        name = login_name(login)
        account = (
            None
            if name is None
            else self._repository.begin_attempt(name, FAILURES_ALLOWED, LOCK_LASTS)
        )
        if account is None:
            # The work is that of a real check, so that the time does not tell which names exist.
            self._check(password, self._decoy)
            if name is not None and self._repository.is_locked(name):
                raise LockedOut
            if not self._unknown.hit(self._unknown_limit, name or login[:40]):
                raise LockedOut
            raise NotSignedIn(_WRONG)
        if not self._check(password, account.password_hash):
            raise NotSignedIn(_WRONG)
        token = secrets.token_urlsafe(32)
        self._repository.open_session(account.person, token_hash(token), SESSION_LASTS)
        return account.person, token

    def change_password(self, login: str, present: str, new: str) -> None:
        """Replace a password its owner knows; every session of theirs ends.

        Raises:
            BadInput: the new password is too short, too long or the same.
            NotSignedIn, LockedOut: the present password is wrong, perhaps too often.
        """
        if new == present:
            raise BadInput(_SAME_PASSWORD)
        self._require_length(new)
        self.authenticate(login, present)
        self.set_password(login, new)

    def set_password(self, login: str, new: str) -> None:
        """Replace a password without knowing it: the operator's way, at the command line.

        Raises:
            BadInput: there is no such account, or the password's length is not allowed.
        """
        self._require_length(new)
        name = login_name(login)
        if name is None or self._repository.set_password(name, self._hasher.hash(new)) is None:
            raise BadInput(_NO_ACCOUNT)

    def _require_length(self, password: str) -> None:
        if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise BadInput(_BAD_PASSWORD)

    def _check(self, password: str, hashed: str) -> bool:
        with self._checks:
            return self._hasher.verify(password[: LONGEST_PASSWORD + 1], hashed)

    def session(self, token: str) -> Staff | None:
        """Return whose session a token opens; None when it expired, was revoked or never was."""
        return self._repository.session(token_hash(token))

    def revoke(self, token: str) -> None:
        """End one session; an unknown token is no error, the result is the same."""
        self._repository.revoke(token_hash(token))

    def revoke_all(self, staff_id: int) -> int:
        """End every session of a person, everywhere; return how many were open."""
        return self._repository.revoke_all(staff_id)
