"""Delivers a follower's message to the product: signed, three times at most, five seconds each."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.platform import replies
from tests.platform.accounts import Account
from tests.platform.books import UNAVAILABLE, Attempt, Outcome, Push, Seen
from tests.platform.crypt import sign
from tests.platform.transports import Answer

if TYPE_CHECKING:
    from tests.platform.world import Platform

DELIVERIES = 3
AWAY = (502, 503, 504)
"""What stands before a product says while the product is not there: no breach."""


def deliver(platform: Platform, account: Account, push: Push) -> None:
    """Deliver until it is answered, and show the follower what came of it."""
    signed = _signed(account, push)
    for number in range(1, DELIVERIES + 1):
        if number > 1:
            platform.pause(platform.retry_pause_s)
            if platform.signs_anew:
                signed = _signed(account, push)
        outcome = _attempt(platform, account, push, number, *signed)
        if outcome in ("answered", "silent"):
            return
        if outcome == "malformed":
            break
    if replies.is_heard(push):
        _show(account, push, Seen("notice", "text", UNAVAILABLE, account.clock.now()))


def _attempt(
    platform: Platform, account: Account, push: Push, number: int, path: str, body: bytes
) -> Outcome:
    at, started = account.clock.now(), time.perf_counter()
    answer = Answer(0, b"")
    outcome: Outcome
    breach = ""
    seen = None
    try:
        answer = platform.transport(account).post(path, body, platform.patience_s)
        if answer.status == 200:
            seen = replies.read(account, push, answer.body)
            outcome = "silent" if seen is None else "answered"
        else:
            outcome = "failed"
            if answer.status not in AWAY:
                breach = f"HTTP {answer.status} to a delivery: {answer.body[:200]!r}"
    except TimeoutError:
        outcome = "late"
    except OSError:
        outcome = "unreachable"
    except replies.Malformed as malformed:
        outcome, breach = "malformed", str(malformed)
    took_s = time.perf_counter() - started
    push.attempts.append(Attempt(number, at, took_s, answer.status, answer.body, outcome))
    if seen is not None and not replies.is_heard(push):
        breach = f"a reply to {push.event}, which no follower sees"
    elif seen is not None:
        _show(account, push, seen)
    if breach:
        account.broken.append(f"{push.event or push.kind}: {breach}")
    return outcome


def _show(account: Account, push: Push, seen: Seen) -> None:
    push.seen.append(seen)
    account.followers[push.openid].show(seen)


def query(account: Account, sealed: str = "", **more: str) -> str:
    """Return the query that signs a call of the callback, encrypted or not."""
    token = account.registration.token
    timestamp = str(int(account.clock.now().timestamp()))
    nonce = str(secrets.randbelow(9 * 10**9) + 10**9)
    said = {"signature": sign(token, timestamp, nonce), "timestamp": timestamp, "nonce": nonce}
    if sealed:
        more["encrypt_type"] = "aes"
        more["msg_signature"] = sign(token, timestamp, nonce, sealed)
    return urlencode({**said, **more})


def _signed(account: Account, push: Push) -> tuple[str, bytes]:
    """Return the path with its query, and the body."""
    path, mode = account.registration.path, account.registration.mode
    if mode == "plain":
        return f"{path}?{query(account, openid=push.openid)}", push.xml.encode()
    sealed = account.seal.close(push.xml)
    encrypted = f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    if mode == "compatible":
        body = push.xml.removesuffix("</xml>") + encrypted
    else:
        to = account.registration.original_id
        body = f"<xml><ToUserName><![CDATA[{to}]]></ToUserName>{encrypted}"
    return f"{path}?{query(account, sealed, openid=push.openid)}", body.encode()
