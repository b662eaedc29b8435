"""Encrypted columns and the keyed hashes by which they can be looked up.

A ciphertext is bound to the column it was written for, so that a value moved from one column to
another does not decrypt. Keys rotate: the first encrypts, all decrypt.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, MultiFernet


class ContextMismatch(Exception):
    """A ciphertext was read for another column than the one it was written for."""


class Cipher:
    """Encrypt and decrypt column values; one instance per process."""

    def __init__(self, keys: Sequence[str], index_key: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._index_key = index_key.encode()

    def encrypt(self, context: str, plain: str) -> bytes:
        return self._fernet.encrypt(f"{context}\0{plain}".encode())

    def decrypt(self, context: str, token: bytes) -> str:
        """Return the plain text.

        Raises:
            ContextMismatch: the value was written for another column.
            cryptography.fernet.InvalidToken: no key fits.
        """
        found, _, plain = self._fernet.decrypt(token).decode().partition("\0")
        if found != context:
            raise ContextMismatch(f"{found!r} read as {context!r}")
        return plain

    def encrypt_json(self, context: str, value: Any) -> bytes:
        return self.encrypt(context, json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def decrypt_json(self, context: str, token: bytes) -> Any:
        return json.loads(self.decrypt(context, token))

    def blind_index(self, context: str, plain: str) -> str:
        """Return a keyed hash for equality look-ups; it cannot be reversed without the key."""
        message = f"{context}\0{plain}".encode()
        return hmac.new(self._index_key, message, hashlib.sha256).hexdigest()


def token_hash(token: str) -> str:
    """Hash a random bearer token for storage; tokens have enough entropy for a plain digest."""
    return hashlib.sha256(token.encode()).hexdigest()
