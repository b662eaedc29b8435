"""What the platform's refusals mean to us. What follows from each is for the caller to decide."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Failure(Enum):
    """A kind of refusal that asks for its own course of action."""

    WINDOW = "window"
    """The follower has not written for 48 hours."""
    QUOTA = "quota"
    """All messages allowed since the follower's last sign are used up."""
    UNAUTHORISED = "unauthorised"
    """The account lacks the right to this interface."""
    NO_FOLLOWER = "unfollowed"
    DAILY = "daily"
    MINUTE = "minute"
    TOKEN = "token"
    TOO_LONG = "too_long"
    ADDRESS = "address"
    """Our address is not on the account's list."""
    REFUSED = "refused"
    """The follower does not want such messages."""
    BUSY = "busy"
    """The platform is out of reach or out of order: worth another try."""
    OTHER = "other"


BUSY_CODE = -1
"""The platform's own code for "try later", and ours where no code came at all."""

_FAILURES: Mapping[int, Failure] = {
    BUSY_CODE: Failure.BUSY,
    40001: Failure.TOKEN,
    40003: Failure.NO_FOLLOWER,
    40014: Failure.TOKEN,
    40164: Failure.ADDRESS,
    41001: Failure.TOKEN,
    42001: Failure.TOKEN,
    43004: Failure.NO_FOLLOWER,
    43101: Failure.REFUSED,
    45002: Failure.TOO_LONG,
    45009: Failure.DAILY,
    45011: Failure.MINUTE,
    45015: Failure.WINDOW,
    45047: Failure.QUOTA,
    48001: Failure.UNAUTHORISED,
    48002: Failure.REFUSED,
}


class ApiFailed(Exception):
    """A call to the platform that came to nothing; tells neither the follower nor the text."""

    def __init__(self, failure: Failure, code: int = 0) -> None:
        super().__init__(f"{failure.value} ({code})")
        self.failure = failure
        self.code = code


def classify(code: int) -> Failure:
    """Return what the platform's ``errcode`` means."""
    return _FAILURES.get(code, Failure.OTHER)
