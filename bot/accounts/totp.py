"""One-time codes by the clock: RFC 6238 with SHA-1, thirty seconds and six digits.

Which step was used last is the caller's to keep: a code is good once.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
import unicodedata
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
DRIFT = (0, -1, 1)
"""Steps beside the present one that count: a telephone's clock may be half a minute off."""

_SECRET_BYTES = 20


def new_secret() -> str:
    """Return a fresh secret in base 32, as authenticators take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def step_at(moment: dt.datetime) -> int:
    """Return the number of the thirty seconds that hold this moment."""
    return int(moment.timestamp()) // STEP_S


def code_at(secret: str, step: int) -> str:
    """Return the code of one step."""
    key = base64.b32decode(secret)
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: str, typed: str, moment: dt.datetime, after: int) -> int | None:
    """Return the step whose code was typed; None if it is wrong or not later than ``after``."""
    code = "".join(unicodedata.normalize("NFKC", typed).split())
    if not (code.isascii() and code.isdigit()):
        return None
    now = step_at(moment)
    for step in (now + drift for drift in DRIFT):
        if step > after and hmac.compare_digest(code_at(secret, step), code):
            return step
    return None


def in_groups(secret: str) -> str:
    """Return the secret in groups of four, to be typed from the screen."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def link(secret: str, issuer: str, login: str) -> str:
    """Return the ``otpauth://`` address that an authenticator on the same device opens."""
    label = quote(f"{issuer}:{login}", safe="")
    asked = {"secret": secret, "issuer": issuer, "digits": DIGITS, "period": STEP_S}
    return f"otpauth://totp/{label}?{urlencode(asked, quote_via=quote)}"
