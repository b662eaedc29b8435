"""The audit trail, read only: nothing in the product changes a row of it, and the database refuses.

Writing is each room's own, in the transaction of what it records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import Row, or_, select

from bot.store.crypto import ContextMismatch
from bot.store.tables import audit, staff
from bot.store.unit import Store

NOTE = "audit.note"


@dataclass(frozen=True)
class Entry:
    """One row; ``note`` stays sealed until somebody may read it."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    note: bytes | None


@dataclass(frozen=True)
class Asked:
    """Which rows are wanted; empty values ask for all."""

    actors: tuple[str, ...] = ()
    """Actors exactly as written, or ``7:`` for a number in front of a name."""
    subject: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    before: int | None = None


class TrailRepository:
    def __init__(self, store: Store) -> None:
        self._store = store

    def newest(self, asked: Asked, limit: int) -> list[Entry]:
        """Return the newest rows that fit, newest first."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if asked.actors:
            query = query.where(or_(*(_done_by(actor) for actor in asked.actors)))
        if asked.subject:
            about = audit.c.subject.endswith(f":{asked.subject}", autoescape=True)
            query = query.where(or_(audit.c.subject == asked.subject, about))
        if asked.since is not None:
            query = query.where(audit.c.at >= asked.since)
        if asked.until is not None:
            query = query.where(audit.c.at < asked.until)
        if asked.before is not None:
            query = query.where(audit.c.id < asked.before)
        with self._store.read() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def names(self) -> Mapping[str, tuple[int, str]]:
        """Return everybody's number and name by login name."""
        with self._store.read() as connection:
            rows = connection.execute(select(staff.c.login, staff.c.id, staff.c.name))
            return {row.login: (row.id, row.name) for row in rows}

    def read(self, sealed: bytes) -> str | None:
        """Return what a note says; None when its key is gone."""
        try:
            return self._store.cipher.decrypt(NOTE, sealed)
        except (InvalidToken, ContextMismatch):
            return None


def _done_by(actor: str) -> Any:
    if actor.endswith(":"):
        return audit.c.actor.startswith(actor, autoescape=True)
    return audit.c.actor == actor


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.id, row.at, row.actor, row.action, row.subject, row.note_enc)
