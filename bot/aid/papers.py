"""The files that an applicant uploaded in the conversation of the application, for its officers."""

from __future__ import annotations

import datetime as dt
from base64 import b64decode
from dataclasses import dataclass

from sqlalchemy import select

from bot.errors import NotFound
from bot.store.tables import files
from bot.store.unit import Store

NAME = "files.name"
BODY = "files.body"
"""What the columns are encrypted under; the body's id is part of it."""


@dataclass(frozen=True)
class Paper:
    """An uploaded file without its contents; ``size`` in bytes."""

    id: str
    name: str
    mime: str
    size: int
    created_at: dt.datetime


class Papers:
    """Reads what visitors uploaded; storing it is the business of uploads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of_conversation(self, conversation_id: str) -> list[Paper]:
        """Return a conversation's files, newest first."""
        query = (
            select(files.c.id, files.c.name_enc, files.c.mime, files.c.size, files.c.created_at)
            .where(files.c.conversation_id == conversation_id)
            .order_by(files.c.created_at.desc(), files.c.id)
        )
        decrypt = self._store.cipher.decrypt
        with self._store.read() as connection:
            return [
                Paper(row.id, decrypt(NAME, row.name_enc), row.mime, row.size, row.created_at)
                for row in connection.execute(query)
            ]

    def read(self, conversation_id: str, file_id: str) -> tuple[Paper, bytes]:
        """Return a file of this conversation with its contents.

        Raises:
            NotFound: the conversation holds no such file.
        """
        query = select(files).where(
            files.c.id == file_id, files.c.conversation_id == conversation_id
        )
        with self._store.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound
        cipher = self._store.cipher
        name = cipher.decrypt(NAME, row.name_enc)
        body = b64decode(cipher.decrypt(f"{BODY}.{file_id}", row.body_enc))
        return Paper(row.id, name, row.mime, row.size, row.created_at), body
