"""The end of conversations in the database: erased when asked for, or when they are old."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, delete, exists, or_, select

from bot.dialogue.messages import Messages
from bot.domain.aid import ENDED
from bot.store.outbox import enqueue_once
from bot.store.tables import aid_applications, aid_drafts, conversations

ERASE_AFTER = dt.timedelta(seconds=10)


class Forgetting(Messages):
    def request_erasure(self, conversation_id: str, inbound_id: int) -> None:
        """Have the conversation erased once the answer to this message has been shown."""
        key = f"erase:{conversation_id}:{inbound_id}"
        due = self._clock.now() + ERASE_AFTER
        enqueue_once(self.store, due, "erase", key, {"conversation_id": conversation_id})

    def erase(self, conversation_id: str) -> None:
        """Delete a conversation with everything that belongs to it alone."""
        with self.store.write() as connection:
            for follower in self._followers:
                follower.forget(connection, (conversation_id,), self._clock.now())
            connection.execute(delete(conversations).where(conversations.c.id == conversation_id))

    def older_than(self, moment: dt.datetime, limit: int = 500) -> list[str]:
        """Return ids of conversations not touched since ``moment`` that nothing keeps.

        An application for legal aid keeps its conversation until it has ended: files handed in
        are part of what is decided on, and notices (法律援助法 43, 48) go into the conversation.
        What happens to an application or a draft counts as touching its conversation.
        """
        query = (
            select(conversations.c.id)
            .where(conversations.c.updated_at < moment, ~_applies(moment), ~_drafts(moment))
            .limit(limit)
        )
        with self.store.read() as connection:
            return list(connection.execute(query).scalars())


def _applies(since: dt.datetime) -> ColumnElement[bool]:
    return exists().where(
        aid_applications.c.conversation_id == conversations.c.id,
        or_(aid_applications.c.state.not_in(ENDED), aid_applications.c.updated_at >= since),
    )


def _drafts(since: dt.datetime) -> ColumnElement[bool]:
    # The web form writes no message.
    return exists().where(
        aid_drafts.c.conversation_id == conversations.c.id, aid_drafts.c.updated_at >= since
    )
