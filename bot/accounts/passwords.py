"""Hashing and checking of passwords, and the making of first ones."""

from __future__ import annotations

import secrets
import threading

from pwdlib import PasswordHash

from bot.accounts.schemas import LEAST_PASSWORD, LONGEST_PASSWORD
from bot.errors import BadInput

_BAD_PASSWORD = f"密码至少 {LEAST_PASSWORD} 位，至多 {LONGEST_PASSWORD} 位。"

# Argon2 takes 64 MiB for each check: a burst of sign-ins must wait, not exhaust the memory.
_CHECKS_AT_ONCE = 4

# Without what is misread on paper or on the telephone: 0 and o, 1 and l.
_PLAIN = "abcdefghijkmnpqrstuvwxyz23456789"


class Passwords:
    """``hasher`` is Argon2 at the recommended cost unless given."""

    def __init__(self, hasher: PasswordHash | None = None) -> None:
        self._hasher = hasher or PasswordHash.recommended()
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))
        self._checks = threading.BoundedSemaphore(_CHECKS_AT_ONCE)

    def hashed(self, password: str) -> str:
        """Return the hash to be stored.

        Raises:
            BadInput: it is too short or too long.
        """
        if not LEAST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise BadInput(_BAD_PASSWORD)
        return self._hasher.hash(password)

    def fits(self, password: str, hashed: str | None) -> bool:
        """Check a password; without a hash the same work is done for nothing."""
        with self._checks:
            right = self._hasher.verify(password[: LONGEST_PASSWORD + 1], hashed or self._decoy)
        return right and hashed is not None


def generated() -> str:
    """Return a password that can be read out: four groups of four, about 80 bits."""
    letters = "".join(secrets.choice(_PLAIN) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))
