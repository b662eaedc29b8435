"""Access tokens in Redis, encrypted, and the claims on their renewal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from cryptography.fernet import InvalidToken
from redis.exceptions import RedisError

from bot.errors import StorageUnavailable
from bot.store.crypto import Cipher, ContextMismatch
from bot.wechat.tokens import HeldToken

TOKEN = "wechat_tokens.redis"
PREFIX = "lawbridge:wechat-token:"
ANSWER_S = 2.0

# Moments are compared here, not left to the key's own end, so that all who claim go by one clock.
CLAIM = """
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if held > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class RedisTokens:
    """Satisfies ``TokenStore``."""

    def __init__(self, url: str, cipher: Cipher) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
        )
        self._cipher = cipher
        self._claim = self._redis.register_script(CLAIM)
        self._release = self._redis.register_script(RELEASE)

    def read(self, key: str) -> HeldToken | None:
        with _reached():
            sealed = self._redis.get(PREFIX + key)
        if not isinstance(sealed, bytes):
            return None
        try:
            kept = self._cipher.decrypt_json(TOKEN, sealed)
        except (InvalidToken, ContextMismatch):
            return None
        return HeldToken(kept["token"], dt.datetime.fromisoformat(kept["expires_at"]))

    def claim(self, key: str, now: dt.datetime, until: dt.datetime) -> bool:
        lasts_ms = max(1, int((until - now).total_seconds() * 1000))
        with _reached():
            return bool(
                self._claim(keys=[_claim(key)], args=[_micros(now), _micros(until), lasts_ms])
            )

    def put(self, key: str, held: HeldToken) -> None:
        kept = {"token": held.token, "expires_at": held.expires_at.isoformat()}
        with _reached():
            self._redis.set(PREFIX + key, self._cipher.encrypt_json(TOKEN, kept))

    def release(self, key: str, until: dt.datetime) -> None:
        with _reached():
            self._release(keys=[_claim(key)], args=[_micros(until)])

    def close(self) -> None:
        self._redis.close()


def _claim(key: str) -> str:
    return f"{PREFIX}{key}:claim"


def _micros(moment: dt.datetime) -> int:
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise StorageUnavailable from error
