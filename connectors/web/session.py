"""Who is calling: the bearer token, the signed identity of a host site, the network address."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from starlette.requests import HTTPConnection


def bearer_of(headers: Mapping[str, str]) -> str:
    """Return the bearer token, or an empty string."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.isascii() else ""


def is_signed(user_id: str, signature: str, secret: str) -> bool:
    """Say whether the host site signed this user id (hex HMAC-SHA256); never without a secret."""
    if not secret or not signature.isascii():
        return False
    expected = hmac.new(secret.encode(), user_id.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature.lower())


def address_of(connection: HTTPConnection, *, trust_proxy: bool) -> str:
    """Return the caller's address; behind our proxy the one that the proxy saw."""
    if trust_proxy:
        # The last entry is our own proxy's; those before it are whatever the caller claimed.
        forwarded = connection.headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip()
        if forwarded:
            return forwarded
    return connection.client.host if connection.client else "unknown"
