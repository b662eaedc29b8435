"""What an administrator may do with other people's accounts."""

from __future__ import annotations

from bot.accounts.passwords import generated
from bot.accounts.people.repository import PeopleRepository, Person
from bot.accounts.service import AccountService
from bot.domain.people import Role, Staff
from bot.errors import BadInput, Forbidden

_NOT_ALLOWED = "只有管理员可以管理账号。"
_BAD_ROLE = "没有这个角色，请从列表里选一个。"
_OWN_PASSWORD = "自己的密码请在“我的账号”里修改，那里要先输入现在的密码。"
_OWN_CODES = "自己的登录验证码请在“我的账号”里关闭，那里要先输入密码和验证码。"


class PeopleService:
    def __init__(self, repository: PeopleRepository, accounts: AccountService) -> None:
        self._repository = repository
        self._accounts = accounts

    def everybody(self, admin: Staff) -> list[Person]:
        """Return all accounts, those in use first.

        Raises:
            Forbidden: the asker is no administrator.
        """
        _require(admin)
        return self._repository.everybody()

    def get(self, admin: Staff, staff_id: int) -> Person:
        """Return one account.

        Raises:
            Forbidden: the asker is no administrator.
            NotFound: there is none with this number.
        """
        _require(admin)
        return self._repository.get(staff_id)

    def add(
        self, admin: Staff, login: str, name: str, licence: str, role: str
    ) -> tuple[Staff, str]:
        """Make an account; return it with its first password, which is kept nowhere in clear.

        Raises:
            Forbidden: the asker is no administrator.
            BadInput, LoginTaken: a value is not allowed, or the login name is taken.
        """
        _require(admin)
        _role(role)
        password = generated()
        made = self._accounts.add(login, name, licence, role, password, admin.login)
        return made, password

    def set_role(self, admin: Staff, staff_id: int, role: str) -> None:
        """Give another role; sessions go on with it at once.

        Raises:
            Forbidden: the asker is no administrator.
            BadInput: there is no such role.
            NotFound, IllegalMove: no such account, or it is the last administrator's.
        """
        _require(admin)
        self._repository.set_role(admin.login, staff_id, _role(role))

    def deactivate(self, admin: Staff, staff_id: int) -> None:
        """Close an account and end its sessions.

        Raises:
            Forbidden: the asker is no administrator.
            NotFound, IllegalMove: no such account, or it is the last administrator's.
        """
        _require(admin)
        self._repository.deactivate(admin.login, staff_id)

    def activate(self, admin: Staff, staff_id: int) -> None:
        """Open a closed account again.

        Raises:
            Forbidden: the asker is no administrator.
            NotFound: there is no such account.
        """
        _require(admin)
        self._repository.activate(admin.login, staff_id)

    def reset_password(self, admin: Staff, staff_id: int) -> str:
        """Give a new password, return it, and end the person's sessions.

        Raises:
            Forbidden: the asker is no administrator.
            BadInput: it is the asker's own account.
            NotFound: there is no such account.
        """
        person = self._other(admin, staff_id, _OWN_PASSWORD)
        password = generated()
        self._accounts.set_password(person.login, password, admin.login)
        return password

    def clear_codes(self, admin: Staff, staff_id: int) -> None:
        """Turn one-time codes off for somebody who lost their authenticator.

        Raises:
            Forbidden: the asker is no administrator.
            BadInput: it is the asker's own account, or it has no codes.
            NotFound: there is no such account.
        """
        person = self._other(admin, staff_id, _OWN_CODES)
        self._accounts.clear_codes(person.login, admin.login)

    def unlock(self, admin: Staff, staff_id: int) -> None:
        """Lift the lock after wrong passwords or codes.

        Raises:
            Forbidden: the asker is no administrator.
            NotFound: there is no such account.
        """
        _require(admin)
        self._repository.unlock(admin.login, staff_id)

    def end_sessions(self, admin: Staff, staff_id: int) -> int:
        """End a person's sessions everywhere; return how many were open.

        Raises:
            Forbidden: the asker is no administrator.
            NotFound: there is no such account.
        """
        _require(admin)
        return self._repository.end_sessions(admin.login, staff_id)

    def _other(self, admin: Staff, staff_id: int, refusal: str) -> Staff:
        """Return somebody else's account: a stolen session must not strip its own protection."""
        _require(admin)
        person = self._repository.get(staff_id).staff
        if person.id == admin.id:
            raise BadInput(refusal)
        return person


def _require(admin: Staff) -> None:
    if admin.role is not Role.ADMIN:
        raise Forbidden(_NOT_ALLOWED)


def _role(value: str) -> Role:
    try:
        return Role(value)
    except ValueError as error:
        raise BadInput(_BAD_ROLE) from error
