"""The queue and the conversations that are stuck, in the database.

Every change here is one conditional update, or a check repeated under the conversation's row lock,
so that two processes that sweep at once change nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from bot.dialogue.moves import SYSTEM, Move
from bot.dialogue.repository import PARTS, ConversationRepository
from bot.domain.clock import Clock
from bot.domain.conversation import HandoverReason, Mode, Sender
from bot.domain.roster import MEASURED_FOR, OFFER, REPLY, STEP, Waiting, in_order
from bot.errors import NotFound
from bot.roster.words import only_thanks
from bot.store.tables import audit, conversations, guests, messages, staff
from bot.store.unit import Store
from connectors.messages import Outbound, Part

_LINE = (
    conversations.c.id,
    conversations.c.priority,
    conversations.c.queued_at,
    conversations.c.updated_at,
    conversations.c.topic,
    conversations.c.office_id,
    conversations.c.offered_to,
    conversations.c.offered_at,
)

RAISED = "roster_raised"
REASSIGNED = "roster_reassigned"


@dataclass(frozen=True)
class Unanswered:
    """A conversation in which the visitor has written and no lawyer has answered."""

    conversation_id: str
    lawyer_id: int | None
    claimed_at: dt.datetime
    lawyer_seen_at: dt.datetime | None
    since: dt.datetime
    """The first thing the visitor asked or told after the lawyer's last words."""

    @property
    def answer_by(self) -> dt.datetime:
        """Return when the conversation goes to others unless a lawyer has spoken."""
        return max(self.since, self.claimed_at) + REPLY


Words = Callable[[int], Sequence[Part]]
"""Make the notice to the visitor from the place in the queue."""


class WaitingRepository:
    """``conversations`` must know the followers: taking back a conversation is a move."""

    def __init__(self, store: Store, clock: Clock, conversations: ConversationRepository) -> None:
        self.store = store
        self._clock = clock
        self._conversations = conversations

    def waiting(self) -> list[Waiting]:
        """Return who waits, in the order in which they are served."""
        with self.store.read() as connection:
            return self._waiting(connection)

    def position(self, conversation_id: str) -> int:
        """Return the place in the queue, starting with 1; 0 when not queued."""
        with self.store.read() as connection:
            return self._position(connection, conversation_id)

    def one(self, conversation_id: str) -> Waiting | None:
        """Return a conversation as the queue sees it, whichever mode it is in."""
        query = select(*_LINE).where(conversations.c.id == conversation_id)
        with self.store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _waiting_of(row)

    def owner(self, conversation_id: str) -> tuple[Mode, int | None]:
        """Return the mode of a conversation and who is in it.

        Raises:
            NotFound: there is no such conversation.
        """
        query = select(conversations.c.mode, conversations.c.lawyer_id).where(
            conversations.c.id == conversation_id
        )
        with self.store.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return Mode(row.mode), row.lawyer_id

    def _waiting(self, connection: Connection) -> list[Waiting]:
        query = select(*_LINE).where(conversations.c.mode == Mode.QUEUED)
        return in_order(_waiting_of(row) for row in connection.execute(query))

    def _position(self, connection: Connection, conversation_id: str) -> int:
        line = [waiting.id for waiting in self._waiting(connection)]
        return line.index(conversation_id) + 1 if conversation_id in line else 0

    # --- offers -------------------------------------------------------------------------------

    def offer(self, waiting: Waiting, staff_id: int) -> bool:
        """Offer a waiting conversation; False when it left, or rings somewhere already."""
        now = self._clock.now()
        with self.store.write() as connection:
            offered = connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == waiting.id,
                    conversations.c.mode == Mode.QUEUED,
                    or_(
                        conversations.c.offered_to.is_(None),
                        conversations.c.offered_at.is_(None),
                        conversations.c.offered_at <= now - OFFER,
                    ),
                )
                .values(offered_to=staff_id, offered_at=now)
            ).rowcount
        return bool(offered)

    def withdraw(self, waiting: Waiting) -> bool:
        """End an offer, unless another was made or the conversation was taken meanwhile."""
        with self.store.write() as connection:
            withdrawn = connection.execute(
                update(conversations)
                .where(
                    conversations.c.id == waiting.id,
                    conversations.c.mode == Mode.QUEUED,
                    conversations.c.offered_to == waiting.offered_to,
                    conversations.c.offered_at == waiting.offered_at,
                )
                .values(offered_to=None, offered_at=None)
            ).rowcount
        return bool(withdrawn)

    # --- what is stuck ------------------------------------------------------------------------

    def unanswered(self, among: Collection[str] | None = None) -> list[Unanswered]:
        """Return the claimed conversations in which a visitor waits for a lawyer's word."""
        query = _unanswered_query()
        if among is not None:
            query = query.where(conversations.c.id.in_(among))
        with self.store.read() as connection:
            rows = connection.execute(query).all()
            found = [self._unanswered_of(connection, row) for row in rows]
        return [one for one in found if one is not None]

    def take_back(
        self, found: Unanswered, is_stuck: Callable[[Unanswered], bool], notice: Words
    ) -> Outbound | None:
        """Put a conversation back into the queue if it is still stuck; return the notice.

        The visitor has waited since the first unanswered words, or since the queue was joined if
        no lawyer ever spoke, and is placed accordingly.
        """
        now = self._clock.now()
        conversation_id = found.conversation_id
        with self.store.write() as connection:
            row = self._lock(connection, conversation_id)
            if row is None or row.mode != Mode.HUMAN or row.lawyer_id != found.lawyer_id:
                return None
            seen = connection.execute(
                _unanswered_query().where(conversations.c.id == conversation_id)
            ).first()
            still = None if seen is None else self._unanswered_of(connection, seen)
            if still is None or not is_stuck(still):
                return None
            since = still.since if row.replied_at is not None else row.queued_at or still.since
            # Raised at once, so that the sweep does not tell the same visitor a second thing.
            if is_raised := self._was_raised(connection, conversation_id, since):
                priority = row.priority
            else:
                priority = row.priority + STEP
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id, conversations.c.mode == Mode.HUMAN)
                .values(
                    mode=Mode.QUEUED,
                    reason=HandoverReason.REASSIGNED,
                    priority=priority,
                    lawyer_id=None,
                    queued_at=since,
                    updated_at=now,
                    # An offer that has run out: the next one goes to somebody else.
                    offered_to=row.lawyer_id,
                    offered_at=now - OFFER,
                )
            )
            connection.execute(delete(guests).where(guests.c.conversation_id == conversation_id))
            self._log(connection, REASSIGNED, conversation_id)
            if not is_raised:
                self._log(connection, RAISED, conversation_id)
            self._conversations.tell(
                connection,
                Move(
                    conversation_id,
                    Mode.HUMAN,
                    Mode.QUEUED,
                    now,
                    SYSTEM,
                    row.lawyer_id,
                    HandoverReason.REASSIGNED,
                ),
            )
            return self._say(connection, conversation_id, notice)

    def raise_once(self, waiting: Waiting, notice: Words) -> Outbound | None:
        """Raise the priority by one step, once a wait; return the notice, None if done before."""
        with self.store.write() as connection:
            row = self._lock(connection, waiting.id)
            if row is None or row.mode != Mode.QUEUED or row.queued_at != waiting.queued_at:
                return None
            if self._was_raised(connection, waiting.id, row.queued_at):
                return None
            connection.execute(
                update(conversations)
                .where(conversations.c.id == waiting.id)
                .values(priority=conversations.c.priority + STEP)
            )
            self._log(connection, RAISED, waiting.id)
            return self._say(connection, waiting.id, notice)

    def _was_raised(self, connection: Connection, conversation_id: str, since: dt.datetime) -> bool:
        query = select(audit.c.id).where(
            audit.c.subject == _subject(conversation_id),
            audit.c.action == RAISED,
            audit.c.at >= since,
        )
        return connection.execute(query.limit(1)).first() is not None

    def raised_at(self, since: dt.datetime) -> dict[str, dt.datetime]:
        """Return when conversations were last raised since then: most need not be locked again."""
        query = (
            select(audit.c.subject, func.max(audit.c.at).label("at"))
            .where(audit.c.action == RAISED, audit.c.at >= since)
            .group_by(audit.c.subject)
        )
        with self.store.read() as connection:
            return {
                row.subject.removeprefix(_subject("")): row.at for row in connection.execute(query)
            }

    # --- measuring ----------------------------------------------------------------------------

    def waits(self, office_id: int | None) -> list[tuple[dt.datetime, dt.timedelta]]:
        """Return when people began to wait lately, and how long it took until a lawyer came."""
        query = select(conversations.c.queued_at, conversations.c.claimed_at).where(
            conversations.c.claimed_at >= self._clock.now() - MEASURED_FOR,
            conversations.c.queued_at <= conversations.c.claimed_at,
            # In the queue again: the claim belongs to the wait before.
            conversations.c.mode != Mode.QUEUED,
        )
        if office_id is not None:
            query = query.where(conversations.c.office_id == office_id)
        with self.store.read() as connection:
            return [
                (queued_at, claimed_at - queued_at)
                for queued_at, claimed_at in connection.execute(query)
            ]

    # --- shared -------------------------------------------------------------------------------

    def _say(self, connection: Connection, conversation_id: str, notice: Words) -> Outbound:
        parts = notice(self._position(connection, conversation_id))
        return self._conversations.append(connection, conversation_id, Sender.SYSTEM, parts)

    def _lock(self, connection: Connection, conversation_id: str) -> Row[Any] | None:
        return connection.execute(
            select(conversations).where(conversations.c.id == conversation_id).with_for_update()
        ).first()

    def _unanswered_of(self, connection: Connection, row: Row[Any]) -> Unanswered | None:
        # Thanks to a lawyer who has not said a word yet end nothing.
        since = row.since if row.replied_at is None else self._asked_at(connection, row)
        if since is None:
            return None
        return Unanswered(row.id, row.lawyer_id, row.claimed_at, row.seen_at, since)

    def _asked_at(self, connection: Connection, row: Row[Any]) -> dt.datetime | None:
        """Return when the visitor said the first thing that is more than thanks."""
        query = (
            select(messages.c.created_at, messages.c.parts_enc)
            .where(
                messages.c.conversation_id == row.id,
                messages.c.sender == Sender.VISITOR,
                messages.c.id >= row.first_id,
            )
            .order_by(messages.c.id)
        )
        for at, sealed in connection.execute(query):
            parts = self.store.cipher.decrypt_json(PARTS, sealed)
            # A file has no text, and is something to look at.
            if not only_thanks("".join(str(part.get("text", "")) for part in parts)):
                return at  # type: ignore[no-any-return]
        return None

    def _log(self, connection: Connection, action: str, conversation_id: str) -> None:
        connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=SYSTEM,
                action=action,
                subject=_subject(conversation_id),
            )
        )


def _unanswered_query() -> Any:
    """Select claimed conversations with a visitor's message newer than every lawyer's."""
    last_lawyer = (
        select(func.coalesce(func.max(messages.c.id), 0))
        .where(messages.c.conversation_id == conversations.c.id, messages.c.sender == Sender.LAWYER)
        .correlate(conversations)
        .scalar_subquery()
    )
    asked = messages.alias("asked")
    first = (
        select(func.min(asked.c.id))
        .where(
            asked.c.conversation_id == conversations.c.id,
            asked.c.sender == Sender.VISITOR,
            asked.c.id > last_lawyer,
        )
        .correlate(conversations)
        .scalar_subquery()
    )
    opening = messages.alias("opening")
    return (
        select(
            conversations.c.id,
            conversations.c.lawyer_id,
            conversations.c.claimed_at,
            conversations.c.replied_at,
            staff.c.seen_at,
            opening.c.id.label("first_id"),
            opening.c.created_at.label("since"),
        )
        .select_from(conversations)
        .join(opening, and_(opening.c.conversation_id == conversations.c.id, opening.c.id == first))
        .outerjoin(staff, staff.c.id == conversations.c.lawyer_id)
        .where(conversations.c.mode == Mode.HUMAN)
    )


def _waiting_of(row: Any) -> Waiting:
    return Waiting(
        row.id,
        row.priority,
        row.queued_at or row.updated_at,
        row.topic or "",
        row.office_id,
        row.offered_to,
        row.offered_at,
    )


def _subject(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"
