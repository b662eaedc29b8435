"""Links, passes and what is bound to a follower, in the database.

Of a token the digest alone is kept. A link is used up by one conditional update.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update

from bot.dialogue.passes import page_pass
from bot.domain.clock import Clock
from bot.domain.matter import MatterState
from bot.store.crypto import token_hash
from bot.store.tables import conversations, matters, messages
from bot.store.unit import Store
from bot.store.wechat_tables import passes, wechat_bindings, wechat_followers, wechat_links

MOST_MATTERS = 20


@dataclass(frozen=True)
class Link:
    """A link as kept; ``account`` is the AppID of its follower."""

    follower_id: int
    conversation_id: str
    target: str
    account: str
    is_open: bool
    """Neither used nor past its time."""


@dataclass(frozen=True)
class Visit:
    """Whose browser it is, and the conversation that it looks at."""

    follower_id: int
    conversation_id: str
    is_strong: bool = False
    """Its pass may do what cannot be undone, and takes along what there is."""


@dataclass(frozen=True)
class Bound:
    """A conversation whose news a follower hears; without ``is_proven`` he sees nothing of it."""

    conversation_id: str
    channel: str
    started_at: dt.datetime
    is_proven: bool


@dataclass(frozen=True)
class OwnMatter:
    conversation_id: str
    number: str
    state: MatterState


class LinkRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    # --- links --------------------------------------------------------------------------------

    def keep(
        self,
        token: str,
        follower_id: int,
        conversation_id: str,
        target: str,
        expires_at: dt.datetime,
    ) -> None:
        with self.store.write() as connection:
            connection.execute(
                insert(wechat_links).values(
                    token_hash=token_hash(token),
                    follower_id=follower_id,
                    conversation_id=conversation_id,
                    target=target,
                    expires_at=expires_at,
                )
            )

    def find(self, token: str) -> Link | None:
        query = (
            select(wechat_links, wechat_followers.c.account)
            .join(wechat_followers, wechat_followers.c.id == wechat_links.c.follower_id)
            .where(wechat_links.c.token_hash == token_hash(token))
        )
        with self.store.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        is_open = row.used_at is None and row.expires_at > self.clock.now()
        return Link(row.follower_id, row.conversation_id, row.target, row.account, is_open)

    def use(
        self,
        token: str,
        link: Link,
        key: str = "",
        until: dt.datetime | None = None,
        *,
        is_strong: bool = False,
    ) -> bool:
        """Use a link up, once among all who try; the winner's ``key`` becomes a pass."""
        now = self.clock.now()
        with self.store.write() as connection:
            used = connection.execute(
                update(wechat_links)
                .where(
                    wechat_links.c.token_hash == token_hash(token),
                    wechat_links.c.used_at.is_(None),
                    wechat_links.c.expires_at > now,
                )
                .values(used_at=now)
            ).rowcount
            if used and key:
                connection.execute(
                    insert(passes).values(
                        token_hash=token_hash(key),
                        conversation_id=link.conversation_id,
                        follower_id=link.follower_id,
                        expires_at=until,
                        is_strong=is_strong,
                    )
                )
        return bool(used)

    # --- passes -------------------------------------------------------------------------------

    def admitted(self, key: str) -> Visit | None:
        """Return whose valid pass this is."""
        with self.store.read() as connection:
            row = connection.execute(page_pass(key, self.clock.now())).first()
        return None if row is None else Visit(row.follower_id, row.conversation_id, row.is_strong)

    def replace_pass(self, former: str, key: str, visit: Visit, until: dt.datetime) -> None:
        """Give a browser another pass of the same follower."""
        with self.store.write() as connection:
            connection.execute(delete(passes).where(passes.c.token_hash == token_hash(former)))
            connection.execute(
                insert(passes).values(
                    token_hash=token_hash(key),
                    conversation_id=visit.conversation_id,
                    follower_id=visit.follower_id,
                    expires_at=until,
                    is_strong=visit.is_strong,
                )
            )

    def forget_expired(self, kept_for: dt.timedelta) -> int:
        """Delete passes past their time, and links as long after theirs; return how many."""
        now = self.clock.now()
        with self.store.write() as connection:
            gone = connection.execute(delete(passes).where(passes.c.expires_at <= now)).rowcount
            old = wechat_links.c.expires_at <= now - kept_for
            return gone + connection.execute(delete(wechat_links).where(old)).rowcount

    # --- what a follower may see --------------------------------------------------------------

    def bound(self, follower_id: int) -> tuple[Bound, ...]:
        """Return the conversations bound to a follower, oldest binding first."""
        query = (
            select(
                conversations.c.id,
                conversations.c.channel,
                conversations.c.created_at,
                wechat_bindings.c.is_proven,
            )
            .join(wechat_bindings, wechat_bindings.c.conversation_id == conversations.c.id)
            .where(wechat_bindings.c.follower_id == follower_id)
            .order_by(wechat_bindings.c.created_at, conversations.c.id)
        )
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(Bound(row.id, row.channel, row.created_at, row.is_proven) for row in rows)

    def only_heard(self, follower_id: int, conversation_id: str) -> str | None:
        """Return the follower's present conversation instead of one of which he only hears.

        None where nothing stands in the way of the other.
        """
        query = (
            select(wechat_followers.c.conversation_id)
            .join(wechat_bindings, wechat_bindings.c.follower_id == wechat_followers.c.id)
            .where(
                wechat_followers.c.id == follower_id,
                wechat_bindings.c.conversation_id == conversation_id,
                wechat_bindings.c.is_proven.is_(False),
            )
        )
        with self.store.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def account(self, follower_id: int) -> str:
        """Return the AppID of a follower's account, empty where there is no such follower."""
        query = select(wechat_followers.c.account).where(wechat_followers.c.id == follower_id)
        with self.store.read() as connection:
            return connection.execute(query).scalar_one_or_none() or ""

    def home_of(self, message_id: int, follower_id: int) -> str | None:
        """Return the conversation of a message; None unless it is proven to be the follower's."""
        query = (
            select(messages.c.conversation_id)
            .join(wechat_bindings, wechat_bindings.c.conversation_id == messages.c.conversation_id)
            .where(
                messages.c.id == message_id,
                wechat_bindings.c.follower_id == follower_id,
                wechat_bindings.c.is_proven,
            )
        )
        with self.store.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def matters(self, conversation_ids: Collection[str]) -> tuple[OwnMatter, ...]:
        """Return the matters of some conversations: open ones first, then the newest."""
        query = (
            select(matters.c.conversation_id, matters.c.number, matters.c.state)
            .where(matters.c.conversation_id.in_(conversation_ids))
            .order_by(matters.c.closed_at.desc().nulls_first(), matters.c.id.desc())
            .limit(MOST_MATTERS)
        )
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return tuple(
            OwnMatter(row.conversation_id, row.number, MatterState(row.state)) for row in rows
        )
