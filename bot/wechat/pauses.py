"""Accounts to which nothing is sent for now, in the database: every process pauses together."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from bot.domain.clock import Clock
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_accounts as table


@dataclass(frozen=True)
class Pause:
    until: dt.datetime
    reason: str


class PauseRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def of(self, connection: Connection, app_id: str) -> Pause | None:
        """Return the pause an account is in."""
        query = select(table).where(
            table.c.app_id == app_id, table.c.paused_until > self._clock.now()
        )
        row = connection.execute(query).first()
        return None if row is None else Pause(row.paused_until, row.reason)

    def present(self, app_id: str) -> Pause | None:
        with self._store.read() as connection:
            return self.of(connection, app_id)

    def pause(self, app_id: str, until: dt.datetime, reason: str) -> None:
        """Send nothing from this account until a moment."""
        values = {"paused_until": until, "reason": reason}
        with self._store.write() as connection:
            changed = connection.execute(
                update(table).where(table.c.app_id == app_id).values(values)
            ).rowcount
            if not changed:
                connection.execute(insert(table).values(app_id=app_id, **values))
