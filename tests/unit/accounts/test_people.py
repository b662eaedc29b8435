"""What an administrator may do with accounts, and what nobody may."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bot.accounts.service import CodeWanted
from bot.domain.people import Role, Staff
from bot.errors import BadInput, Forbidden, IllegalMove, LoginTaken, NotFound, NotSignedIn
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.unit.accounts.conftest import PASSWORD, Bureau, make_bureau

CHANGES: dict[str, Callable[[Bureau, Staff], object]] = {
    "everybody": lambda b, who: b.people.everybody(who),
    "get": lambda b, who: b.people.get(who, b.wang.id),
    "add": lambda b, who: b.people.add(who, "sun", "孙平", "", "lawyer"),
    "set_role": lambda b, who: b.people.set_role(who, b.wang.id, "admin"),
    "deactivate": lambda b, who: b.people.deactivate(who, b.admin.id),
    "activate": lambda b, who: b.people.activate(who, b.wang.id),
    "reset_password": lambda b, who: b.people.reset_password(who, b.admin.id),
    "clear_codes": lambda b, who: b.people.clear_codes(who, b.admin.id),
    "unlock": lambda b, who: b.people.unlock(who, b.wang.id),
    "end_sessions": lambda b, who: b.people.end_sessions(who, b.admin.id),
}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nobody_but_an_administrator_may(
    sqlite_store: Store,
    clock: FixedClock,
    change: Callable[[Bureau, Staff], object],
    role: Role,
) -> None:
    bureau = make_bureau(sqlite_store, clock)
    before = bureau.actions()
    with pytest.raises(Forbidden):
        change(bureau, Staff(bureau.wang.id, "wang", "王敏", "", role))
    assert bureau.actions() == before


@pytest.mark.parametrize("role", list(Role))
def test_every_role_can_be_given(bureau: Bureau, role: Role) -> None:
    made, password = bureau.people.add(bureau.admin, "sun", "孙平", "", role)
    person, _ = bureau.accounts.authenticate("sun", password)
    assert person == made
    assert person.role is role
    assert ("chen", "account_added", "sun") in bureau.actions()


def test_a_first_password_is_kept_nowhere_in_clear(bureau: Bureau) -> None:
    _, password = bureau.people.add(bureau.admin, "sun", "孙平", "", "lawyer")
    with bureau.store.read() as connection:
        rows = [
            repr(tuple(row))
            for table in ("staff", "audit")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert rows
    assert not any(password in row for row in rows)


@pytest.mark.parametrize("login", ["visitor", "system", "operator", "Visitor"])
def test_nobody_takes_the_name_of_an_actor_that_is_no_account(bureau: Bureau, login: str) -> None:
    with pytest.raises(BadInput, match="留给系统"):
        bureau.people.add(bureau.admin, login, "孙平", "", "lawyer")


def test_a_taken_login_and_an_unknown_role_are_refused(bureau: Bureau) -> None:
    with pytest.raises(LoginTaken):
        bureau.people.add(bureau.admin, "wang", "孙平", "", "lawyer")
    with pytest.raises(BadInput, match="没有这个角色"):
        bureau.people.add(bureau.admin, "sun", "孙平", "", "judge")
    with pytest.raises(BadInput, match="没有这个角色"):
        bureau.people.set_role(bureau.admin, bureau.wang.id, "judge")


def test_a_new_role_counts_at_once_in_an_open_session(bureau: Bureau) -> None:
    _, token = bureau.accounts.authenticate("wang", PASSWORD)
    bureau.people.set_role(bureau.admin, bureau.wang.id, "supervisor")
    person = bureau.accounts.session(token)
    assert person is not None
    assert person.role is Role.SUPERVISOR
    assert ("chen", "role_set.supervisor", "wang") in bureau.actions()


def test_the_same_role_again_is_no_change(bureau: Bureau) -> None:
    before = bureau.actions()
    bureau.people.set_role(bureau.admin, bureau.wang.id, "lawyer")
    bureau.people.activate(bureau.admin, bureau.wang.id)
    bureau.people.unlock(bureau.admin, bureau.wang.id)
    assert bureau.actions() == before


def test_deactivating_ends_the_sessions_at_once_and_bars_the_door(bureau: Bureau) -> None:
    _, token = bureau.accounts.authenticate("wang", PASSWORD)
    bureau.people.deactivate(bureau.admin, bureau.wang.id)
    assert bureau.accounts.session(token) is None
    with pytest.raises(NotSignedIn):
        bureau.accounts.authenticate("wang", PASSWORD)
    bureau.people.activate(bureau.admin, bureau.wang.id)
    assert bureau.accounts.session(token) is None
    assert bureau.accounts.authenticate("wang", PASSWORD)
    assert [row for row in bureau.actions() if row[0] == "chen"] == [
        ("chen", "account_deactivated", "wang"),
        ("chen", "account_activated", "wang"),
    ]


def test_the_last_administrator_can_be_neither_deactivated_nor_demoted(bureau: Bureau) -> None:
    for change in (
        lambda: bureau.people.deactivate(bureau.admin, bureau.admin.id),
        lambda: bureau.people.set_role(bureau.admin, bureau.admin.id, "lawyer"),
    ):
        with pytest.raises(IllegalMove, match="最后一个"):
            change()
    second, _ = bureau.people.add(bureau.admin, "sun", "孙平", "", "admin")
    bureau.people.deactivate(second, bureau.admin.id)
    with pytest.raises(IllegalMove, match="最后一个"):
        bureau.people.set_role(second, second.id, "officer")


def test_a_deactivated_administrator_is_no_administrator_to_fall_back_on(bureau: Bureau) -> None:
    second, _ = bureau.people.add(bureau.admin, "sun", "孙平", "", "admin")
    bureau.people.deactivate(bureau.admin, second.id)
    with pytest.raises(IllegalMove):
        bureau.people.deactivate(bureau.admin, bureau.admin.id)
    bureau.people.set_role(bureau.admin, second.id, "lawyer")
    assert bureau.people.get(bureau.admin, second.id).staff.role is Role.LAWYER


def test_two_administrators_cannot_remove_each_other_at_once(bureau: Bureau) -> None:
    for round_ in range(5):
        second, _ = bureau.people.add(bureau.admin, f"sun{round_}", "孙平", "", "admin")
        barrier = threading.Barrier(2)
        refused: list[IllegalMove] = []

        def remove(
            actor: Staff, other: Staff, barrier: threading.Barrier, refused: list[IllegalMove]
        ) -> None:
            barrier.wait()
            try:
                bureau.people.deactivate(actor, other.id)
            except IllegalMove as error:
                refused.append(error)

        pairs = ((bureau.admin, second), (second, bureau.admin))
        threads = [
            threading.Thread(target=remove, args=(*pair, barrier, refused)) for pair in pairs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        active = [
            person.staff
            for person in bureau.people.everybody(bureau.admin)
            if person.active and person.staff.role is Role.ADMIN
        ]
        assert (len(active), len(refused)) == (1, 1)
        bureau.admin = active[0]


def test_a_reset_password_ends_the_old_one_and_every_session(bureau: Bureau) -> None:
    _, token = bureau.accounts.authenticate("wang", PASSWORD)
    password = bureau.people.reset_password(bureau.admin, bureau.wang.id)
    assert bureau.accounts.session(token) is None
    with pytest.raises(NotSignedIn):
        bureau.accounts.authenticate("wang", PASSWORD)
    assert bureau.accounts.authenticate("wang", password)[0] == bureau.wang
    assert ("chen", "password_reset", "wang") in bureau.actions()


def test_a_lost_telephone_is_cleared_by_the_administrator(bureau: Bureau) -> None:
    bureau.enrol(bureau.wang)
    assert bureau.people.get(bureau.admin, bureau.wang.id).has_codes
    bureau.people.clear_codes(bureau.admin, bureau.wang.id)
    assert bureau.accounts.authenticate("wang", PASSWORD)[0] == bureau.wang
    assert ("chen", "codes_cleared", "wang") in bureau.actions()


def test_a_reset_password_does_not_turn_codes_off(bureau: Bureau) -> None:
    bureau.enrol(bureau.wang)
    password = bureau.people.reset_password(bureau.admin, bureau.wang.id)
    with pytest.raises(CodeWanted):
        bureau.accounts.authenticate("wang", password)


def test_a_session_left_open_cannot_strip_its_own_account(bureau: Bureau) -> None:
    bureau.enrol(bureau.admin)
    with pytest.raises(BadInput, match="我的账号"):
        bureau.people.clear_codes(bureau.admin, bureau.admin.id)
    with pytest.raises(BadInput, match="我的账号"):
        bureau.people.reset_password(bureau.admin, bureau.admin.id)
    assert bureau.accounts.has_codes(bureau.admin)


def test_unlocking_lets_the_right_password_in(bureau: Bureau) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            bureau.accounts.authenticate("wang", "wrong password")
    assert bureau.people.get(bureau.admin, bureau.wang.id).locked_until is not None
    bureau.people.unlock(bureau.admin, bureau.wang.id)
    assert bureau.people.get(bureau.admin, bureau.wang.id).locked_until is None
    assert bureau.accounts.authenticate("wang", PASSWORD)
    assert ("chen", "account_unlocked", "wang") in bureau.actions()


def test_a_lock_that_is_over_is_not_shown(bureau: Bureau) -> None:
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            bureau.accounts.authenticate("wang", "wrong password")
    bureau.clock.advance(minutes=16)
    assert bureau.people.get(bureau.admin, bureau.wang.id).locked_until is None


def test_the_administrator_ends_somebodys_sessions(bureau: Bureau) -> None:
    tokens = [bureau.accounts.authenticate("wang", PASSWORD)[1] for _ in range(2)]
    assert bureau.people.get(bureau.admin, bureau.wang.id).sessions == 2
    assert bureau.people.end_sessions(bureau.admin, bureau.wang.id) == 2
    assert [bureau.accounts.session(token) for token in tokens] == [None, None]
    assert bureau.people.get(bureau.admin, bureau.wang.id).sessions == 0
    assert ("chen", "sessions_ended", "wang") in bureau.actions()


def test_an_account_that_is_not_there_is_not_found(bureau: Bureau) -> None:
    for change in (
        bureau.people.get,
        bureau.people.deactivate,
        bureau.people.activate,
        bureau.people.reset_password,
        bureau.people.clear_codes,
        bureau.people.unlock,
        bureau.people.end_sessions,
    ):
        with pytest.raises(NotFound):
            change(bureau.admin, 999_999)


def test_accounts_in_use_come_first(bureau: Bureau) -> None:
    made, _ = bureau.people.add(bureau.admin, "an", "安宁", "", "lawyer")
    bureau.people.deactivate(bureau.admin, made.id)
    listed = [(p.staff.login, p.active) for p in bureau.people.everybody(bureau.admin)]
    assert listed == [("chen", True), ("wang", True), ("an", False)]
