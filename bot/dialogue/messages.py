"""The messages of conversations in the database: stored, read, acknowledged.

Every append locks the conversation's row first, so that message ids within one conversation grow
in the order in which they become visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from bot.dialogue.moves import Follower
from bot.dialogue.passes import valid_pass
from bot.dialogue.turn import TurnReply, context_from_json, context_to_json
from bot.domain.clock import Clock
from bot.domain.conversation import Context, Mode, Sender
from bot.errors import ContinuedElsewhere, NotFound
from bot.store.crypto import token_hash
from bot.store.tables import conversations, messages
from bot.store.unit import Store
from bot.store.wechat_tables import passes
from connectors.messages import Outbound, Part

PARTS = "messages.parts"
CONTEXT = "conversations.context"


class Messages:
    def __init__(self, store: Store, clock: Clock, followers: Sequence[Follower] = ()) -> None:
        """``followers`` hear of every message and move, inside its transaction."""
        self.store = store
        self._clock = clock
        self._followers = followers

    def append_one(
        self, conversation_id: str, sender: Sender, parts: Sequence[Part], author: str = ""
    ) -> Outbound:
        """Store one message in a transaction of its own."""
        with self.store.write() as connection:
            self._lock(connection, conversation_id)
            return self.append(connection, conversation_id, sender, parts, author=author)

    def append(
        self,
        connection: Connection,
        conversation_id: str,
        sender: Sender,
        parts: Sequence[Part],
        *,
        client_id: str | None = None,
        in_reply_to: int | None = None,
        route: str = "",
        author: str = "",
        author_id: int | None = None,
        answered: bool | None = None,
    ) -> Outbound:
        """Insert a message; the caller holds the conversation's row lock."""
        now = self._clock.now()
        encrypted = self.store.cipher.encrypt_json(PARTS, [part.to_json() for part in parts])
        result = connection.execute(
            insert(messages).values(
                conversation_id=conversation_id,
                sender=sender,
                client_id=client_id,
                in_reply_to=in_reply_to,
                author=author,
                author_id=author_id,
                route=route or None,
                parts_enc=encrypted,
                answered=sender is not Sender.VISITOR if answered is None else answered,
                created_at=now,
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        message = Outbound(key[0], conversation_id, sender, tuple(parts), now, author, client_id)
        for follower in self._followers:
            follower.said(connection, message, in_reply_to)
        return message

    def ask(self, connection: Connection, conversation_id: str, question: TurnReply) -> Outbound:
        """Put a question unbidden, with what its answer needs; the caller holds the row lock."""
        if question.context is not None:
            encrypted = self.store.cipher.encrypt_json(CONTEXT, context_to_json(question.context))
            self._touch(connection, conversation_id, context_enc=encrypted)
        return self.append(
            connection, conversation_id, Sender.BOT, question.parts, route=question.route
        )

    def ask_one(self, conversation_id: str, question: TurnReply) -> Outbound:
        """Put a question in a transaction of its own."""
        with self.store.write() as connection:
            self._lock(connection, conversation_id)
            return self.ask(connection, conversation_id, question)

    def after(self, conversation_id: str, message_id: int, limit: int = 200) -> list[Outbound]:
        """Return messages newer than ``message_id``, oldest first."""
        with self.store.read() as connection:
            return self._after(connection, conversation_id, message_id, limit)

    def news(
        self, conversation_id: str, message_id: int, token: str = ""
    ) -> tuple[list[Outbound], Mode]:
        """Return messages newer than ``message_id``, oldest first, and who owns the conversation.

        Raises:
            NotFound: there is no such conversation.
            ContinuedElsewhere: a token is given and no longer the conversation's.
        """
        query = select(conversations.c.mode, conversations.c.token_hash).where(
            conversations.c.id == conversation_id
        )
        with self.store.read() as connection:
            row = connection.execute(query).first()
            if row is None:
                raise NotFound
            if token and row.token_hash != token_hash(token):
                passed = connection.execute(self._passed(token)).scalar_one_or_none()
                if passed != conversation_id:
                    raise ContinuedElsewhere
            return self._after(connection, conversation_id, message_id, 200), Mode(row.mode)

    def _passed(self, token: str) -> Select[str]:
        """Ask for the conversation that a token opens as a follower's pass."""
        found = valid_pass(token, self._clock.now())
        return found.with_only_columns(passes.c.conversation_id)

    def _after(
        self, connection: Connection, conversation_id: str, message_id: int, limit: int
    ) -> list[Outbound]:
        query = (
            select(messages)
            .where(messages.c.conversation_id == conversation_id, messages.c.id > message_id)
            .order_by(messages.c.id)
            .limit(limit)
        )
        return [self._outbound(row) for row in connection.execute(query)]

    def before(self, conversation_id: str, message_id: int, limit: int = 50) -> list[Outbound]:
        """Return messages older than ``message_id``, newest first."""
        query = (
            select(messages)
            .where(messages.c.conversation_id == conversation_id, messages.c.id < message_id)
            .order_by(messages.c.id.desc())
            .limit(limit)
        )
        with self.store.read() as connection:
            return [self._outbound(row) for row in connection.execute(query)]

    def receipt(self, conversation_id: str, got: int, seen: int) -> bool:
        """Remember what the visitor's screen has and was looked at; it only grows.

        Says whether this was news, and whether it matters: only a lawyer looks at it.
        """
        with self.store.write() as connection:
            row = connection.execute(
                select(
                    conversations.c.mode, conversations.c.visitor_got, conversations.c.visitor_seen
                ).where(conversations.c.id == conversation_id)
            ).first()
            if row is None or row.mode != Mode.HUMAN:
                return False
            grown = {
                "visitor_got": max(row.visitor_got, got, seen),
                "visitor_seen": max(row.visitor_seen, seen),
            }
            if grown == {"visitor_got": row.visitor_got, "visitor_seen": row.visitor_seen}:
                return False
            connection.execute(
                update(conversations).where(conversations.c.id == conversation_id).values(grown)
            )
            return True

    def replies_to(self, conversation_id: str, inbound_id: int) -> tuple[Outbound, ...]:
        with self.store.read() as connection:
            return self._replies(connection, conversation_id, inbound_id)

    def message_id(self, conversation_id: str, client_id: str) -> int | None:
        """Return under which number a message is stored that came with this id."""
        query = select(messages.c.id).where(
            messages.c.conversation_id == conversation_id, messages.c.client_id == client_id
        )
        with self.store.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def remember(self, conversation_id: str, context: Context) -> None:
        """Store the context in the middle of a turn."""
        encrypted = self.store.cipher.encrypt_json(CONTEXT, context_to_json(context))
        with self.store.write() as connection:
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(context_enc=encrypted)
            )

    def _lock(self, connection: Connection, conversation_id: str) -> Row[Any]:
        row = connection.execute(
            select(conversations).where(conversations.c.id == conversation_id).with_for_update()
        ).first()
        if row is None:
            raise NotFound
        return row

    def _touch(self, connection: Connection, conversation_id: str, **values: Any) -> None:
        mine = conversations.c.id == conversation_id
        connection.execute(update(conversations).where(mine).values(values))

    def _replies(
        self, connection: Connection, conversation_id: str, inbound_id: int
    ) -> tuple[Outbound, ...]:
        query = (
            select(messages)
            .where(
                messages.c.conversation_id == conversation_id,
                messages.c.in_reply_to == inbound_id,
            )
            .order_by(messages.c.id)
        )
        return tuple(self._outbound(row) for row in connection.execute(query))

    def _outbound(self, row: Row[Any]) -> Outbound:
        return Outbound(
            row.id,
            row.conversation_id,
            row.sender,
            self._parts(row.parts_enc),
            row.created_at,
            row.author,
            row.client_id,
        )

    def _parts(self, encrypted: bytes) -> tuple[Part, ...]:
        return tuple(Part.from_json(p) for p in self.store.cipher.decrypt_json(PARTS, encrypted))

    def _context(self, encrypted: bytes | None) -> Context:
        if encrypted is None:
            return Context()
        return context_from_json(self.store.cipher.decrypt_json(CONTEXT, encrypted))
