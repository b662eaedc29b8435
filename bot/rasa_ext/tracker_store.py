"""Rasa's SQL tracker store on an SQLite file, with a write-ahead log so that turns are not slow.

Rasa keeps every conversation in one table, `events`: `id` (integer, grows), `sender_id` (the
opaque conversation id), `type_name` (`user`, `bot`, `action`, `slot`, …), `timestamp` (seconds
since 1970, float), `intent_name`, `action_name` and `data` (the whole event as JSON, message text
included). Retention is not done here: the application deletes rows of that table by `sender_id`
and then runs `PRAGMA wal_checkpoint(TRUNCATE)`, because deleted text stays in the log until then.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, Generator, Optional

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain


class WalTrackerStore(SQLTrackerStore):
    """SQLite tracker store with `journal_mode=WAL` and `synchronous=NORMAL`."""

    def __init__(
        self,
        domain: Optional[Domain] = None,
        host: Optional[str] = None,
        event_broker: Optional[EventBroker] = None,
        db: str = "var/rasa/tracker.db",
        **kwargs: Any,
    ) -> None:
        """Create the file's folder, readable by this user alone, and open the store."""
        path = Path(db)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLAlchemy opens and closes a connection for each turn, and SQLite copies the log back
        # and syncs whenever the last connection closes. This one stays open so that it does not.
        self._anchor = sqlite3.connect(path, check_same_thread=False)
        self._anchor.execute("PRAGMA journal_mode=WAL")
        super().__init__(
            domain=domain, dialect="sqlite", db=str(path), event_broker=event_broker, **kwargs
        )

    @contextlib.contextmanager
    def session_scope(self) -> Generator[Any, None, None]:
        """Open a session whose commits survive a crash of Rasa, if not a power cut."""
        with super().session_scope() as session:
            session.connection().exec_driver_sql("PRAGMA synchronous=NORMAL")
            yield session
