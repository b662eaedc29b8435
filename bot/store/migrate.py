"""Bring a database to the newest schema; safe to call at every start."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import DatabaseUnusable

MIGRATIONS = Path(__file__).parent / "migrations"
POSTGRES_LOCK = 7_316_400
"""Any fixed number: two processes that start together must not migrate at the same time."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def migrate(engine: Engine, to: str = "head") -> None:
    """Apply every missing migration up to ``to`` in one transaction.

    Raises:
        DatabaseUnusable: it cannot be opened, or stays locked; the message says why.
    """
    try:
        # Most often nothing is missing, and then no lock is needed.
        if not is_current(engine):
            _upgrade(engine, to)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise DatabaseUnusable(f"数据库打不开：{reason}") from error


def _upgrade(engine: Engine, to: str) -> None:
    config = _config()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({POSTGRES_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def is_current(engine: Engine) -> bool:
    """Say whether the database has the newest schema."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        # Looking needs no write lock.
        connection.execution_options(sqlite_begin="DEFERRED")
        return MigrationContext.configure(connection).get_current_revision() == head
