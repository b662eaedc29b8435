"""What is owed to followers, in the database: one row for each message and follower.

The row is written in the transaction that stores the message, so nothing said is ever forgotten.
It is taken once: by a passive reply, or by the sender of customer-service messages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.dialogue.messages import PARTS
from bot.domain.clock import Clock
from bot.domain.conversation import Mode, Sender
from bot.store.tables import conversations, messages
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_bindings, wechat_followers
from bot.store.wechat_tables import wechat_sends as table
from bot.wechat.progress import is_progress, without_content
from connectors.messages import Outbound, Part

CLIENT_PREFIX = "wx-"
"""Client ids of messages that came through an official account."""
CLAIM = dt.timedelta(minutes=1)
FAILED = "failed"
"""Why a row waits that the platform does not take as it is."""
UNFOLLOWED = "unfollowed"
HELD = "held"
"""Why a row waits that would use up what is kept for a lawyer's words."""
_WITH_LAWYER = frozenset({Mode.QUEUED, Mode.HUMAN})
_QUEUE = "queue"
"""The kind of notices about where somebody stands in the queue."""


class State(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    PASSIVE = "passive"
    SENT = "sent"
    LINKED = "linked"
    """Said in short, with a link to the whole."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Owed:
    """One message that a follower has not got yet."""

    id: int
    message: Outbound
    in_reply_to: int | None
    """The follower's own message that it answers."""
    done: int = 0
    """How far it has gone out: characters of its words, then one for each of its files."""
    is_news: bool = False
    """A lawyer's words or how far an application is: worth a subscription notice."""
    may_wait: bool = False
    """Of the house's own accord while a lawyer is awaited or there, whose words are worth more."""


class Taken(Exception):
    """Somebody else is sending what was to be sent."""


class SendRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    # --- owing --------------------------------------------------------------------------------

    def said(self, connection: Connection, message: Outbound, in_reply_to: int | None) -> None:
        """Owe a new message to whoever hears of its conversation.

        What answers a message written on the web is read there. Who has not proven that the
        conversation is his hears only that something goes on.
        """
        if message.sender == Sender.VISITOR or not self._is_for_chat(connection, in_reply_to):
            return
        query = (
            select(wechat_followers.c.id, wechat_followers.c.following)
            .join(wechat_bindings, wechat_bindings.c.follower_id == wechat_followers.c.id)
            .where(wechat_bindings.c.conversation_id == message.conversation_id)
        )
        if not is_progress(message, in_reply_to):
            query = query.where(wechat_bindings.c.is_proven)
        now = self._clock.now()
        for follower in connection.execute(query).all():
            connection.execute(
                insert(table).values(
                    follower_id=follower.id,
                    conversation_id=message.conversation_id,
                    message_id=message.id,
                    state=State.WAITING if follower.following else State.REFUSED,
                    reason="" if follower.following else UNFOLLOWED,
                    due_at=now,
                )
            )

    def _is_for_chat(self, connection: Connection, in_reply_to: int | None) -> bool:
        if in_reply_to is None:
            return True
        query = select(messages.c.client_id).where(messages.c.id == in_reply_to)
        client_id = connection.execute(query).scalar_one_or_none() or ""
        return bool(client_id.startswith(CLIENT_PREFIX))

    # --- taking -------------------------------------------------------------------------------

    def waiting(self, follower_id: int) -> list[Owed]:
        """Return what the follower has not got, oldest first, without what was seen on the web."""
        with self.store.read() as connection:
            return self._waiting(connection, follower_id)

    def _waiting(
        self, connection: Connection, follower_id: int, *where: ColumnElement[bool]
    ) -> list[Owed]:
        query = (
            select(
                table.c.id.label("send_id"),
                table.c.done,
                wechat_bindings.c.is_proven,
                conversations.c.mode,
                messages,
            )
            .join(messages, messages.c.id == table.c.message_id)
            .join(
                wechat_bindings,
                and_(
                    wechat_bindings.c.follower_id == table.c.follower_id,
                    wechat_bindings.c.conversation_id == table.c.conversation_id,
                ),
            )
            .join(conversations, conversations.c.id == table.c.conversation_id)
            .where(table.c.follower_id == follower_id, self._is_free())
            .where(messages.c.id > conversations.c.visitor_seen, *where)
            .order_by(messages.c.id)
        )
        return [self._owed(row) for row in connection.execute(query)]

    def _is_free(self) -> ColumnElement[bool]:
        """Waiting, or claimed by a sender that has died."""
        return or_(
            table.c.state == State.WAITING,
            and_(table.c.state == State.SENDING, table.c.claimed_until < self._clock.now()),
        )

    def take_in(
        self, connection: Connection, states: Mapping[int, State], part_done: Mapping[int, int]
    ) -> None:
        """Settle rows that a passive reply holds, and note how far it holds another.

        Raises:
            Taken: the sender has one of them; nothing may be changed then.
        """
        now = self._clock.now()
        for send_id, state in states.items():
            values = {"state": state, "reason": "", "settled_at": now, "claimed_until": None}
            self._change_free(connection, send_id, values)
        for send_id, done in part_done.items():
            self._change_free(connection, send_id, {"done": done})

    def give_back(self, connection: Connection, owed: Sequence[Owed]) -> None:
        """Let rows wait as they did before a passive reply that nobody heard."""
        for one in owed:
            connection.execute(
                update(table)
                .where(table.c.id == one.id)
                .values(
                    state=State.WAITING, done=one.done, settled_at=None, due_at=self._clock.now()
                )
            )

    def _change_free(self, connection: Connection, send_id: int, values: Mapping[str, Any]) -> None:
        changed = connection.execute(
            update(table).where(table.c.id == send_id, self._is_free()).values(values)
        ).rowcount
        if not changed:
            raise Taken

    def due(self, limit: int = 100, without: Select[int] | None = None) -> list[int]:
        """Return the followers to whom something should be sent now, who waits longest first."""
        query = (
            select(table.c.follower_id)
            .where(self._is_free(), table.c.due_at <= self._clock.now())
            .group_by(table.c.follower_id)
            .order_by(func.min(table.c.due_at))
            .limit(limit)
        )
        if without is not None:
            query = query.where(table.c.follower_id.not_in(without))
        with self.store.read() as connection:
            return list(connection.execute(query).scalars())

    def claim_in(self, connection: Connection, follower_id: int) -> list[Owed]:
        """Take everything that waits for a follower; the caller holds the follower's row."""
        now = self._clock.now()
        busy = select(table.c.id).where(
            table.c.follower_id == follower_id,
            table.c.state == State.SENDING,
            table.c.claimed_until >= now,
        )
        if connection.execute(busy.limit(1)).first() is not None:
            return []
        self._leave_what_was_seen(connection, follower_id)
        # What was refused for what it is must not keep back what comes after it.
        is_due = or_(table.c.due_at <= now, table.c.reason != FAILED)
        owed = self._waiting(connection, follower_id, is_due)
        if owed:
            connection.execute(
                update(table)
                .where(table.c.id.in_([one.id for one in owed]))
                .values(
                    state=State.SENDING,
                    claimed_until=now + CLAIM,
                    attempts=table.c.attempts + 1,
                )
            )
        return owed

    def _leave_what_was_seen(self, connection: Connection, follower_id: int) -> None:
        seen = (
            select(conversations.c.visitor_seen)
            .where(conversations.c.id == table.c.conversation_id)
            .scalar_subquery()
        )
        connection.execute(
            update(table)
            .where(table.c.follower_id == follower_id, self._is_free())
            .where(table.c.message_id <= seen)
            .values(state=State.SENT, reason="seen", settled_at=self._clock.now())
        )

    def still_claimed(self, send_ids: Collection[int]) -> set[int]:
        """Return which claimed rows are there: what was erased or parted meanwhile is not."""
        query = select(table.c.id).where(table.c.id.in_(send_ids), table.c.state == State.SENDING)
        with self.store.read() as connection:
            return set(connection.execute(query).scalars())

    # --- settling -----------------------------------------------------------------------------

    def advance(
        self,
        connection: Connection,
        states: Mapping[int, State],
        part_done: Mapping[int, int],
        still: Collection[int],
    ) -> None:
        """Note what the platform has taken of claimed rows; ``still`` are yet to be sent."""
        now = self._clock.now()
        # The platform may be slow with each message; nobody else may take up the rest meanwhile.
        connection.execute(
            update(table)
            .where(table.c.id.in_(still), table.c.state == State.SENDING)
            .values(claimed_until=now + CLAIM)
        )
        for send_id, state in states.items():
            connection.execute(
                update(table)
                .where(table.c.id == send_id)
                .values(state=state, reason="", settled_at=now, claimed_until=None)
            )
        for send_id, done in part_done.items():
            connection.execute(update(table).where(table.c.id == send_id).values(done=done))

    def release(
        self, send_ids: Collection[int], reason: str, pause: dt.timedelta = dt.timedelta()
    ) -> None:
        """Let claimed rows wait again, and say why."""
        if not send_ids:
            return
        with self.store.write() as connection:
            self.release_in(connection, send_ids, reason, pause)

    def release_in(
        self, connection: Connection, send_ids: Collection[int], reason: str, pause: dt.timedelta
    ) -> None:
        connection.execute(
            update(table)
            .where(table.c.id.in_(send_ids), table.c.state == State.SENDING)
            .values(
                state=State.WAITING,
                reason=reason,
                claimed_until=None,
                due_at=self._clock.now() + pause,
            )
        )

    def put_off(
        self, connection: Connection, follower_id: int, reason: str, until: dt.datetime
    ) -> None:
        """Let everything that waits for a follower wait longer, and say why."""
        connection.execute(
            update(table)
            .where(table.c.follower_id == follower_id, self._is_free())
            .values(state=State.WAITING, reason=reason, claimed_until=None, due_at=until)
        )

    def wake(self, connection: Connection, follower_id: int) -> None:
        """Have everything that waits for a follower tried now: he has shown himself.

        What could not be said while he did not follow is owed again, and what has waited till now
        is no longer what a notice told him of.
        """
        missed = and_(table.c.state == State.REFUSED, table.c.reason == UNFOLLOWED)
        connection.execute(
            update(table)
            .where(table.c.follower_id == follower_id, or_(table.c.state == State.WAITING, missed))
            .values(
                state=State.WAITING,
                due_at=self._clock.now(),
                reason="",
                settled_at=None,
                noticed_at=None,
            )
        )

    def refuse(self, follower_id: int, reason: str) -> None:
        """Give up what waits for a follower who is out of reach for good."""
        open_states = (State.WAITING, State.SENDING)
        with self.store.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.follower_id == follower_id, table.c.state.in_(open_states))
                .values(
                    state=State.REFUSED,
                    reason=reason,
                    claimed_until=None,
                    settled_at=self._clock.now(),
                )
            )

    def noticed(self, send_ids: Collection[int]) -> None:
        """Note that a subscription notice has told of these rows."""
        with self.store.write() as connection:
            connection.execute(
                update(table).where(table.c.id.in_(send_ids)).values(noticed_at=self._clock.now())
            )

    def has_notice(self, follower_id: int) -> bool:
        """Say whether a subscription notice has told a follower of something that still waits."""
        query = select(table.c.id).where(
            table.c.follower_id == follower_id,
            table.c.state.in_((State.WAITING, State.SENDING)),
            table.c.noticed_at.is_not(None),
        )
        with self.store.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    # --- looking ------------------------------------------------------------------------------

    def states(self, conversation_id: str, after: int) -> list[Any]:
        """Return message id, sender, state, reason and notice of a conversation's rows."""
        held = (table.c.message_id, table.c.state, table.c.reason, table.c.noticed_at)
        query = (
            select(*held, messages.c.sender)
            .join(messages, messages.c.id == table.c.message_id)
            .where(table.c.conversation_id == conversation_id, table.c.message_id > after)
            .order_by(table.c.message_id)
        )
        with self.store.read() as connection:
            return [*connection.execute(query)]

    def _owed(self, row: Row[Any]) -> Owed:
        held = self.store.cipher.decrypt_json(PARTS, row.parts_enc)
        parts = tuple(Part.from_json(part) for part in held)
        message = Outbound(
            row.id, row.conversation_id, row.sender, parts, row.created_at, row.author
        )
        is_news = _is_news(message, row.in_reply_to)
        is_own = message.sender == Sender.SYSTEM and row.in_reply_to is None and not is_news
        if not row.is_proven:
            message = replace(message, parts=without_content(parts))
        may_wait = is_own and row.mode in _WITH_LAWYER
        return Owed(row.send_id, message, row.in_reply_to, row.done, is_news, may_wait)


def _is_news(message: Outbound, in_reply_to: int | None) -> bool:
    """Say whether a lawyer speaks or an application has got on: no place in a queue is news."""
    if message.sender == Sender.LAWYER:
        return True
    return is_progress(message, in_reply_to) and message.parts[0].body["kind"] != _QUEUE
