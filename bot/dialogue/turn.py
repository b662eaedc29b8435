"""What one turn of the dialogue takes and gives, and its sealed form on the way through Rasa.

Rasa keeps every event it handles in plain text, so an action's reply travels through it encrypted.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from base64 import b85decode, b85encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.conversation import Context, HandoverReason
from bot.store.crypto import Cipher
from connectors.messages import Part

SEAL = "rasa.reply"


@dataclass(frozen=True)
class Turn:
    """One visitor message as an action sees it; the text is the visitor's own, not Rasa's copy."""

    conversation_id: str
    text: str
    context: Context
    option: str | None = None
    """The id of the offered choice the visitor tapped, if it was one."""
    inbound_id: int = 0


def with_option(turn: Turn) -> Turn:
    """Put the full words of a tapped choice in place of its short label."""
    words = dict(turn.context.options).get(turn.option or "")
    return turn if words is None else dataclasses.replace(turn, text=words)


@dataclass(frozen=True)
class TurnReply:
    """What an action answers; the dialogue service stores it and carries out the hand-over."""

    route: str
    parts: tuple[Part, ...]
    topic: str = ""
    items: tuple[str, ...] = ()
    confidence: float = 1.0
    context: Context | None = None
    """The context to remember, or None to keep the present one."""
    handover: HandoverReason | None = None
    priority: int = 0


def context_from_json(data: Mapping[str, Any]) -> Context:
    known = {field.name for field in dataclasses.fields(Context)}
    values: dict[str, Any] = {name: value for name, value in data.items() if name in known}
    for name in ("articles", "told"):
        if name in values:
            values[name] = tuple(values[name])
    for name in ("guided_answers", "paused_answers", "options", "referral"):
        if name in values:
            values[name] = tuple((str(a), str(b)) for a, b in values[name])
    return Context(**values)


def context_to_json(context: Context) -> dict[str, Any]:
    return dataclasses.asdict(context)


def seal(reply: TurnReply, cipher: Cipher) -> str:
    """Return the reply as one opaque string."""
    data = {
        "route": reply.route,
        "parts": [part.to_json() for part in reply.parts],
        "topic": reply.topic,
        "items": list(reply.items),
        "confidence": reply.confidence,
        "context": None if reply.context is None else context_to_json(reply.context),
        "handover": reply.handover,
        "priority": reply.priority,
    }
    packed = zlib.compress(json.dumps(data, ensure_ascii=False).encode())
    return cipher.encrypt(SEAL, b85encode(packed).decode()).decode()


def unseal(token: str, cipher: Cipher) -> TurnReply:
    """Open what ``seal`` made.

    Raises:
        cryptography.fernet.InvalidToken: the string was not made with our keys.
    """
    data = json.loads(zlib.decompress(b85decode(cipher.decrypt(SEAL, token.encode()))))
    return TurnReply(
        route=data["route"],
        parts=tuple(Part.from_json(part) for part in data["parts"]),
        topic=data["topic"],
        items=tuple(data["items"]),
        confidence=data["confidence"],
        context=None if data["context"] is None else context_from_json(data["context"]),
        handover=HandoverReason(data["handover"]) if data["handover"] else None,
        priority=data["priority"],
    )


def remembered(reply: TurnReply, before: Context) -> Context:
    """Return what the next turn must know: among it the buttons that may be tapped now."""
    offered = tuple(
        (str(item["id"]), str(item.get("text") or item["label"]))
        for part in reply.parts
        if part.type == "buttons"
        for item in part.body["items"]
    )
    return dataclasses.replace(reply.context or before, options=offered, last_route=reply.route)


def merge(replies: Iterable[TurnReply]) -> TurnReply:
    """Join the replies of one turn: the first names the route, the last context and options win.

    Raises:
        ValueError: there is no reply to merge.
    """
    found = list(replies)
    if not found:
        raise ValueError("nothing to merge")
    first = found[0]
    parts = [part for reply in found for part in reply.parts]
    last_buttons = max((i for i, part in enumerate(parts) if part.type == "buttons"), default=-1)
    return dataclasses.replace(
        first,
        parts=tuple(
            part for i, part in enumerate(parts) if part.type != "buttons" or i == last_buttons
        ),
        context=next((r.context for r in reversed(found) if r.context is not None), None),
        handover=next((r.handover for r in found if r.handover is not None), None),
        priority=max(r.priority for r in found),
    )
