"""The official account's callback format: signatures, encryption, messages in and replies out.

Reads bytes that anybody may have sent: whatever is wrong with them is a ``BadCallback``, never
another exception. How long a reply may be is for ``fitting`` to see to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from wechatpy.crypto import PrpCrypto

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.incoming import BadCallback, WeChatMessage

MOST_BYTES_IN = 64 * 1024
MOST_SKEW_S = 600
MOST_TEXT = 4000
"""Characters kept of one message; the platform's own limit is 2,048."""
MOST_NAME = 128
MOST_URL = 2048
MOST_ANSWERS = 20
NOTHING = "success"
"""The body that keeps the platform from asking again."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SECONDS = re.compile(r"[0-9]{1,11}")
_POPUPS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")


@dataclass(frozen=True)
class CallbackQuery:
    """What the platform puts into the address of each call."""

    signature: str = ""
    msg_signature: str = ""
    timestamp: str = ""
    nonce: str = ""
    encrypt_type: str = ""

    @property
    def is_encrypted(self) -> bool:
        return self.encrypt_type.lower() == "aes"


def check(account: WeChatAccount, query: CallbackQuery, now: float) -> None:
    """Check that it is the platform who asks whether this address is ours.

    It signs this question openly in every mode.

    Raises:
        BadCallback: the signature is not the platform's, or stale.
    """
    _verify(account, query.signature, query.timestamp, query.nonce)
    _check_time(query.timestamp, now)


def decode(
    account: WeChatAccount, body: bytes, query: CallbackQuery, now: float
) -> tuple[WeChatMessage, bool]:
    """Read one callback; return it, and whether the reply must be encrypted.

    Raises:
        BadCallback: it is not the platform's, not for this account, stale or unreadable.
    """
    if len(body) > MOST_BYTES_IN:
        raise BadCallback("size")
    if query.is_encrypted:
        sealed = _text_of(_parsed(_utf8(body)), "Encrypt", MOST_BYTES_IN)
        _verify(account, query.msg_signature, query.timestamp, query.nonce, sealed)
    elif account.mode != "plain":
        # In compatible mode the platform sends both forms: one without the encrypted is forged.
        raise BadCallback("signature")
    else:
        _verify(account, query.signature, query.timestamp, query.nonce)
        sealed = ""
    _check_time(query.timestamp, now)
    if query.is_encrypted and account.mode == "plain":
        raise BadCallback("key")
    # In compatible mode the open part beside the encrypted one is not covered by the signature.
    plain = _opened(account, sealed) if query.is_encrypted else body
    message = _message(_parsed(_utf8(plain)))
    if account.original_id and message.to != account.original_id:
        raise BadCallback("account")
    return message, query.is_encrypted


def encode(
    account: WeChatAccount,
    message: WeChatMessage,
    text: str,
    timestamp: str,
    nonce: str,
    encrypted: bool,
) -> str:
    """Return the passive reply to a message; an empty text gives the platform's empty answer.

    Raises:
        BadCallback: the reply must be encrypted, and the account's key is none.
    """
    said = _NOT_XML.sub("", text)
    if not said.strip():
        return NOTHING
    at = timestamp if _SECONDS.fullmatch(timestamp) else str(message.created_at)
    reply = (
        f"<xml><ToUserName>{_cdata(message.openid)}</ToUserName>"
        f"<FromUserName>{_cdata(message.to)}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{_cdata(said)}</Content></xml>"
    )
    if not encrypted:
        return reply
    sealed = PrpCrypto(_key(account)).encrypt(reply, account.app_id).decode()
    clean_nonce = _NOT_XML.sub("", nonce)
    signature = _signature(account.token, at, clean_nonce, sealed)
    return (
        f"<xml><Encrypt>{_cdata(sealed)}</Encrypt>"
        f"<MsgSignature>{_cdata(signature)}</MsgSignature>"
        f"<TimeStamp>{at}</TimeStamp><Nonce>{_cdata(clean_nonce)}</Nonce></xml>"
    )


def _signature(*parts: str) -> str:
    joined = "".join(sorted(parts))
    return hashlib.sha1(joined.encode("utf-8", "surrogatepass")).hexdigest()


def _verify(account: WeChatAccount, given: str, *parts: str) -> None:
    own = _signature(account.token, *parts)
    is_equal = hmac.compare_digest(own.encode(), given.encode("utf-8", "surrogatepass"))
    # Without a token anybody can sign.
    if not (account.token and is_equal):
        raise BadCallback("signature")


def _check_time(timestamp: str, now: float) -> None:
    if not _SECONDS.fullmatch(timestamp) or abs(now - int(timestamp)) > MOST_SKEW_S:
        raise BadCallback("timestamp")


def _key(account: WeChatAccount) -> bytes:
    try:
        key = base64.b64decode(account.aes_key + "=", validate=True)
    except ValueError as error:
        raise BadCallback("key") from error
    if len(key) != 32:
        raise BadCallback("key")
    return key


def _opened(account: WeChatAccount, sealed: str) -> bytes:
    """Decrypt: 16 random bytes, the length, the message, the account's id, padding to 32.

    wechatpy's own reading trusts the padding and the length, which a wrong key leaves random.
    """
    cipher = PrpCrypto(_key(account)).cipher
    try:
        opened = bytes(cipher.decrypt(base64.b64decode(sealed, validate=True)))
    except ValueError as error:
        raise BadCallback("key") from error
    padding = opened[-1] if opened else 0
    if not 1 <= padding <= 32 or opened[-padding:] != bytes([padding]) * padding:
        raise BadCallback("key")
    content = opened[16:-padding]
    length = int.from_bytes(content[:4], "big")
    if len(content) < 4 + length:
        raise BadCallback("key")
    if not hmac.compare_digest(content[4 + length :], account.app_id.encode()):
        raise BadCallback("account")
    return content[4 : 4 + length]


def _utf8(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadCallback("xml") from error


def _parsed(body: str) -> Element:
    try:
        # Followers do type control characters, and the platform passes them on as they are.
        tree: Element = fromstring(_NOT_XML.sub("", body), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadCallback("xml") from error
    if tree.tag != "xml":
        raise BadCallback("xml")
    return tree


def _text_of(tree: Element, path: str, most: int = MOST_NAME) -> str:
    value = (tree.findtext(path) or "").strip()[:most]
    return value.encode("utf-8", "ignore").decode()


def _message(tree: Element) -> WeChatMessage:
    openid, to = _name(tree, "FromUserName"), _name(tree, "ToUserName")
    kind = _text_of(tree, "MsgType", 48).lower()
    if not kind:
        raise BadCallback("xml")
    text = _text_of(tree, "Recognition" if kind == "voice" else "Content", MOST_TEXT)
    event = _text_of(tree, "Event", 48).lower()
    event_key = _text_of(tree, "EventKey", MOST_URL)
    media_id = _text_of(tree, "MediaId", 256)
    created = _text_of(tree, "CreateTime")
    created_at = int(created) if _SECONDS.fullmatch(created) else 0
    message_id = _text_of(tree, "MsgId", MOST_BYTES_IN)
    if not re.fullmatch(r"[0-9]{1,64}", message_id):
        # Events carry none. A repeated call brings the same fields, so the same key.
        told = event_key if kind == "event" else f"{message_id} {text} {media_id}"
        short = hashlib.sha256(told.encode()).hexdigest()[:12]
        message_id = f"{created_at}-{event or kind}-{short}"
    return WeChatMessage(
        openid=openid,
        to=to,
        kind=kind,
        key=message_id,
        created_at=created_at,
        text=text,
        event=event,
        event_key=event_key,
        menu_id=_text_of(tree, "bizmsgmenuid"),
        media_id=media_id,
        picture_url=_text_of(tree, "PicUrl", MOST_URL),
        format=_text_of(tree, "Format", 40).lower(),
        latitude=_degrees(tree, ("Location_X", "Latitude", "SendLocationInfo/Location_X"), 90),
        longitude=_degrees(tree, ("Location_Y", "Longitude", "SendLocationInfo/Location_Y"), 180),
        label=_text_of(tree, "Label", 500) or _text_of(tree, "SendLocationInfo/Label", 500),
        title=_text_of(tree, "Title", 500),
        description=_text_of(tree, "Description", MOST_TEXT),
        url=_text_of(tree, "Url", MOST_URL),
        answers=_answers(tree),
    )


def _name(tree: Element, path: str) -> str:
    """Return who wrote or is written to: never cut, or two would become one."""
    name = _text_of(tree, path, MOST_NAME + 1)
    if not name or len(name) > MOST_NAME:
        raise BadCallback("xml")
    return name


def _degrees(tree: Element, paths: tuple[str, ...], most: float) -> float | None:
    for path in paths:
        try:
            value = float(_text_of(tree, path, 40))
        except ValueError:
            continue
        if math.isfinite(value) and abs(value) <= most:
            return value
    return None


def _answers(tree: Element) -> tuple[tuple[str, str], ...]:
    found = []
    for popup in _POPUPS:
        for item in tree.findall(f"{popup}/List"):
            template = _text_of(item, "TemplateId")
            answer = _text_of(item, "SubscribeStatusString").lower()
            if template and answer in ("accept", "reject"):
                found.append((template, answer))
    return tuple(found[:MOST_ANSWERS])


def _cdata(value: str) -> str:
    safe = _NOT_XML.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{safe}]]>"
