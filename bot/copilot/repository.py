"""Corrections in the database: proposed by a lawyer, decided by a supervisor.

The question is encrypted; the keys of articles are no secret. What is decided changes by one
conditional update, so that two supervisors cannot decide the same line twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from bot.domain.clock import Clock
from bot.domain.people import Staff
from bot.errors import IllegalMove, NotFound
from bot.store.tables import audit, conversations, corrections, staff
from bot.store.unit import Store

QUESTION = "corrections.question"
SEPARATOR = ","


class CorrectionState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"


SOURCES: dict[CorrectionState, frozenset[CorrectionState]] = {
    CorrectionState.ACCEPTED: frozenset({CorrectionState.PENDING, CorrectionState.DECLINED}),
    CorrectionState.DECLINED: frozenset({CorrectionState.PENDING, CorrectionState.ACCEPTED}),
}
"""From which states a decision may be taken: declining what was accepted undoes it."""

EDITABLE = frozenset({CorrectionState.PENDING, CorrectionState.DECLINED})


@dataclass(frozen=True)
class Correction:
    """What a lawyer found right for a question instead of what was offered."""

    id: int
    question: str
    offered: tuple[str, ...]
    chosen: tuple[str, ...]
    """Empty where the suggestion was rejected without another."""
    state: CorrectionState
    by: str
    created_at: dt.datetime
    decided_by: str = ""
    decided_at: dt.datetime | None = None


class CorrectionRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def propose(
        self,
        person: Staff,
        conversation_id: str,
        question: str,
        offered: Sequence[str],
        chosen: Sequence[str],
    ) -> tuple[int, bool]:
        """Store a correction; return its id, and whether it is new: a repeat finds the first.

        Raises:
            NotFound: there is no such conversation.
        """
        row = {
            "conversation_id": conversation_id,
            "staff_id": person.id,
            "offered": SEPARATOR.join(offered),
            "chosen": SEPARATOR.join(chosen),
            "state": CorrectionState.PENDING,
        }
        with self.store.write() as connection:
            # The row lock lets only one of two equal requests through at a time.
            locked = connection.execute(
                select(conversations.c.id)
                .where(conversations.c.id == conversation_id)
                .with_for_update()
            ).first()
            if locked is None:
                raise NotFound
            same = select(corrections.c.id, corrections.c.question_enc).where(
                *(corrections.c[name] == value for name, value in row.items())
            )
            for known in connection.execute(same):
                if self._question(known.question_enc) == question:
                    return int(known.id), False
            result = connection.execute(
                insert(corrections).values(
                    **row,
                    question_enc=self.store.cipher.encrypt(QUESTION, question),
                    created_at=self._clock.now(),
                )
            )
            key = result.inserted_primary_key
            assert key is not None
            self._log(connection, person, "correct", key[0])
            return int(key[0]), True

    def get(self, correction_id: int) -> Correction:
        """Return one correction.

        Raises:
            NotFound: there is none, or its conversation was erased before it was accepted.
        """
        query = self._visible().where(corrections.c.id == correction_id)
        with self.store.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return self._correction(row)

    def pending(self, limit: int) -> list[Correction]:
        """Return what waits for a decision, the oldest first."""
        return self._many(
            self._visible()
            .where(corrections.c.state == CorrectionState.PENDING)
            .order_by(corrections.c.id)
            .limit(limit)
        )

    def decided(self, limit: int) -> list[Correction]:
        """Return what was decided, the newest decision first."""
        return self._many(
            self._visible()
            .where(corrections.c.state != CorrectionState.PENDING)
            .order_by(corrections.c.decided_at.desc(), corrections.c.id.desc())
            .limit(limit)
        )

    def accepted(self) -> list[Correction]:
        """Return everything accepted, in the order in which it was proposed."""
        return self._many(
            self._visible()
            .where(corrections.c.state == CorrectionState.ACCEPTED)
            .order_by(corrections.c.id)
        )

    def change(
        self,
        correction_id: int,
        person: Staff,
        question: str,
        chosen: Sequence[str],
        to: CorrectionState | None = None,
    ) -> None:
        """Keep edited words and, with ``to``, decide.

        Raises:
            NotFound: there is no such correction.
            IllegalMove: it is in a state from which this is not allowed.
        """
        values: dict[str, Any] = {
            "question_enc": self.store.cipher.encrypt(QUESTION, question),
            "chosen": SEPARATOR.join(chosen),
        }
        if to is not None:
            values |= self._decision(person, to)
        action = {None: "edit", CorrectionState.ACCEPTED: "accept"}.get(to, "decline")
        self._update(correction_id, person, values, EDITABLE if to is None else SOURCES[to], action)

    def decline(self, correction_id: int, person: Staff) -> None:
        """Decline, or undo an acceptance, leaving the words as they are.

        Raises:
            NotFound: there is no such correction.
            IllegalMove: it was declined already.
        """
        to = CorrectionState.DECLINED
        self._update(correction_id, person, self._decision(person, to), SOURCES[to], "decline")

    def sweep(self) -> int:
        """Delete what was not accepted of conversations that no longer exist; return how many.

        Such a question may still hold words of a visitor who had the conversation erased.
        """
        with self.store.write() as connection:
            return connection.execute(
                delete(corrections).where(
                    corrections.c.conversation_id.is_(None),
                    corrections.c.state != CorrectionState.ACCEPTED,
                )
            ).rowcount

    def _decision(self, person: Staff, to: CorrectionState) -> dict[str, Any]:
        return {"state": to, "decided_by": person.id, "decided_at": self._clock.now()}

    def _update(
        self,
        correction_id: int,
        person: Staff,
        values: dict[str, Any],
        sources: Collection[CorrectionState],
        action: str,
    ) -> None:
        with self.store.write() as connection:
            changed = connection.execute(
                update(corrections)
                .where(corrections.c.id == correction_id, corrections.c.state.in_(sources))
                .values(values)
            ).rowcount
            if not changed:
                known = select(corrections.c.id).where(corrections.c.id == correction_id)
                if connection.execute(known).first() is None:
                    raise NotFound
                raise IllegalMove
            self._log(connection, person, action, correction_id)

    def _log(self, connection: Connection, person: Staff, action: str, correction_id: int) -> None:
        connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=person.login,
                action=f"copilot_{action}",
                subject=f"correction:{correction_id}",
            )
        )

    def _visible(self) -> Select[Any]:
        """Select corrections, but none whose conversation was erased before it was accepted."""
        decider = staff.alias("decider")
        return (
            select(corrections, staff.c.name.label("by"), decider.c.name.label("decider"))
            .join(staff, staff.c.id == corrections.c.staff_id)
            .join(decider, decider.c.id == corrections.c.decided_by, isouter=True)
            .where(
                corrections.c.conversation_id.is_not(None)
                | (corrections.c.state == CorrectionState.ACCEPTED)
            )
        )

    def _many(self, query: Select[Any]) -> list[Correction]:
        with self.store.read() as connection:
            return [self._correction(row) for row in connection.execute(query)]

    def _question(self, sealed: bytes) -> str:
        return self.store.cipher.decrypt(QUESTION, sealed)

    def _correction(self, row: Row[Any]) -> Correction:
        return Correction(
            row.id,
            self._question(row.question_enc),
            _keys(row.offered),
            _keys(row.chosen),
            CorrectionState(row.state),
            row.by,
            row.created_at,
            row.decider or "",
            row.decided_at,
        )


def _keys(stored: str) -> tuple[str, ...]:
    return tuple(filter(None, stored.split(SEPARATOR)))
