"""A matter's row and its log inside a transaction: every way in which they may change.

The caller holds the lock of the matter's conversation, if there is one. A conversation has at most
one open matter of its own, the one its visitor waits for or was received in; beside it, at most one
open referral of each kind, which no move of the conversation touches.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.dialogue.moves import SYSTEM
from bot.dialogue.phones import phone_index
from bot.dialogue.repository import CONTEXT
from bot.dialogue.turn import context_from_json
from bot.domain.clock import china_date
from bot.domain.matter import (
    OPEN,
    REFERRALS,
    Action,
    Contact,
    Matter,
    MatterState,
    Outcome,
    Referral,
    next_number,
    serial_of,
    sources_of,
)
from bot.errors import IllegalMove
from bot.matters.targets import Targets
from bot.redact import mask_personal
from bot.store.tables import conversations, matter_moves, matters, ratings, staff
from bot.store.unit import Store

ABOUT = "matters.about"
CONTACT = "matters.contact"
ADVICE = "matters.advice"
NOTE = "matter_moves.note"

ABOUT_KEPT = 300
MOST_TRIES = 100
"""Writers that may each be a moment faster in taking a number; in practice two or three."""


class MatterLedger:
    def __init__(self, store: Store, targets: Targets) -> None:
        self.store = store
        self.targets = targets

    def open_row(self, connection: Connection, conversation_id: str) -> Matter | None:
        """Return a conversation's own open matter, locked; the caller holds its lock."""
        return self._locked(
            connection,
            matters.c.conversation_id == conversation_id,
            matters.c.state.in_(OPEN),
            is_own(),
        )

    def open_referral(
        self, connection: Connection, conversation_id: str, kind: Referral
    ) -> Matter | None:
        """Return a conversation's open referral of a kind, locked."""
        return self._locked(
            connection,
            matters.c.conversation_id == conversation_id,
            matters.c.state.in_(OPEN),
            matters.c.reason == kind,
        )

    def last_closed(self, connection: Connection, conversation_id: str) -> Matter | None:
        return self._locked(
            connection,
            matters.c.conversation_id == conversation_id,
            matters.c.state == MatterState.CLOSED,
            is_own(),
        )

    def _locked(self, connection: Connection, *where: ColumnElement[bool]) -> Matter | None:
        query = select(matters).where(*where).order_by(matters.c.id.desc()).limit(1)
        row = connection.execute(query.with_for_update()).first()
        return None if row is None else self.matter(row)

    def open_for(
        self, connection: Connection, conversation_id: str, now: dt.datetime, actor: str
    ) -> Matter:
        """Open a matter for a conversation that asks for a person."""
        row = connection.execute(
            select(conversations).where(conversations.c.id == conversation_id)
        ).one()
        values = {
            "conversation_id": conversation_id,
            "channel": row.channel,
            "topic": row.topic or "",
            "reason": row.reason or "",
            "priority": row.priority,
            "office_id": row.office_id,
            "about_enc": self.seal(ABOUT, self._question(row.context_enc)),
            "due_at": self.targets.to_take(now, row.priority),
        }
        return self.open_in(connection, now, actor, values)

    def _question(self, sealed: bytes | None) -> str:
        if sealed is None:
            return ""
        context = context_from_json(self.store.cipher.decrypt_json(CONTEXT, sealed))
        return mask_personal(context.question)[:ABOUT_KEPT]

    def open_in(
        self, connection: Connection, now: dt.datetime, actor: str, values: dict[str, Any]
    ) -> Matter:
        """Insert a matter under the next number of the year.

        The unique index is the lock: of two writers with the same number the later waits for the
        earlier, is refused, and looks again.
        """
        year = china_date(now).year % 100
        row = {**values, "state": MatterState.WAITING, "opened_at": now}
        for attempt in range(MOST_TRIES):
            number = next_number(year, self._last_serial(connection, year))
            try:
                with connection.begin_nested():
                    result = connection.execute(insert(matters).values(number=number, **row))
                break
            except IntegrityError:
                if attempt == MOST_TRIES - 1:
                    raise
        key = result.inserted_primary_key
        assert key is not None
        self.record(connection, key[0], now, actor, Action.OPENED)
        return self.matter(connection.execute(select(matters).where(matters.c.id == key[0])).one())

    def _last_serial(self, connection: Connection, year: int) -> int:
        last = connection.execute(
            select(matters.c.number)
            .where(matters.c.number.like(f"{year:02d}%"))
            .order_by(func.length(matters.c.number).desc(), matters.c.number.desc())
            .limit(1)
        ).scalar()
        return 0 if last is None else serial_of(last)

    def wait_in(
        self,
        connection: Connection,
        found: Matter,
        now: dt.datetime,
        actor: str,
        action: Action,
        note: str = "",
        *,
        reason: str = "",
        priority: int | None = None,
        is_live: bool = False,
    ) -> None:
        """Put a matter back into the common queue; an earlier outcome stays in the log only."""
        level = found.priority if priority is None else priority
        self.change(
            connection,
            found,
            MatterState.WAITING,
            staff_id=None,
            reason=reason or found.reason,
            priority=level,
            outcome=None,
            closed_at=None,
            due_at=self.targets.to_take(now, level, is_live=is_live),
        )
        self.record(connection, found.id, now, actor, action, note)

    def take_in(
        self,
        connection: Connection,
        found: Matter,
        now: dt.datetime,
        actor: str,
        staff_id: int | None,
        note: str = "",
    ) -> None:
        """Give a matter a holder; it belongs to the holder's office if it had none."""
        own = select(staff.c.office_id).where(staff.c.id == staff_id)
        self.change(
            connection,
            found,
            MatterState.IN_PROGRESS,
            staff_id=staff_id,
            office_id=found.office_id or connection.execute(own).scalar(),
            due_at=self.targets.after_taking(found.state, found.due_at, now),
        )
        self.record(connection, found.id, now, actor, Action.TAKEN, note)

    def close_in(
        self,
        connection: Connection,
        found: Matter,
        now: dt.datetime,
        actor: str,
        outcome: Outcome | None,
        advice: str = "",
    ) -> None:
        values: dict[str, Any] = {"outcome": outcome, "closed_at": now}
        if advice:
            values["advice_enc"] = self.seal(ADVICE, advice)
        self.change(connection, found, MatterState.CLOSED, **values)
        self.record(connection, found.id, now, actor, Action.CLOSED, outcome or "")

    def change(self, connection: Connection, found: Matter, to: MatterState, **values: Any) -> None:
        """Carry out one move of the table of moves.

        Raises:
            IllegalMove: the matter is in a state from which this is not allowed.
        """
        moved = connection.execute(
            update(matters)
            .where(matters.c.id == found.id, matters.c.state.in_(sources_of(to)))
            .values(state=to, **values)
        ).rowcount
        if not moved:
            raise IllegalMove

    def record(
        self,
        connection: Connection,
        matter_id: int,
        at: dt.datetime,
        actor: str,
        action: Action,
        note: str = "",
    ) -> None:
        """Add a line to a matter's log."""
        connection.execute(
            insert(matter_moves).values(
                matter_id=matter_id,
                at=at,
                actor=actor[:60],
                action=action,
                note_enc=self.seal(NOTE, note),
            )
        )

    def was_taken(self, connection: Connection, matter_id: int) -> bool:
        """Say whether a lawyer ever had this matter."""
        query = select(matter_moves.c.id).where(
            matter_moves.c.matter_id == matter_id, matter_moves.c.action == Action.TAKEN
        )
        return connection.execute(query).first() is not None

    def is_rated_unsolved(self, connection: Connection, matter_id: int) -> bool:
        query = select(ratings.c.id).where(
            ratings.c.matter_id == matter_id, ratings.c.solved.is_(False)
        )
        return connection.execute(query).first() is not None

    def present(self, connection: Connection, conversation_id: str) -> tuple[str, int]:
        """Return why and how urgently a conversation asks for a person."""
        row = connection.execute(
            select(conversations.c.reason, conversations.c.priority).where(
                conversations.c.id == conversation_id
            )
        ).one()
        return row.reason or "", row.priority

    # --- forgetting ---------------------------------------------------------------------------

    def forget(
        self, connection: Connection, conversation_ids: Sequence[str], now: dt.datetime
    ) -> None:
        """Erase what these conversations' matters hold about a person, before they are deleted.

        Number, states and times stay for the statistics. An open matter is closed as withdrawn:
        nobody is left to be answered.
        """
        lock_conversations(connection, conversation_ids)
        query = select(matters).where(matters.c.conversation_id.in_(conversation_ids))
        self.erase(connection, query, now)

    def erase(self, connection: Connection, query: Select[Any], now: dt.datetime) -> int:
        """Erase the personal part of the matters that a query selects."""
        rows = connection.execute(query.with_for_update()).all()
        for row in rows:
            if row.state in OPEN:
                self.close_in(connection, self.matter(row), now, SYSTEM, Outcome.WITHDRAWN)
            connection.execute(
                update(matters)
                .where(matters.c.id == row.id)
                .values(about_enc=None, contact_enc=None, phone_index="", advice_enc=None)
            )
            connection.execute(
                update(matter_moves)
                .where(
                    matter_moves.c.matter_id == row.id,
                    # What stands there is the code of the outcome.
                    matter_moves.c.action != Action.CLOSED,
                )
                .values(note_enc=None)
            )
            self.record(connection, row.id, now, SYSTEM, Action.ERASED)
        return len(rows)

    # --- rows ---------------------------------------------------------------------------------

    def matter(self, row: Row[Any]) -> Matter:
        sealed: bytes | None = row.contact_enc
        contact = Contact(**self.store.cipher.decrypt_json(CONTACT, sealed)) if sealed else None
        return Matter(
            row.id,
            row.number,
            row.conversation_id,
            row.channel,
            MatterState(row.state),
            row.topic,
            row.reason,
            row.priority,
            row.office_id,
            row.staff_id,
            self.unseal(ABOUT, row.about_enc),
            contact or Contact(),
            row.outcome or "",
            self.unseal(ADVICE, row.advice_enc),
            row.opened_at,
            row.due_at,
            row.closed_at,
        )

    def seal(self, context: str, plain: str) -> bytes | None:
        return self.store.cipher.encrypt(context, plain) if plain else None

    def unseal(self, context: str, sealed: bytes | None) -> str:
        return self.store.cipher.decrypt(context, sealed) if sealed else ""

    def contact_values(self, contact: Contact) -> dict[str, Any]:
        """Return the columns of who to call: sealed, and the hash by which the phone is found."""
        cipher = self.store.cipher
        sealed = None if contact == Contact() else cipher.encrypt_json(CONTACT, asdict(contact))
        index = phone_index(cipher, contact.phone) if contact.phone else ""
        return {"contact_enc": sealed, "phone_index": index}


def is_own() -> ColumnElement[bool]:
    """Select what a conversation is or was about, and not what it had passed on."""
    return matters.c.reason.not_in(REFERRALS)


def lock_conversations(connection: Connection, conversation_ids: Sequence[str]) -> None:
    """Lock conversations in one order, so that two transactions cannot deadlock."""
    connection.execute(
        select(conversations.c.id)
        .where(conversations.c.id.in_(conversation_ids))
        .order_by(conversations.c.id)
        .with_for_update()
    )
