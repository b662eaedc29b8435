"""What the web channel needs from the application, and the options it is given.

The application's objects satisfy these protocols; the channel itself stores nothing and knows no
database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.messages import Outbound, Part

Event = Mapping[str, Any]


class Failure(Protocol):
    """An expected failure as it may be told to a visitor."""

    code: Any
    status: Any
    detail: str


@dataclass(frozen=True)
class Refusals:
    """The application's own errors, so that every channel fails in one shape."""

    family: type[Exception]
    """The base class: what may be told to a visitor; each instance is a ``Failure``."""
    not_signed_in: Callable[[], Exception]
    too_many_requests: Callable[[], Exception]
    bad_input: Callable[[], Exception]
    bad_file: Callable[[], Exception]
    not_found: Callable[[], Exception]


@dataclass(frozen=True)
class Opened:
    """A new conversation, the bearer token of its visitor and the first words said to them."""

    conversation_id: str
    token: str
    greeting: tuple[Part, ...]


@dataclass(frozen=True)
class IssuedCode:
    """A code that opens the conversation on another device, once, and for how many seconds."""

    code: str
    valid_s: int


@dataclass(frozen=True)
class StoredFile:
    """A file as its visitor gets it back."""

    name: str
    mime: str
    body: bytes


class Visitors(Protocol):
    """Everything a visitor may do besides talking; blocking calls, run in threads."""

    def open(self, consent_version: str, visitor: str) -> Opened:
        """Open a conversation; ``visitor`` is the host site's signed user id or empty."""
        ...

    def issue_code(self, conversation_id: str) -> IssuedCode:
        """Return a code for going on on another device; a former one no longer works."""
        ...

    def redeem_code(self, code: str, device: str) -> Opened:
        """Open a code's conversation with a new token; its former token no longer works.

        The same code from the same device again gets the same token. Raise the application's
        error when the code is wrong, used or expired.
        """
        ...

    def by_token(self, token: str) -> str | None:
        """Return the conversation's id, or None for an unknown or erased token.

        Raise the application's error when the conversation has gone on on another device.
        """
        ...

    def news(
        self, conversation_id: str, message_id: int, token: str = ""
    ) -> tuple[Sequence[Outbound], str]:
        """Return at most some hundreds of messages newer than ``message_id``, and the mode.

        The oldest message comes first; both are of one moment. Raise the application's error
        when a token is given that no longer opens the conversation.
        """
        ...

    def receipt(self, conversation_id: str, got: int, seen: int) -> bool:
        """Remember up to which message a screen has, and was looked at; say whether it is news."""
        ...

    def note_attributes(self, conversation_id: str, attributes: Mapping[str, str]) -> int:
        """Show what the host site told about the page, to the visitor and the lawyer alike."""
        ...

    def end(self, conversation_id: str) -> int:
        """Close the conversation; return the id of the notice, 0 when it was closed already."""
        ...

    def rate(
        self, conversation_id: str, score: int | None, solved: bool | None, comment: str
    ) -> int:
        """Store a rating; return the id of the notice if it brought a person back, else 0."""
        ...

    def transcript(self, conversation_id: str) -> str: ...

    def export(self, conversation_id: str) -> dict[str, Any]: ...

    def erase(self, conversation_id: str) -> None: ...

    def keep_file(self, conversation_id: str, client_id: str, name: str, body: bytes) -> Part:
        """Store an upload once per client id; raise the application's error for a bad file."""
        ...

    def read_file(self, conversation_id: str, file_id: str) -> StoredFile: ...


class Feed(Protocol):
    """Hints that something happened in a conversation."""

    async def publish(self, conversation_id: str, event: dict[str, Any]) -> None: ...

    def subscribe(
        self, conversation_id: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]: ...


@dataclass(frozen=True)
class WebOptions:
    """Settings of the web channel, passed by value."""

    bureau: str
    consent_version: str
    retention_days: int
    ai_label: str
    provider: str = "lawbridge"
    """ASCII name of the service provider in the metadata of exported files."""
    allowed_sites: tuple[str, ...] = ()
    """Origins that may embed the widget besides our own."""
    identity_secret: str = ""
    trust_proxy: bool = False
    sessions_per_address: str = "120/minute"
    messages_per_visitor: str = "60/minute"
    messages_per_address: str = "1200/minute"
    continuations_per_address: str = "20/hour"
    continuations_in_all: str = "600/hour"
    redis_url: str = ""
    """Where rate limits are counted; empty counts in this process."""
    exit_url: str = "https://www.gov.cn/"
    """The neutral page that 快速离开 leads to."""
