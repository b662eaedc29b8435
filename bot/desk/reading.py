"""What the desk reads: the queue, conversations, notes, guests; nothing here changes anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, true

from bot.dialogue.moves import Follower
from bot.dialogue.repository import (
    CONTEXT,
    PARTS,
    ConversationRepository,
    conversation_of,
    in_line,
)
from bot.dialogue.turn import context_from_json
from bot.domain.clock import Clock
from bot.domain.conversation import (
    Context,
    Conversation,
    Mode,
    Sender,
)
from bot.domain.people import Role, Staff
from bot.errors import Forbidden, NotFound
from bot.store.tables import (
    aid_applications,
    aid_drafts,
    conversations,
    files,
    guests,
    messages,
    notes,
    staff,
)
from bot.store.unit import Store
from connectors.messages import Outbound, Part

NEWEST = 2**31 - 1
NOTE = "notes.text"
QUEUE_SHOWN = 200
MOST_WAITING = 2_000


NOT_YOURS = "这个会话不由您接待，不能进行这项操作。"


@dataclass(frozen=True)
class Waiting:
    """One line of the queue, or of a lawyer's own open conversations."""

    conversation: Conversation
    last_visitor: Outbound | None
    context: Context
    trigger: Outbound | None
    """What the visitor said last before the hand-over."""
    seen: int
    """Up to where a lawyer has read."""


@dataclass(frozen=True)
class AidTrace:
    """What of a legal-aid application belongs to a conversation."""

    draft_active: bool | None
    """None when there is no draft."""
    applications: tuple[tuple[str, str], ...]
    """Number and state."""


@dataclass(frozen=True)
class Note:
    """What a member of staff wrote for colleagues."""

    id: int
    author: str
    text: str
    at: dt.datetime


class DeskReading:
    def __init__(self, store: Store, clock: Clock, followers: Sequence[Follower] = ()) -> None:
        """``followers`` hear of every move that a lawyer makes, inside its transaction."""
        self.store = store
        self._clock = clock
        self._conversations = ConversationRepository(store, clock, followers)

    def queue(self) -> list[Waiting]:
        """Return who waits, the most urgent and longest waiting first."""
        waiting = self._lines(
            (conversations.c.mode == Mode.QUEUED,), (conversations.c.queued_at,), MOST_WAITING
        )
        return sorted(waiting, key=lambda line: in_line(line.conversation))[:QUEUE_SHOWN]

    def open_of(self, staff_id: int) -> list[Waiting]:
        """Return the conversations this lawyer is in, the earliest claimed first."""
        return self._lines(
            (
                conversations.c.mode == Mode.HUMAN,
                or_(conversations.c.lawyer_id == staff_id, _invites(staff_id)),
            ),
            (conversations.c.claimed_at, conversations.c.id),
        )

    def newest(self, person: Staff, limit: int) -> list[Waiting]:
        """Return the conversations that went to people, the newest first.

        Whoever supervises sees all of them; a lawyer those that were his last or are now.
        """
        mine = or_(conversations.c.lawyer_id == person.id, _invites(person.id))
        return self._lines(
            (conversations.c.queued_at.is_not(None), true() if person.may_supervise else mine),
            (conversations.c.updated_at.desc(), conversations.c.id),
            limit,
        )

    def _lines(
        self, where: Sequence[Any], order: Sequence[Any], limit: int = QUEUE_SHOWN
    ) -> list[Waiting]:
        last, trigger = _last_words(), _last_words(before_queued=True)
        query = select(conversations, last, trigger).where(*where).order_by(*order).limit(limit)
        with self.store.read() as connection:
            rows = connection.execute(query).all()
            wanted = {number for row in rows for number in (row.last, row.trigger)} - {None}
            words = {
                row.id: self._outbound(row)
                for row in connection.execute(select(messages).where(messages.c.id.in_(wanted)))
            }
        return [
            Waiting(
                conversation_of(row),
                words.get(row.last),
                self._context(row.context_enc),
                words.get(row.trigger),
                row.lawyer_seen,
            )
            for row in rows
        ]

    def trigger(self, found: Conversation) -> Outbound | None:
        """Return what the visitor said last before the hand-over, if there was one."""
        query = select(messages).where(
            messages.c.conversation_id == found.id, messages.c.sender == Sender.VISITOR
        )
        if found.queued_at is not None:
            query = query.where(messages.c.created_at <= found.queued_at)
        with self.store.read() as connection:
            row = connection.execute(query.order_by(messages.c.id.desc()).limit(1)).first()
        return None if row is None else self._outbound(row)

    def readable(self, conversation_id: str, person: Staff) -> Conversation:
        """Return a conversation this lawyer may read: a waiting one, or one he is or was in.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: it belongs to the bot or to another lawyer.
        """
        found = self._conversations.get(conversation_id)
        was_with_people = found.queued_at is not None
        if (
            found.mode is Mode.QUEUED
            or (was_with_people and (person.may_supervise or found.lawyer_id == person.id))
            or self.is_guest(conversation_id, person)
        ):
            return found
        raise Forbidden(NOT_YOURS)

    def owned(self, conversation_id: str, person: Staff) -> Conversation:
        """Return a conversation this lawyer is in.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this lawyer is not in it.
        """
        found = self._conversations.get(conversation_id)
        if owns(found.mode, found.lawyer_id, person):
            return found
        if found.mode is Mode.HUMAN and self.is_guest(conversation_id, person):
            return found
        raise Forbidden(NOT_YOURS)

    def is_guest(self, conversation_id: str, person: Staff) -> bool:
        """Say whether a colleague invited this person into the conversation."""
        with self.store.read() as connection:
            return self._is_guest(connection, conversation_id, person)

    def _is_guest(self, connection: Connection, conversation_id: str, person: Staff) -> bool:
        query = select(guests.c.staff_id).where(
            guests.c.conversation_id == conversation_id, guests.c.staff_id == person.id
        )
        return connection.execute(query).first() is not None

    def after(self, conversation_id: str, message_id: int) -> list[Outbound]:
        return self._conversations.after(conversation_id, message_id)

    def page(self, conversation_id: str, before: int, limit: int) -> list[Outbound]:
        """Return up to ``limit`` messages older than ``before``, oldest first."""
        return self._conversations.before(conversation_id, before, limit)[::-1]

    def receipts(self, conversation_id: str) -> tuple[int, int]:
        """Return up to which message the visitor's screen has, and the visitor has seen."""
        query = select(conversations.c.visitor_got, conversations.c.visitor_seen).where(
            conversations.c.id == conversation_id
        )
        with self.store.read() as connection:
            row = connection.execute(query).one()
        return row.visitor_got, row.visitor_seen

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

    def notes(self, conversation_id: str) -> tuple[Note, ...]:
        """Return the notes of a conversation, oldest first."""
        query = (
            select(notes, staff.c.name)
            .join(staff, staff.c.id == notes.c.staff_id)
            .where(notes.c.conversation_id == conversation_id)
            .order_by(notes.c.id)
        )
        with self.store.read() as connection:
            return tuple(
                Note(
                    row.id, row.name, self.store.cipher.decrypt(NOTE, row.text_enc), row.created_at
                )
                for row in connection.execute(query)
            )

    def colleague(self, staff_id: int) -> Staff:
        """Return somebody who receives visitors.

        Raises:
            NotFound: there is nobody of that number who does.
        """
        with self.store.read() as connection:
            row = connection.execute(
                select(staff).where(staff.c.id == staff_id, staff.c.active)
            ).first()
        found = row and Staff(row.id, row.login, row.name, row.licence, Role(row.role))
        if not found or not found.may_receive:
            raise NotFound
        return found

    def guests(self, conversation_id: str) -> tuple[tuple[int, str], ...]:
        """Return id and name of the colleagues who were invited."""
        query = (
            select(staff.c.id, staff.c.name)
            .join(guests, guests.c.staff_id == staff.c.id)
            .where(guests.c.conversation_id == conversation_id)
            .order_by(staff.c.id)
        )
        with self.store.read() as connection:
            return tuple((row.id, row.name) for row in connection.execute(query))

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


def _last_words(*, before_queued: bool = False) -> Any:
    """Select the number of the visitor's last message, of all or of those before the hand-over."""
    said = (
        messages.c.conversation_id == conversations.c.id,
        messages.c.sender == Sender.VISITOR,
    )
    until = (messages.c.created_at <= conversations.c.queued_at,) if before_queued else ()
    name = "trigger" if before_queued else "last"
    return select(func.max(messages.c.id)).where(*said, *until).scalar_subquery().label(name)


def _invites(staff_id: int) -> Any:
    return conversations.c.id.in_(
        select(guests.c.conversation_id).where(guests.c.staff_id == staff_id)
    )


def owns(mode: Mode, lawyer_id: int | None, person: Staff) -> bool:
    return mode is Mode.HUMAN and lawyer_id == person.id
