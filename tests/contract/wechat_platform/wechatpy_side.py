"""The other side of the stand-in's contract: wechatpy's client and codec."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2
import pytest
from wechatpy import WeChatClient, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatClientException
from wechatpy.replies import TextReply
from wechatpy.utils import check_signature

from tests.platform import (
    Answer,
    Platform,
    Registration,
)

OURS = Registration()
TEMPLATE = OURS.templates[0]
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32
Decision = Callable[[Any], str]


class Product:
    """A product as wechatpy's documentation would write it; a transport, too."""

    def __init__(self, registration: Registration, answers: Decision = lambda message: "") -> None:
        self.answers = answers
        self.registration = registration
        self.crypto = WeChatCrypto(registration.token, registration.aes_key, registration.app_id)
        self.got: list[Any] = []
        self.paths: list[str] = []
        self.instead: list[Answer | OSError] = []
        """What comes instead of the next answers."""

    def post(self, path: str, body: bytes, patience_s: float) -> Answer:
        self.paths.append(path)
        query = dict(parse_qsl(urlsplit(path).query))
        check_signature(
            self.registration.token, query["signature"], query["timestamp"], query["nonce"]
        )
        plain = body.decode()
        if query.get("encrypt_type") == "aes":
            plain = self.crypto.decrypt_message(
                plain, query["msg_signature"], query["timestamp"], query["nonce"]
            )
        message = parse_message(plain)
        assert message.source == query["openid"]
        self.got.append(message)
        if self.instead:
            instead = self.instead.pop(0)
            if isinstance(instead, OSError):
                raise instead
            return instead
        words = self.answers(message)
        return Answer(200, self.reply(message.source, words) if words else b"success")

    def plain(self, openid: str, words: str, source: str = OURS.original_id) -> str:
        return str(TextReply(source=source, target=openid, content=words).render())

    def reply(self, openid: str, words: str) -> bytes:
        return self.sealed(self.plain(openid, words, self.registration.original_id))

    def sealed(self, xml: str) -> bytes:
        if self.registration.mode == "plain":
            return xml.encode()
        return str(self.crypto.encrypt_message(xml, "nonce", "1700000000")).encode()

    def get(self, path: str, patience_s: float) -> Answer:
        query = parse_qs(urlsplit(path).query)
        check_signature(
            self.registration.token, *(query[k][0] for k in ("signature", "timestamp", "nonce"))
        )
        return Answer(200, query["echostr"][0].encode())


def client_of(platform: Platform, token: str | None = None) -> WeChatClient:
    found = WeChatClient(OURS.app_id, OURS.secret, access_token=token, auto_retry=False)
    found.API_BASE_URL = f"{platform.url}/cgi-bin/"
    return found


@functools.cache
def web() -> httpx2.Client:
    """Return the one client: each takes a tenth of a second to make."""
    return httpx2.Client()


def refused(call: Callable[[], object]) -> int:
    with pytest.raises(WeChatClientException) as caught:
        call()
    return int(caught.value.errcode)


def stable_token(platform: Platform, **more: object) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": OURS.app_id, "secret": OURS.secret, **more}
    found: dict[str, Any] = web().post(f"{platform.url}/cgi-bin/stable_token", json=body).json()
    return found


def posted(platform: Platform, endpoint: str, body: bytes, token: str | None = None) -> int:
    query = {"access_token": platform.token() if token is None else token}
    answer = web().post(f"{platform.url}/cgi-bin/{endpoint}", params=query, content=body)
    assert answer.status_code == 200
    return int(answer.json()["errcode"])
