"""The official account's callback format: signatures, safe mode, messages in and out.

Only this package knows wechatpy. Safe mode is required: a plain-text callback is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.replies import TextReply

from connectors.messages import Part

MOST_BYTES = 2048
"""Longest text of one passive reply, in UTF-8."""


class BadCallback(Exception):
    """A request that does not come from the platform, or not for this account."""


@dataclass(frozen=True)
class WeChatAccount:
    app_id: str
    token: str
    aes_key: str


@dataclass(frozen=True)
class WeChatMessage:
    """What a follower sent; ``id`` is unique per follower."""

    follower: str
    account: str
    kind: str
    text: str
    id: str
    event: str = ""


def signature_is_true(account: WeChatAccount, signature: str, *parts: str) -> bool:
    """Compare the platform's SHA-1 signature in constant time."""
    own = hashlib.sha1("".join(sorted((account.token, *parts))).encode()).hexdigest()
    return hmac.compare_digest(own.encode(), signature.encode())


def decode(
    account: WeChatAccount, body: bytes, msg_signature: str, timestamp: str, nonce: str
) -> WeChatMessage:
    """Decrypt and read one callback.

    Raises:
        BadCallback: wrong signature, wrong account, or not the safe mode's XML.
    """
    crypto = WeChatCrypto(account.token, account.aes_key, account.app_id)
    try:
        sealed = fromstring(body, forbid_dtd=True).findtext("Encrypt") or ""
        if not signature_is_true(account, msg_signature, timestamp, nonce, sealed):
            raise BadCallback("signature")
        plain = crypto.decrypt_message(body, msg_signature, timestamp, nonce)
        tree = fromstring(plain, forbid_dtd=True)
    except (
        ParseError,
        DefusedXmlException,
        InvalidSignatureException,
        InvalidAppIdException,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        raise BadCallback(type(error).__name__) from error

    def field(name: str) -> str:
        return (tree.findtext(name) or "").strip()

    kind = field("MsgType")
    follower = field("FromUserName")
    # Two followers may share a MsgId, and events carry none.
    unique = field("MsgId") or f"{field('CreateTime')}-{field('Event')}-{field('EventKey')}"
    text = field("Content") or field("Recognition")
    return WeChatMessage(
        follower, field("ToUserName"), kind, text, unique[:80], event=field("Event").lower()
    )


def encode(
    account: WeChatAccount, message: WeChatMessage, text: str, timestamp: str, nonce: str
) -> str:
    """Return the encrypted passive reply; an empty text gives the platform's empty answer."""
    if not text:
        return "success"
    reply = TextReply(content=text)
    reply.source, reply.target = message.account, message.follower
    crypto = WeChatCrypto(account.token, account.aes_key, account.app_id)
    return str(crypto.encrypt_message(reply.render(), nonce, timestamp))


def fit(blocks: list[str], limit: int = MOST_BYTES) -> str:
    """Join blocks up to the platform's limit, whole ones as long as they fit.

    A first block that is too long by itself is cut at a sentence border.
    """
    chosen = ""
    for block in blocks:
        joined = f"{chosen}\n\n{block}" if chosen else block
        if len(joined.encode()) > limit:
            break
        chosen = joined
    if chosen or not blocks:
        return chosen
    cut = blocks[0].encode()[: limit - 3].decode("utf-8", "ignore")
    border = max(cut.rfind(mark) for mark in "。！？；\n")
    return (cut[: border + 1] if border > 0 else cut) + "…"


def options_of(parts: tuple[Part, ...]) -> str:
    """Return quick replies as a line of words to type."""
    labels = [
        item["label"] for part in parts if part.type == "buttons" for item in part.body["items"]
    ]
    return "可以回复：" + "、".join(labels) if labels else ""
