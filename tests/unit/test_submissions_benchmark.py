"""The load of applications: its people give valid answers, and it sees what is lost."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from benchmarks.citizens import NUMBER, Person
from benchmarks.kept import look, undelivered
from benchmarks.submissions import SETUPS, Measured, Phase, _arguments
from bot.aid.form import load_form
from bot.aid.reading import Fits, check
from bot.domain.clock import china_date
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.integration.aid.conftest import Applicant, make_applicant

FORM = load_form()
TODAY = china_date(dt.datetime.now(dt.UTC))
IDLE = Phase(0, 0, 0.0, 0.0, {}, {}, {}, {})


@pytest.mark.parametrize("serial", [0, 7, 199, 13_999, 14_000, 99_999])
def test_every_answer_is_one_that_the_form_takes(serial: int) -> None:
    for asked in FORM.fields:
        words, option = Person(serial).answer(asked)
        assert isinstance(check(asked, words, option or None, TODAY), Fits), asked.key


def test_nobody_is_somebody_else() -> None:
    people = [Person(serial) for serial in range(20_000)]
    assert len({person.identity_number for person in people}) == len(people)
    phone = FORM.field_of("phone")
    assert len({person.answer(phone) for person in people[:500]}) == 500


def applied(store: Store, clock: FixedClock, person: Person) -> Applicant:
    applicant = make_applicant(store, clock)
    person.number = applicant.apply(id_number=person.identity_number).number
    person.acknowledged = True
    return applicant


def test_what_is_all_there_is_sound(sqlite_store: Store, clock: FixedClock) -> None:
    person = Person(1)
    applicant = applied(sqlite_store, clock, person)
    found = look(sqlite_store, [person])
    assert found.is_sound
    assert (found.rows, found.drafts) == (1, 0)
    assert undelivered(sqlite_store, wait_s=0) == {person.number: 0}
    applicant.deliver()
    assert undelivered(sqlite_store, wait_s=0) == {}


def test_an_acknowledged_application_that_is_not_there_is_lost(
    sqlite_store: Store, clock: FixedClock
) -> None:
    there, gone = Person(1), Person(2, number="FY20261123-0009-1", acknowledged=True)
    applied(sqlite_store, clock, there)
    found = look(sqlite_store, [there, gone])
    assert found.lost == (2,)
    assert not found.is_sound


def test_another_number_than_the_one_told_is_a_loss(sqlite_store: Store, clock: FixedClock) -> None:
    person = Person(1)
    applied(sqlite_store, clock, person)
    assert look(sqlite_store, [replace(person, number="FY20261123-0009-1")]).lost == (1,)


def test_a_second_application_is_seen(sqlite_store: Store, clock: FixedClock) -> None:
    person = Person(1)
    applied(sqlite_store, clock, person)
    other = make_applicant(sqlite_store, clock)
    other.apply(id_number=person.identity_number, matter="工伤")
    assert look(sqlite_store, [person]).doubled == (1,)


def test_a_session_without_application_and_without_draft_is_a_stray(
    sqlite_store: Store, clock: FixedClock
) -> None:
    conversations = make_applicant(sqlite_store, clock).conversations
    conversation, token = conversations.create("web", "v1")
    stray = Person(3, token=token, begun=True)
    assert look(sqlite_store, [stray]).strays == (3,)
    make_applicant(sqlite_store, clock, conversation.id).fill(until="phone")
    found = look(sqlite_store, [stray])
    assert found.is_sound
    assert found.drafts == 1


def test_numbers_told_twice_are_seen(sqlite_store: Store) -> None:
    twice = [Person(n, number="FY20261123-0001-6", acknowledged=True) for n in (1, 2)]
    assert look(sqlite_store, twice).repeated_numbers == ("FY20261123-0001-6",)


def test_a_run_is_sound_only_if_every_part_was(sqlite_store: Store) -> None:
    fine = look(sqlite_store, [])
    lost = replace(fine, lost=(1,))
    measured = Measured(IDLE, IDLE, fine, None, 0, 0.0, 0.0, 0.0)
    assert measured.is_sound
    assert measured.is_complete
    assert not replace(measured, kept=lost).is_sound
    assert not replace(measured, dead=lost).is_sound
    assert not replace(measured, undelivered=1).is_sound
    assert not replace(measured, burst=replace(IDLE, asked=2, accepted=1)).is_complete


def test_arguments_say_how_long_and_what() -> None:
    load, names = _arguments(["--seconds", "30", "--rate", "100", "--burst", "5", "--kill"])
    assert (load.steady, load.burst, load.kill) == (50, 5, True)
    assert names == ["sqlite", "postgresql"]
    assert _arguments(["--only", "chat"])[1] == ["chat"]
    assert set(names) < set(SETUPS)


def test_a_number_is_found_on_a_page() -> None:
    found = NUMBER.search("<p>FY20261123-0001-6</p>")
    assert found is not None
    assert found[0] == "FY20261123-0001-6"
