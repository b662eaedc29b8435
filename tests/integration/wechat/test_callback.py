"""The official account's callback, driven as the platform would: signed and encrypted."""

from __future__ import annotations

import asyncio
import hashlib
import time
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from wechatpy.crypto import WeChatCrypto

from connectors.messages import Inbound, Outbound, Reply, buttons, text
from connectors.wechat import router as module
from connectors.wechat.codec import WeChatAccount, fit
from connectors.wechat.router import create_wechat_router
from tests.conftest import FixedClock

ACCOUNT = WeChatAccount("wx0000000000000001", "token-of-ours", "a" * 43)
CRYPTO = WeChatCrypto(ACCOUNT.token, ACCOUNT.aes_key, ACCOUNT.app_id)


class Chat:
    def __init__(self) -> None:
        self.received: list[Inbound] = []
        self.gate: asyncio.Event | None = None

    async def receive(self, inbound: Inbound) -> Reply:
        self.received.append(inbound)
        if self.gate is not None:
            await self.gate.wait()
        now = FixedClock().now()
        parts = (text(f"答：{inbound.text}"), buttons(("lawyer", "转律师")))
        return Reply((Outbound(2, inbound.conversation_id, "bot", parts, now),), "bot", 1)


class Followers:
    def __init__(self) -> None:
        self.known: set[str] = set()
        self.waiting: list[Outbound] = []

    async def conversation_of(self, openid: str) -> tuple[str, bool]:
        is_new = openid not in self.known
        self.known.add(openid)
        return f"c-{openid}", is_new

    async def undelivered(self, conversation_id: str, before: int) -> list[Outbound]:
        return self.waiting


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
def followers() -> Followers:
    return Followers()


@pytest.fixture
def client(chat: Chat, followers: Followers) -> TestClient:
    app = FastAPI()
    app.include_router(
        create_wechat_router(chat, followers, ACCOUNT, lambda: "欢迎", "只看得懂文字")
    )
    return TestClient(app)


def message(content: str, kind: str = "text", msg_id: str = "1", openid: str = "fan") -> str:
    return (
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>{openid}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType>{kind}</MsgType>"
        f"<Content><![CDATA[{content}]]></Content><MsgId>{msg_id}</MsgId></xml>"
    )


def post(client: TestClient, plain: str, crypto: WeChatCrypto = CRYPTO, **changed: str):
    sealed = crypto.encrypt_message(plain, "nonce", "1700000000")
    tree = ElementTree.fromstring(sealed)
    params = {
        "msg_signature": tree.findtext("MsgSignature"),
        "timestamp": "1700000000",
        "nonce": "nonce",
        **changed,
    }
    return client.post("/wechat", params=params, content=sealed.encode())


def opened(answer) -> str:
    tree = ElementTree.fromstring(answer.text)
    plain = CRYPTO.decrypt_message(
        answer.text,
        tree.findtext("MsgSignature"),
        tree.findtext("TimeStamp"),
        tree.findtext("Nonce"),
    )
    return ElementTree.fromstring(plain).findtext("Content") or ""


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted((ACCOUNT.token, *parts))).encode()).hexdigest()


def test_the_platform_confirms_the_address(client: TestClient) -> None:
    params = {"signature": signature("1", "n"), "timestamp": "1", "nonce": "n", "echostr": "hello"}
    assert client.get("/wechat", params=params).text == "hello"
    assert client.get("/wechat", params=params | {"signature": "x"}).status_code == 403


def test_a_text_is_answered_with_the_notice_first_for_a_newcomer(client: TestClient) -> None:
    first = opened(post(client, message("老板欠薪")))
    assert first.startswith("欢迎")
    assert "答：老板欠薪" in first
    assert "转律师" in first
    assert not opened(post(client, message("又来", msg_id="2"))).startswith("欢迎")


def test_the_message_id_makes_deliveries_the_same_message(client: TestClient, chat: Chat) -> None:
    for _ in range(3):
        post(client, message("老板欠薪", msg_id="77"))
    assert {inbound.client_id for inbound in chat.received} == {"77"}


def test_a_false_signature_is_refused(client: TestClient, chat: Chat) -> None:
    assert post(client, message("x"), msg_signature="0" * 40).status_code == 403
    assert chat.received == []


def test_a_message_for_another_account_is_refused(client: TestClient) -> None:
    other = WeChatCrypto(ACCOUNT.token, ACCOUNT.aes_key, "wx_another")
    assert post(client, message("x"), crypto=other).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<xml></xml>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>',
        b"<xml><Encrypt>AAAA</Encrypt></xml>",
    ],
)
def test_bodies_that_are_no_callback_are_refused(client: TestClient, body: bytes) -> None:
    params = {"msg_signature": "x", "timestamp": "1", "nonce": "n"}
    assert client.post("/wechat", params=params, content=body).status_code == 403


def test_kinds_without_text_are_answered_in_words(client: TestClient) -> None:
    assert opened(post(client, message("", kind="image"))) == "只看得懂文字"


def test_a_voice_message_is_taken_by_its_recognised_words(client: TestClient, chat: Chat) -> None:
    plain = message("", kind="voice").replace(
        "<MsgId>", "<Recognition><![CDATA[老板欠薪]]></Recognition><MsgId>"
    )
    assert "答：老板欠薪" in opened(post(client, plain))
    assert chat.received[0].spoken
    post(client, message("老板欠薪", msg_id="2"))
    assert not chat.received[1].spoken


def test_a_lawyers_words_come_with_the_next_reply(client: TestClient, followers: Followers) -> None:
    now = FixedClock().now()
    followers.waiting = [Outbound(5, "c", "lawyer", (text("请带身份证来"),), now, "王律师")]
    assert "王律师：请带身份证来" in opened(post(client, message("在吗")))


def test_too_slow_an_answer_is_left_to_the_platforms_retry(
    client: TestClient, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.01)
    chat.gate = asyncio.Event()
    assert post(client, message("慢")).text == "success"


@pytest.mark.parametrize("length", [10, 700, 5000])
def test_replies_fit_the_platforms_limit(length: int) -> None:
    words = fit(["字" * length + "。后面", "第二段"])
    assert len(words.encode()) <= 2048
    assert words.startswith("字")
