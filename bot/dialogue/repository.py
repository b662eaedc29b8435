"""Conversations in the database: opened, found again, and each turn of theirs.

What else is done with one is inherited: its messages, its moves, its end.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bot.dialogue.forgetting import Forgetting
from bot.dialogue.messages import CONTEXT, PARTS
from bot.dialogue.ownership import Ownership, in_line
from bot.dialogue.turn import Turn, context_to_json, with_option
from bot.domain.conversation import (
    BOT_SPEAKS,
    Context,
    Conversation,
    HandoverReason,
    Mode,
    Sender,
)
from bot.errors import NotFound
from bot.store.crypto import token_hash
from bot.store.tables import conversations, messages
from connectors.messages import Inbound, Outbound, Part

__all__ = [
    "CONTEXT",
    "PARTS",
    "ConversationRepository",
    "Received",
    "conversation_of",
    "in_line",
]


@dataclass(frozen=True)
class Received:
    """What storing an inbound message found."""

    message_id: int
    is_new: bool
    answered: bool
    mode: Mode
    context: Context


class ConversationRepository(Ownership, Forgetting):
    def create(
        self, channel: str, consent_version: str, visitor: str = ""
    ) -> tuple[Conversation, str]:
        """Open a conversation; return it with the bearer token that only its visitor holds."""
        with self.store.write() as connection:
            return self.create_in(connection, channel, consent_version, visitor)

    def create_in(
        self, connection: Connection, channel: str, consent_version: str, visitor: str = ""
    ) -> tuple[Conversation, str]:
        """Open a conversation in the caller's transaction."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        conversation_id = secrets.token_hex(16)
        row = {
            "id": conversation_id,
            "channel": channel,
            "visitor_index": self.visitor_index(channel, visitor) if visitor else None,
            "token_hash": token_hash(token),
            "mode": Mode.BOT,
            "consent_version": consent_version,
            "priority": 0,
            "created_at": now,
            "updated_at": now,
        }
        connection.execute(insert(conversations).values(row))
        return Conversation(conversation_id, channel, Mode.BOT, now, now), token

    def visitor_index(self, channel: str, visitor: str) -> str:
        return self.store.cipher.blind_index("conversations.visitor", f"{channel}:{visitor}")

    def by_token(self, token: str) -> Conversation | None:
        """Return the conversation that a token opens: its visitor's own, or a follower's pass."""
        own = self._one(conversations.c.token_hash == token_hash(token))
        return own or self._one(conversations.c.id.in_(self._passed(token)))

    def by_visitor(self, channel: str, visitor: str) -> Conversation | None:
        return self._one(
            conversations.c.channel == channel,
            conversations.c.visitor_index == self.visitor_index(channel, visitor),
        )

    def get(self, conversation_id: str) -> Conversation:
        """Return one conversation.

        Raises:
            NotFound: there is none with this id.
        """
        found = self._one(conversations.c.id == conversation_id)
        if found is None:
            raise NotFound
        return found

    def _one(self, *where: Any) -> Conversation | None:
        query = select(conversations).where(*where).order_by(conversations.c.created_at.desc())
        with self.store.read() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else conversation_of(row)

    def receive(self, inbound: Inbound, parts: Sequence[Part]) -> Received:
        """Store a visitor's message once; a repeated client id finds the first one.

        While a lawyer has the conversation nothing else is owed: it counts as answered.
        """
        with self.store.write() as connection:
            row = self._lock(connection, inbound.conversation_id)
            context = self._context(row.context_enc)
            same = connection.execute(
                select(messages.c.id, messages.c.answered).where(
                    messages.c.conversation_id == inbound.conversation_id,
                    messages.c.client_id == inbound.client_id,
                )
            ).first()
            mode = Mode(row.mode)
            if same is not None:
                return Received(same.id, False, same.answered, mode, context)
            if mode is Mode.CLOSED:
                mode = Mode.BOT
                self._set_mode(connection, inbound.conversation_id, Mode.BOT)
                self.tell(connection, self._move(row, Mode.BOT))
            message = self.append(
                connection,
                inbound.conversation_id,
                Sender.VISITOR,
                parts,
                client_id=inbound.client_id,
                answered=mode is Mode.HUMAN,
            )
            if mode is Mode.HUMAN:
                self._touch(connection, inbound.conversation_id, updated_at=self._clock.now())
            return Received(message.id, True, mode is Mode.HUMAN, mode, context)

    def turn(self, conversation_id: str) -> Turn | None:
        """Return the visitor's latest message as an action needs it; None if unknown here."""
        with self.store.read() as connection:
            row = connection.execute(
                select(conversations.c.context_enc, messages.c.id, messages.c.parts_enc)
                .join(messages, messages.c.conversation_id == conversations.c.id)
                .where(
                    conversations.c.id == conversation_id,
                    messages.c.sender == Sender.VISITOR,
                )
                .order_by(messages.c.id.desc())
                .limit(1)
            ).first()
        if row is None:
            return None
        part = next((p for p in self._parts(row.parts_enc) if p.type == "text"), None)
        body = {} if part is None else part.body
        return with_option(
            Turn(
                conversation_id,
                str(body.get("text", "")),
                self._context(row.context_enc),
                option=body.get("option"),
                inbound_id=row.id,
            )
        )

    def finish(
        self,
        conversation_id: str,
        inbound_id: int,
        parts: Sequence[Sequence[Part]],
        *,
        route: str = "",
        topic: str = "",
        context: Context | None = None,
        handover: HandoverReason | None = None,
        priority: int = 0,
        sender: Sender = Sender.BOT,
    ) -> tuple[tuple[Outbound, ...], Mode]:
        """Store the bot's replies to one message, unless a person has taken over meanwhile.

        The same transaction carries out the hand-over and remembers the context. Answering a
        message twice is refused by its ``answered`` flag.
        """
        with self.store.write() as connection:
            row = self._lock(connection, conversation_id)
            mode = Mode(row.mode)
            flagged = connection.execute(
                update(messages)
                .where(messages.c.id == inbound_id, messages.c.answered.is_(False))
                .values(answered=True)
            ).rowcount
            if not flagged:
                return self._replies(connection, conversation_id, inbound_id), mode
            if sender is Sender.BOT and mode not in BOT_SPEAKS:
                return (), mode
            values: dict[str, Any] = {"updated_at": self._clock.now()}
            if topic:
                values["topic"] = topic
            if context is not None:
                values["context_enc"] = self.store.cipher.encrypt_json(
                    CONTEXT, context_to_json(context)
                )
            if handover is not None and mode in BOT_SPEAKS:
                mode = Mode.QUEUED
                values |= {
                    "mode": mode,
                    "reason": handover,
                    "priority": priority,
                    "queued_at": self._clock.now(),
                    "lawyer_id": None,
                    "offered_to": None,
                    "offered_at": None,
                }
            self._touch(connection, conversation_id, **values)
            if mode is not Mode(row.mode):
                self.tell(connection, self._move(row, Mode.QUEUED, reason=handover))
            sent = tuple(
                self.append(
                    connection,
                    conversation_id,
                    sender,
                    group,
                    in_reply_to=inbound_id,
                    route=route,
                )
                for group in parts
                if group
            )
            return sent, mode


def conversation_of(row: Row[Any]) -> Conversation:
    return Conversation(
        row.id,
        row.channel,
        Mode(row.mode),
        row.created_at,
        row.updated_at,
        topic=row.topic,
        reason=HandoverReason(row.reason) if row.reason else None,
        priority=row.priority,
        lawyer_id=row.lawyer_id,
        queued_at=row.queued_at,
        claimed_at=row.claimed_at,
        closed_at=row.closed_at,
        office_id=row.office_id,
        offered_to=row.offered_to,
        offered_at=row.offered_at,
        replied_at=row.replied_at,
    )
