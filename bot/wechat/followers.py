"""Followers of the official accounts in the database: known again, followed, heard of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import Clock
from bot.domain.conversation import WECHAT, Mode, Sender
from bot.domain.follower import Follower, Quota, Window
from bot.errors import NotFound
from bot.store.tables import conversations, offices
from bot.store.wechat_tables import OPENID, wechat_bindings, wechat_consents, wechat_followers
from connectors.messages import Part
from connectors.wechat.rendering import Choice

CHOICES = "wechat_followers.choices"

Met = Callable[[Connection, int], None]
"""Hears, in the transaction that meets a follower, whose message it is."""


@dataclass(frozen=True)
class Welcome:
    """How an account receives newcomers."""

    greeting: Part
    office_id: int | None = None
    """Where they belong; an office that is not in use is as good as none."""


class FollowerRepository:
    def __init__(
        self,
        talks: ConversationRepository,
        clock: Clock,
        consent_version: str,
        greeting: Part,
        welcomes: Mapping[str, Welcome] | None = None,
    ) -> None:
        """``greeting`` is said, with the privacy notice, in every conversation that is opened.

        ``welcomes``: by AppID, of the accounts that have one of their own.
        """
        self.store = talks.store
        self._talks = talks
        self._clock = clock
        self._consent_version = consent_version
        self._welcome = Welcome(greeting)
        self._welcomes = welcomes or {}

    def meet(
        self,
        account: str,
        openid: str,
        first: Sequence[Part] = (),
        *,
        is_message: bool | None = None,
        also: Sequence[Met] = (),
    ) -> Follower:
        """Return the follower with a conversation; who comes for the first time is greeted.

        ``first`` follows the greeting: what a newcomer may choose from. ``is_message`` notes in
        the ledger that the follower wrote, or else tapped, scanned, followed; ``also`` hears of
        the follower. All in one transaction: it is done for every message.
        """

        def once() -> Follower:
            with self.store.write() as connection:
                follower = self._meet(connection, account, openid, first)
                if is_message is not None:
                    self._heard(connection, follower, is_message=is_message)
                if is_message:
                    follower = self._to_the_lawyer(connection, follower)
                for note in also:
                    note(connection, follower.id)
                return follower

        try:
            return once()
        except IntegrityError:
            # Two messages of one newcomer at once; the other was first.
            return once()

    def _meet(
        self, connection: Connection, account: str, openid: str, first: Sequence[Part]
    ) -> Follower:
        index = self.openid_index(account, openid)
        found = connection.execute(
            select(wechat_followers)
            .where(wechat_followers.c.account == account, wechat_followers.c.openid_index == index)
            .with_for_update(key_share=True)
        ).first()
        if found is not None and found.conversation_id is not None:
            if not found.following:
                self._set(connection, found.id, following=True)
            return follower_of(found)
        if found is None:
            follower_id = self._add(connection, account, openid, index)
        else:
            follower_id = int(found.id)
        said = (self._welcome_of(account).greeting, *first)
        self._open(connection, follower_id, openid, said)
        return self._one(connection, follower_id)

    def _to_the_lawyer(self, connection: Connection, follower: Follower) -> Follower:
        """Let a message go where a lawyer talks to the follower, whichever talk was his last.

        On his screen there is one talk only: what he writes answers what he was told there.
        """
        talking = (
            select(conversations.c.id)
            .join(wechat_bindings, wechat_bindings.c.conversation_id == conversations.c.id)
            .where(wechat_bindings.c.follower_id == follower.id, wechat_bindings.c.is_proven)
            .where(conversations.c.mode == Mode.HUMAN)
            .order_by(conversations.c.updated_at.desc())
        )
        there = list(connection.execute(talking).scalars())
        if not there or follower.conversation_id in there:
            return follower
        self._set(connection, follower.id, conversation_id=there[0], choices_enc=None)
        return replace(follower, conversation_id=there[0])

    def _welcome_of(self, account: str) -> Welcome:
        return self._welcomes.get(account, self._welcome)

    def _add(self, connection: Connection, account: str, openid: str, index: str) -> int:
        wanted = self._welcome_of(account).office_id
        in_use = select(offices.c.id).where(offices.c.id == wanted, offices.c.active)
        key = connection.execute(
            insert(wechat_followers).values(
                account=account,
                openid_index=index,
                openid_enc=self.store.cipher.encrypt(OPENID, openid),
                office_id=in_use.scalar_subquery(),
                created_at=self._clock.now(),
            )
        ).inserted_primary_key
        assert key is not None
        return int(key[0])

    def _open(
        self, connection: Connection, follower_id: int, openid: str, said: Sequence[Part]
    ) -> None:
        """Give the follower a conversation: the newest of those begun here, or a new one.

        ``said`` begins a new one.
        """
        own = connection.execute(
            select(wechat_bindings.c.conversation_id)
            .where(wechat_bindings.c.follower_id == follower_id, wechat_bindings.c.is_own)
            .order_by(wechat_bindings.c.created_at.desc())
            .limit(1)
        ).scalar_one_or_none()
        if own is not None:
            self._set(connection, follower_id, conversation_id=own, following=True)
            return
        # It may have begun before there were followers.
        taken = select(wechat_bindings.c.conversation_id)
        known = connection.execute(
            select(conversations.c.id)
            .where(
                conversations.c.channel == WECHAT,
                conversations.c.visitor_index == self._talks.visitor_index(WECHAT, openid),
                conversations.c.id.not_in(taken),
            )
            .order_by(conversations.c.created_at.desc())
            .limit(1)
        ).scalar_one_or_none()
        if known is None:
            made, _ = self._talks.create_in(connection, WECHAT, self._consent_version)
        conversation_id = known or made.id
        connection.execute(
            insert(wechat_bindings).values(
                follower_id=follower_id,
                conversation_id=conversation_id,
                is_own=True,
                is_proven=True,
                created_at=self._clock.now(),
            )
        )
        self._set(connection, follower_id, conversation_id=conversation_id, following=True)
        if known is None:
            # Where the follower belongs receives whoever comes back, in a new conversation too.
            office = (
                select(wechat_followers.c.office_id)
                .where(wechat_followers.c.id == follower_id)
                .scalar_subquery()
            )
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(office_id=office)
            )
            self._talks.append(connection, conversation_id, Sender.SYSTEM, said)

    def openid_index(self, account: str, openid: str) -> str:
        return self.store.cipher.blind_index(OPENID, f"{account}:{openid}")

    def find(self, account: str, openid: str) -> Follower | None:
        """Return a follower who is known already."""
        query = select(wechat_followers).where(
            wechat_followers.c.account == account,
            wechat_followers.c.openid_index == self.openid_index(account, openid),
        )
        with self.store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else follower_of(row)

    def get(self, follower_id: int) -> Follower:
        """Return a follower.

        Raises:
            NotFound: there is none with this id.
        """
        with self.store.read() as connection:
            return self._one(connection, follower_id)

    def of_conversation(self, conversation_id: str) -> Follower | None:
        """Return whom words said in a conversation reach; None where they reach nobody."""
        query = (
            select(wechat_followers)
            .join(wechat_bindings, wechat_bindings.c.follower_id == wechat_followers.c.id)
            .where(wechat_bindings.c.conversation_id == conversation_id)
            .where(wechat_bindings.c.is_proven)
            .order_by(wechat_bindings.c.is_own.desc(), wechat_followers.c.id)
            .limit(1)
        )
        with self.store.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else follower_of(row)

    def openid(self, follower_id: int) -> str:
        """Return the openid, to be used for one call to the platform and kept nowhere.

        Raises:
            NotFound: there is no such follower.
        """
        query = select(wechat_followers.c.openid_enc).where(wechat_followers.c.id == follower_id)
        with self.store.read() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            raise NotFound
        return self.store.cipher.decrypt(OPENID, sealed)

    def _heard(self, connection: Connection, follower: Follower, *, is_message: bool) -> None:
        now = self._clock.now()
        quota = follower_of(self.locked(connection, follower.id)).quota
        if is_message:
            self._set(connection, follower.id, heard_at=now, **_ledger(quota.after_message(now)))
        else:
            self._set(connection, follower.id, **_ledger(quota.after_act(now)))

    def note_quota(self, connection: Connection, follower_id: int, quota: Quota) -> None:
        self._set(connection, follower_id, **_ledger(quota))

    def set_following(self, follower_id: int, following: bool) -> None:
        with self.store.write() as connection:
            self._set(connection, follower_id, following=following)

    def set_office(self, follower_id: int, office_id: int) -> None:
        with self.store.write() as connection:
            self._set(connection, follower_id, office_id=office_id)

    def choices(self, follower_id: int) -> tuple[Choice, ...]:
        """Return what was offered last."""
        query = select(wechat_followers.c.choices_enc).where(wechat_followers.c.id == follower_id)
        with self.store.read() as connection:
            sealed = connection.execute(query).scalar_one_or_none()
        if sealed is None:
            return ()
        kept = self.store.cipher.decrypt_json(CHOICES, sealed)
        return tuple(Choice(**one) for one in kept)

    def offer(self, connection: Connection, follower_id: int, choices: Sequence[Choice]) -> None:
        """Remember what is offered; nothing forgets what was offered before."""
        kept = [asdict(choice) for choice in choices]
        sealed = self.store.cipher.encrypt_json(CHOICES, kept) if kept else None
        self._set(connection, follower_id, choices_enc=sealed)

    def forget_choices(self, follower_id: int) -> None:
        """Let a number typed next choose nothing."""
        with self.store.write() as connection:
            self.offer(connection, follower_id, ())

    def consent(
        self, follower_id: int, template_id: str, *, agreed: bool, adds_up: bool = False
    ) -> None:
        """Count an answer to the question whether one notice may be sent.

        What is agreed to on the platform's page is one notice, however often it is agreed to;
        what is agreed to in its pop-up ``adds_up``.
        """
        mine = (
            wechat_consents.c.follower_id == follower_id,
            wechat_consents.c.template_id == template_id,
        )
        now = self._clock.now()
        with self.store.write() as connection:
            self.locked(connection, follower_id)
            if not agreed:
                connection.execute(delete(wechat_consents).where(*mine))
                return
            counted = connection.execute(
                update(wechat_consents)
                .where(*mine)
                .values(left=wechat_consents.c.left + 1 if adds_up else 1, updated_at=now)
            ).rowcount
            if not counted:
                connection.execute(
                    insert(wechat_consents).values(
                        follower_id=follower_id, template_id=template_id, left=1, updated_at=now
                    )
                )

    def use_consent(self, follower_id: int, template_id: str) -> bool:
        """Use one agreed notice up; say whether there was one."""
        with self.store.write() as connection:
            used = connection.execute(
                update(wechat_consents)
                .where(
                    wechat_consents.c.follower_id == follower_id,
                    wechat_consents.c.template_id == template_id,
                    wechat_consents.c.left > 0,
                )
                .values(left=wechat_consents.c.left - 1, updated_at=self._clock.now())
            ).rowcount
        return bool(used)

    def has_consent(self, follower_id: int, template_id: str) -> bool:
        query = select(wechat_consents.c.left).where(
            wechat_consents.c.follower_id == follower_id,
            wechat_consents.c.template_id == template_id,
        )
        with self.store.read() as connection:
            return (connection.execute(query).scalar_one_or_none() or 0) > 0

    def locked(self, connection: Connection, follower_id: int) -> Row[Any]:
        """Lock the follower's row: whatever is taken from the ledger is taken one by one."""
        row = connection.execute(
            select(wechat_followers)
            .where(wechat_followers.c.id == follower_id)
            .with_for_update(key_share=True)
        ).first()
        if row is None:
            raise NotFound
        return row

    def _one(self, connection: Connection, follower_id: int) -> Follower:
        query = select(wechat_followers).where(wechat_followers.c.id == follower_id)
        row = connection.execute(query).first()
        if row is None:
            raise NotFound
        return follower_of(row)

    def _set(self, connection: Connection, follower_id: int, **values: Any) -> None:
        mine = wechat_followers.c.id == follower_id
        connection.execute(update(wechat_followers).where(mine).values(values))


def forget_followers(connection: Connection, conversation_ids: Sequence[str]) -> None:
    """Delete the followers who hear of these conversations alone."""
    bound_to = wechat_bindings.c.conversation_id
    kept = select(wechat_bindings.c.follower_id).where(bound_to.not_in(conversation_ids))
    gone = select(wechat_bindings.c.follower_id).where(bound_to.in_(conversation_ids))
    connection.execute(
        delete(wechat_followers).where(
            wechat_followers.c.id.in_(gone), wechat_followers.c.id.not_in(kept)
        )
    )


def _ledger(quota: Quota) -> dict[str, dt.datetime | int | None]:
    return {
        "said_until": quota.said.until,
        "said_left": quota.said.left,
        "acted_until": quota.acted.until,
        "acted_left": quota.acted.left,
    }


def follower_of(row: Row[Any]) -> Follower:
    return Follower(
        row.id,
        row.account,
        row.conversation_id,
        row.following,
        row.office_id,
        row.heard_at,
        Quota(Window(row.said_until, row.said_left), Window(row.acted_until, row.acted_left)),
    )
