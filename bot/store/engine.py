"""Make the database engine: SQLite in WAL mode by default, PostgreSQL by one setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from bot.errors import DatabaseUnusable

BUSY_TIMEOUT_MS = 5000


def make_engine(url: str) -> Engine:
    """Return an engine for ``url``; a SQLite file's folder is created.

    Raises:
        sqlalchemy.exc.ArgumentError: the URL cannot be understood.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # No overflow: opening and closing a connection beyond the pool costs more than waiting.
        return create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=0)
    if parsed.database and parsed.database != ":memory:":
        try:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnusable(f"数据目录不能用：{error}") from error
    engine = create_engine(url, connect_args={"check_same_thread": False}, pool_size=40)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling would defer BEGIN until the first write and turn a
    # read followed by a write into an upgrade that fails at once when another writer is active.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: an acknowledged message must survive a power cut, not only a killed process.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")
