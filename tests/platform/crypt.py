"""The platform's message format: signatures and the sealed message, from its description alone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""The padding's block, which is not the cipher's."""
RANDOM = 16
LENGTH = 4


class Unreadable(Exception):
    """A sealed message that is not in the format, or for another account."""


def sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


class Seal:
    """Encrypts and decrypts for one account."""

    def __init__(self, aes_key: str, app_id: str) -> None:
        if len(aes_key) != 43 or not aes_key.isalnum():
            raise ValueError("an EncodingAESKey has 43 letters and digits")
        self._key = base64.b64decode(aes_key + "=")
        self._app_id = app_id.encode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))

    def close(self, message: str) -> str:
        body = message.encode()
        whole = os.urandom(RANDOM) + len(body).to_bytes(LENGTH, "big") + body + self._app_id
        missing = BLOCK - len(whole) % BLOCK
        work = self._cipher().encryptor()
        sealed = work.update(whole + bytes([missing]) * missing) + work.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """Return the message.

        Raises:
            Unreadable: not base64, wrong key, length or padding, or another account's.
        """
        try:
            body = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise Unreadable("not base64") from error
        if not body or len(body) % BLOCK:
            raise Unreadable(f"{len(body)} bytes are no whole blocks of {BLOCK}")
        work = self._cipher().decryptor()
        whole = work.update(body) + work.finalize()
        padding = whole[-1]
        if not 1 <= padding <= BLOCK or whole[-padding:] != bytes([padding]) * padding:
            raise Unreadable("wrong padding")
        whole = whole[:-padding]
        start = RANDOM + LENGTH
        end = start + int.from_bytes(whole[RANDOM:start], "big")
        if len(whole) < start or end > len(whole):
            raise Unreadable("wrong length")
        if whole[end:] != self._app_id:
            raise Unreadable("for another account")
        try:
            return whole[start:end].decode()
        except UnicodeDecodeError as error:
            raise Unreadable("not UTF-8") from error
