"""Ratings in the database: one for every matter, and one for every stretch with the bot alone.

A rating belongs to the conversation's newest matter as long as the bot has not answered anything
else since it was closed. Without a matter, a new stretch begins when the conversation was closed
after the last rating, or was opened again after a rating that followed a close.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from bot.domain.clock import Clock
from bot.domain.conversation import Mode, Sender
from bot.domain.matter import REFERRALS, MatterState, Outcome
from bot.errors import NotFound
from bot.store.tables import conversations, matters, messages, ratings
from bot.store.unit import Store

COMMENT = "ratings.comment"

# Replies of the bot after which the talk is still about what was closed.
_SAME_TALK = ("rate", "smalltalk")


@dataclass(frozen=True)
class Rating:
    """What one visitor said about one matter, or about one stretch with the bot."""

    stretch: int
    score: int | None
    solved: bool | None
    comment: str
    lawyer_id: int | None
    created_at: dt.datetime
    matter_id: int | None = None


@dataclass(frozen=True)
class Stored:
    """Where a rating was stored."""

    matter_id: int | None
    mode: Mode
    """Of the conversation at that moment."""


class RatingRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def upsert(
        self, conversation_id: str, score: int | None, solved: bool | None, comment: str
    ) -> Stored:
        """Store a rating of the present matter; given fields replace those given before.

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
            matter = self._matter(connection, conversation_id)
            stored = Stored(None if matter is None else matter.id, Mode(conversation.mode))
            known = self._known(connection, conversation, last, stored.matter_id)
            if known is not None:
                if given:
                    changed = update(ratings).where(ratings.c.id == known)
                    connection.execute(changed.values(given))
                return stored
            connection.execute(
                insert(ratings).values(
                    conversation_id=conversation_id,
                    stretch=1 if last is None else last.stretch + 1,
                    lawyer_id=conversation.lawyer_id if matter is None else matter.staff_id,
                    created_at=self._clock.now(),
                    matter_id=stored.matter_id,
                    **given,
                )
            )
            return stored

    def of(self, conversation_id: str) -> tuple[Rating, ...]:
        """Return the conversation's ratings, oldest first."""
        query = (
            select(ratings)
            .where(ratings.c.conversation_id == conversation_id)
            .order_by(ratings.c.stretch)
        )
        with self._store.read() as connection:
            return tuple(self._rating(row) for row in connection.execute(query))

    def _known(
        self,
        connection: Connection,
        conversation: Row[Any],
        last: Row[Any] | None,
        matter_id: int | None,
    ) -> int | None:
        """Return the rating that is corrected; None if this is a first one.

        The conversation's row is locked, so that there can be no second one for a matter.
        """
        if matter_id is not None:
            query = select(ratings.c.id).where(ratings.c.matter_id == matter_id)
            return connection.execute(query).scalar()
        if last is None or last.matter_id is not None:
            return None
        if self._is_new_stretch(connection, conversation, last):
            return None
        return int(last.id)

    def _matter(self, connection: Connection, conversation_id: str) -> Row[Any] | None:
        """Return the matter that is being rated; None if the bot alone is."""
        matter = connection.execute(
            select(matters)
            .where(
                matters.c.conversation_id == conversation_id,
                # What was passed on is no talk that could be rated here.
                matters.c.reason.not_in(REFERRALS),
            )
            .order_by(matters.c.closed_at.desc().nulls_first(), matters.c.id.desc())
            .limit(1)
        ).first()
        if matter is None or matter.state != MatterState.CLOSED:
            return matter
        if matter.outcome == Outcome.WITHDRAWN:
            # Nobody had come yet: what is rated is the bot.
            return None
        answered = select(messages.c.id).where(
            messages.c.conversation_id == conversation_id,
            messages.c.sender == Sender.BOT,
            messages.c.created_at > matter.closed_at,
            func.coalesce(messages.c.route, "").not_in(_SAME_TALK),
        )
        return matter if connection.execute(answered.limit(1)).first() is None else None

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
            row.matter_id,
        )
