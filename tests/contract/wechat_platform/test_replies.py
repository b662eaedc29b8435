"""What the stand-in finds wrong with a product's answers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from wechatpy.crypto import WeChatCrypto

from tests.conftest import FixedClock
from tests.contract.wechat_platform.wechatpy_side import (
    OURS,
    Product,
)
from tests.platform import (
    UNAVAILABLE,
    Answer,
    Follower,
    Platform,
    standing_in,
)

# Breaches in what the product answers


def _broken(platform: Platform, fan: Follower, product: Product, body: Any) -> str:
    product.instead = [Answer(200, body) if isinstance(body, bytes) else body]
    push = fan.say("在吗")
    assert [attempt.outcome for attempt in push.attempts] == ["malformed"]
    assert fan.texts == [UNAVAILABLE]
    (found,) = platform.books.broken
    return found


def test_an_over_long_reply(platform: Platform, fan: Follower, product: Product) -> None:
    fits = product.reply(fan.openid, "字" * 682 + "ab")
    product.instead = [Answer(200, fits)]
    assert len(fan.say("在吗").text) == 684
    fan.seen.clear()
    body = product.reply(fan.openid, "字" * 683)
    assert "2049 bytes" in _broken(platform, fan, product, body)


def test_a_wrongly_signed_reply(platform: Platform, fan: Follower, product: Product) -> None:
    body = product.reply(fan.openid, "答").replace(b"1700000000", b"1700000001")
    assert "MsgSignature" in _broken(platform, fan, product, body)


def test_an_unencrypted_reply_in_safe_mode(
    platform: Platform, fan: Follower, product: Product
) -> None:
    body = product.plain(fan.openid, "答").encode()
    assert "unencrypted" in _broken(platform, fan, product, body)


def test_a_reply_from_or_to_another(platform: Platform, fan: Follower, product: Product) -> None:
    swapped = product.sealed(product.plain(OURS.original_id, "答", source=fan.openid))
    assert "ToUserName" in _broken(platform, fan, product, swapped)
    platform.books.broken.clear()
    fan.seen.clear()
    other = product.sealed(product.plain(fan.openid, "答", source="gh_2"))
    assert "FromUserName" in _broken(platform, fan, product, other)


def test_a_reply_without_its_time(platform: Platform, fan: Follower, product: Product) -> None:
    xml = product.plain(fan.openid, "答")
    start, end = xml.index("<CreateTime>"), xml.index("</CreateTime>")
    body = product.sealed(xml[:start] + "<CreateTime>" + xml[end:])
    assert "CreateTime" in _broken(platform, fan, product, body)


def test_a_reply_sealed_for_another_account(
    platform: Platform, fan: Follower, product: Product
) -> None:
    product.crypto = WeChatCrypto(OURS.token, OURS.aes_key, "wx2")
    body = product.reply(fan.openid, "答")
    product.crypto = WeChatCrypto(OURS.token, OURS.aes_key, OURS.app_id)
    assert "another account" in _broken(platform, fan, product, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"errcode":0}',
        b"SUCCESS",
        b"success\n",
        b"<html></html>",
        b"<xml><Encrypt>",
        b"\xff\xfe",
        b"<!DOCTYPE xml><xml><Encrypt>x</Encrypt></xml>",
    ],
)
def test_an_answer_that_is_no_reply(
    platform: Platform, fan: Follower, product: Product, body: bytes
) -> None:
    assert _broken(platform, fan, product, body).startswith("text: a reply")


@pytest.mark.parametrize("inner", ["", "<MsgType>text</MsgType>", "<MsgType>dance</MsgType>"])
def test_a_reply_without_its_contents(
    platform: Platform, fan: Follower, product: Product, inner: str
) -> None:
    head = f"<ToUserName>{fan.openid}</ToUserName><FromUserName>{OURS.original_id}</FromUserName>"
    xml = f"<xml>{head}<CreateTime>1</CreateTime>{inner}</xml>"
    assert "reply" in _broken(platform, fan, product, product.sealed(xml))


def test_an_encrypted_reply_in_plain_mode_and_a_plain_one_in_compatible_mode(
    clock: FixedClock,
) -> None:
    for mode, broken in (("plain", 1), ("compatible", 0)):
        registration = dataclasses.replace(OURS, mode=mode)
        with standing_in(registration, clock=clock) as platform:
            product = Product(registration)
            platform.connect(product)
            fan = platform.follower()
            plain = product.plain(fan.openid, "答")
            sealed = str(product.crypto.encrypt_message(plain, "nonce", "1700000000"))
            for body in (plain, sealed):
                product.instead = [Answer(200, body.encode())]
                fan.say("在吗")
            assert len(platform.books.broken) == broken


def test_an_error_page_is_a_breach_and_asked_for_again(
    platform: Platform, fan: Follower, product: Product
) -> None:
    product.answers = lambda message: "答"
    product.instead = [Answer(500, b"Traceback"), Answer(403, b"signature")]
    push = fan.say("在吗")
    assert [attempt.outcome for attempt in push.attempts] == ["failed", "failed", "answered"]
    assert [text.split(":")[1] for text in platform.books.broken] == [
        " HTTP 500 to a delivery",
        " HTTP 403 to a delivery",
    ]


def test_a_reply_that_nobody_sees_is_a_breach(
    platform: Platform, fan: Follower, product: Product
) -> None:
    product.answers = lambda message: "再见"
    assert fan.unfollow().text == ""
    assert fan.seen == []
    assert platform.books.broken == ["unsubscribe: a reply to unsubscribe, which no follower sees"]
