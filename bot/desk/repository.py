"""The desk's view of conversations: the queue, and every move a lawyer makes.

Each move is one short transaction: a conditional update guarded by the ownership table, the notice
to the visitor, and the audit row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bot.dialogue.repository import CONTEXT, PARTS, ConversationRepository, conversation_of
from bot.dialogue.turn import context_from_json
from bot.domain.clock import Clock
from bot.domain.conversation import Context, Conversation, Mode, Sender, sources_of
from bot.domain.people import Staff
from bot.errors import AlreadyClaimed, BadInput, Forbidden, IllegalMove, NotFound
from bot.store.tables import aid_applications, aid_drafts, audit, conversations, files, messages
from bot.store.unit import Store
from connectors.messages import Outbound, Part

NEWEST = 2**31 - 1
QUEUE_SHOWN = 200

# Visitors choose their own message ids; the prefix keeps the two kinds apart.
CLIENT_PREFIX = "desk:"

_NOT_YOURS = "这个会话不由您接待，不能进行这项操作。"
_LEFT = "来访者已离开排队。"


@dataclass(frozen=True)
class Waiting:
    """One line of the queue, or of a lawyer's own open conversations."""

    conversation: Conversation
    last_visitor: Outbound | None
    context: Context
    trigger: Outbound | None
    """What the visitor said last before the hand-over."""


@dataclass(frozen=True)
class AidTrace:
    """What of a legal-aid application belongs to a conversation."""

    draft_active: bool | None
    """None when there is no draft."""
    applications: tuple[tuple[str, str], ...]
    """Number and state."""


class DeskRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self._conversations = ConversationRepository(store, clock)

    def queue(self) -> list[Waiting]:
        """Return who waits, the most urgent and longest waiting first."""
        return self._lines(
            (conversations.c.mode == Mode.QUEUED,),
            (conversations.c.priority.desc(), conversations.c.queued_at, conversations.c.id),
        )

    def open_of(self, staff_id: int) -> list[Waiting]:
        """Return the conversations this lawyer is in, the earliest claimed first."""
        return self._lines(
            (conversations.c.mode == Mode.HUMAN, conversations.c.lawyer_id == staff_id),
            (conversations.c.claimed_at, conversations.c.id),
        )

    def _lines(self, where: Sequence[Any], order: Sequence[Any]) -> list[Waiting]:
        query = select(conversations).where(*where).order_by(*order).limit(QUEUE_SHOWN)
        with self.store.read() as connection:
            rows = connection.execute(query).all()
            return [
                Waiting(
                    conversation_of(row),
                    self._last_words(connection, row.id),
                    self._context(row.context_enc),
                    self._last_words(connection, row.id, row.queued_at),
                )
                for row in rows
            ]

    def trigger(self, found: Conversation) -> Outbound | None:
        """Return what the visitor said last before the hand-over, if there was one."""
        with self.store.read() as connection:
            return self._last_words(connection, found.id, found.queued_at)

    def _last_words(
        self, connection: Connection, conversation_id: str, until: dt.datetime | None = None
    ) -> Outbound | None:
        query = select(messages).where(
            messages.c.conversation_id == conversation_id, messages.c.sender == Sender.VISITOR
        )
        if until is not None:
            query = query.where(messages.c.created_at <= until)
        row = connection.execute(query.order_by(messages.c.id.desc()).limit(1)).first()
        return None if row is None else self._outbound(row)

    def readable(self, conversation_id: str, person: Staff) -> Conversation:
        """Return a conversation this lawyer may read: a waiting one, or one of his own.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: it belongs to the bot or to another lawyer.
        """
        found = self._conversations.get(conversation_id)
        if found.mode is Mode.QUEUED or _owns(found.mode, found.lawyer_id, person):
            return found
        raise Forbidden(_NOT_YOURS)

    def owned(self, conversation_id: str, person: Staff) -> Conversation:
        """Return a conversation this lawyer is in.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this lawyer is not in it.
        """
        found = self._conversations.get(conversation_id)
        if not _owns(found.mode, found.lawyer_id, person):
            raise Forbidden(_NOT_YOURS)
        return found

    def after(self, conversation_id: str, message_id: int) -> list[Outbound]:
        return self._conversations.after(conversation_id, message_id)

    def page(self, conversation_id: str, before: int, limit: int) -> list[Outbound]:
        """Return up to ``limit`` messages older than ``before``, oldest first."""
        return self._conversations.before(conversation_id, before, limit)[::-1]

    def context(self, conversation_id: str) -> Context:
        query = select(conversations.c.context_enc).where(conversations.c.id == conversation_id)
        with self.store.read() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        return self._context(sealed)

    def _context(self, sealed: bytes | None) -> Context:
        if sealed is None:
            return Context()
        return context_from_json(self.store.cipher.decrypt_json(CONTEXT, sealed))

    def conversation_of_file(self, file_id: str) -> str:
        """Return the conversation that a file belongs to.

        Raises:
            NotFound: there is no such file.
        """
        query = select(files.c.conversation_id).where(files.c.id == file_id)
        with self.store.read() as connection:
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise NotFound
        return str(found)

    def aid(self, conversation_id: str) -> AidTrace:
        with self.store.read() as connection:
            draft = connection.execute(
                select(aid_drafts.c.active).where(aid_drafts.c.conversation_id == conversation_id)
            ).first()
            applications = connection.execute(
                select(aid_applications.c.number, aid_applications.c.state)
                .where(aid_applications.c.conversation_id == conversation_id)
                .order_by(aid_applications.c.id)
            ).all()
        return AidTrace(
            None if draft is None else bool(draft.active),
            tuple((row.number, row.state) for row in applications),
        )

    def claim(self, conversation_id: str, person: Staff, notice: Sequence[Part]) -> Outbound | None:
        """Take a waiting conversation; return the notice, or None if it was this lawyer's already.

        Raises:
            NotFound: there is no such conversation.
            AlreadyClaimed: another lawyer was first.
            IllegalMove: the visitor no longer waits.
        """
        now = self._clock.now()
        with self.store.write() as connection:
            claimed = connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation_id,
                    conversations.c.mode.in_(sources_of(Mode.HUMAN)),
                )
                .values(mode=Mode.HUMAN, lawyer_id=person.id, claimed_at=now, updated_at=now)
            ).rowcount
            if not claimed:
                row = self._row(connection, conversation_id)
                if _owns(Mode(row.mode), row.lawyer_id, person):
                    return None
                raise AlreadyClaimed if row.mode == Mode.HUMAN else IllegalMove(_LEFT)
            sent = self._conversations.append(connection, conversation_id, Sender.SYSTEM, notice)
            self._log(connection, person, "claim", conversation_id)
            return sent

    def leave(
        self, conversation_id: str, person: Staff, to: Mode, action: str, notice: Sequence[Part]
    ) -> Outbound:
        """End this lawyer's part: hand the conversation back to the bot, or close it.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this lawyer is not in it.
        """
        now = self._clock.now()
        values: dict[str, Any] = {"mode": to, "updated_at": now}
        if to is Mode.CLOSED:
            values["closed_at"] = now
        with self.store.write() as connection:
            moved = connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == conversation_id,
                    conversations.c.mode == Mode.HUMAN,
                    conversations.c.mode.in_(sources_of(to)),
                    conversations.c.lawyer_id == person.id,
                )
                .values(values)
            ).rowcount
            if not moved:
                self._row(connection, conversation_id)
                raise Forbidden(_NOT_YOURS)
            sent = self._conversations.append(connection, conversation_id, Sender.SYSTEM, notice)
            self._log(connection, person, action, conversation_id)
            return sent

    def say(
        self,
        conversation_id: str,
        person: Staff,
        author: str,
        client_id: str,
        parts: Sequence[Part],
    ) -> tuple[Outbound, bool]:
        """Store a lawyer's message once; return it and whether it is new.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this lawyer is not in it.
            BadInput: the client id was used by somebody else.
        """
        stored_id = CLIENT_PREFIX + client_id
        with self.store.write() as connection:
            row = self._row(connection, conversation_id)
            same = connection.execute(
                select(messages).where(
                    messages.c.conversation_id == conversation_id,
                    messages.c.client_id == stored_id,
                )
            ).first()
            if same is not None and same.author_id == person.id:
                return self._outbound(same), False
            if not _owns(Mode(row.mode), row.lawyer_id, person):
                raise Forbidden(_NOT_YOURS)
            if same is not None:
                raise BadInput
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(updated_at=self._clock.now())
            )
            sent = self._conversations.append(
                connection,
                conversation_id,
                Sender.LAWYER,
                parts,
                client_id=stored_id,
                author=author,
                author_id=person.id,
            )
            return sent, True

    def log(self, person: Staff, action: str, conversation_id: str) -> None:
        """Write an audit row for something that changes no conversation."""
        with self.store.write() as connection:
            self._log(connection, person, action, conversation_id)

    def _log(
        self, connection: Connection, person: Staff, action: str, conversation_id: str
    ) -> None:
        connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=person.login,
                action=f"desk_{action}",
                subject=f"conversation:{conversation_id}",
            )
        )

    def _row(self, connection: Connection, conversation_id: str) -> Row[Any]:
        row = connection.execute(
            select(conversations).where(conversations.c.id == conversation_id).with_for_update()
        ).first()
        if row is None:
            raise NotFound
        return row

    def _outbound(self, row: Row[Any]) -> Outbound:
        sealed = self.store.cipher.decrypt_json(PARTS, row.parts_enc)
        return Outbound(
            row.id,
            row.conversation_id,
            row.sender,
            tuple(Part.from_json(part) for part in sealed),
            row.created_at,
            row.author,
            row.client_id,
        )


def _owns(mode: Mode, lawyer_id: int | None, person: Staff) -> bool:
    return mode is Mode.HUMAN and lawyer_id == person.id
