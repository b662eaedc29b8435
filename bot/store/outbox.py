"""Work that must not be lost: rows written with what caused them, claimed by conditional update."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, insert, or_, select, update

from bot.domain.clock import Clock
from bot.store.crypto import Cipher
from bot.store.tables import outbox
from bot.store.unit import Store

log = structlog.get_logger(__name__)

PAYLOAD = "outbox.payload"
CLAIM = dt.timedelta(minutes=2)
LONGEST_PAUSE = dt.timedelta(hours=6)

Handler = Callable[[Mapping[str, Any]], None]


def enqueue(
    connection: Connection,
    cipher: Cipher,
    now: dt.datetime,
    kind: str,
    unique_key: str,
    payload: Mapping[str, Any],
) -> None:
    """Add a row inside the caller's transaction.

    Raises:
        sqlalchemy.exc.IntegrityError: the same work was enqueued before.
    """
    connection.execute(
        insert(outbox).values(
            kind=kind,
            unique_key=unique_key,
            payload_enc=cipher.encrypt_json(PAYLOAD, dict(payload)),
            due_at=now,
            created_at=now,
            attempts=0,
        )
    )


def enqueue_once(
    store: Store, due: dt.datetime, kind: str, unique_key: str, payload: Mapping[str, Any]
) -> None:
    """Add a row due at a moment, in a transaction of its own; the same work twice is added once."""
    known = select(outbox.c.id).where(outbox.c.unique_key == unique_key)
    with store.write() as connection:
        if connection.execute(known).first() is None:
            enqueue(connection, store.cipher, due, kind, unique_key, payload)


class OutboxRunner:
    """Delivers due rows, each at least once; handlers must tolerate a repeat."""

    def __init__(self, store: Store, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self._store = store
        self._clock = clock
        self._handlers = handlers

    def run_once(self, limit: int = 50) -> int:
        """Claim and deliver what is due; return how many rows were delivered."""
        return sum(self._deliver(row_id) for row_id in self._due(limit))

    def _due(self, limit: int) -> list[int]:
        now = self._clock.now()
        query = (
            select(outbox.c.id)
            .where(outbox.c.done_at.is_(None), outbox.c.due_at <= now)
            .where(or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < now))
            .order_by(outbox.c.id)
            .limit(limit)
        )
        with self._store.read() as connection:
            return list(connection.execute(query).scalars())

    def _deliver(self, row_id: int) -> int:
        now = self._clock.now()
        with self._store.write() as connection:
            claimed = connection.execute(
                update(outbox)
                .where(outbox.c.id == row_id, outbox.c.done_at.is_(None))
                .where(or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < now))
                .values(claimed_until=now + CLAIM, attempts=outbox.c.attempts + 1)
            ).rowcount
            if not claimed:
                return 0
            row = connection.execute(select(outbox).where(outbox.c.id == row_id)).one()
        payload = self._store.cipher.decrypt_json(PAYLOAD, row.payload_enc)
        try:
            self._handlers[row.kind](payload)
        except Exception as error:  # noqa: BLE001  a handler's failure is recorded and retried
            pause = min(dt.timedelta(seconds=30 * 2**row.attempts), LONGEST_PAUSE)
            log.warning("outbox_failed", kind=row.kind, id=row_id, error=type(error).__name__)
            self._settle(row_id, due_at=now + pause, last_error=type(error).__name__)
            return 0
        self._settle(row_id, done_at=self._clock.now())
        return 1

    def _settle(self, row_id: int, **values: Any) -> None:
        with self._store.write() as connection:
            connection.execute(
                update(outbox).where(outbox.c.id == row_id).values(claimed_until=None, **values)
            )
