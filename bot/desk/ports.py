"""The other rooms as the desk needs them.

The files of a conversation, who is on duty, and how words reach a visitor who writes from WeChat.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

from bot.domain.channel import ChannelState
from bot.domain.people import Staff
from connectors.messages import Part


class StoredFile(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def mime(self) -> str: ...


class Files(Protocol):
    """The uploads as the desk needs them."""

    def read(self, conversation_id: str, file_id: str) -> tuple[StoredFile, bytes]: ...

    def sound(self, conversation_id: str, file_id: str) -> tuple[StoredFile, str, bytes]:
        """Return a recording with its type and contents as browsers play it.

        Raises:
            NotFound: it is no recording.
            BadFile: it cannot be decoded.
        """
        ...

    def part(self, conversation_id: str, client_id: str, name: str, body: bytes) -> Part:
        """Store a file once per client id and return how it is shown.

        Raises:
            BadFile: its contents may not be sent.
        """
        ...


class Roster(Protocol):
    """The roster as the desk needs it."""

    def seen(self, staff_id: int) -> None:
        """Remember that this person's desk is open."""
        ...

    def barred(self, staff_id: int) -> AbstractSet[str]:
        """Return the waiting conversations whose other side this lawyer represents."""
        ...

    def answer_by(self, conversation_ids: Collection[str]) -> Mapping[str, dt.datetime]:
        """Return when those go to others in which the visitor waits for a lawyer's word."""
        ...

    def office_name(self, person: Staff) -> str:
        """Return the name of the office this person works in; empty where it is not known."""
        ...


class NoRoster:
    """Everybody is there, nobody represents anybody, and nothing is taken away."""

    def seen(self, staff_id: int) -> None:
        pass

    def barred(self, staff_id: int) -> AbstractSet[str]:
        return frozenset()

    def answer_by(self, conversation_ids: Collection[str]) -> Mapping[str, dt.datetime]:
        return {}

    def office_name(self, person: Staff) -> str:
        return ""


class Channel(Protocol):
    """The way to visitors who write from WeChat."""

    def state(self, conversation_id: str) -> ChannelState | None:
        """Return what can be sent now; None where the conversation is not one of WeChat's."""
        ...

    def typing(self, conversation_id: str) -> None:
        """Have the visitor shown that somebody writes, as far as the channel can."""
        ...

    def deliveries(self, conversation_id: str, after_message_id: int) -> Mapping[int, str]:
        """Return what became of the messages newer than this one.

        By message id, the keys being those of ``delivery`` in canned.yml. A message that was
        never to go to WeChat is left out.
        """
        ...


class NoChannel:
    """Everybody reads on our page."""

    def state(self, conversation_id: str) -> ChannelState | None:
        return None

    def typing(self, conversation_id: str) -> None:
        pass

    def deliveries(self, conversation_id: str, after_message_id: int) -> Mapping[int, str]:
        return {}
