"""The JSON that visitors' browsers send; strict types, unknown keys ignored."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _without_surrogates(value: Any) -> Any:
    # Half an emoji, cut off by an input method, is valid JSON but cannot be stored as UTF-8.
    return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else value


Words = Annotated[str, BeforeValidator(_without_surrogates)]
ClientId = Annotated[
    Words, Field(min_length=1, max_length=80, description="客户端消息编号，重发不变")
]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class Identity(_Body):
    id: Annotated[Words, Field(min_length=1, max_length=200)]
    signature: Annotated[Words, Field(max_length=200)]


class SessionRequest(_Body):
    """Calling with this is the visitor's consent."""

    consent: Annotated[Words, Field(pattern=r"^[\w.-]{1,16}$")] | None = None
    locale: Annotated[Words, Field(max_length=20)] | None = None
    identity: Identity | None = None


class RedeemRequest(_Body):
    """A code as typed, and a random id of the device: both again get the same answer."""

    code: Annotated[Words, Field(max_length=40, description="接续码，空格和全角数字都可以")]
    id: Annotated[
        Words, Field(min_length=20, max_length=80, description="这台设备的随机编号，重发不变")
    ]


class ReceiptFrame(BaseModel):
    """Up to which message a screen has everything, and up to which it was looked at."""

    got: int = Field(ge=0, le=2**31 - 1)
    seen: int = Field(default=0, ge=0, le=2**31 - 1)


class MessageRequest(_Body):
    id: ClientId
    text: Words = ""
    button: Annotated[Words, Field(min_length=1, max_length=60)] | None = None


class RatingRequest(_Body):
    solved: bool | None = None
    score: Annotated[int, Field(ge=1, le=5)] | None = None
    comment: Annotated[Words, Field(max_length=500)] = ""


Label = Annotated[Words, Field(min_length=1, max_length=40)]
Value = Annotated[Words, Field(max_length=200)]


class AttributesRequest(_Body):
    attributes: Annotated[dict[Label, Value], Field(min_length=1, max_length=10)]


class Hello(_Body):
    """The first frame of a live connection."""

    token: Annotated[Words, Field(min_length=1, max_length=200)]
    after: int | str = 0


class ErrorDetail(BaseModel):
    code: str
    message: str


class ErrorBody(BaseModel):
    error: ErrorDetail
