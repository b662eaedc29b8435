"""Passwords, the lock after wrong ones, and sessions that end."""

from __future__ import annotations

import threading

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from bot.accounts.repository import AccountRepository
from bot.accounts.service import AccountService
from bot.domain.people import Role
from bot.errors import BadInput, LawbridgeError, LockedOut, LoginTaken, NotSignedIn
from bot.store.unit import Store
from tests.conftest import FixedClock

PASSWORD = "四个随意的词"


def quick(store: Store, clock: FixedClock) -> AccountService:
    """Accounts with the same algorithm at its lowest cost."""
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    return AccountService(AccountRepository(store, clock), clock, hasher)


@pytest.fixture
def accounts(store: Store, clock: FixedClock) -> AccountService:
    service = quick(store, clock)
    service.add("wang", "王敏", "15301202010123456", "lawyer", PASSWORD + "还要长")
    return service


def sign_in(accounts: AccountService, password: str = PASSWORD + "还要长") -> str:
    return accounts.authenticate("wang", password)[1]


def refused(accounts: AccountService, login: str, times: int) -> list[str]:
    found = []
    for _ in range(times):
        try:
            accounts.authenticate(login, "wrong password")
        except LawbridgeError as error:
            found.append(error.code)
    return found


def test_the_right_password_opens_a_session_of_this_person(accounts: AccountService) -> None:
    person, token = accounts.authenticate(" WANG ", PASSWORD + "还要长")
    assert person.name == "王敏"
    assert person.role is Role.LAWYER
    assert accounts.session(token) == person


def test_a_wrong_password_opens_nothing(accounts: AccountService) -> None:
    with pytest.raises(NotSignedIn, match="登录名或密码不对"):
        sign_in(accounts, "wrong password")


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(
    accounts: AccountService,
) -> None:
    assert refused(accounts, "wang", 10) == ["not_signed_in"] * 5 + ["locked_out"] * 5
    with pytest.raises(LockedOut):
        sign_in(accounts)


def test_the_lock_ends_after_fifteen_minutes(accounts: AccountService, clock: FixedClock) -> None:
    refused(accounts, "wang", 6)
    clock.advance(minutes=14, seconds=59)
    with pytest.raises(LockedOut):
        sign_in(accounts)
    clock.advance(seconds=2)
    assert accounts.session(sign_in(accounts)) is not None


def test_a_right_password_clears_the_failures_before_it(accounts: AccountService) -> None:
    for _ in range(3):
        assert refused(accounts, "wang", 4) == ["not_signed_in"] * 4
        assert sign_in(accounts)


def test_guesses_sent_all_at_once_are_counted_too(sqlite_store: Store, clock: FixedClock) -> None:
    accounts = quick(sqlite_store, clock)
    accounts.add("wang", "王敏", "", "lawyer", "correct horse")
    codes: list[str] = []
    threads = [
        threading.Thread(target=lambda: codes.extend(refused(accounts, "wang", 1)))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count("not_signed_in") == 5
    assert codes.count("locked_out") == 7


def test_an_unknown_name_is_answered_like_a_known_one(accounts: AccountService) -> None:
    assert refused(accounts, "nobody", 10) == refused(accounts, "wang", 10)


@pytest.mark.parametrize("login", ["", "a", "王敏", "a\x00b", "x" * 41, "a' OR 1=1 --"])
def test_a_name_that_no_account_can_have_is_refused(accounts: AccountService, login: str) -> None:
    with pytest.raises(NotSignedIn):
        accounts.authenticate(login, "wrong password")


def test_a_session_ends_after_twelve_hours(accounts: AccountService, clock: FixedClock) -> None:
    token = sign_in(accounts)
    clock.advance(hours=11, minutes=59)
    assert accounts.session(token) is not None
    clock.advance(minutes=2)
    assert accounts.session(token) is None


def test_a_revoked_session_no_longer_counts_and_the_others_do(accounts: AccountService) -> None:
    one, two = sign_in(accounts), sign_in(accounts)
    accounts.revoke(one)
    assert accounts.session(one) is None
    assert accounts.session(two) is not None


def test_signing_out_everywhere_ends_every_session_of_one_person(
    accounts: AccountService,
) -> None:
    accounts.add("li", "李强", "", "lawyer", "correct horse")
    other = accounts.authenticate("li", "correct horse")[1]
    person, one = accounts.authenticate("wang", PASSWORD + "还要长")
    two = sign_in(accounts)
    assert accounts.revoke_all(person.id) == 2
    assert accounts.session(one) is None
    assert accounts.session(two) is None
    assert accounts.session(other) is not None


def test_neither_passwords_nor_tokens_are_stored(accounts: AccountService, store: Store) -> None:
    token = sign_in(accounts)
    with store.read() as connection:
        rows = [
            repr(tuple(row))
            for table in ("staff", "staff_sessions", "audit")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert any("$argon2id$" in row for row in rows)
    assert not any(token in row or PASSWORD in row for row in rows)


def test_the_first_administrator_is_made_once(store: Store, clock: FixedClock) -> None:
    accounts = quick(store, clock)
    first = accounts.ensure_first()
    assert first is not None
    login, password = first
    person, _ = accounts.authenticate(login, password)
    assert person.role is Role.ADMIN
    assert person.may_receive
    assert len(password) >= 16
    assert accounts.ensure_first() is None


def test_two_processes_make_one_first_administrator(store: Store, clock: FixedClock) -> None:
    made: list[tuple[str, str] | None] = []
    services = [quick(store, clock) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda s=service: made.append(s.ensure_first()))
        for service in services
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one is None for one in made) == [False, True]


def test_a_login_name_is_given_once(accounts: AccountService) -> None:
    with pytest.raises(LoginTaken):
        accounts.add("Wang", "别人", "", "lawyer", "correct horse")


@pytest.mark.parametrize(
    ("login", "name", "licence", "role", "password"),
    [
        ("有空格 ", "王敏", "", "lawyer", "correct horse"),
        ("wang2", " ", "", "lawyer", "correct horse"),
        ("wang2", "王" * 41, "", "lawyer", "correct horse"),
        ("wang2", "王敏", "1" * 41, "lawyer", "correct horse"),
        ("wang2", "王敏", "", "judge", "correct horse"),
        ("wang2", "王敏", "", "lawyer", "short"),
        ("wang2", "王敏", "", "lawyer", "x" * 201),
    ],
)
def test_an_account_with_a_bad_value_is_not_made(
    accounts: AccountService, login: str, name: str, licence: str, role: str, password: str
) -> None:
    with pytest.raises(BadInput):
        accounts.add(login, name, licence, role, password)


def test_a_changed_password_ends_every_session(accounts: AccountService) -> None:
    accounts.add("li", "李律师", "", "lawyer", "correct horse")
    _, token = accounts.authenticate("li", "correct horse")
    accounts.change_password("li", "correct horse", "battery staple")
    assert accounts.session(token) is None
    assert accounts.authenticate("li", "battery staple")[0].login == "li"
    with pytest.raises(NotSignedIn):
        accounts.authenticate("li", "correct horse")


@pytest.mark.parametrize("new", ["short", "x" * 201, "correct horse"])
def test_a_bad_new_password_changes_nothing(accounts: AccountService, new: str) -> None:
    accounts.add("li", "李律师", "", "lawyer", "correct horse")
    with pytest.raises(BadInput):
        accounts.change_password("li", "correct horse", new)
    assert accounts.authenticate("li", "correct horse")[0].name == "李律师"


def test_the_operator_resets_a_forgotten_password_and_the_lock(accounts: AccountService) -> None:
    accounts.add("li", "李律师", "", "lawyer", "correct horse")
    for _ in range(6):
        with pytest.raises((NotSignedIn, LockedOut)):
            accounts.authenticate("li", "wrong")
    accounts.set_password("li", "battery staple")
    assert accounts.authenticate("li", "battery staple")[0].login == "li"
    with pytest.raises(BadInput):
        accounts.set_password("nobody", "battery staple")
