"""What the desk's interface takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from bot.domain.matter import Outcome

ConversationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="会话编号")]
FileId = Annotated[str, Path(pattern=r"^[0-9a-zA-Z_-]{1,32}$", description="文件编号")]
MessageId = Annotated[int, Field(ge=0, le=2**31 - 1)]


CLIENT_ID = r"^[\w.:-]{1,64}$"


class Say(BaseModel):
    """One message of a lawyer."""

    id: str = Field(pattern=CLIENT_ID, description="客户端消息编号：同一编号只保存一次")
    text: str = Field(max_length=20_000, description="消息文字")


class Delivery(BaseModel):
    """What became of a message that goes to WeChat."""

    state: str
    words: str


class Message(BaseModel):
    """A stored message; `parts` as in the web channel."""

    id: str
    sender: str
    parts: list[dict[str, Any]]
    at: str
    author: str = ""
    client_id: str | None = None
    delivery: Delivery | None = None


class Messages(BaseModel):
    messages: list[Message]


class Moved(BaseModel):
    """Where a conversation is after a move."""

    id: str
    mode: str


class NoteWords(BaseModel):
    """A note for colleagues."""

    text: str = Field(max_length=4000, description="备注")


class Seen(BaseModel):
    """Up to where a lawyer has read."""

    id: MessageId


class Transfer(BaseModel):
    """A hand-over to a colleague, or to whoever is free."""

    to: int | None = Field(default=None, description="同事编号；空着转回队列")
    note: str = Field(max_length=4000, description="给同事的说明")


class Invite(BaseModel):
    """A colleague to come in, or to go."""

    colleague: int = Field(description="同事编号")


class GiveBack(BaseModel):
    """What is left to the bot."""

    advice: str = Field(default="", max_length=4000, description="给来访者的意见，记入工单")


class Close(BaseModel):
    """How a matter ended."""

    outcome: Outcome = Field(description="处理结果")
    advice: str = Field(default="", max_length=4000, description="给来访者的意见，记入工单")


class Reveal(BaseModel):
    """Why somebody must see whole numbers."""

    reason: str = Field(max_length=400, description="查看理由")


class Watch(BaseModel):
    """A frame: push this conversation's messages after an id, or stop; I write, I look."""

    kind: Literal["watch", "unwatch", "typing", "look"]
    conversation_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    after: MessageId = 0
