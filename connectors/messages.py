"""What channels and the dialogue exchange: messages made of typed parts.

Nothing here knows HTTP, a database or Rasa.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

CHAT = "chat"
"""The field of a part with the words for the follower alone, where others read different ones."""

PartType = Literal["text", "citations", "cases", "services", "buttons", "card", "file", "notice"]


@dataclass(frozen=True)
class Part:
    """One piece of a message; ``body`` holds the fields of its type, JSON-ready.

    text: text, title?, collapsed?, spoken? · citations: title?,
    items[key,title,gist,level,version,in_force_from,in_force_until?,changed?], as_of? ·
    cases: items[id,title,source,facts,holding,point] · services: items[number,name,content,url] ·
    buttons: items[id,label], typed? · card: title, rows[[label,value]] · file: id,name,mime,size,
    url,sha256?,sent_sha256? · notice: text, kind. Any with words may have chat, see ``CHAT``.

    ``typed``: the answer is to be typed and the buttons lead elsewhere, so where quick replies are
    chosen by number none is numbered; whoever shows real buttons ignores it.
    """

    type: PartType
    body: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"type": self.type, **self.body}

    def shown(self) -> dict[str, Any]:
        """Return the part as everybody may read it: a link or a code may let in whoever has it."""
        return {name: value for name, value in self.to_json().items() if name != CHAT}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Part:
        body = {name: value for name, value in data.items() if name != "type"}
        return cls(data["type"], body)


def text(content: str, *, title: str = "", collapsed: bool = False) -> Part:
    """Return a text part; a collapsed part shows its title until the visitor opens it."""
    body: dict[str, Any] = {"text": content}
    if title:
        body["title"] = title
    if collapsed:
        body["collapsed"] = True
    return Part("text", body)


def notice(content: str, kind: str = "info") -> Part:
    return Part("notice", {"text": content, "kind": kind})


def buttons(*items: tuple[str, str], typed: bool = False) -> Part:
    """Return quick replies from (id, label) pairs; ``typed`` where the answer is to be typed."""
    body: dict[str, Any] = {"items": [{"id": key, "label": label} for key, label in items]}
    if typed:
        body["typed"] = True
    return Part("buttons", body)


@dataclass(frozen=True)
class Inbound:
    """What a visitor sent, before anything has been stored."""

    conversation_id: str
    client_id: str
    """The channel's own message id: the same id twice is the same message."""
    text: str
    button: str | None = None
    parts: tuple[Part, ...] = ()
    """Set for files and what else is no typed text; a text message leaves it empty."""
    spoken: bool = False
    """The text was recognised from a voice message, and may be misheard."""
    given: tuple[Part, ...] = ()
    """What is answered while no person has the conversation, where the channel knows it already."""


@dataclass(frozen=True)
class Outbound:
    """A stored message on its way to a visitor or a lawyer."""

    id: int
    conversation_id: str
    sender: str
    parts: tuple[Part, ...]
    at: dt.datetime
    author: str = ""
    """Name and licence number of the lawyer who wrote it; empty otherwise."""
    client_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "id": str(self.id),
            "sender": self.sender,
            "parts": [part.shown() for part in self.parts],
            "at": self.at.isoformat(),
        }
        if self.author:
            data["author"] = self.author
        if self.client_id:
            data["client_id"] = self.client_id
        return data


@dataclass(frozen=True)
class Reply:
    """The answer to one inbound message."""

    messages: tuple[Outbound, ...]
    mode: str
    inbound_id: int = 0


class Chat(Protocol):
    """The dialogue as a channel sees it."""

    async def receive(self, inbound: Inbound) -> Reply:
        """Store the message, have it answered, and return what was stored as the answer."""
        ...
