"""Who is calling: bearer tokens, signed identities, addresses."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from starlette.requests import HTTPConnection

from connectors.web.session import address_of, bearer_of, is_signed


def signed(user: str, secret: str) -> str:
    return hmac.new(secret.encode(), user.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", ""),
        ("Bearer", ""),
        ("", ""),
        ("Bearer 令牌", ""),
    ],
)
def test_only_a_bearer_token_is_read(header: str, token: str) -> None:
    assert bearer_of({"authorization": header}) == token


def test_a_true_signature_is_accepted_in_either_case() -> None:
    assert is_signed("用户7", signed("用户7", "s"), "s")
    assert is_signed("用户7", signed("用户7", "s").upper(), "s")


@pytest.mark.parametrize(
    ("user", "signature", "secret"),
    [
        ("a", signed("b", "s"), "s"),
        ("a", signed("a", "t"), "s"),
        ("a", signed("a", ""), ""),
        ("a", "", "s"),
        ("a", "签名", "s"),
    ],
)
def test_any_other_signature_is_refused(user: str, signature: str, secret: str) -> None:
    assert not is_signed(user, signature, secret)


def connection(
    forwarded: str | None, client: tuple[str, int] | None = ("9.9.9.9", 1)
) -> HTTPConnection:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return HTTPConnection({"type": "http", "headers": headers, "client": client})


def test_a_forwarded_address_counts_only_behind_our_proxy() -> None:
    assert address_of(connection("1.1.1.1, 2.2.2.2"), trust_proxy=True) == "2.2.2.2"
    assert address_of(connection("1.1.1.1"), trust_proxy=False) == "9.9.9.9"
    assert address_of(connection(None), trust_proxy=True) == "9.9.9.9"
    assert address_of(connection(" , "), trust_proxy=True) == "9.9.9.9"
    assert address_of(connection(None, None), trust_proxy=False) == "unknown"
