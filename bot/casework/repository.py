"""One application for its staff: found, locked, with the people and offices around it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bot.aid.repository import NOTE, AidRepository, AuditEntry
from bot.aid.rows import application_of
from bot.aid.visibility import visible
from bot.casework.words import own_words
from bot.domain.aid import Application
from bot.domain.people import Role, Staff
from bot.store.tables import aid_applications, audit, offices, staff


@dataclass(frozen=True)
class Office:
    """An office as applications are passed on to it."""

    id: int
    name: str
    phone: str
    active: bool
    areas: tuple[str, ...]


@dataclass(frozen=True)
class Colleague:
    """One with an account; ``topics`` are the fields of law that a lawyer named."""

    id: int
    name: str
    licence: str
    role: Role
    office_id: int | None
    active: bool
    topics: tuple[str, ...]

    @property
    def titled(self) -> str:
        """Return the name with the number of the licence, as citizens and letters are told."""
        kind = "lawyer_with" if self.licence else "lawyer"
        return own_words().say(kind, name=self.name, licence=self.licence)


class CaseworkRepository:
    def __init__(self, aid: AidRepository) -> None:
        self.aid = aid
        self.store = aid.store

    def find(self, number: str, person: Staff) -> Application | None:
        """Return one application if this person may see it."""
        with self.store.read() as connection:
            return self.locked(connection, number, person, lock=False)

    def locked(
        self, connection: Connection, number: str, person: Staff, *, lock: bool = True
    ) -> Application | None:
        """Return one application that this person may see, with its row lock."""
        query = select(aid_applications).where(aid_applications.c.number == number, visible(person))
        row = connection.execute(query.with_for_update() if lock else query).first()
        return None if row is None else application_of(row, self.store.cipher)

    def last(self, connection: Connection, number: str, action: str) -> AuditEntry | None:
        """Return the latest line of the trail with an action."""
        query = (
            select(audit)
            .where(audit.c.subject == number, audit.c.action == action)
            .order_by(audit.c.id.desc())
        )
        row = connection.execute(query.limit(1)).first()
        if row is None:
            return None
        note = self.store.cipher.decrypt(NOTE, row.note_enc) if row.note_enc else ""
        return AuditEntry(row.at, row.actor, row.action, note)

    def offices(self) -> list[Office]:
        """Return every office, those that are in use first."""
        query = select(offices).order_by(offices.c.active.desc(), offices.c.name)
        with self.store.read() as connection:
            return [
                Office(
                    row.id,
                    row.name,
                    row.phone,
                    row.active,
                    tuple(area for area in row.areas.split(",") if area),
                )
                for row in connection.execute(query)
            ]

    def colleagues(self) -> list[Colleague]:
        """Return everybody with an account, by name."""
        with self.store.read() as connection:
            return self.colleagues_in(connection)

    def colleagues_in(self, connection: Connection) -> list[Colleague]:
        query = select(staff).order_by(staff.c.name, staff.c.id)
        return [
            Colleague(
                row.id,
                row.name,
                row.licence,
                Role(row.role),
                row.office_id,
                row.active,
                tuple(topic for topic in row.topics.split(",") if topic),
            )
            for row in connection.execute(query)
        ]
