"""Who owns a conversation, in the database: the moves between bot, queue and lawyer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.dialogue.messages import Messages
from bot.dialogue.moves import VISITOR, Move
from bot.domain.conversation import HandoverReason, Mode, sources_of
from bot.domain.roster import place_in_line
from bot.errors import IllegalMove
from bot.store.tables import conversations


class Ownership(Messages):
    def move(
        self,
        conversation_id: str,
        to: Mode,
        *,
        lawyer_id: int | None = None,
        reason: HandoverReason | None = None,
        actor: str = VISITOR,
    ) -> Mode:
        """Carry out one move of the ownership machine; return the mode it came from.

        Raises:
            IllegalMove: the conversation is in a mode from which this move is not allowed.
            NotFound: there is no such conversation.
        """
        with self.store.write() as connection:
            return self.move_in(
                connection, conversation_id, to, lawyer_id=lawyer_id, reason=reason, actor=actor
            )

    def move_in(
        self,
        connection: Connection,
        conversation_id: str,
        to: Mode,
        *,
        lawyer_id: int | None = None,
        reason: HandoverReason | None = None,
        actor: str = VISITOR,
    ) -> Mode:
        """Carry out a move in the caller's transaction; return the mode it came from.

        Raises:
            IllegalMove: the conversation is in a mode from which this move is not allowed.
            NotFound: there is no such conversation.
        """
        row = self._lock(connection, conversation_id)
        came_from = Mode(row.mode)
        if came_from not in sources_of(to):
            raise IllegalMove
        self._set_mode(connection, conversation_id, to, lawyer_id=lawyer_id, reason=reason)
        self.tell(connection, self._move(row, to, reason=reason, actor=actor))
        return came_from

    def set_office(self, conversation_id: str, office_id: int) -> bool:
        """Bind a conversation to an office; False where somebody waits or a lawyer is in it.

        Whose queue it is does not change under those who wait in it.
        """
        with self.store.write() as connection:
            bound = connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation_id,
                    conversations.c.mode.not_in((Mode.QUEUED, Mode.HUMAN)),
                )
                .values(office_id=office_id)
            ).rowcount
        return bool(bound)

    def tell(self, connection: Connection, move: Move) -> None:
        """Let the other rooms follow a move, in its own transaction."""
        for follower in self._followers:
            follower.moved(connection, move)

    def queue_position(self, conversation_id: str) -> int:
        """Return the place in the queue, starting with 1; 0 when not queued."""
        query = select(
            conversations.c.id, conversations.c.priority, conversations.c.queued_at
        ).where(conversations.c.mode == Mode.QUEUED)
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        line = [row.id for row in sorted(rows, key=in_line)]
        return line.index(conversation_id) + 1 if conversation_id in line else 0

    def _move(
        self,
        row: Row[Any],
        to: Mode,
        *,
        reason: HandoverReason | None = None,
        actor: str = VISITOR,
    ) -> Move:
        now = self._clock.now()
        return Move(row.id, Mode(row.mode), to, now, actor, row.lawyer_id, reason)

    def _set_mode(
        self,
        connection: Connection,
        conversation_id: str,
        to: Mode,
        *,
        lawyer_id: int | None = None,
        reason: HandoverReason | None = None,
    ) -> None:
        now = self._clock.now()
        values: dict[str, Any] = {"mode": to, "updated_at": now}
        if to is Mode.QUEUED:
            values |= {
                "queued_at": now,
                "reason": reason,
                "lawyer_id": None,
                "offered_to": None,
                "offered_at": None,
            }
        elif to is Mode.HUMAN:
            values |= {"claimed_at": now, "lawyer_id": lawyer_id, "replied_at": None}
        elif to is Mode.CLOSED:
            values["closed_at"] = now
        elif to is Mode.BOT:
            values |= {"queued_at": None, "lawyer_id": None, "reason": None, "priority": 0}
        connection.execute(
            update(conversations).where(conversations.c.id == conversation_id).values(values)
        )


def in_line(row: Any) -> tuple[dt.datetime, str]:
    """Return the sort key of somebody who waits: the same for the visitor and for the desk."""
    return place_in_line(row.priority, row.queued_at), row.id
