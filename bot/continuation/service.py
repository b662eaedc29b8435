"""Going on with a conversation on another device: codes made, read out and typed in there."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from bot.continuation.repository import ContinuationRepository
from bot.domain.clock import Clock
from bot.domain.matter import WrongNumber, read_number
from bot.errors import BadContinuation, StorageUnavailable

log = structlog.get_logger(__name__)

DIGITS = 8
VALID = dt.timedelta(minutes=10)
DRAWS = 5
"""Codes tried before giving up; one in a hundred million is somebody else's."""

_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")
_BETWEEN = re.compile(r"[\s\-‐-―]+")


def draw_code() -> str:
    """Return a random code that is no matter's number: both are typed into the same chat."""
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        try:
            read_number(code)
        except WrongNumber:
            return code


class ContinuationService:
    def __init__(
        self,
        repository: ContinuationRepository,
        clock: Clock,
        draw: Callable[[], str] = draw_code,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._draw = draw

    def issue(self, conversation_id: str) -> tuple[str, dt.timedelta]:
        """Return a new code for the conversation and how long it is valid; a former one dies.

        Raises:
            NotFound: there is no such conversation.
            StorageUnavailable: no free code was found, or the database cannot be written.
        """
        for _ in range(DRAWS):
            code = self._draw()
            if self._repository.keep(conversation_id, code, self._clock.now() + VALID):
                log.info("continuation_issued", conversation_id=conversation_id)
                return code, VALID
        raise StorageUnavailable

    def redeem(self, typed: str, device: str) -> tuple[str, str]:
        """Return the conversation of a code, and the token that opens it from now on.

        ``device`` is a random id that the device made for this attempt; whoever repeats both gets
        the same token.

        Raises:
            BadContinuation: the code is wrong, used or past its time; which of them is not said.
            StorageUnavailable: the database cannot be written; the attempt can be repeated.
        """
        code = _digits(typed)
        taken = self._repository.take(code, device) if code else None
        if taken is None:
            log.info("continuation_refused")
            raise BadContinuation
        log.info("conversation_continued", conversation_id=taken[0])
        return taken

    def whose(self, connection: Connection, typed: str) -> str | None:
        """Return the conversation of a code, in the caller's transaction; None if it opens none."""
        code = _digits(typed)
        return self._repository.whose(connection, code) if code else None

    def use_up(self, connection: Connection, typed: str) -> str | None:
        """Use a code up for its conversation without a new token: its device keeps it too.

        The caller holds the conversation's row lock. None if the code opens none, or no longer.
        """
        code = _digits(typed)
        return self._repository.use_up(connection, code) if code else None

    def revoke(self, connection: Connection, conversation_id: str) -> None:
        """Let no code that was given out open the conversation; its row lock is held."""
        self._repository.revoke(connection, conversation_id)

    def is_left(self, token: str) -> bool:
        """Say whether the token's conversation has gone on elsewhere."""
        return self._repository.is_left(token)

    def forget_expired(self) -> int:
        """Delete codes past their time; return how many."""
        return self._repository.forget_expired()


def _digits(typed: str) -> str:
    """Return the code that a text is, however grouped; an empty string if it is none."""
    code = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed))
    return code if _CODE.fullmatch(code) else ""
