"""What the stand-in knows and keeps: accounts, what phones showed, calls, deliveries, breaches."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, Protocol

MOST_BYTES = 2048
"""Longest text of one message, in UTF-8."""
UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"

Mode = Literal["plain", "compatible", "safe"]
How = Literal["passive", "service", "notice", "subscription"]
Outcome = Literal["answered", "silent", "late", "unreachable", "failed", "malformed"]

_LINK = re.compile(r"""href=["']([^"']+)["']|(https?://[\w\-./?=&%#:~+,;@!*]+)""")


class Clock(Protocol):
    def now(self) -> dt.datetime: ...


class RealClock:
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Registration:
    """An official account, as its owner registered it with the platform."""

    app_id: str = "wx0000000000000001"
    secret: str = "0123456789abcdef0123456789abcdef"
    token: str = "tokenofours"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    original_id: str = "gh_000000000001"
    mode: Mode = "safe"
    has_customer_service: bool = True
    """Verified, as a service account; without it a subscription account that may only answer."""
    has_recognition: bool = True
    """Whether voice messages come with what was said."""
    path: str = "/wechat"
    templates: tuple[str, ...] = ("template-of-ours",)
    notice_content: str = "回复内容:{{thing1.DATA}}\n回复时间:{{time2.DATA}}\n"
    """The fields of every template that is agreed to in the pop-up."""


@dataclass(frozen=True)
class Seen:
    """Something on a follower's screen."""

    how: How
    kind: str
    text: str
    at: dt.datetime
    items: tuple[tuple[str, str], ...] = ()
    media_id: str = ""
    title: str = ""
    url: str = ""
    moment: float = field(default_factory=time.perf_counter)

    @property
    def links(self) -> list[str]:
        """Return the web addresses that can be opened from it."""
        found = [one or other for one, other in _LINK.findall(self.text)]
        shown = [self.url, *found] if self.url else found
        return [link.replace("&amp;", "&") for link in shown if not link.startswith("weixin:")]


@dataclass(frozen=True)
class Attempt:
    """One delivery of a message to the product."""

    number: int
    at: dt.datetime
    took_s: float
    status: int
    body: bytes
    outcome: Outcome


@dataclass
class Push:
    """A follower's message or event, and what came of its deliveries."""

    openid: str
    msg_id: str
    created_at: int
    xml: str
    kind: str
    event: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    moment: float = field(default_factory=time.perf_counter)
    """When it was sent, to be compared with ``Seen.moment``."""

    @property
    def text(self) -> str:
        return "".join(one.text for one in self.seen if one.how == "passive")

    @property
    def answered_by(self) -> int | None:
        for attempt in self.attempts:
            if attempt.outcome in ("answered", "silent"):
                return attempt.number
        return None

    @property
    def took_s(self) -> float:
        return sum(attempt.took_s for attempt in self.attempts)

    @property
    def unavailable(self) -> bool:
        return any(one.how == "notice" for one in self.seen)


@dataclass(frozen=True)
class Call:
    """One call of the platform's HTTP interface; ``errcode`` is 0 for a success."""

    endpoint: str
    app_id: str
    errcode: int
    at: dt.datetime
    took_s: float


@dataclass
class Books:
    broken: list[str] = field(default_factory=list)
    """Breaches by the product."""
    calls: list[Call] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)

    def called(self, endpoint: str) -> list[Call]:
        return [call for call in self.calls if call.endpoint == endpoint]

    def errcodes(self) -> Counter[int]:
        """Count what the product was refused with."""
        return Counter(call.errcode for call in self.calls if call.errcode)
