"""Sealed notes that a browser carries between two pages; the server keeps nothing of them.

Half a sign-in: the password was right, the code is still wanted. It opens nothing by itself, is
good for five minutes, and dies with the next code used, the next password and the next enrolment,
because it names the state of the account it was written for. Half an enrolment: a secret that was
shown and not confirmed yet.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import InvalidToken

from bot.domain.clock import Clock
from bot.store.crypto import Cipher, ContextMismatch, token_hash

TICKET_LASTS = dt.timedelta(minutes=5)
ENROLMENT_LASTS = dt.timedelta(minutes=15)

_SIGN_IN = "accounts.sign_in"
_ENROLMENT = "accounts.enrolment"


@dataclass(frozen=True)
class Ticket:
    """Whose password was right, and the state of the account at that time."""

    login: str
    state: str


class Tickets:
    def __init__(self, cipher: Cipher, clock: Clock) -> None:
        self._cipher = cipher
        self._clock = clock

    def half_way(self, login: str, state: str) -> str:
        """Return the ticket of somebody whose password was right."""
        return self._seal(_SIGN_IN, TICKET_LASTS, {"login": login, "state": state})

    def read(self, sealed: str) -> Ticket | None:
        """Return what a ticket says; None when it is old or not ours."""
        said = self._open(_SIGN_IN, sealed)
        return None if said is None else Ticket(said["login"], said["state"])

    def enrolment(self, login: str, secret: str) -> str:
        """Return a secret, sealed for one person until they confirm it."""
        return self._seal(_ENROLMENT, ENROLMENT_LASTS, {"login": login, "secret": secret})

    def secret_of(self, login: str, sealed: str) -> str | None:
        """Return the secret that was shown to this person; None when it is old or not theirs."""
        said = self._open(_ENROLMENT, sealed)
        return None if said is None or said["login"] != login else str(said["secret"])

    def _seal(self, kind: str, lasts: dt.timedelta, said: dict[str, str]) -> str:
        until = (self._clock.now() + lasts).timestamp()
        return self._cipher.encrypt_json(kind, {**said, "until": until}).decode("ascii")

    def _open(self, kind: str, sealed: str) -> dict[str, Any] | None:
        try:
            said: dict[str, Any] = self._cipher.decrypt_json(kind, sealed.encode())
        except (InvalidToken, ContextMismatch):
            return None
        return said if said["until"] > self._clock.now().timestamp() else None


def state_of(password_hash: str, step: int) -> str:
    """Return what changes with every new password and every code used."""
    return token_hash(f"{password_hash}\0{step}")
