"""Alembic's entry: migrate the database named by the caller or by the settings."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

import bot.store.wechat_tables  # noqa: F401  its tables belong to the metadata
from bot.settings import Settings
from bot.store.engine import make_engine
from bot.store.tables import metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with make_engine(Settings().resolved_database_url).begin() as own:
        run(own)
