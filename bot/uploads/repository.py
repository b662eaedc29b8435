"""Uploaded files, encrypted in the database: the body as well as the name.

Bodies go through the column cipher as base64 text: a file moved to another row does not decrypt.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from bot.domain.clock import Clock
from bot.errors import NotFound
from bot.store.tables import conversations, files
from bot.store.unit import Store
from bot.uploads.voices import EXTENSIONS as VOICES
from bot.uploads.voices import is_voice

NAME = "files.name"
BODY = "files.body"

Follower = Callable[[Connection, str, str], None]
"""Takes the transaction, the conversation and the file."""


@dataclass(frozen=True)
class FileRecord:
    """What is known of a file without its contents."""

    id: str
    name: str
    mime: str
    size: int
    sha256: str
    created_at: dt.datetime


class UploadRepository:
    def __init__(self, store: Store, clock: Clock, followers: Sequence[Follower] = ()) -> None:
        """``followers`` hear of each new file, in the transaction that stores it."""
        self._store = store
        self._clock = clock
        self._followers = followers

    def file_id(self, conversation_id: str, client_id: str) -> str:
        """Return the id that an upload gets: the same for the same upload sent twice."""
        return self._store.cipher.blind_index("files.id", f"{conversation_id}\0{client_id}")[:32]

    def find(self, conversation_id: str, file_id: str) -> FileRecord | None:
        query = select(*_KNOWN).where(
            files.c.id == file_id, files.c.conversation_id == conversation_id
        )
        with self._store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else self._record(row)

    def of_conversation(self, conversation_id: str) -> list[FileRecord]:
        """Return what is known of a conversation's files, newest first."""
        query = (
            select(*_KNOWN)
            .where(files.c.conversation_id == conversation_id)
            .order_by(files.c.created_at.desc(), files.c.id)
        )
        with self._store.read() as connection:
            return [self._record(row) for row in connection.execute(query)]

    def count(self, conversation_id: str, within: dt.timedelta, *, voices: bool = False) -> int:
        """Return how many recordings came into a conversation lately, or how many other files."""
        kind = files.c.mime.in_(VOICES) if voices else files.c.mime.not_in(VOICES)
        since = self._clock.now() - within
        query = select(func.count()).where(
            files.c.conversation_id == conversation_id, files.c.created_at > since, kind
        )
        with self._store.read() as connection:
            return int(connection.execute(query).scalar_one())

    def add(
        self, conversation_id: str, file_id: str, name: str, mime: str, body: bytes
    ) -> FileRecord:
        """Store a file once; a second call with the same id returns the first.

        Raises:
            NotFound: there is no such conversation.
        """
        # Encrypting megabytes takes a while and must not hold the database's write lock.
        record = FileRecord(
            file_id, name, mime, len(body), hashlib.sha256(body).hexdigest(), self._clock.now()
        )
        values = {
            "id": file_id,
            "conversation_id": conversation_id,
            "name_enc": self._store.cipher.encrypt(NAME, name),
            "mime": mime,
            "size": record.size,
            "sha256": record.sha256,
            "body_enc": self._store.cipher.encrypt(f"{BODY}.{file_id}", b64encode(body).decode()),
            "created_at": record.created_at,
        }
        with self._store.write() as connection:
            owner = select(conversations.c.id).where(conversations.c.id == conversation_id)
            if connection.execute(owner.with_for_update()).first() is None:
                raise NotFound
            there = connection.execute(select(*_KNOWN).where(files.c.id == file_id)).first()
            if there is not None:
                return self._record(there)
            connection.execute(insert(files).values(values))
            # What somebody says is no paper, of which the others keep lists.
            for follower in () if is_voice(mime) else self._followers:
                follower(connection, conversation_id, file_id)
        return record

    def body(self, conversation_id: str, file_id: str) -> bytes:
        """Return a file's contents.

        Raises:
            NotFound: the conversation holds no such file.
        """
        query = select(files.c.body_enc).where(
            files.c.id == file_id, files.c.conversation_id == conversation_id
        )
        with self._store.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return b64decode(self._store.cipher.decrypt(f"{BODY}.{file_id}", row.body_enc))

    def _record(self, row: Any) -> FileRecord:
        name = self._store.cipher.decrypt(NAME, row.name_enc)
        return FileRecord(row.id, name, row.mime, row.size, row.sha256, row.created_at)


_KNOWN = (
    files.c.id,
    files.c.name_enc,
    files.c.mime,
    files.c.size,
    files.c.sha256,
    files.c.created_at,
)
