"""What a follower sends, as the application sees it, and why a callback is refused.

Nothing here reads XML; that is the codec's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Reason = Literal["signature", "timestamp", "account", "xml", "size", "key"]


class BadCallback(Exception):
    """A request that does not come from the platform, or not for this account."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, repr=False)
class WeChatMessage:
    """One message or event; its ``repr`` shows neither the follower nor what was said."""

    openid: str
    to: str
    kind: str
    """``MsgType`` in lower case: text, image, voice, video, location, link, file, event, …"""
    key: str
    """The platform's message id, or one made of an event's fields; unique per follower."""
    created_at: int = 0
    """Seconds since 1970; 0 where the platform's value is missing or unreadable."""
    text: str = ""
    """What was typed, or what the platform recognised of a voice message."""
    event: str = ""
    event_key: str = ""
    menu_id: str = ""
    """The id of the tapped line of a menu message."""
    media_id: str = ""
    picture_url: str = ""
    format: str = ""
    latitude: float | None = None
    longitude: float | None = None
    label: str = ""
    title: str = ""
    description: str = ""
    url: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    """Answers to a subscription pop-up: template id, and "accept" or "reject"."""

    def __repr__(self) -> str:
        return f"WeChatMessage(kind={self.kind!r}, event={self.event!r}, key={self.key!r})"

    @property
    def is_event(self) -> bool:
        return self.kind == "event"

    @property
    def is_spoken(self) -> bool:
        return self.kind == "voice" and bool(self.text)

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        data["answers"] = [list(answer) for answer in self.answers]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WeChatMessage:
        """Return the message that ``to_json`` wrote, also by an older or a newer release."""
        known = {entry.name for entry in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        values["answers"] = tuple((str(one), str(two)) for one, two in data.get("answers", ()))
        return cls(**values)
