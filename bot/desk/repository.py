"""The desk's view of conversations: the queue, and every move a lawyer makes.

Each move is one short transaction: a conditional update guarded by the ownership table, the notice
to the visitor, and the audit row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from bot.desk.reading import NOT_YOURS, NOTE, DeskReading, Note, owns
from bot.dialogue.moves import Move
from bot.dialogue.turn import TurnReply
from bot.domain.clock import CHINA, china_date
from bot.domain.conversation import (
    HandoverReason,
    Mode,
    Sender,
    sources_of,
)
from bot.domain.people import Staff
from bot.errors import AlreadyClaimed, BadInput, Forbidden, IllegalMove, NotFound
from bot.store.tables import (
    audit,
    conversations,
    guests,
    messages,
    notes,
)
from connectors.messages import Outbound, Part

AUDIT = "audit.note"

# Visitors choose their own message ids; the prefix keeps the two kinds apart.
CLIENT_PREFIX = "desk:"

_LEFT = "来访者已离开排队。"


@dataclass(frozen=True)
class LastWords:
    """What a lawyer leaves behind on handing a conversation on or ending it."""

    note: str = ""
    outcome: str = ""
    advice: str = ""
    colleague_id: int | None = None


NO_WORDS = LastWords()


class DeskRepository(DeskReading):
    """The reading, and every move a lawyer makes."""

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
                .values(
                    mode=Mode.HUMAN,
                    lawyer_id=person.id,
                    claimed_at=now,
                    updated_at=now,
                    replied_at=None,
                    offered_to=None,
                    offered_at=None,
                )
            ).rowcount
            if not claimed:
                row = self._row(connection, conversation_id)
                if owns(Mode(row.mode), row.lawyer_id, person):
                    return None
                raise AlreadyClaimed if row.mode == Mode.HUMAN else IllegalMove(_LEFT)
            sent = self._conversations.append(connection, conversation_id, Sender.SYSTEM, notice)
            self._log(connection, person, "claim", conversation_id)
            self._tell(connection, conversation_id, person, Mode.QUEUED, Mode.HUMAN)
            return sent

    def leave(
        self,
        conversation_id: str,
        person: Staff,
        to: Mode,
        action: str,
        notice: Sequence[Part],
        last: LastWords = NO_WORDS,
        question: TurnReply | None = None,
    ) -> Outbound:
        """End this lawyer's part: to the bot, to the end, or to the queue for a colleague.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this lawyer is not in it.
        """
        now = self._clock.now()
        values: dict[str, Any] = {"mode": to, "updated_at": now}
        if to is Mode.CLOSED:
            values["closed_at"] = now
        elif to is Mode.QUEUED:
            values |= {
                "queued_at": now,
                "reason": HandoverReason.REASSIGNED,
                "priority": conversations.c.priority + 1,
                "lawyer_id": None,
                "offered_to": last.colleague_id,
                "offered_at": now if last.colleague_id else None,
            }
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
                raise Forbidden(NOT_YOURS)
            connection.execute(delete(guests).where(guests.c.conversation_id == conversation_id))
            sent = self._conversations.append(connection, conversation_id, Sender.SYSTEM, notice)
            if question is not None:
                self._conversations.ask(connection, conversation_id, question)
            if last.note:
                self._note(connection, conversation_id, person, last.note)
            self._log(connection, person, action, conversation_id)
            self._tell(connection, conversation_id, person, Mode.HUMAN, to, last)
            return sent

    def _tell(
        self,
        connection: Connection,
        conversation_id: str,
        person: Staff,
        came_from: Mode,
        to: Mode,
        last: LastWords = NO_WORDS,
    ) -> None:
        move = Move(
            conversation_id,
            came_from,
            to,
            self._clock.now(),
            person.login,
            person.id,
            HandoverReason.REASSIGNED if to is Mode.QUEUED else None,
            last.note,
            last.outcome,
            last.advice,
        )
        self._conversations.tell(connection, move)

    def note(self, conversation_id: str, person: Staff, words: str) -> Note:
        """Store a note that only colleagues see.

        Raises:
            NotFound: there is no such conversation.
        """
        with self.store.write() as connection:
            self._row(connection, conversation_id)
            return self._note(connection, conversation_id, person, words)

    def _note(
        self, connection: Connection, conversation_id: str, person: Staff, words: str
    ) -> Note:
        now = self._clock.now()
        result = connection.execute(
            insert(notes).values(
                conversation_id=conversation_id,
                staff_id=person.id,
                text_enc=self.store.cipher.encrypt(NOTE, words),
                created_at=now,
            )
        )
        key = result.inserted_primary_key
        assert key is not None
        return Note(key[0], person.name, words, now)

    def invite(
        self, conversation_id: str, person: Staff, colleague: Staff, words: Sequence[Part]
    ) -> Outbound | None:
        """Let a colleague into the conversation; return the notice, None if already there.

        Raises:
            NotFound: there is no such conversation.
            Forbidden: this lawyer is not in it.
        """
        with self.store.write() as connection:
            row = self._row(connection, conversation_id)
            if not owns(Mode(row.mode), row.lawyer_id, person):
                raise Forbidden(NOT_YOURS)
            if self._is_guest(connection, conversation_id, colleague):
                return None
            connection.execute(
                insert(guests).values(
                    conversation_id=conversation_id,
                    staff_id=colleague.id,
                    invited_by=person.id,
                    created_at=self._clock.now(),
                )
            )
            self._log(connection, person, "invite", conversation_id)
            return self._conversations.append(connection, conversation_id, Sender.SYSTEM, words)

    def uninvite(self, conversation_id: str, staff_id: int) -> None:
        """Let a guest go; nothing happens if there is none."""
        with self.store.write() as connection:
            connection.execute(
                delete(guests).where(
                    guests.c.conversation_id == conversation_id, guests.c.staff_id == staff_id
                )
            )

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
            mode = Mode(row.mode)
            invited = mode is Mode.HUMAN and self._is_guest(connection, conversation_id, person)
            if not invited and not owns(mode, row.lawyer_id, person):
                raise Forbidden(NOT_YOURS)
            if same is not None:
                raise BadInput
            now = self._clock.now()
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(updated_at=now, replied_at=func.coalesce(conversations.c.replied_at, now))
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

    def saw(self, conversation_id: str, person: Staff, message_id: int) -> bool:
        """Remember up to where this lawyer has read; say whether that is news.

        Raises:
            NotFound, Forbidden: this lawyer is not in such a conversation.
        """
        self.owned(conversation_id, person)
        with self.store.write() as connection:
            return bool(
                connection.execute(
                    update(conversations)
                    .where(
                        conversations.c.id == conversation_id,
                        conversations.c.lawyer_seen < message_id,
                    )
                    .values(lawyer_seen=message_id)
                ).rowcount
            )

    def log(self, person: Staff, action: str, conversation_id: str, why: str = "") -> None:
        """Write an audit row for something that changes no conversation."""
        with self.store.write() as connection:
            self._log(connection, person, action, conversation_id, why)

    def log_file(self, person: Staff, conversation_id: str, file: str) -> None:
        """Write that somebody saw a file, once a day in China; ``file`` tells it from others.

        Raises:
            NotFound: there is no such conversation.
        """
        now = self._clock.now()
        midnight = dt.datetime.combine(china_date(now), dt.time.min, CHINA)
        today = select(audit.c.note_enc).where(
            audit.c.actor == person.login,
            audit.c.action == "desk_file",
            audit.c.subject == f"conversation:{conversation_id}",
            audit.c.at >= midnight,
        )
        with self.store.write() as connection:
            self._row(connection, conversation_id)
            sealed = connection.execute(today).scalars()
            if file not in [self.store.cipher.decrypt(AUDIT, note) for note in sealed if note]:
                self._log(connection, person, "file", conversation_id, file)

    def _log(
        self,
        connection: Connection,
        person: Staff,
        action: str,
        conversation_id: str,
        why: str = "",
    ) -> None:
        connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=person.login,
                action=f"desk_{action}",
                subject=f"conversation:{conversation_id}",
                note_enc=self.store.cipher.encrypt(AUDIT, why) if why else None,
            )
        )

    def _row(self, connection: Connection, conversation_id: str) -> Row[Any]:
        row = connection.execute(
            select(conversations).where(conversations.c.id == conversation_id).with_for_update()
        ).first()
        if row is None:
            raise NotFound
        return row
