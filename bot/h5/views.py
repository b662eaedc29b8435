"""What a page shows of messages: who said it and when, its parts, personal numbers hidden. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.domain.clock import CHINA
from bot.domain.conversation import Sender
from bot.redact import mask_personal
from bot.texts import Texts
from connectors.messages import Outbound, Part

LABEL = "ai_label"


@dataclass(frozen=True)
class Said:
    """One message on a page."""

    id: int
    kind: str
    """Who sent it, as a class of the style sheet."""
    who: str
    at: dt.datetime
    parts: tuple[Part, ...]
    is_cut: bool
    """Something is left out that the page of the whole answer shows."""

    @property
    def time(self) -> str:
        return local(self.at)


def said(message: Outbound, words: Texts, *, whole: bool) -> Said:
    """Show a message, in full or as the chat shows it before anything is unfolded.

    The label of what AI has made stands once on a page and not in every message; buttons cannot
    be pressed here.
    """
    parts = [part for part in message.parts if part.type != "buttons" and not is_label(part)]
    shown = parts if whole else [kept for part in parts if (kept := _unfolded(part)) is not None]
    who = message.author or words.say(f"senders.{message.sender}")
    masked = tuple(_masked(part, message.sender) for part in shown)
    return Said(message.id, str(message.sender), who, message.at, masked, shown != parts)


def is_label(part: Part) -> bool:
    return part.type == "notice" and part.body.get("kind") == LABEL


def label_of(messages: Iterable[Outbound], fallback: str) -> str:
    """Return the label that belongs on a page with these messages; empty where no bot speaks.

    A message's own label names the state of the law base at its time.
    """
    spoken = [message for message in messages if message.sender == Sender.BOT]
    if not spoken:
        return ""
    own = [str(part.body["text"]) for one in spoken for part in one.parts if is_label(part)]
    return own[0] if own and "截至" in own[0] else fallback


def weight_of(message: Said) -> int:
    """Return about how many bytes a message takes on a page."""
    return sum(_length(part.body) for part in message.parts) + 300


def local(moment: dt.datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def _unfolded(part: Part) -> Part | None:
    if part.type == "text" and part.body.get("collapsed"):
        return None
    if part.type == "citations":
        items = [item for item in part.body["items"] if not item.get("folded")]
        if len(items) < len(part.body["items"]):
            return replace(part, body={**part.body, "items": items}) if items else None
    return part


def _masked(part: Part, sender: str) -> Part:
    """Hide the personal numbers in what a visitor wrote, and in what his page told of him."""
    if sender == Sender.VISITOR and part.type == "text":
        return replace(part, body={**part.body, "text": mask_personal(str(part.body["text"]))})
    if sender in (Sender.VISITOR, Sender.SYSTEM) and part.type == "card":
        rows = [[label, mask_personal(str(value))] for label, value in part.body["rows"]]
        return replace(part, body={**part.body, "rows": rows})
    return part


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "ignore"))
    if isinstance(value, dict):
        return sum(_length(item) for item in value.values())
    return sum(map(_length, value)) if isinstance(value, Sequence) else 4
