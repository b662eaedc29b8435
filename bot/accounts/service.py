"""Who somebody is: passwords, one-time codes, sessions, and the lock after wrong ones."""

from __future__ import annotations

import datetime as dt
import secrets

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from pwdlib import PasswordHash

from bot.accounts import totp
from bot.accounts.passwords import Passwords
from bot.accounts.repository import OPERATOR, Account, AccountRepository
from bot.accounts.schemas import RESERVED, Enrolment, OpenSession, login_name
from bot.accounts.tickets import Tickets, state_of
from bot.accounts.wording import load_wording
from bot.domain.clock import Clock
from bot.domain.people import Role, Staff
from bot.errors import BadInput, LockedOut, NotSignedIn
from bot.store.crypto import token_hash

SESSION_LASTS = dt.timedelta(hours=12)
FAILURES_ALLOWED = 5
LOCK_LASTS = dt.timedelta(minutes=15)

_WRONG = "登录名或密码不对。"
_WRONG_CODE = "验证码不对，或已经用过。请等验证器换成下一个，再输入。"
_TOO_LATE = "两步之间隔得太久，请重新输入密码。"
_BAD_LOGIN = "登录名须为 2 至 40 个小写字母、数字或 _ . @ -，以字母或数字开头。"
_RESERVED = "这个登录名留给系统用，请换一个。"
_BAD_NAME = "请填写姓名（不超过 40 个字）。"
_BAD_LICENCE = "执业证号不能超过 40 个字。"
_BAD_ROLE = f"角色只能是 {'、'.join(Role)} 之一。"
_SAME_PASSWORD = "新密码不能和现在的密码一样。"
_NO_ACCOUNT = "没有这个登录名的账号。"
_CODES_ON = "登录验证码已经开启。"
_CODES_NOT_ON = "登录验证码没有开启。"
_ENROL_AGAIN = "这一页打开太久了，请重新开始。"


class CodeWanted(Exception):
    """The password was right and the account wants a code too; the ticket goes on from here."""

    def __init__(self, ticket: str) -> None:
        super().__init__()
        self.ticket = ticket


class TicketOver(NotSignedIn):
    """The second step cannot go on: the first one is too long ago or no longer counts."""


class AccountService:
    """``hasher`` is Argon2 at the recommended cost unless given."""

    def __init__(
        self, repository: AccountRepository, clock: Clock, hasher: PasswordHash | None = None
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._passwords = Passwords(hasher)
        self._tickets = Tickets(repository.cipher, clock)
        # Unknown names lock as known ones do, or the lock would tell which names exist.
        self._unknown = FixedWindowRateLimiter(MemoryStorage())
        self._unknown_limit = parse(f"{FAILURES_ALLOWED}/{LOCK_LASTS.seconds} seconds")

    # --- accounts -----------------------------------------------------------------------------

    def add(
        self,
        login: str,
        name: str,
        licence: str,
        role: str,
        password: str,
        actor: str = OPERATOR,
    ) -> Staff:
        """Make an account.

        Raises:
            BadInput: a value is missing, too long or not allowed.
            LoginTaken: there is one with this login name.
        """
        stored = login_name(login)
        if stored is None:
            raise BadInput(_BAD_LOGIN)
        if stored in RESERVED:
            raise BadInput(_RESERVED)
        if not name.strip() or len(name.strip()) > 40:
            raise BadInput(_BAD_NAME)
        if len(licence.strip()) > 40:
            raise BadInput(_BAD_LICENCE)
        if role not in set(Role):
            raise BadInput(_BAD_ROLE)
        hashed = self._passwords.hashed(password)
        return self._repository.add(
            stored, name.strip(), licence.strip(), Role(role), hashed, actor
        )

    def ensure_first(self) -> tuple[str, str] | None:
        """Make the first administrator when there is no account; return login and password."""
        if not self._repository.is_empty():
            return None
        password = secrets.token_urlsafe(12)
        made = self._repository.add_first(
            "admin", "值班律师", "", Role.ADMIN, self._passwords.hashed(password)
        )
        return None if made is None else (made.login, password)

    # --- signing in ---------------------------------------------------------------------------

    def authenticate(self, login: str, password: str, device: str = "") -> tuple[Staff, str]:
        """Return who this is and the token of a new session; only its hash is stored.

        Raises:
            NotSignedIn: the name or the password is wrong.
            LockedOut: there were too many wrong passwords or codes for this name.
            CodeWanted: the password is right and the account has one-time codes.
        """
        account = self._prove(login, password)
        if account.secret is not None:
            self._repository.take_back(account, FAILURES_ALLOWED)
            state = state_of(account.password_hash, account.last_step)
            raise CodeWanted(self._tickets.half_way(account.person.login, state))
        return self._open(account, device, None, _WRONG)

    def finish(self, ticket: str, code: str, device: str = "") -> tuple[Staff, str]:
        """Take the second step: return who this is and the token of a new session.

        Raises:
            TicketOver: the password has to be given again.
            NotSignedIn: the code is wrong or was used before.
            LockedOut: there were too many wrong passwords or codes for this name.
        """
        login = self.half_way(ticket)
        account = self._repository.begin_attempt(login, FAILURES_ALLOWED, LOCK_LASTS)
        if account is None:
            raise LockedOut if self._repository.is_locked(login) else TicketOver(_TOO_LATE)
        step = self._step(account, code)
        return self._open(account, device, step, _WRONG_CODE)

    def half_way(self, ticket: str) -> str:
        """Return the login name of a ticket that still counts.

        Raises:
            TicketOver: it is old, forged, or the account changed since.
        """
        held = self._tickets.read(ticket)
        account = None if held is None else self._repository.find(held.login)
        if (
            held is None
            or account is None
            or account.secret is None
            or held.state != state_of(account.password_hash, account.last_step)
        ):
            raise TicketOver(_TOO_LATE)
        return held.login

    def _prove(self, login: str, password: str) -> Account:
        """Return the account whose password this is; the attempt is counted as a failure yet.

        Raises:
            NotSignedIn, LockedOut: as ``authenticate``.
        """
        name = login_name(login)
        account = (
            None
            if name is None
            else self._repository.begin_attempt(name, FAILURES_ALLOWED, LOCK_LASTS)
        )
        if account is None:
            # The work is that of a real check, so that the time does not tell which names exist.
            self._passwords.fits(password, None)
            if name is not None and self._repository.is_locked(name):
                raise LockedOut
            if not self._unknown.hit(self._unknown_limit, name or login[:40]):
                raise LockedOut
            raise NotSignedIn(_WRONG)
        if not self._passwords.fits(password, account.password_hash):
            raise NotSignedIn(_WRONG)
        return account

    def _step(self, account: Account, code: str) -> int:
        """Return the step of a right code.

        Raises:
            NotSignedIn: it is wrong or was used before.
        """
        assert account.secret is not None
        step = totp.matching_step(account.secret, code, self._clock.now(), account.last_step)
        if step is None:
            raise NotSignedIn(_WRONG_CODE)
        return step

    def _open(
        self, account: Account, device: str, step: int | None, refusal: str
    ) -> tuple[Staff, str]:
        token = secrets.token_urlsafe(32)
        opened = self._repository.open_session(
            account, token_hash(token), SESSION_LASTS, device, step
        )
        if not opened:
            # Deactivated, changed or used by another request between checking and opening.
            raise NotSignedIn(refusal)
        return account.person, token

    # --- passwords ----------------------------------------------------------------------------

    def change_password(self, login: str, present: str, new: str) -> None:
        """Replace a password its owner knows; every session of theirs ends.

        Raises:
            BadInput: the new password is too short, too long or the same.
            NotSignedIn, LockedOut: the present password is wrong, perhaps too often.
        """
        if new == present:
            raise BadInput(_SAME_PASSWORD)
        hashed = self._passwords.hashed(new)
        account = self._prove(login, present)
        self._repository.set_password(account.person.login, hashed)

    def set_password(self, login: str, new: str, actor: str = OPERATOR) -> None:
        """Replace a password without knowing it: an administrator's or the operator's way.

        Raises:
            BadInput: there is no such account, or the password's length is not allowed.
        """
        hashed = self._passwords.hashed(new)
        name = login_name(login)
        if name is None or not self._repository.set_password(name, hashed, actor):
            raise BadInput(_NO_ACCOUNT)

    # --- one-time codes -----------------------------------------------------------------------

    def has_codes(self, person: Staff) -> bool:
        """Say whether this person gives a code when signing in."""
        return self._repository.has_codes(person.id)

    def begin_codes(self, person: Staff, sealed: str = "") -> Enrolment:
        """Return a secret to be put into an authenticator: a fresh one, or that of ``sealed``."""
        secret = self._tickets.secret_of(person.login, sealed) if sealed else None
        secret = secret or totp.new_secret()
        return Enrolment(
            totp.in_groups(secret),
            totp.link(secret, load_wording().say("issuer"), person.login),
            self._tickets.enrolment(person.login, secret),
        )

    def confirm_codes(self, person: Staff, sealed: str, code: str) -> None:
        """Turn codes on, the authenticator having shown that it holds the secret.

        Raises:
            BadInput: the code is wrong, the page is too old, or codes are on already.
        """
        secret = self._tickets.secret_of(person.login, sealed)
        if secret is None:
            raise BadInput(_ENROL_AGAIN)
        step = totp.matching_step(secret, code, self._clock.now(), 0)
        if step is None:
            raise BadInput(_WRONG_CODE)
        if not self._repository.turn_codes_on(person, secret, step):
            raise BadInput(_CODES_ON)

    def turn_codes_off(self, person: Staff, password: str, code: str) -> None:
        """Sign in without codes from now on.

        Raises:
            BadInput: they are off already.
            NotSignedIn, LockedOut: the password or the code is wrong, perhaps too often.
        """
        if not self.has_codes(person):
            raise BadInput(_CODES_NOT_ON)
        account = self._prove(person.login, password)
        if account.secret is None:
            raise BadInput(_CODES_NOT_ON)
        if not self._repository.turn_codes_off(account, self._step(account, code)):
            raise NotSignedIn(_WRONG_CODE)

    def clear_codes(self, login: str, actor: str = OPERATOR) -> None:
        """Turn codes off for somebody who lost their authenticator.

        Raises:
            BadInput: there is no such account, or it has no codes.
        """
        name = login_name(login)
        if name is None or not self._repository.clear_codes(name, actor):
            raise BadInput(_CODES_NOT_ON)

    # --- sessions -----------------------------------------------------------------------------

    def session(self, token: str) -> Staff | None:
        """Return whose session a token opens; None when it expired, was revoked or never was."""
        return self._repository.session(token_hash(token))

    def sessions(self, person: Staff, token: str) -> list[OpenSession]:
        """Return where this person is signed in, newest first; ``token`` marks this device."""
        return self._repository.sessions_of(person.id, token_hash(token))

    def revoke(self, token: str) -> None:
        """End one session; an unknown token is no error, the result is the same."""
        self._repository.revoke(token_hash(token))

    def revoke_one(self, person: Staff, key: str) -> None:
        """End one of a person's own sessions, named as on the page; ending twice is no error."""
        self._repository.revoke_one(person.id, key)

    def revoke_others(self, person: Staff, token: str) -> int:
        """End a person's sessions on all other devices; return how many were open."""
        return self._repository.revoke_others(person.id, token_hash(token))

    def revoke_all(self, staff_id: int) -> int:
        """End every session of a person, everywhere; return how many were open."""
        return self._repository.revoke_all(staff_id)
