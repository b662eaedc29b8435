"""Offices, shifts, the staff's presence, and the keyed hashes of names, in the database.

Of recorded clients and opponents only hashes are stored: they can be compared, not read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.dialogue.names import NAME_HASH
from bot.domain.clock import Clock
from bot.domain.conversation import Mode
from bot.domain.people import RECEIVES_VISITORS, Role, Staff
from bot.domain.points import Point, in_china
from bot.domain.roster import OFFER, OfficeHours, Shift
from bot.errors import BadInput, NotFound
from bot.roster.schemas import hours_from_json, hours_to_json
from bot.roster.words import own_words
from bot.store.tables import audit, conversations, offices, opponents, represented, shifts, staff
from bot.store.unit import Store

HEARTBEAT_KEPT = dt.timedelta(seconds=15)
"""A sign of life is written down at most this often: forty desks must not keep the disk busy."""


@dataclass(frozen=True)
class Office:
    id: int
    name: str
    phone: str
    hours: OfficeHours
    active: bool
    areas: tuple[str, ...] = ()
    """Beginnings of the codes of the places whose legal aid it decides on (法律援助法 38)."""
    address: str = ""
    point: Point | None = None


@dataclass(frozen=True)
class Person:
    """One who receives visitors, with what the choice needs."""

    staff: Staff
    capacity: int
    topics: tuple[str, ...]
    away: bool
    seen_at: dt.datetime | None
    load: int
    """Conversations this person is in."""
    ringing: int
    """Conversations on offer to this person now."""
    last_case_at: dt.datetime | None


class RosterRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    # --- offices ------------------------------------------------------------------------------

    def offices(self) -> list[Office]:
        """Return every office, those that are in use first."""
        query = select(offices).order_by(offices.c.active.desc(), offices.c.name)
        with self.store.read() as connection:
            return [_office(row) for row in connection.execute(query)]

    def save_office(self, actor: Staff, office: Office) -> int:
        """Insert an office (id 0) or replace one; return its id.

        Raises:
            BadInput: there is another office with this name, or none with this id.
        """
        values = {
            "name": office.name,
            "phone": office.phone,
            "hours": hours_to_json(office.hours),
            "active": office.active,
            "areas": ",".join(office.areas),
            "address": office.address,
            "latitude": None if office.point is None else office.point.latitude,
            "longitude": None if office.point is None else office.point.longitude,
        }
        try:
            with self.store.write() as connection:
                if office.id:
                    changed = connection.execute(
                        update(offices).where(offices.c.id == office.id).values(values)
                    ).rowcount
                    if not changed:
                        raise BadInput(own_words().say("errors.no_office"))
                    office_id = office.id
                else:
                    key = connection.execute(insert(offices).values(values)).inserted_primary_key
                    assert key is not None
                    office_id = int(key[0])
                self._log(connection, actor, "office_saved", f"office:{office_id}")
                return office_id
        except IntegrityError as error:
            raise BadInput(own_words().say("errors.office_taken")) from error

    # --- shifts -------------------------------------------------------------------------------

    def shifts(self, since: dt.datetime, until: dt.datetime) -> list[Shift]:
        """Return the shifts that touch the time given, the earliest first."""
        query = (
            select(shifts)
            .where(shifts.c.ends_at > since, shifts.c.starts_at < until)
            .order_by(shifts.c.starts_at, shifts.c.staff_id)
        )
        with self.store.read() as connection:
            return [
                Shift(row.id, row.staff_id, row.starts_at, row.ends_at)
                for row in connection.execute(query)
            ]

    def add_shifts(self, actor: Staff, wanted: Iterable[Shift]) -> int:
        """Insert the shifts that overlap none of the same person's; return how many did not."""
        added = 0
        with self.store.write() as connection:
            for shift in wanted:
                if not self._lock_person(connection, shift.staff_id):
                    continue
                overlap = connection.execute(
                    select(shifts.c.id)
                    .where(
                        shifts.c.staff_id == shift.staff_id,
                        shifts.c.starts_at < shift.ends_at,
                        shifts.c.ends_at > shift.starts_at,
                    )
                    .limit(1)
                ).first()
                if overlap is not None:
                    continue
                connection.execute(
                    insert(shifts).values(
                        staff_id=shift.staff_id, starts_at=shift.starts_at, ends_at=shift.ends_at
                    )
                )
                self._log(connection, actor, "shift_added", f"staff:{shift.staff_id}")
                added += 1
        return added

    def remove_shift(self, actor: Staff, shift_id: int) -> bool:
        """Delete a shift; say whether it was still there."""
        with self.store.write() as connection:
            owner = connection.execute(
                delete(shifts).where(shifts.c.id == shift_id).returning(shifts.c.staff_id)
            ).scalar()
            if owner is None:
                return False
            self._log(connection, actor, "shift_removed", f"staff:{owner}")
            return True

    # --- people -------------------------------------------------------------------------------

    def people(self) -> list[Person]:
        """Return who receives visitors and whose account is in use, by name."""
        now = self._clock.now()
        load = _count(conversations.c.lawyer_id == staff.c.id, conversations.c.mode == Mode.HUMAN)
        ringing = _count(
            conversations.c.offered_to == staff.c.id,
            conversations.c.mode == Mode.QUEUED,
            conversations.c.offered_at > now - OFFER,
        )
        last = (
            select(func.max(conversations.c.claimed_at))
            .where(conversations.c.lawyer_id == staff.c.id)
            .scalar_subquery()
        )
        query = (
            select(staff, load.label("load"), ringing.label("ringing"), last.label("last_case_at"))
            .where(staff.c.active, staff.c.role.in_(RECEIVES_VISITORS))
            .order_by(staff.c.name, staff.c.id)
        )
        with self.store.read() as connection:
            return [_person(row) for row in connection.execute(query)]

    def seen(self, staff_id: int) -> None:
        """Remember that this person's desk is open."""
        now = self._clock.now()
        with self.store.read() as connection:
            last = connection.execute(
                select(staff.c.seen_at).where(staff.c.id == staff_id)
            ).scalar_one_or_none()
        if last is not None and now - last < HEARTBEAT_KEPT:
            return
        with self.store.write() as connection:
            connection.execute(
                update(staff)
                .where(
                    staff.c.id == staff_id, or_(staff.c.seen_at.is_(None), staff.c.seen_at < now)
                )
                .values(seen_at=now)
            )

    def set_away(self, actor: Staff, staff_id: int, away: bool) -> None:
        """Switch new conversations off or on; setting what is set already is no change."""
        with self.store.write() as connection:
            changed = connection.execute(
                update(staff)
                .where(staff.c.id == staff_id, staff.c.active, staff.c.away.is_(not away))
                .values(away=away)
            ).rowcount
            if changed:
                action = "away" if away else "back"
                self._log(connection, actor, action, f"staff:{staff_id}")

    def save_person(
        self,
        actor: Staff,
        staff_id: int,
        capacity: int,
        topics: Sequence[str],
        *,
        office_id: int | None,
    ) -> None:
        """Store how much and what a person takes, and from which office.

        Raises:
            NotFound: nobody with this id receives visitors.
            BadInput: there is no such office.
        """
        with self.store.write() as connection:
            if not self._lock_person(connection, staff_id):
                raise NotFound
            if office_id is not None:
                known = select(offices.c.id).where(offices.c.id == office_id, offices.c.active)
                if connection.execute(known).first() is None:
                    raise BadInput(own_words().say("errors.no_office"))
            connection.execute(
                update(staff)
                .where(staff.c.id == staff_id)
                .values(capacity=capacity, topics=",".join(topics), office_id=office_id)
            )
            self._log(connection, actor, "person_saved", f"staff:{staff_id}")

    def _lock_person(self, connection: Connection, staff_id: int) -> bool:
        """Hold one person's row, so that two supervisors cannot add overlapping shifts."""
        query = select(staff.c.id).where(
            staff.c.id == staff_id, staff.c.active, staff.c.role.in_(RECEIVES_VISITORS)
        )
        return connection.execute(query.with_for_update()).first() is not None

    # --- the other side -----------------------------------------------------------------------

    def name_index(self, folded: str) -> str:
        return self.store.cipher.blind_index(NAME_HASH, folded)

    def represent(self, actor: Staff, indexes: Collection[str]) -> int:
        """Record whom this person acts for; return how many were new."""
        now = self._clock.now()
        added = 0
        with self.store.write() as connection:
            self._lock_person(connection, actor.id)
            known = set(
                connection.execute(
                    select(represented.c.name_index).where(represented.c.staff_id == actor.id)
                ).scalars()
            )
            for index in sorted(set(indexes) - known):
                connection.execute(
                    insert(represented).values(staff_id=actor.id, name_index=index, created_at=now)
                )
                added += 1
            if added:
                self._log(connection, actor, "clients_recorded", f"staff:{actor.id}")
        return added

    def no_longer_represent(self, actor: Staff, indexes: Collection[str]) -> int:
        """Forget whom this person acted for; return how many were known."""
        with self.store.write() as connection:
            gone = connection.execute(
                delete(represented).where(
                    represented.c.staff_id == actor.id,
                    represented.c.name_index.in_(list(indexes)),
                )
            ).rowcount
            if gone:
                self._log(connection, actor, "clients_removed", f"staff:{actor.id}")
            return gone

    def represented_count(self, staff_id: int) -> int:
        query = (
            select(func.count()).select_from(represented).where(represented.c.staff_id == staff_id)
        )
        with self.store.read() as connection:
            return int(connection.execute(query).scalar_one())

    def note_opponents(
        self, conversation_id: str, indexes: Collection[str], actor: Staff | None = None
    ) -> None:
        """Record the other side of a conversation; an offer to who acts for it ends.

        Raises:
            NotFound: there is no such conversation.
        """
        with self.store.write() as connection:
            found = connection.execute(
                select(conversations.c.id)
                .where(conversations.c.id == conversation_id)
                .with_for_update()
            ).first()
            if found is None:
                raise NotFound
            known = set(
                connection.execute(
                    select(opponents.c.name_index).where(
                        opponents.c.conversation_id == conversation_id
                    )
                ).scalars()
            )
            for index in sorted(set(indexes) - known):
                connection.execute(
                    insert(opponents).values(conversation_id=conversation_id, name_index=index)
                )
            barred = self._conflicts(connection, [conversation_id]).get(conversation_id, set())
            connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation_id,
                    conversations.c.offered_to.in_(sorted(barred)),
                )
                .values(offered_to=None, offered_at=None)
            )
            if actor is not None:
                subject = f"conversation:{conversation_id}"
                self._log(connection, actor, "opponents_noted", subject)

    def conflicted(self, conversation_ids: Collection[str]) -> Mapping[str, set[int]]:
        """Return, for each conversation with any, who acts for its other side."""
        with self.store.read() as connection:
            return self._conflicts(connection, conversation_ids)

    def _conflicts(
        self, connection: Connection, conversation_ids: Collection[str]
    ) -> dict[str, set[int]]:
        query = (
            select(opponents.c.conversation_id, represented.c.staff_id)
            .join(represented, represented.c.name_index == opponents.c.name_index)
            .where(opponents.c.conversation_id.in_(list(conversation_ids)))
        )
        found: dict[str, set[int]] = {}
        for conversation_id, staff_id in connection.execute(query):
            found.setdefault(conversation_id, set()).add(staff_id)
        return found

    def barred(self, staff_id: int) -> frozenset[str]:
        """Return every conversation whose other side this person acts for."""
        query = (
            select(opponents.c.conversation_id)
            .join(represented, represented.c.name_index == opponents.c.name_index)
            .where(represented.c.staff_id == staff_id)
            .distinct()
        )
        with self.store.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def _log(self, connection: Connection, actor: Staff, action: str, subject: str) -> None:
        connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=actor.login,
                action=f"roster_{action}",
                subject=subject,
            )
        )


def _count(*where: Any) -> Any:
    return select(func.count()).select_from(conversations).where(*where).scalar_subquery()


def _office(row: Row[Any]) -> Office:
    areas = tuple(area for area in row.areas.split(",") if area)
    # Coordinates of somewhere else were never written here, and must not stop every page.
    is_placed = in_china(row.latitude, row.longitude)
    return Office(
        row.id,
        row.name,
        row.phone,
        hours_from_json(row.hours),
        row.active,
        areas,
        row.address,
        Point(row.latitude, row.longitude) if is_placed else None,
    )


def _person(row: Row[Any]) -> Person:
    return Person(
        Staff(row.id, row.login, row.name, row.licence, Role(row.role), row.office_id),
        row.capacity,
        tuple(topic for topic in row.topics.split(",") if topic),
        row.away,
        row.seen_at,
        row.load,
        row.ringing,
        row.last_case_at,
    )
