"""Ratings in the database: one for every stretch of a conversation.

A new stretch begins when the conversation was closed after the last rating, or was opened again
after a rating that followed a close.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from bot.domain.clock import Clock
from bot.domain.conversation import Sender
from bot.errors import NotFound
from bot.store.tables import conversations, messages, ratings
from bot.store.unit import Store

COMMENT = "ratings.comment"


@dataclass(frozen=True)
class Rating:
    """What one visitor said about one stretch of a conversation."""

    stretch: int
    score: int | None
    solved: bool | None
    comment: str
    lawyer_id: int | None
    created_at: dt.datetime


class RatingRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def upsert(
        self, conversation_id: str, score: int | None, solved: bool | None, comment: str
    ) -> None:
        """Store a rating of the present stretch; given fields replace those given before.

        Raises:
            NotFound: there is no such conversation.
        """
        given: dict[str, Any] = {}
        if score is not None:
            given["score"] = score
        if solved is not None:
            given["solved"] = solved
        if comment:
            given["comment_enc"] = self._store.cipher.encrypt(COMMENT, comment)
        with self._store.write() as connection:
            query = select(conversations).where(conversations.c.id == conversation_id)
            conversation = connection.execute(query.with_for_update()).first()
            if conversation is None:
                raise NotFound
            last = self._last(connection, conversation_id)
            if last is not None and not self._is_new_stretch(connection, conversation, last):
                if given:
                    connection.execute(update(ratings).where(ratings.c.id == last.id).values(given))
                return
            connection.execute(
                insert(ratings).values(
                    conversation_id=conversation_id,
                    stretch=1 if last is None else last.stretch + 1,
                    lawyer_id=conversation.lawyer_id,
                    created_at=self._clock.now(),
                    **given,
                )
            )

    def of(self, conversation_id: str) -> tuple[Rating, ...]:
        """Return the conversation's ratings, oldest first."""
        query = (
            select(ratings)
            .where(ratings.c.conversation_id == conversation_id)
            .order_by(ratings.c.stretch)
        )
        with self._store.read() as connection:
            return tuple(self._rating(row) for row in connection.execute(query))

    def _last(self, connection: Connection, conversation_id: str) -> Row[Any] | None:
        return connection.execute(
            select(ratings)
            .where(ratings.c.conversation_id == conversation_id)
            .order_by(ratings.c.stretch.desc())
            .limit(1)
        ).first()

    def _is_new_stretch(
        self, connection: Connection, conversation: Row[Any], last: Row[Any]
    ) -> bool:
        closed_at = conversation.closed_at
        if closed_at is None:
            return False
        if last.created_at < closed_at:
            return True
        reopened_at = connection.execute(
            select(func.min(messages.c.created_at)).where(
                messages.c.conversation_id == conversation.id,
                messages.c.sender == Sender.VISITOR,
                messages.c.created_at > closed_at,
            )
        ).scalar()
        return reopened_at is not None and last.created_at < reopened_at

    def _rating(self, row: Row[Any]) -> Rating:
        comment: bytes | None = row.comment_enc
        return Rating(
            row.stretch,
            row.score,
            row.solved,
            self._store.cipher.decrypt(COMMENT, comment) if comment else "",
            row.lawyer_id,
            row.created_at,
        )
