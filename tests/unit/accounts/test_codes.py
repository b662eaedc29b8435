"""Signing in with a one-time code: both steps, the lock, and what cannot be replayed."""

from __future__ import annotations

import threading

import pytest

from bot.accounts.service import CodeWanted, TicketOver
from bot.domain.people import Staff
from bot.errors import BadInput, LawbridgeError, LockedOut, NotSignedIn
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.unit.accounts.conftest import PASSWORD, Bureau, make_bureau


def first_step(bureau: Bureau, login: str = "wang", password: str = PASSWORD) -> str:
    with pytest.raises(CodeWanted) as wanted:
        bureau.accounts.authenticate(login, password)
    return wanted.value.ticket


def open_sessions(bureau: Bureau, person: Staff) -> int:
    return len(bureau.accounts.sessions(person, ""))


def test_no_session_exists_before_both_are_right(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    ticket = first_step(bureau)
    assert open_sessions(bureau, bureau.wang) == 0
    assert bureau.accounts.session(ticket) is None
    person, token = bureau.accounts.finish(ticket, telephone.code())
    assert person == bureau.wang
    assert bureau.accounts.session(token) == bureau.wang


def test_an_account_without_codes_signs_in_as_before(bureau: Bureau) -> None:
    bureau.enrol(bureau.wang)
    person, token = bureau.accounts.authenticate("chen", PASSWORD)
    assert bureau.accounts.session(token) == person


def test_a_wrong_password_never_comes_to_the_code(bureau: Bureau) -> None:
    bureau.enrol(bureau.wang)
    with pytest.raises(NotSignedIn, match="登录名或密码不对"):
        bureau.accounts.authenticate("wang", "wrong password")


def test_a_code_is_good_once(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    code = telephone.code()
    bureau.accounts.finish(first_step(bureau), code)
    with pytest.raises(NotSignedIn, match="已经用过"):
        bureau.accounts.finish(first_step(bureau), code)
    bureau.clock.advance(seconds=30)
    assert bureau.accounts.finish(first_step(bureau), telephone.code())


def test_the_code_that_turned_codes_on_is_used_up(bureau: Bureau) -> None:
    begun = bureau.accounts.begin_codes(bureau.wang)
    telephone = bureau.enrol(bureau.admin)
    telephone.secret = begun.groups.replace(" ", "")
    bureau.accounts.confirm_codes(bureau.wang, begun.sealed, telephone.code())
    with pytest.raises(NotSignedIn):
        bureau.accounts.finish(first_step(bureau), telephone.code())


def test_a_ticket_is_good_once_and_for_five_minutes(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    used = first_step(bureau)
    bureau.accounts.finish(used, telephone.code())
    bureau.clock.advance(seconds=30)
    with pytest.raises(TicketOver):
        bureau.accounts.finish(used, telephone.code())
    old = first_step(bureau)
    bureau.clock.advance(minutes=5)
    with pytest.raises(TicketOver):
        bureau.accounts.finish(old, telephone.code())


def test_a_ticket_dies_with_the_password_the_account_and_the_codes(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    before = first_step(bureau)
    bureau.accounts.set_password("wang", "battery staple")
    with pytest.raises(TicketOver):
        bureau.accounts.finish(before, telephone.code())
    before = first_step(bureau, password="battery staple")
    bureau.people.deactivate(bureau.admin, bureau.wang.id)
    with pytest.raises(TicketOver):
        bureau.accounts.finish(before, telephone.code())
    bureau.people.activate(bureau.admin, bureau.wang.id)
    bureau.people.clear_codes(bureau.admin, bureau.wang.id)
    with pytest.raises(TicketOver):
        bureau.accounts.finish(before, telephone.code())


@pytest.mark.parametrize("ticket", ["", "forged", "gAAAAABm", "中文"])
def test_a_forged_ticket_goes_nowhere(bureau: Bureau, ticket: str) -> None:
    telephone = bureau.enrol(bureau.wang)
    with pytest.raises(TicketOver):
        bureau.accounts.finish(ticket, telephone.code())


def test_an_enrolment_is_no_ticket(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    sealed = bureau.accounts.begin_codes(bureau.wang).sealed
    with pytest.raises(TicketOver):
        bureau.accounts.finish(sealed, telephone.code())


def test_five_wrong_codes_lock_the_account_even_for_the_right_one(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    ticket = first_step(bureau)
    for _ in range(5):
        with pytest.raises(NotSignedIn, match="验证码不对"):
            bureau.accounts.finish(ticket, telephone.wrong())
    with pytest.raises(LockedOut):
        bureau.accounts.finish(ticket, telephone.code())
    assert ("wang", "login_attempts_used_up", "wang") in bureau.actions()


def test_a_locked_account_does_not_tell_whether_the_password_was_right(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    ticket = first_step(bureau)
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            bureau.accounts.finish(ticket, telephone.wrong())
    said = []
    for password in (PASSWORD, "wrong password"):
        with pytest.raises(LawbridgeError) as refused:
            bureau.accounts.authenticate("wang", password)
        said.append((type(refused.value), refused.value.detail))
    assert said[0] == said[1]
    assert said[0][0] is LockedOut


def test_giving_the_password_again_brings_no_fresh_guesses_of_the_code(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    for _ in range(5):
        ticket = first_step(bureau)
        with pytest.raises(NotSignedIn, match="验证码不对"):
            bureau.accounts.finish(ticket, telephone.wrong())
    with pytest.raises(LockedOut):
        bureau.accounts.authenticate("wang", PASSWORD)


def test_passwords_and_codes_are_counted_together(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    for _ in range(4):
        with pytest.raises(NotSignedIn):
            bureau.accounts.authenticate("wang", "wrong password")
    # The fifth attempt is the last one allowed, and the right password does not use it up.
    ticket = first_step(bureau)
    with pytest.raises(NotSignedIn, match="验证码不对"):
        bureau.accounts.finish(ticket, telephone.wrong())
    with pytest.raises(LockedOut):
        bureau.accounts.finish(ticket, telephone.code())


def test_an_abandoned_second_step_is_no_failure(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    tickets = [first_step(bureau) for _ in range(8)]
    assert bureau.accounts.finish(tickets[0], telephone.code())


def test_a_right_code_clears_the_failures_before_it(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    for _ in range(3):
        ticket = first_step(bureau)
        for _ in range(4):
            with pytest.raises(NotSignedIn, match="验证码不对"):
                bureau.accounts.finish(ticket, telephone.wrong())
        assert bureau.accounts.finish(ticket, telephone.code())
        bureau.clock.advance(seconds=30)


def test_one_code_sent_many_times_at_once_opens_one_session(
    store: Store, clock: FixedClock
) -> None:
    bureau = make_bureau(store, clock)
    telephone = bureau.enrol(bureau.wang)
    tickets = [first_step(bureau) for _ in range(4)]
    code = telephone.code()
    opened: list[str] = []
    refused: list[LawbridgeError] = []

    def enter(ticket: str) -> None:
        try:
            opened.append(bureau.accounts.finish(ticket, code)[1])
        except LawbridgeError as error:
            refused.append(error)

    threads = [threading.Thread(target=enter, args=(ticket,)) for ticket in tickets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), len(refused)) == (1, 3)
    assert open_sessions(bureau, bureau.wang) == 1


def test_guesses_of_the_code_sent_all_at_once_are_counted_too(
    store: Store, clock: FixedClock
) -> None:
    bureau = make_bureau(store, clock)
    telephone = bureau.enrol(bureau.wang)
    ticket = first_step(bureau)
    codes: list[str] = []

    def guess() -> None:
        try:
            bureau.accounts.finish(ticket, telephone.wrong())
        except LawbridgeError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count("not_signed_in") == 5
    assert codes.count("locked_out") == 7


# Enrolment


def test_codes_are_on_only_after_one_right_code(bureau: Bureau) -> None:
    begun = bureau.accounts.begin_codes(bureau.wang)
    assert not bureau.accounts.has_codes(bureau.wang)
    with pytest.raises(BadInput, match="验证码不对"):
        bureau.accounts.confirm_codes(bureau.wang, begun.sealed, "000000")
    assert not bureau.accounts.has_codes(bureau.wang)
    bureau.enrol(bureau.wang)
    assert bureau.accounts.has_codes(bureau.wang)
    assert ("wang", "codes_on", "wang") in bureau.actions()


def test_the_secret_stays_the_same_after_a_wrong_code(bureau: Bureau) -> None:
    begun = bureau.accounts.begin_codes(bureau.wang)
    again = bureau.accounts.begin_codes(bureau.wang, begun.sealed)
    assert again.groups == begun.groups
    assert bureau.accounts.begin_codes(bureau.wang).groups != begun.groups


def test_a_secret_shown_to_one_person_is_not_anothers(bureau: Bureau) -> None:
    begun = bureau.accounts.begin_codes(bureau.admin)
    assert bureau.accounts.begin_codes(bureau.wang, begun.sealed).groups != begun.groups
    with pytest.raises(BadInput, match="重新开始"):
        bureau.accounts.confirm_codes(bureau.wang, begun.sealed, "000000")


def test_an_enrolment_page_left_open_too_long_has_to_begin_again(bureau: Bureau) -> None:
    begun = bureau.accounts.begin_codes(bureau.wang)
    bureau.clock.advance(minutes=15)
    with pytest.raises(BadInput, match="重新开始"):
        bureau.accounts.confirm_codes(bureau.wang, begun.sealed, "000000")


def test_a_second_enrolment_does_not_replace_the_first(bureau: Bureau) -> None:
    begun = bureau.accounts.begin_codes(bureau.wang)
    telephone = bureau.enrol(bureau.wang)
    other = bureau.enrol(bureau.admin)
    other.secret = begun.groups.replace(" ", "")
    with pytest.raises(BadInput, match="已经开启"):
        bureau.accounts.confirm_codes(bureau.wang, begun.sealed, other.code())
    assert bureau.accounts.finish(first_step(bureau), telephone.code())


def test_the_secret_is_not_stored_readably(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    with bureau.store.read() as connection:
        rows = [
            repr(tuple(row))
            for table in ("staff", "audit")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert rows
    assert not any(telephone.secret in row for row in rows)


# Turning off


def test_turning_off_needs_password_and_code(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    for password, code in (("wrong password", telephone.code()), (PASSWORD, telephone.wrong())):
        with pytest.raises(NotSignedIn):
            bureau.accounts.turn_codes_off(bureau.wang, password, code)
    assert bureau.accounts.has_codes(bureau.wang)
    bureau.accounts.turn_codes_off(bureau.wang, PASSWORD, telephone.code())
    assert not bureau.accounts.has_codes(bureau.wang)
    assert bureau.accounts.authenticate("wang", PASSWORD)[0] == bureau.wang
    assert ("wang", "codes_off", "wang") in bureau.actions()


def test_guessing_the_code_to_turn_off_locks_too(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            bureau.accounts.turn_codes_off(bureau.wang, PASSWORD, telephone.wrong())
    with pytest.raises(LockedOut):
        bureau.accounts.turn_codes_off(bureau.wang, PASSWORD, telephone.code())


def test_what_is_off_cannot_be_turned_off(bureau: Bureau) -> None:
    with pytest.raises(BadInput, match="没有开启"):
        bureau.accounts.turn_codes_off(bureau.wang, PASSWORD, "000000")
    with pytest.raises(BadInput, match="没有开启"):
        bureau.accounts.clear_codes("wang")


def test_the_operator_clears_the_codes_of_the_only_administrator(bureau: Bureau) -> None:
    bureau.enrol(bureau.admin)
    bureau.accounts.clear_codes(" Chen ")
    assert bureau.accounts.authenticate("chen", PASSWORD)[0] == bureau.admin
    assert ("operator", "codes_cleared", "chen") in bureau.actions()


def test_changing_the_password_needs_no_code_and_keeps_codes_on(bureau: Bureau) -> None:
    telephone = bureau.enrol(bureau.wang)
    bureau.accounts.change_password("wang", PASSWORD, "battery staple")
    ticket = first_step(bureau, password="battery staple")
    assert bureau.accounts.finish(ticket, telephone.code())
