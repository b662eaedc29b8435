"""Forget what Rasa stored: it keeps every event of a conversation in one SQLite table.

The table is described in bot/rasa_ext/tracker_store.py; deleted text stays in the write-ahead log
until a checkpoint, so each deletion ends with one.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


class RasaTracker:
    """Rasa's tracker file; a missing file holds nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def forget_sender(self, sender: str) -> int:
        """Delete one conversation's events; return how many there were.

        Raises:
            sqlite3.Error: the file is locked or damaged.
        """
        return self._delete("DELETE FROM events WHERE sender_id = ?", sender)

    def forget_quiet_since(self, moment: float) -> int:
        """Delete the events of conversations silent since ``moment`` (seconds since 1970)."""
        quiet = "SELECT sender_id FROM events GROUP BY sender_id HAVING MAX(timestamp) < ?"
        return self._delete(f"DELETE FROM events WHERE sender_id IN ({quiet})", moment)

    def _delete(self, statement: str, value: str | float) -> int:
        if self._path is None or not self._path.exists():
            return 0
        with closing(sqlite3.connect(self._path, timeout=5)) as connection:
            known = "SELECT 1 FROM sqlite_master WHERE name = 'events'"
            if connection.execute(known).fetchone() is None:
                return 0
            with connection:
                connection.execute("PRAGMA secure_delete=ON")
                gone = connection.execute(statement, (value,)).rowcount
            if gone:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(gone)
