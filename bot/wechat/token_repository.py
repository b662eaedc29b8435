"""Access tokens in the database, encrypted, and the claims on their renewal."""

from __future__ import annotations

import datetime as dt

from cryptography.fernet import InvalidToken
from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.store.crypto import ContextMismatch
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_tokens
from bot.wechat.tokens import HeldToken

TOKEN = "wechat_tokens.token"


class DatabaseTokens:
    """Satisfies ``TokenStore``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, key: str) -> HeldToken | None:
        query = select(wechat_tokens.c.token_enc, wechat_tokens.c.expires_at).where(
            wechat_tokens.c.app_id == key
        )
        with self._store.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.token_enc is None or row.expires_at is None:
            return None
        try:
            return HeldToken(self._store.cipher.decrypt(TOKEN, row.token_enc), row.expires_at)
        except (InvalidToken, ContextMismatch):
            # Of a backup whose keys are gone: another one is fetched.
            return None

    def claim(self, key: str, now: dt.datetime, until: dt.datetime) -> bool:
        is_free = or_(wechat_tokens.c.claimed_until.is_(None), wechat_tokens.c.claimed_until <= now)
        try:
            with self._store.write() as connection:
                claimed = connection.execute(
                    update(wechat_tokens)
                    .where(wechat_tokens.c.app_id == key, is_free)
                    .values(claimed_until=until)
                ).rowcount
                if claimed:
                    return True
                known = select(wechat_tokens.c.app_id).where(wechat_tokens.c.app_id == key)
                if connection.execute(known).first() is not None:
                    return False
                connection.execute(insert(wechat_tokens).values(app_id=key, claimed_until=until))
                return True
        except IntegrityError:
            # Another process wrote the account's first row.
            return False

    def put(self, key: str, held: HeldToken) -> None:
        values = {
            "token_enc": self._store.cipher.encrypt(TOKEN, held.token),
            "expires_at": held.expires_at,
        }
        with self._store.write() as connection:
            kept = connection.execute(
                update(wechat_tokens).where(wechat_tokens.c.app_id == key).values(**values)
            ).rowcount
            if not kept:
                connection.execute(insert(wechat_tokens).values(app_id=key, **values))

    def release(self, key: str, until: dt.datetime) -> None:
        with self._store.write() as connection:
            connection.execute(
                update(wechat_tokens)
                .where(wechat_tokens.c.app_id == key, wechat_tokens.c.claimed_until == until)
                .values(claimed_until=None)
            )
