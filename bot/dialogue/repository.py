"""Conversations and their messages in the database.

Every append locks the conversation's row first, so that message ids within one conversation grow
in the order in which they become visible.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from bot.dialogue.moves import VISITOR, Follower, Move
from bot.dialogue.turn import (
    Turn,
    TurnReply,
    context_from_json,
    context_to_json,
    with_option,
)
from bot.domain.clock import Clock
from bot.domain.conversation import (
    BOT_SPEAKS,
    Context,
    Conversation,
    HandoverReason,
    Mode,
    Sender,
    sources_of,
)
from bot.domain.roster import place_in_line
from bot.errors import ContinuedElsewhere, IllegalMove, NotFound
from bot.store.crypto import token_hash
from bot.store.outbox import enqueue
from bot.store.tables import conversations, messages, outbox
from bot.store.unit import Store
from connectors.messages import Inbound, Outbound, Part

PARTS = "messages.parts"
CONTEXT = "conversations.context"
ERASE_AFTER = dt.timedelta(seconds=10)


@dataclass(frozen=True)
class Received:
    """What storing an inbound message found."""

    message_id: int
    is_new: bool
    answered: bool
    mode: Mode
    context: Context


class ConversationRepository:
    def __init__(self, store: Store, clock: Clock, followers: Sequence[Follower] = ()) -> None:
        """``followers`` hear of every move, inside its transaction."""
        self.store = store
        self._clock = clock
        self._followers = followers

    def create(
        self, channel: str, consent_version: str, visitor: str = ""
    ) -> tuple[Conversation, str]:
        """Open a conversation; return it with the bearer token that only its visitor holds."""
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
        with self.store.write() as connection:
            connection.execute(insert(conversations).values(row))
        return Conversation(conversation_id, channel, Mode.BOT, now, now), token

    def visitor_index(self, channel: str, visitor: str) -> str:
        return self.store.cipher.blind_index("conversations.visitor", f"{channel}:{visitor}")

    def by_token(self, token: str) -> Conversation | None:
        return self._one(conversations.c.token_hash == token_hash(token))

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

    def _touch(self, connection: Connection, conversation_id: str, **values: Any) -> None:
        mine = conversations.c.id == conversation_id
        connection.execute(update(conversations).where(mine).values(values))

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

    def tell(self, connection: Connection, move: Move) -> None:
        """Let the other rooms follow a move, in its own transaction."""
        for follower in self._followers:
            follower.moved(connection, move)

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
        return Outbound(key[0], conversation_id, sender, tuple(parts), now, author, client_id)

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
                raise ContinuedElsewhere
            return self._after(connection, conversation_id, message_id, 200), Mode(row.mode)

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

    def remember(self, conversation_id: str, context: Context) -> None:
        """Store the context in the middle of a turn."""
        encrypted = self.store.cipher.encrypt_json(CONTEXT, context_to_json(context))
        with self.store.write() as connection:
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(context_enc=encrypted)
            )

    def request_erasure(self, conversation_id: str, inbound_id: int) -> None:
        """Have the conversation erased once the answer to this message has been shown."""
        key = f"erase:{conversation_id}:{inbound_id}"
        due = self._clock.now() + ERASE_AFTER
        with self.store.write() as connection:
            known = select(outbox.c.id).where(outbox.c.unique_key == key)
            if connection.execute(known).first() is None:
                payload = {"conversation_id": conversation_id}
                enqueue(connection, self.store.cipher, due, "erase", key, payload)

    def erase(self, conversation_id: str) -> None:
        """Delete a conversation with everything that belongs to it alone."""
        with self.store.write() as connection:
            for follower in self._followers:
                follower.forget(connection, (conversation_id,), self._clock.now())
            connection.execute(delete(conversations).where(conversations.c.id == conversation_id))

    def queue_position(self, conversation_id: str) -> int:
        """Return the place in the queue, starting with 1; 0 when not queued."""
        query = select(
            conversations.c.id, conversations.c.priority, conversations.c.queued_at
        ).where(conversations.c.mode == Mode.QUEUED)
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        line = [row.id for row in sorted(rows, key=in_line)]
        return line.index(conversation_id) + 1 if conversation_id in line else 0

    def older_than(self, moment: dt.datetime, limit: int = 500) -> list[str]:
        """Return ids of conversations not touched since ``moment``."""
        query = select(conversations.c.id).where(conversations.c.updated_at < moment).limit(limit)
        with self.store.read() as connection:
            return list(connection.execute(query).scalars())

    def _lock(self, connection: Connection, conversation_id: str) -> Row[Any]:
        row = connection.execute(
            select(conversations).where(conversations.c.id == conversation_id).with_for_update()
        ).first()
        if row is None:
            raise NotFound
        return row

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


def in_line(row: Any) -> tuple[dt.datetime, str]:
    """Return the sort key of somebody who waits: the same for the visitor and for the desk."""
    return place_in_line(row.priority, row.queued_at), row.id


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
