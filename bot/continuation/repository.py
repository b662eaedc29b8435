"""Codes by which a conversation goes on elsewhere, and the tokens of the devices it has left.

A code is kept as a keyed hash, a token as a digest; neither can be read back.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.domain.clock import Clock
from bot.errors import NotFound
from bot.store.crypto import token_hash
from bot.store.tables import audit, continuations, conversations, left_tokens
from bot.store.unit import Store
from bot.store.wechat_tables import passes

CODE = "continuations.code"
TOKEN = "continuations.token"
CONTINUED = "conversation_continued"


class ContinuationRepository:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def keep(self, conversation_id: str, code: str, expires_at: dt.datetime) -> bool:
        """Let a code open the conversation, the former one no longer.

        Says no when the code is another conversation's.

        Raises:
            NotFound: there is no such conversation.
        """
        values = {
            "conversation_id": conversation_id,
            "code_index": self._index(code),
            "expires_at": expires_at,
        }
        try:
            with self._store.write() as connection:
                self._lock(connection, conversation_id)
                connection.execute(
                    delete(continuations).where(continuations.c.conversation_id == conversation_id)
                )
                connection.execute(insert(continuations).values(values))
        except IntegrityError:
            return False
        return True

    def take(self, code: str, device: str) -> tuple[str, str] | None:
        """Use a code up; return its conversation with a new token, the only one that opens it.

        The same code from the same device again gets the same token: its first answer may have
        been lost on the way.
        """
        token = self._store.cipher.blind_index(TOKEN, f"{code}\0{device}")
        with self._store.write() as connection:
            used = self._use(connection, code)
            if used is None:
                query = select(conversations.c.id).where(
                    conversations.c.token_hash == token_hash(token)
                )
                held = connection.execute(query).scalar_one_or_none()
                return None if held is None else (held, token)
            conversation_id, former = used
            if former is not None:
                connection.execute(
                    insert(left_tokens).values(token_hash=former, conversation_id=conversation_id)
                )
            self._leave_passes(connection, conversation_id)
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(token_hash=token_hash(token))
            )
            connection.execute(
                insert(audit).values(
                    at=self._clock.now(), actor="visitor", action=CONTINUED, subject=conversation_id
                )
            )
        return conversation_id, token

    def whose(self, connection: Connection, code: str) -> str | None:
        """Return the conversation of a valid code."""
        query = select(continuations.c.conversation_id).where(
            continuations.c.code_index == self._index(code),
            continuations.c.expires_at > self._clock.now(),
        )
        found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    def use_up(self, connection: Connection, code: str) -> str | None:
        """Use a valid code up and return its conversation, whose token stays as it is."""
        used = self._use(connection, code)
        return None if used is None else used[0]

    def revoke(self, connection: Connection, conversation_id: str) -> None:
        """Let no code open the conversation until a new one is issued."""
        connection.execute(
            delete(continuations).where(continuations.c.conversation_id == conversation_id)
        )

    def is_left(self, token: str) -> bool:
        """Say whether the token's conversation has gone on elsewhere."""
        query = select(left_tokens.c.token_hash).where(
            left_tokens.c.token_hash == token_hash(token)
        )
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def forget_expired(self) -> int:
        """Delete codes past their time; return how many."""
        past = continuations.c.expires_at <= self._clock.now()
        with self._store.write() as connection:
            return connection.execute(delete(continuations).where(past)).rowcount

    def _use(self, connection: Connection, code: str) -> tuple[str, str | None] | None:
        """Delete a code that is valid; return its conversation with the token's digest."""
        conversation_id = self.whose(connection, code)
        if conversation_id is None:
            return None
        try:
            # Before the code, as when it is replaced: two transactions never wait for each other.
            former = self._lock(connection, conversation_id)
        except NotFound:
            return None
        used = connection.execute(
            delete(continuations).where(continuations.c.code_index == self._index(code))
        ).rowcount
        return (conversation_id, former) if used else None

    def _leave_passes(self, connection: Connection, conversation_id: str) -> None:
        """Let followers' browsers be left behind like any other device."""
        mine = passes.c.conversation_id == conversation_id
        held = select(passes.c.token_hash, passes.c.conversation_id).where(mine)
        connection.execute(insert(left_tokens).from_select(["token_hash", "conversation_id"], held))
        connection.execute(delete(passes).where(mine))

    def _lock(self, connection: Connection, conversation_id: str) -> str | None:
        """Lock the conversation's row; return the digest of its present token."""
        row = connection.execute(
            select(conversations.c.token_hash)
            .where(conversations.c.id == conversation_id)
            .with_for_update()
        ).first()
        if row is None:
            raise NotFound
        present: str | None = row.token_hash
        return present

    def _index(self, code: str) -> str:
        return self._store.cipher.blind_index(CODE, code)
