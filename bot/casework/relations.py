"""What other applications and cases have to do with one: duplicates, conflicts, who is busy.

Names and numbers are compared by their keyed hashes; nothing is decrypted to compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, and_, func, or_, select

from bot.aid.visibility import visible
from bot.domain.aid import AidState, Application
from bot.domain.people import Staff
from bot.store.tables import aid_applications, audit, represented
from bot.store.unit import Store

SHOWN = 20


class Tie(StrEnum):
    """How another application hangs together with this one."""

    SAME_PERSON = "same_person"
    SAME_PHONE = "same_phone"
    OPPONENT_APPLIED = "opponent_applied"
    """The other side of this application is the applicant of that one."""
    IS_OPPONENT = "is_opponent"
    """The applicant of this one is the other side of that one."""

    @property
    def is_conflict(self) -> bool:
        return self in (Tie.OPPONENT_APPLIED, Tie.IS_OPPONENT)


@dataclass(frozen=True)
class Tied:
    """Another application; the number is empty where this person may not see it."""

    tie: Tie
    number: str
    matter: str
    state: AidState


class Relations:
    def __init__(self, store: Store) -> None:
        self._store = store

    def tied(self, application: Application, person: Staff) -> list[Tied]:
        """Return the other applications of the same people and of the other side, newest first."""
        table = aid_applications
        with self._store.read() as connection:
            own = connection.execute(select(table).where(table.c.id == application.id)).one()
            ties = {
                Tie.SAME_PERSON: table.c.id_number_index == own.id_number_index,
                Tie.SAME_PHONE: and_(
                    table.c.phone_index == own.phone_index,
                    table.c.id_number_index != own.id_number_index,
                ),
            }
            if own.opponent_index:
                ties[Tie.OPPONENT_APPLIED] = table.c.name_index == own.opponent_index
            if own.name_index:
                ties[Tie.IS_OPPONENT] = table.c.opponent_index == own.name_index
            found = []
            for tie, holds in ties.items():
                query = (
                    select(table, visible(person).label("may_see"))
                    .where(holds, table.c.id != application.id)
                    .order_by(table.c.id.desc())
                    .limit(SHOWN)
                )
                found += [
                    Tied(tie, row.number if row.may_see else "", row.matter, AidState(row.state))
                    for row in connection.execute(query)
                ]
        return found

    def barred(self, connection: Connection, application: Application) -> frozenset[int]:
        """Return the lawyers who act for the other side, or against this applicant.

        By the clients that they recorded, and by the other applications assigned to them.
        """
        table = aid_applications
        own = connection.execute(
            select(table.c.name_index, table.c.opponent_index).where(table.c.id == application.id)
        ).one()
        against = []
        if own.opponent_index:
            against.append(table.c.name_index == own.opponent_index)
        if own.name_index:
            against.append(table.c.opponent_index == own.name_index)
        found: set[int] = set()
        if own.opponent_index:
            query = select(represented.c.staff_id).where(
                represented.c.name_index == own.opponent_index
            )
            found.update(connection.execute(query).scalars())
        if against:
            cases = select(table.c.staff_id).where(
                or_(*against), table.c.id != application.id, table.c.staff_id.is_not(None)
            )
            found.update(connection.execute(cases).scalars())
        return frozenset(found)

    def loads(self, connection: Connection) -> Mapping[int, int]:
        """Return how many cases each lawyer has on hand."""
        table = aid_applications
        query = (
            select(table.c.staff_id, func.count())
            .where(table.c.state == AidState.ASSIGNED, table.c.staff_id.is_not(None))
            .group_by(table.c.staff_id)
        )
        return {row[0]: row[1] for row in connection.execute(query)}

    def declined(self, connection: Connection, number: str) -> frozenset[int]:
        """Return the lawyers who have declined this case."""
        query = select(audit.c.actor).where(
            audit.c.subject == number, audit.c.action == "lawyer_declined"
        )
        ids = (actor.partition(":")[0] for actor in connection.execute(query).scalars())
        return frozenset(int(each) for each in ids if each.isdecimal())
