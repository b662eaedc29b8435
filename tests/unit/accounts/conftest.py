"""Accounts with the real algorithm at its lowest cost, and a telephone that makes codes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from bot.accounts import totp
from bot.accounts.people.repository import PeopleRepository
from bot.accounts.people.service import PeopleService
from bot.accounts.repository import AccountRepository
from bot.accounts.service import AccountService
from bot.accounts.trail.repository import TrailRepository
from bot.accounts.trail.service import TrailService
from bot.domain.people import Staff
from bot.store.unit import Store
from tests.conftest import FixedClock

PASSWORD = "correct horse"


@dataclass
class Telephone:
    """An authenticator: it holds a secret and shows the code of the moment."""

    secret: str
    clock: FixedClock

    def code(self, steps: int = 0) -> str:
        return totp.code_at(self.secret, totp.step_at(self.clock.now()) + steps)

    def wrong(self) -> str:
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(code for code in (f"{n:06d}" for n in range(10)) if code not in near)


@dataclass
class Bureau:
    """The accounts of one office: an administrator, a lawyer, and the audit trail."""

    store: Store
    clock: FixedClock
    accounts: AccountService
    people: PeopleService
    trail: TrailService
    admin: Staff
    wang: Staff

    def enrol(self, person: Staff) -> Telephone:
        """Turn codes on for somebody; the code that confirmed it is used up."""
        begun = self.accounts.begin_codes(person)
        telephone = Telephone(begun.groups.replace(" ", ""), self.clock)
        self.accounts.confirm_codes(person, begun.sealed, telephone.code())
        self.clock.advance(seconds=30)
        return telephone

    def actions(self) -> list[tuple[str, str, str]]:
        with self.store.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT actor, action, subject FROM audit ORDER BY id"
            )
            return [tuple(row) for row in rows]


def make_bureau(store: Store, clock: FixedClock) -> Bureau:
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    accounts = AccountService(AccountRepository(store, clock), clock, hasher)
    return Bureau(
        store,
        clock,
        accounts,
        PeopleService(PeopleRepository(store, clock), accounts),
        TrailService(TrailRepository(store)),
        accounts.add("chen", "陈主任", "", "admin", PASSWORD),
        accounts.add("wang", "王敏", "15301202010123456", "lawyer", PASSWORD),
    )


@pytest.fixture
def bureau(store: Store, clock: FixedClock) -> Bureau:
    return make_bureau(store, clock)
