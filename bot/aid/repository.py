"""Drafts, applications, their numbers and their audit trail in the database.

Methods that take a connection run inside the caller's transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.aid.rows import FIELDS, application_of
from bot.aid.venue import office_of
from bot.dialogue.names import name_index
from bot.domain.aid import AidState, Application, Draft, application_number
from bot.domain.clock import Clock, china_date
from bot.errors import NotFound
from bot.store.outbox import enqueue
from bot.store.tables import (
    aid_applications,
    aid_drafts,
    aid_numbers,
    audit,
    conversations,
    messages,
    offices,
)
from bot.store.unit import Store

DRAFT = "aid_drafts.fields"
NOTE = "audit.note"
SUBMITTED = "aid_submitted"


@dataclass(frozen=True)
class AuditEntry:
    at: dt.datetime
    actor: str
    action: str
    note: str


@dataclass(frozen=True)
class Lodged:
    """What is stored of a new application."""

    matter: str
    """In the clear, so never the applicant's own words."""
    fields: Mapping[str, str]
    decide_by: dt.date
    place: str
    urgent: str
    opponent: str
    at: int | None = None
    """The office at whose counter it was filled in."""


class AidRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    # --- drafts -------------------------------------------------------------------------------

    def draft(self, conversation_id: str) -> Draft | None:
        with self.store.read() as connection:
            return self.draft_in(connection, conversation_id)

    def draft_in(self, connection: Connection, conversation_id: str) -> Draft | None:
        row = connection.execute(
            select(aid_drafts).where(aid_drafts.c.conversation_id == conversation_id)
        ).first()
        if row is None:
            return None
        kept = self.store.cipher.decrypt_json(DRAFT, row.fields_enc)
        return Draft(
            conversation_id,
            kept["values"],
            row.active,
            kept["inbound_id"],
            kept.get("typed", {}),
            kept.get("lodged_at"),
        )

    def save_draft(self, connection: Connection, draft: Draft) -> None:
        """Insert or replace the draft; the caller holds the conversation's row lock."""
        kept = {
            "values": dict(draft.values),
            "inbound_id": draft.inbound_id,
            "typed": dict(draft.typed),
            "lodged_at": draft.lodged_at,
        }
        row = {
            "fields_enc": self.store.cipher.encrypt_json(DRAFT, kept),
            "active": draft.active,
            "updated_at": self._clock.now(),
        }
        changed = connection.execute(
            update(aid_drafts)
            .where(aid_drafts.c.conversation_id == draft.conversation_id)
            .values(row)
        ).rowcount
        if not changed:
            connection.execute(
                insert(aid_drafts).values(conversation_id=draft.conversation_id, **row)
            )

    def delete_draft(self, connection: Connection, conversation_id: str) -> bool:
        gone = connection.execute(
            delete(aid_drafts).where(aid_drafts.c.conversation_id == conversation_id)
        ).rowcount
        return bool(gone)

    def lock(self, connection: Connection, conversation_id: str) -> None:
        """Lock the conversation's row until the end of the transaction.

        Raises:
            NotFound: there is no such conversation.
        """
        if not self.lock_if_there(connection, conversation_id):
            raise NotFound

    def lock_if_there(self, connection: Connection, conversation_id: str) -> bool:
        row = connection.execute(
            select(conversations.c.id)
            .where(conversations.c.id == conversation_id)
            .with_for_update()
        ).first()
        return row is not None

    def was_sent(self, connection: Connection, conversation_id: str, client_id: str) -> bool:
        row = connection.execute(
            select(messages.c.id).where(
                messages.c.conversation_id == conversation_id, messages.c.client_id == client_id
            )
        ).first()
        return row is not None

    # --- applications -------------------------------------------------------------------------

    def issue_number(self, connection: Connection) -> str:
        """Return the next number of today, unique because the counter's row is locked by it."""
        day = china_date(self._clock.now())
        return application_number(day, self._next_serial(connection, f"{day:%Y%m%d}"))

    def _next_serial(self, connection: Connection, day: str) -> int:
        step = (
            update(aid_numbers)
            .where(aid_numbers.c.day == day)
            .values(last=aid_numbers.c.last + 1)
            .returning(aid_numbers.c.last)
        )
        last = connection.execute(step).scalar()
        if last is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(aid_numbers).values(day=day, last=1))
                return 1
            except IntegrityError:
                # Another submission opened the day between the two statements (PostgreSQL).
                last = connection.execute(step).scalar_one()
        return int(last)

    def insert_application(
        self,
        connection: Connection,
        number: str,
        conversation_id: str,
        lodged: Lodged,
        confirm_after: dt.timedelta = dt.timedelta(),
    ) -> Application:
        """Insert a new application with the row of the outbox that announces it.

        It goes to the office of the place (法律援助法 38), wherever it was handed in.
        """
        now = self._clock.now()
        cipher = self.store.cipher
        fields = lodged.fields
        at = lodged.at or self._lodged_at(connection, conversation_id)
        opponent = name_index(cipher, lodged.opponent) if lodged.opponent else ""
        connection.execute(
            insert(aid_applications).values(
                number=number,
                conversation_id=conversation_id,
                state=AidState.SUBMITTED,
                matter=lodged.matter,
                fields_enc=cipher.encrypt_json(FIELDS, dict(fields)),
                id_number_index=cipher.blind_index(
                    "aid_applications.id_number", fields["id_number"]
                ),
                phone_index=cipher.blind_index("aid_applications.phone", fields["phone"]),
                name_index=name_index(cipher, fields["name"]),
                opponent_index=opponent,
                place=lodged.place,
                lodged_at=at,
                office_id=self._office_for(connection, lodged.place) or at,
                urgent=lodged.urgent,
                decide_by=lodged.decide_by,
                created_at=now,
                updated_at=now,
            )
        )
        enqueue(
            connection,
            cipher,
            now + confirm_after,
            SUBMITTED,
            f"{SUBMITTED}:{number}",
            {"number": number, "conversation_id": conversation_id},
        )
        made = self.application(connection, number)
        assert made is not None
        return made

    def office_in_use(self, office_id: int) -> str:
        """Return the name of an office that takes applications in, empty for none."""
        query = select(offices.c.name).where(offices.c.id == office_id, offices.c.active)
        with self.store.read() as connection:
            return str(connection.execute(query).scalar() or "")

    def _lodged_at(self, connection: Connection, conversation_id: str) -> int | None:
        query = select(conversations.c.office_id).where(conversations.c.id == conversation_id)
        office: int | None = connection.execute(query).scalar()
        return office

    def _office_for(self, connection: Connection, place: str) -> int | None:
        """Return the office in use whose area the place lies in (法律援助法 38)."""
        query = select(offices.c.id, offices.c.areas).where(offices.c.active)
        areas = {row.id: row.areas.split(",") for row in connection.execute(query)}
        return office_of(place, areas)

    def application(
        self, connection: Connection, number: str, *, lock: bool = False
    ) -> Application | None:
        query = select(aid_applications).where(aid_applications.c.number == number)
        row = connection.execute(query.with_for_update() if lock else query).first()
        return None if row is None else application_of(row, self.store.cipher)

    def find(self, number: str) -> Application | None:
        with self.store.read() as connection:
            return self.application(connection, number)

    def latest_of(self, connection: Connection, conversation_id: str) -> Application | None:
        row = connection.execute(
            select(aid_applications)
            .where(aid_applications.c.conversation_id == conversation_id)
            .order_by(aid_applications.c.id.desc())
            .limit(1)
        ).first()
        return None if row is None else application_of(row, self.store.cipher)

    def of_conversation(self, conversation_id: str) -> list[Application]:
        """Return a conversation's applications, newest first."""
        return self._listing(aid_applications.c.conversation_id == conversation_id)

    def _listing(self, *where: Any, limit: int = 20) -> list[Application]:
        query = (
            select(aid_applications)
            .where(*where)
            .order_by(aid_applications.c.id.desc())
            .limit(limit)
        )
        with self.store.read() as connection:
            cipher = self.store.cipher
            return [application_of(row, cipher) for row in connection.execute(query)]

    def twin(
        self, connection: Connection, id_number: str, matter: str, ended: frozenset[AidState]
    ) -> Application | None:
        """Return the newest application of this person in this matter that has not ended."""
        index = self.store.cipher.blind_index("aid_applications.id_number", id_number)
        rows = connection.execute(
            select(aid_applications)
            .where(
                aid_applications.c.id_number_index == index,
                aid_applications.c.state.not_in(ended),
            )
            .order_by(aid_applications.c.id.desc())
        )
        open_ones = (application_of(row, self.store.cipher) for row in rows)
        # The column says 其他 for every matter in the applicant's own words: compare the words.
        return next((a for a in open_ones if a.fields["matter"] == matter), None)

    # --- audit --------------------------------------------------------------------------------

    def record(
        self, connection: Connection, actor: str, action: str, subject: str, note: str = ""
    ) -> int:
        """Add a line to the audit trail; return its id."""
        result = connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=actor[:60],
                action=action,
                subject=subject,
                note_enc=self.store.cipher.encrypt(NOTE, note) if note else None,
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        return int(key[0])

    def trail(self, subject: str) -> list[AuditEntry]:
        """Return what was done to an application, oldest first."""
        query = select(audit).where(audit.c.subject == subject).order_by(audit.c.id)
        with self.store.read() as connection:
            return [
                AuditEntry(
                    row.at,
                    row.actor,
                    row.action,
                    self.store.cipher.decrypt(NOTE, row.note_enc) if row.note_enc else "",
                )
                for row in connection.execute(query)
            ]

    def count_recorded(
        self, connection: Connection, subject: str, action: str, since: dt.datetime
    ) -> int:
        query = (
            select(func.count())
            .select_from(audit)
            .where(audit.c.subject == subject, audit.c.action == action, audit.c.at > since)
        )
        return int(connection.execute(query).scalar_one())
