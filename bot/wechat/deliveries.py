"""What the platform delivered, once for each message however often it came.

A row says who is working on the message, whether that is done, and who answers: the passive reply
to a delivery or customer-service messages. That is decided once, by one conditional update.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.clock import Clock
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_deliveries as table

PAYLOAD = "wechat_deliveries.payload"
REPLY = "wechat_deliveries.reply"
SENDER = "wechat_deliveries.sender"

CLAIM = dt.timedelta(seconds=10)
"""Who works on a message says so again in time; a process that died loses it after this."""
KEPT = dt.timedelta(days=2)
"""The platform repeats a message within seconds; a row that old repeats nothing."""


class By(StrEnum):
    """Who answers a message."""

    PASSIVE = "passive"
    PUSH = "push"
    """Customer-service messages, as soon as the answer is there."""
    LINK = "link"
    """A first line with a link; the answer comes with the next passive reply."""
    NEXT = "next"
    """Nothing could be said in time; the answer comes with the next passive reply."""


@dataclass(frozen=True)
class Delivery:
    """A message as it has been delivered so far."""

    id: int
    number: int
    """How often it came."""
    is_processed: bool
    answered_by: By | None
    reply: str
    """What was answered passively; every further delivery is answered the same."""
    follower_id: int | None = None
    is_claimed: bool = False
    """Somebody works on it."""


@dataclass(frozen=True)
class Arrival:
    """One delivery as it comes."""

    account: str
    openid: str
    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """Who is to answer a message, and with what passive reply."""

    delivery_id: int
    by: By
    reply: str = ""


@dataclass(frozen=True)
class Left:
    """A message that nobody works on although it is not done."""

    id: int
    account: str
    payload: Mapping[str, Any]


class DeliveryRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

    def arrive(self, account: str, openid: str, key: str, payload: Mapping[str, Any]) -> Delivery:
        """Store a delivery, or count it where the message is known."""
        return self.arrive_all([Arrival(account, openid, key, payload)])[0]

    def arrive_all(self, arrivals: Sequence[Arrival], *, claims: bool = False) -> list[Delivery]:
        """Store deliveries as ``arrive`` does, in one transaction.

        ``claims``: the caller works on those that are the first of their message, as after
        ``claim``.
        """
        now = self._clock.now()
        rows = [
            {
                "account": one.account,
                "sender_index": self.store.cipher.blind_index(
                    SENDER, f"{one.account}:{one.openid}"
                ),
                "key": one.key,
                "payload_enc": self.store.cipher.encrypt_json(PAYLOAD, dict(one.payload)),
                "number": 1,
                "first_at": now,
                "last_at": now,
                "claimed_until": now + CLAIM if claims else None,
            }
            for one in arrivals
        ]
        for _ in rows:
            try:
                return self._stored(rows)
            except IntegrityError:
                # Another process was quicker with one of them.
                continue
        return self._stored(rows)

    def _stored(self, rows: Sequence[Mapping[str, Any]]) -> list[Delivery]:
        with self.store.write() as connection:
            return [self._store_one(connection, row) for row in rows]

    def _store_one(self, connection: Connection, row: Mapping[str, Any]) -> Delivery:
        mine = tuple(table.c[name] == row[name] for name in ("account", "sender_index", "key"))
        counted = connection.execute(
            update(table).where(*mine).values(number=table.c.number + 1, last_at=row["last_at"])
        ).rowcount
        if counted:
            return self._read(connection.execute(select(table).where(*mine)).one())
        made = connection.execute(insert(table).values(row)).inserted_primary_key
        assert made is not None
        is_claimed = row["claimed_until"] is not None
        return Delivery(int(made[0]), 1, False, None, "", is_claimed=is_claimed)

    def claim(self, delivery_id: int) -> bool:
        """Take a message to work on it; say no where somebody does, or it is done."""
        now = self._clock.now()
        with self.store.write() as connection:
            taken = connection.execute(
                update(table)
                .where(table.c.id == delivery_id, table.c.processed_at.is_(None))
                .where(or_(table.c.claimed_until.is_(None), table.c.claimed_until < now))
                .values(claimed_until=now + CLAIM)
            ).rowcount
        return bool(taken)

    def go_on(self, *delivery_ids: int) -> None:
        """Say that the messages are still being worked on."""
        with self.store.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.id.in_(delivery_ids), table.c.processed_at.is_(None))
                .values(claimed_until=self._clock.now() + CLAIM)
            )

    def free(self) -> None:
        """Let everything that is claimed be claimed anew; whoever had it is no more."""
        with self.store.write() as connection:
            connection.execute(
                update(table).where(table.c.processed_at.is_(None)).values(claimed_until=None)
            )

    def processed(
        self, delivery_id: int, follower_id: int | None, conversation_id: str | None
    ) -> None:
        """Note that everything the message calls for is in the database."""
        with self.store.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.id == delivery_id)
                .values(
                    processed_at=self._clock.now(),
                    payload_enc=None,
                    follower_id=follower_id,
                    conversation_id=conversation_id,
                )
            )

    def has_earlier(self, delivery_id: int) -> bool:
        """Say whether somebody works on an earlier message of the same follower."""
        mine = select(table.c.account, table.c.sender_index).where(table.c.id == delivery_id)
        own = mine.subquery()
        query = select(table.c.id).where(
            table.c.account == own.c.account,
            table.c.sender_index == own.c.sender_index,
            table.c.id < delivery_id,
            table.c.processed_at.is_(None),
            table.c.claimed_until >= self._clock.now(),
        )
        with self.store.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def get(self, delivery_id: int) -> Delivery | None:
        with self.store.read() as connection:
            row = connection.execute(select(table).where(table.c.id == delivery_id)).first()
        return None if row is None else self._read(row)

    def settle(self, delivery_id: int, by: By, reply: str = "") -> bool:
        """Decide who answers; say whether it was still open."""
        with self.store.write() as connection:
            return self.settle_in(connection, delivery_id, by, reply)

    def settle_all(self, decisions: Sequence[Decision]) -> list[str]:
        """Decide where it is still open, in one transaction; return the replies that hold."""
        with self.store.write() as connection:
            for one in decisions:
                self.settle_in(connection, one.delivery_id, one.by, one.reply)
            ids = [one.delivery_id for one in decisions]
            rows = connection.execute(select(table).where(table.c.id.in_(ids))).all()
        held = {row.id: self._read(row).reply for row in rows}
        return [held.get(delivery_id, "") for delivery_id in ids]

    def take_back(self, connection: Connection, delivery_id: int, by: By) -> bool:
        """Have a passive reply that nobody heard given otherwise; say whether there was one."""
        changed = connection.execute(
            update(table)
            .where(table.c.id == delivery_id, table.c.answered_by == By.PASSIVE)
            .values(answered_by=by, reply_enc=None)
        ).rowcount
        return bool(changed)

    def settle_in(self, connection: Connection, delivery_id: int, by: By, reply: str = "") -> bool:
        """Decide who answers in the caller's transaction; say whether it was still open."""
        sealed = self.store.cipher.encrypt(REPLY, reply) if reply else None
        decided = connection.execute(
            update(table)
            .where(table.c.id == delivery_id, table.c.answered_by.is_(None))
            .values(answered_by=by, reply_enc=sealed)
        ).rowcount
        return bool(decided)

    def give_up(self, delivery_ids: Collection[int], by: By) -> None:
        """Decide who answers where that is still open; nothing is said now."""
        with self.store.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.id.in_(delivery_ids), table.c.answered_by.is_(None))
                .values(answered_by=by)
            )

    def meet(self, delivery_id: int, connection: Connection, follower_id: int) -> None:
        """Note whose message it is, so that nothing else is sent to him meanwhile."""
        connection.execute(
            update(table).where(table.c.id == delivery_id).values(follower_id=follower_id)
        )

    def left(self, quiet: dt.timedelta, accounts: Sequence[str], limit: int = 50) -> list[Left]:
        """Return messages to these accounts, not done, that nobody works on or asks for."""
        now = self._clock.now()
        query = (
            select(table)
            .where(table.c.processed_at.is_(None), table.c.payload_enc.is_not(None))
            .where(table.c.last_at < now - quiet, table.c.account.in_(accounts))
            .where(or_(table.c.claimed_until.is_(None), table.c.claimed_until < now))
            .order_by(table.c.id)
            .limit(limit)
        )
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return [
            Left(row.id, row.account, self.store.cipher.decrypt_json(PAYLOAD, row.payload_enc))
            for row in rows
        ]

    def unanswered(self, quiet: dt.timedelta, limit: int = 200) -> list[tuple[int, str]]:
        """Return id and account of what is done, but no longer asked for by the platform."""
        query = (
            select(table.c.id, table.c.account)
            .where(table.c.answered_by.is_(None), table.c.processed_at.is_not(None))
            .where(table.c.last_at < self._clock.now() - quiet)
            .order_by(table.c.id)
            .limit(limit)
        )
        with self.store.read() as connection:
            return [(row.id, row.account) for row in connection.execute(query)]

    def is_open(self, connection: Connection, follower_id: int, within: dt.timedelta) -> bool:
        """Say whether a passive reply to this follower may yet be given, or is being made."""
        query = self.open_to(within).where(table.c.follower_id == follower_id)
        return connection.execute(query.limit(1)).first() is not None

    def open_to(self, within: dt.timedelta) -> Select[int]:
        """Ask for the followers to whom nothing is sent now: what they get is being made."""
        now = self._clock.now()
        may_be_given = and_(table.c.answered_by.is_(None), table.c.last_at > now - within)
        # Sent by itself, what is there already would use one of the few messages up.
        is_made = and_(table.c.processed_at.is_(None), table.c.claimed_until > now)
        return select(table.c.follower_id).where(
            table.c.follower_id.is_not(None), or_(may_be_given, is_made)
        )

    def forget_old(self) -> int:
        """Delete rows that can repeat nothing any more; return how many."""
        past = self._clock.now() - KEPT
        with self.store.write() as connection:
            return connection.execute(delete(table).where(table.c.last_at < past)).rowcount

    def _read(self, row: Row[Any]) -> Delivery:
        sealed = row.reply_enc
        return Delivery(
            row.id,
            row.number,
            row.processed_at is not None,
            None if row.answered_by is None else By(row.answered_by),
            "" if sealed is None else self.store.cipher.decrypt(REPLY, sealed),
            row.follower_id,
            row.claimed_until is not None and row.claimed_until >= self._clock.now(),
        )
