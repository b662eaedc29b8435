"""The other rooms, and the platform, as the official accounts need them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from bot.domain.follower import Follower
from connectors.messages import Part
from connectors.wechat.accounts import WeChatAccount

Told = Callable[[str], Awaitable[None]]
"""Hears of a conversation of which the desk should look again at what arrives."""


class Links(Protocol):
    """The pages that open from the chat."""

    def link(self, follower_id: int, conversation_id: str, target: str) -> str:
        """Return an address that opens a page for this follower once; empty where none can."""
        ...


class Binder(Protocol):
    """Joins what a person has on the web with the account."""

    def reply(self, follower: Follower, words: str) -> str | None:
        """Answer a message that is about binding; None where it is for somebody else."""
        ...


class Centres(Protocol):
    """The offices as a place on a map."""

    def nearest(self, latitude: float | None, longitude: float | None) -> str:
        """Say which service centres are nearest; without a position, which there are."""
        ...

    def office_of_scene(self, scene: str) -> tuple[int, str] | None:
        """Return id and name of the office in use whose QR code was scanned."""
        ...


class Offices(Protocol):
    """The conversations as belonging to offices."""

    def set_office(self, conversation_id: str, office_id: int) -> bool:
        """Bind a conversation to an office; False where somebody waits or a lawyer is in it."""
        ...


class Uploads(Protocol):
    """The store of what visitors send."""

    def part(
        self,
        conversation_id: str,
        client_id: str,
        name: str,
        body: bytes,
        *,
        sent_as: Literal["file", "voice", "video"] = "file",
    ) -> Part:
        """Store a file once per client id and return how it is shown.

        Raises:
            LawbridgeError: it cannot be kept, and why.
        """
        ...


class Media(Protocol):
    """What the platform holds of a message."""

    def fetch(self, account: WeChatAccount, media_id: str, picture_url: str) -> bytes:
        """Return a picture, a voice or a video.

        Raises:
            ApiFailed: the platform does not give it.
        """
        ...


class Speech(Protocol):
    """A recogniser of our own, where one is configured."""

    def words(self, body: bytes, mime: str) -> str:
        """Return what was said; empty where nothing was understood.

        Raises:
            SpeechUnavailable: it gave no answer.
        """
        ...


class Allowance(Protocol):
    """How many messages one follower may send."""

    async def __call__(self, follower: str) -> None:
        """Count one.

        Raises:
            TooManyRequests: it is one too many.
        """
        ...
