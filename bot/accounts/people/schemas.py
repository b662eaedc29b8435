"""What the pages of accounts show, and what their form held when it was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.accounts.people.repository import Person
from bot.accounts.schemas import shown_moment
from bot.accounts.wording import Wording


@dataclass(frozen=True)
class PersonRow:
    id: int
    login: str
    name: str
    licence: str
    role: str
    role_name: str
    active: bool
    locked_until: str
    has_codes: bool
    sessions: int
    since: str


@dataclass(frozen=True)
class Typed:
    """The form of a new account."""

    login: str = ""
    name: str = ""
    licence: str = ""
    role: str = ""


@dataclass(frozen=True)
class FirstPassword:
    """A password that is shown once."""

    login: str
    name: str
    password: str


def row_of(person: Person, wording: Wording) -> PersonRow:
    staff = person.staff
    return PersonRow(
        staff.id,
        staff.login,
        staff.name,
        staff.licence,
        staff.role,
        wording.role(staff.role),
        person.active,
        shown_moment(person.locked_until) if person.locked_until else "",
        person.has_codes,
        person.sessions,
        shown_moment(person.created_at),
    )


def rows_of(people: Sequence[Person], wording: Wording) -> list[PersonRow]:
    return [row_of(person, wording) for person in people]
