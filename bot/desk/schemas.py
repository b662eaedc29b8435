"""What the desk's interface takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

ConversationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="会话编号")]
FileId = Annotated[str, Path(pattern=r"^[0-9a-zA-Z_-]{1,32}$", description="文件编号")]
MessageId = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Say(BaseModel):
    """One message of a lawyer."""

    id: str = Field(pattern=r"^[\w.:-]{1,64}$", description="客户端消息编号：同一编号只保存一次")
    text: str = Field(max_length=20_000, description="消息文字")


class Message(BaseModel):
    """A stored message; `parts` as in the web channel."""

    id: str
    sender: str
    parts: list[dict[str, Any]]
    at: str
    author: str = ""
    client_id: str | None = None


class Messages(BaseModel):
    messages: list[Message]


class Moved(BaseModel):
    """Where a conversation is after a move."""

    id: str
    mode: str


class Watch(BaseModel):
    """A frame: push this conversation's messages after an id, or stop doing so."""

    kind: Literal["watch", "unwatch", "typing"]
    conversation_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    after: MessageId = 0
