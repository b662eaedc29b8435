"""``bot route``: send messages as one fresh visitor and say what happened to the last."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.core import Core
from bot.errors import LawbridgeError
from connectors.console import render
from connectors.messages import Inbound

RouteResult = dict[str, Any]

SHOWN_AS = {"referral": "service_item"}
"""A referral is the last step of a service, and measured as one."""


class RouteCase(BaseModel):
    """One input line; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str | int
    messages: list[str]


async def route_messages(core: Core, line: str) -> RouteResult:
    """Answer one input line; a wrong line gives its id and an error, never an exception."""
    try:
        raw = json.loads(line)
    except ValueError:
        return {"id": None, "error": "这一行不是 JSON"}
    case_id = raw.get("id") if isinstance(raw, dict) else None
    try:
        case = RouteCase.model_validate(raw)
    except ValidationError as error:
        return {"id": case_id, "error": f"格式不对：{error.errors()[0]['msg']}"}
    if not case.messages:
        return {"id": case.id, "error": "messages 是空的"}
    conversation, _ = core.conversations.create("console", "measured")
    try:
        for number, message in enumerate(case.messages):
            inbound = Inbound(conversation.id, f"m{number}", message)
            reply, answer = await core.dialogue.receive_explained(inbound)
    except LawbridgeError as error:
        return {"id": case.id, "error": error.detail}
    finally:
        core.rasa_tracker.forget_sender(conversation.id)
    assert answer is not None
    return {
        "id": case.id,
        "route": SHOWN_AS.get(answer.route, answer.route),
        "topic": answer.topic or None,
        "items": list(answer.items),
        "confidence": round(answer.confidence, 4),
        "reply": render(part for message in reply.messages for part in message.parts),
    }
