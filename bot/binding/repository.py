"""Who is bound to which conversation, in the database, and where a follower's next message goes.

Methods that take a connection run inside the caller's transaction. Conversations are locked before
followers, and in one order, as wherever both are changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, and_, delete, insert, select, update

from bot.binding.records import TALKING, Bound, Held, Joined, Talk
from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import Clock
from bot.domain.conversation import WECHAT, Mode, Sender
from bot.errors import NotFound
from bot.store.tables import aid_applications, audit, conversations, matters
from bot.store.wechat_tables import (
    passes,
    wechat_bindings,
    wechat_codes,
    wechat_followers,
    wechat_links,
    wechat_sends,
)
from connectors.messages import Outbound, Part

ACTOR = "follower"
VISITOR = "visitor"
AUDIT = "audit.note"
BOUND = "wechat_bound"
UNBOUND = "wechat_unbound"
UNSENT = ("waiting", "sending")
"""States of what has not left yet."""

_bindings, _followers = wechat_bindings.c, wechat_followers.c


def actor(follower_id: int) -> str:
    """Return how a follower stands in the audit trail."""
    return f"{ACTOR}:{follower_id}"


class BindingRepository:
    def __init__(self, talks: ConversationRepository, clock: Clock) -> None:
        self.store = talks.store
        self._talks = talks
        self._clock = clock

    # --- locking ------------------------------------------------------------------------------

    def hold(self, connection: Connection, follower_id: int, others: Iterable[str] = ()) -> Held:
        """Lock conversations, the follower's own present one too, and then the follower.

        Raises:
            NotFound: the follower is gone.
        """
        own = select(_followers.conversation_id).where(_followers.id == follower_id)
        current: str | None = connection.execute(own).scalar_one_or_none()
        there = self.lock(connection, {*others, *({current} if current else ())})
        # Not FOR UPDATE: whoever stores a message holds its conversation, and refers to this row.
        row = connection.execute(own.with_for_update(key_share=True)).first()
        if row is None:
            raise NotFound
        mode = select(conversations.c.mode).where(conversations.c.id == row.conversation_id)
        found = connection.execute(mode).scalar_one_or_none()
        present = None if found is None else Mode(found)
        return Held(follower_id, row.conversation_id, present, there)

    def lock(self, connection: Connection, conversation_ids: Collection[str]) -> frozenset[str]:
        """Lock conversations and return which of them are there."""
        query = (
            select(conversations.c.id)
            .where(conversations.c.id.in_(conversation_ids))
            .order_by(conversations.c.id)
            .with_for_update()
        )
        return frozenset(connection.execute(query).scalars())

    # --- binding ------------------------------------------------------------------------------

    def is_known(self, connection: Connection, follower_id: int, conversation_id: str) -> bool:
        """Say whether the follower hears of the conversation already."""
        return follower_id in self._hearing(connection, conversation_id)

    def is_free(self, connection: Connection, conversation_id: str, *, proven: bool) -> bool:
        """Say whether a follower may be bound to the conversation.

        One that began in an official account is its follower's, even before he has a row. Who
        proves that a conversation is his is not kept out by who has not.
        """
        query = select(conversations.c.channel).where(conversations.c.id == conversation_id)
        channel = connection.execute(query).scalar_one_or_none()
        began_elsewhere = channel is not None and channel != WECHAT
        hearing = self._hearing(connection, conversation_id)
        return began_elsewhere and not any(known or not proven for known in hearing.values())

    def _hearing(self, connection: Connection, conversation_id: str) -> dict[int, bool]:
        """Return who hears of a conversation, and whether it is proven to be his."""
        query = select(_bindings.follower_id, _bindings.is_proven).where(
            _bindings.conversation_id == conversation_id
        )
        return {row.follower_id: row.is_proven for row in connection.execute(query)}

    def join(
        self,
        connection: Connection,
        held: Held,
        conversation_ids: Sequence[str],
        part: Part,
        *,
        proven: bool,
    ) -> Joined:
        """Bind the follower to the conversations that are free; both are locked.

        ``part`` is said in each of them. One that is going on becomes the place of the follower's
        next message: who binds has just left it, or wants its news, and an answer to such news
        belongs there. With several it is the one where a lawyer is, then where one is waited for,
        then the one spoken in last. Without ``proven`` nothing is said there by the follower.
        """
        heard = {id: self._hearing(connection, id).get(held.id) for id in conversation_ids}
        known = [id for id, is_his in heard.items() if is_his or (is_his is False and not proven)]
        rest = [id for id in conversation_ids if id not in known]
        new = [id for id in rest if self.is_free(connection, id, proven=proven)]
        notices = []
        for conversation_id in new:
            # Before the binding: the follower is answered, and need not hear it twice.
            notices.append(self._say(connection, conversation_id, part))
            self._bind(connection, held.id, conversation_id, proven=proven)
            self._note(connection, actor(held.id), BOUND, conversation_id)
        is_proven = proven or all(heard[id] for id in (*new, *known))
        current = self._liveliest(connection, (*new, *known)) if is_proven else None
        if current is not None:
            self._go_to(connection, held.id, current)
        taken = tuple(id for id in rest if id not in new)
        return Joined(tuple(new), tuple(known), taken, current, tuple(notices), is_proven)

    def _bind(
        self, connection: Connection, follower_id: int, conversation_id: str, *, proven: bool
    ) -> None:
        """Let a follower hear of a conversation, and nobody else who has not proven it his."""
        hearing = self._hearing(connection, conversation_id)
        for other in sorted(hearing.keys() - {follower_id}):
            self._cut(connection, other, conversation_id, actor(follower_id))
        if follower_id in hearing:
            connection.execute(
                update(wechat_bindings)
                .where(
                    _bindings.follower_id == follower_id,
                    _bindings.conversation_id == conversation_id,
                )
                .values(is_proven=proven)
            )
            return
        connection.execute(
            insert(wechat_bindings).values(
                follower_id=follower_id,
                conversation_id=conversation_id,
                is_own=False,
                is_proven=proven,
                created_at=self._clock.now(),
            )
        )

    def _liveliest(self, connection: Connection, conversation_ids: Sequence[str]) -> str | None:
        query = select(conversations.c.id, conversations.c.mode, conversations.c.updated_at).where(
            conversations.c.id.in_(conversation_ids), conversations.c.mode != Mode.CLOSED
        )
        rows = connection.execute(query).all()
        best = max(
            rows,
            key=lambda row: (row.mode == Mode.HUMAN, row.mode in TALKING, row.updated_at, row.id),
            default=None,
        )
        return None if best is None else str(best.id)

    def _go_to(self, connection: Connection, follower_id: int, conversation_id: str | None) -> None:
        """Let the next message go to a conversation; numbers offered in another mean nothing."""
        connection.execute(
            update(wechat_followers)
            .where(
                _followers.id == follower_id,
                _followers.conversation_id.is_distinct_from(conversation_id),
            )
            .values(conversation_id=conversation_id, choices_enc=None)
        )

    # --- ending it ----------------------------------------------------------------------------

    def end(self, connection: Connection, held: Held, part: Part) -> tuple[Outbound, ...]:
        """Undo every binding of a follower but those to his own conversations.

        He goes back to the newest of these. The caller holds the rows of all of them.
        """
        return tuple(
            self._part(connection, held.id, conversation_id, part, actor(held.id))
            for conversation_id in self.elsewhere(connection, held.id)
        )

    def release(
        self,
        connection: Connection,
        conversation_id: str,
        part: Part,
        by: str = VISITOR,
        why: str = "",
    ) -> tuple[Outbound, ...]:
        """Undo the bindings of a conversation but its own follower's; its row is locked."""
        bound = select(_bindings.follower_id).where(
            _bindings.conversation_id == conversation_id, _bindings.is_own.is_(False)
        )
        return tuple(
            self._part(connection, follower_id, conversation_id, part, by, why)
            for follower_id in sorted(connection.execute(bound).scalars())
        )

    def _part(
        self,
        connection: Connection,
        follower_id: int,
        conversation_id: str,
        part: Part,
        by: str,
        why: str = "",
    ) -> Outbound:
        self._cut(connection, follower_id, conversation_id, by, why)
        return self._say(connection, conversation_id, part)

    def _cut(
        self,
        connection: Connection,
        follower_id: int,
        conversation_id: str,
        by: str,
        why: str = "",
    ) -> None:
        """Leave nothing by which a follower could see a conversation."""
        for table in (wechat_bindings, passes, wechat_links, wechat_sends):
            mine = and_(
                table.c.follower_id == follower_id, table.c.conversation_id == conversation_id
            )
            if table is wechat_sends:
                mine = and_(mine, table.c.state.in_(UNSENT))
            connection.execute(delete(table).where(mine))
        connection.execute(delete(wechat_codes).where(wechat_codes.c.follower_id == follower_id))
        own = (
            select(conversations.c.id)
            .join(wechat_bindings, _bindings.conversation_id == conversations.c.id)
            .where(_bindings.follower_id == follower_id, _bindings.is_own)
            .order_by(conversations.c.created_at.desc(), conversations.c.id)
            .limit(1)
        )
        present = select(_followers.conversation_id).where(_followers.id == follower_id)
        if connection.execute(present).scalar_one_or_none() == conversation_id:
            self._go_to(connection, follower_id, connection.execute(own).scalar_one_or_none())
        self._note(connection, by, UNBOUND, conversation_id, why)

    # --- looking ------------------------------------------------------------------------------

    def elsewhere(self, connection: Connection, follower_id: int) -> list[str]:
        """Return the conversations from elsewhere that the follower is bound to."""
        query = select(_bindings.conversation_id).where(
            _bindings.follower_id == follower_id, _bindings.is_own.is_(False)
        )
        return sorted(connection.execute(query).scalars())

    def current(self, follower_id: int) -> tuple[str | None, bool]:
        """Return where the follower's next message goes, and whether a lawyer has part in it."""
        query = (
            select(_followers.conversation_id, conversations.c.mode)
            .outerjoin(conversations, conversations.c.id == _followers.conversation_id)
            .where(_followers.id == follower_id)
        )
        with self.store.read() as connection:
            row = connection.execute(query).first()
        return (None, False) if row is None else (row.conversation_id, row.mode in TALKING)

    def talks(self, follower_id: int) -> tuple[Talk, ...]:
        """Return the conversations from elsewhere that the follower is bound to, newest first."""
        query = (
            select(
                conversations.c.id,
                conversations.c.created_at,
                _bindings.created_at.label("bound_at"),
                _bindings.is_proven,
                _followers.conversation_id.label("current"),
            )
            .join(wechat_bindings, _bindings.conversation_id == conversations.c.id)
            .join(wechat_followers, _followers.id == _bindings.follower_id)
            .where(_followers.id == follower_id, _bindings.is_own.is_(False))
            .order_by(_bindings.created_at.desc(), conversations.c.id)
        )
        with self.store.read() as connection:
            return tuple(
                Talk(
                    row.id,
                    row.created_at,
                    row.bound_at,
                    row.id == row.current,
                    row.is_proven,
                    *self.numbers(connection, (row.id,)),
                )
                for row in connection.execute(query).all()
            )

    def bound_to(self, conversation_id: str) -> tuple[Bound, ...]:
        """Return who else than its own follower hears of a conversation, without saying who."""
        query = (
            select(_bindings.created_at, _bindings.is_proven)
            .where(_bindings.conversation_id == conversation_id, _bindings.is_own.is_(False))
            .order_by(_bindings.created_at)
        )
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(Bound(row.created_at, row.is_proven) for row in rows)

    def numbers(
        self, connection: Connection, conversation_ids: Collection[str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the numbers of the applications and of the matters of conversations."""
        found = []
        for table in (aid_applications, matters):
            query = (
                select(table.c.number)
                .where(table.c.conversation_id.in_(conversation_ids))
                .order_by(table.c.id)
            )
            found.append(tuple(connection.execute(query).scalars()))
        return found[0], found[1]

    # --- both ---------------------------------------------------------------------------------

    def _say(self, connection: Connection, conversation_id: str, part: Part) -> Outbound:
        return self._talks.append(connection, conversation_id, Sender.SYSTEM, (part,))

    def _note(
        self, connection: Connection, by: str, action: str, subject: str, why: str = ""
    ) -> None:
        connection.execute(
            insert(audit).values(
                at=self._clock.now(),
                actor=by,
                action=action,
                subject=subject,
                note_enc=self.store.cipher.encrypt(AUDIT, why) if why else None,
            )
        )
