"""A unit of work: one short transaction, in a thread, never across a network call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio.to_thread
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.errors import StorageUnavailable
from bot.store.crypto import Cipher

T = TypeVar("T")


class Store:
    """The database as the features see it: transactions and the cipher of its columns."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self.engine = engine
        self.cipher = cipher
        # SQLite takes one writer at a time and lets the others poll with growing pauses; waiting
        # here instead keeps the order and the latency even.
        self._writer = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that may write; it commits on leaving, rolls back on an error.

        Raises:
            StorageUnavailable: the database is locked, full or unreachable.
        """
        lock = self._writer
        if lock is not None and not lock.acquire(timeout=10):
            raise StorageUnavailable
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, DBAPIError) as error:
            if isinstance(error, OperationalError) or error.connection_invalidated:
                raise StorageUnavailable from error
            raise
        finally:
            if lock is not None:
                lock.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only snapshot.

        Raises:
            StorageUnavailable: the database is locked or unreachable.
        """
        try:
            with self.engine.connect() as connection:
                yield connection.execution_options(sqlite_begin="DEFERRED")
        except OperationalError as error:
            raise StorageUnavailable from error

    async def run(self, work: Callable[[], T]) -> T:
        """Run blocking database work in a worker thread."""
        return await anyio.to_thread.run_sync(work)
