"""Reads the product's answer to a delivery as the platform does, and says what is wrong with it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from tests.platform.accounts import Account
from tests.platform.books import MOST_BYTES, Push, Seen
from tests.platform.crypt import Unreadable, sign

HEARD = (
    "subscribe",
    "click",
    "scan",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
)
"""Events whose passive reply a follower sees; the platform drops that of any other."""


class Malformed(Exception):
    """An answer that the platform cannot use, so that the account seems out of order."""


def is_heard(push: Push) -> bool:
    return push.kind != "event" or push.event in HEARD


def read(account: Account, push: Push, body: bytes) -> Seen | None:
    """Return what the follower sees; None for nothing.

    Raises:
        Malformed: not as the platform prescribes.
    """
    if body in (b"", b"success"):
        return None
    tree = _parse(body)
    if account.registration.mode == "safe" or (
        account.registration.mode == "compatible" and tree.find("Encrypt") is not None
    ):
        tree = _parse(_opened(account, tree).encode())
    elif tree.find("Encrypt") is not None:
        raise Malformed("an encrypted reply in plain mode")
    if _field(tree, "ToUserName") != push.openid:
        raise Malformed("a reply whose ToUserName is not the follower")
    if _field(tree, "FromUserName") != account.registration.original_id:
        raise Malformed("a reply whose FromUserName is not the account")
    if not _field(tree, "CreateTime").isdecimal():
        raise Malformed("a reply without CreateTime")
    return _shown(account, tree)


def _shown(account: Account, tree: Element) -> Seen:
    kind = _field(tree, "MsgType")
    now = account.clock.now()
    if kind == "text":
        content = _field(tree, "Content")
        size = len(content.encode())
        if not content:
            raise Malformed("a text reply without Content")
        if size > MOST_BYTES:
            raise Malformed(f"a text reply of {size} bytes")
        return Seen("passive", kind, content, now)
    if kind == "image":
        media_id = _field(tree, "Image/MediaId")
        if media_id not in account.media:
            raise Malformed("an image reply without known media")
        return Seen("passive", kind, "", now, media_id=media_id)
    raise Malformed(f"a reply of the kind {kind!r}")


def _parse(body: bytes) -> Element:
    try:
        body.decode()
        tree = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Malformed("a reply that is no XML") from error
    if tree.tag != "xml":
        raise Malformed(f"a reply in <{tree.tag}>")
    found: Element = tree
    return found


def _opened(account: Account, tree: Element) -> str:
    sealed = _field(tree, "Encrypt")
    if not sealed:
        raise Malformed("an unencrypted reply in safe mode")
    timestamp, nonce = _field(tree, "TimeStamp"), _field(tree, "Nonce")
    if not timestamp.isdecimal() or not nonce:
        raise Malformed("an encrypted reply without TimeStamp and Nonce")
    own = sign(account.registration.token, timestamp, nonce, sealed)
    if _field(tree, "MsgSignature") != own:
        raise Malformed("a reply whose MsgSignature is wrong")
    try:
        return account.seal.open(sealed)
    except Unreadable as error:
        raise Malformed(f"a reply that cannot be decrypted: {error}") from error


def _field(tree: Element, name: str) -> str:
    return tree.findtext(name) or ""
