"""The state that the platform keeps of one official account, and how its endpoints refuse."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.platform.allowances import AccessTokens
from tests.platform.books import Clock, Registration
from tests.platform.crypt import Seal

if TYPE_CHECKING:
    from tests.platform.phones import Follower

Json = dict[str, Any]

_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u([0-9a-fA-F]{4})")


class Refused(Exception):
    """The platform's error answer; ``breach`` says what only a faulty product does."""

    def __init__(self, errcode: int, errmsg: str, breach: str = "") -> None:
        super().__init__(errmsg)
        self.errcode, self.errmsg, self.breach = errcode, errmsg, breach


@dataclass(frozen=True)
class Request:
    method: str
    endpoint: str
    query: dict[str, str]
    body: bytes
    content_type: str

    def json(self) -> Json:
        """Return the body's object.

        Raises:
            Refused: not UTF-8, no JSON object, or with letters escaped as the platform forbids.
        """
        try:
            found = json.loads(self.body.decode())
        except UnicodeDecodeError as error:
            raise Refused(40033, "invalid charset", "a body that is not UTF-8") from error
        except ValueError as error:
            raise Refused(47001, "data format error", "a body that is not JSON") from error
        if not isinstance(found, dict):
            raise Refused(47001, "data format error", "a body that is no JSON object")
        if any(int(code, 16) > 127 for code in _ESCAPE.findall(self.body)):
            raise Refused(40033, "invalid charset", "letters escaped as \\uXXXX in the body")
        return found


@dataclass(frozen=True)
class Media:
    kind: str
    name: str
    mime: str
    body: bytes
    at: dt.datetime


@dataclass(frozen=True)
class Code:
    """A QR code that the product made; ``ends_at`` None means for good."""

    scene: str
    ticket: str
    url: str
    ends_at: dt.datetime | None


@dataclass
class OAuthCode:
    openid: str
    ends_at: dt.datetime
    is_used: bool = False


@dataclass
class Account:
    registration: Registration
    clock: Clock
    broken: list[str]
    lock: threading.RLock
    tokens: AccessTokens = field(default_factory=AccessTokens)
    followers: dict[str, Follower] = field(default_factory=dict)
    menu: Json | None = None
    media: dict[str, Media] = field(default_factory=dict)
    codes: list[Code] = field(default_factory=list)
    oauth_codes: dict[str, OAuthCode] = field(default_factory=dict)
    unfollowed_errcode: int = 43004

    def __post_init__(self) -> None:
        self.seal = Seal(self.registration.aes_key, self.registration.app_id)

    def follower(self, openid: object) -> Follower:
        """Return who has ever been seen under this openid.

        Raises:
            Refused: 40003.
        """
        found = self.followers.get(openid) if isinstance(openid, str) else None
        if found is None:
            raise Refused(40003, "invalid openid")
        return found


def word(
    found: Json, name: str, errcode: int = 47003, most: int = 0, errmsg: str = "argument invalid"
) -> str:
    """Return a text that must be there, of at most so many bytes.

    Raises:
        Refused: it is not.
    """
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(errcode, errmsg, f"no {name}")
    if most and len(value.encode()) > most:
        raise Refused(errcode, errmsg, f"{name} of {len(value.encode())} bytes, {most} allowed")
    return value
