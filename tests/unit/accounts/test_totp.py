"""One-time codes against the vectors of RFC 6238, appendix B, and the window around now."""

from __future__ import annotations

import base64
import datetime as dt
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.accounts import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()

# The RFC gives eight digits; six are the last six of them.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]

NOW = dt.datetime(2026, 11, 23, 1, 0, 10, tzinfo=dt.UTC)
STEP = totp.step_at(NOW)


@pytest.mark.parametrize(("seconds", "eight"), VECTORS)
def test_codes_are_those_of_the_rfc(seconds: int, eight: str) -> None:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    assert totp.code_at(SECRET, totp.step_at(moment)) == eight[-6:]


@pytest.mark.parametrize(("drift", "counts"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_one_step_of_drift_counts_either_way(drift: int, counts: int) -> None:
    code = totp.code_at(SECRET, STEP + drift)
    found = totp.matching_step(SECRET, code, NOW, 0)
    assert found == (STEP + drift if counts else None)


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_step_that_was_used_does_not_count_again(drift: int) -> None:
    code = totp.code_at(SECRET, STEP + drift)
    assert totp.matching_step(SECRET, code, NOW, STEP + drift) is None
    assert totp.matching_step(SECRET, code, NOW, STEP + drift - 1) == STEP + drift


def test_spaces_and_full_width_digits_are_no_mistake() -> None:
    code = totp.code_at(SECRET, STEP)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert totp.matching_step(SECRET, f" {code[:3]} {code[3:]} ", NOW, 0) == STEP
    assert totp.matching_step(SECRET, wide, NOW, 0) == STEP


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "\x00"])
def test_what_is_no_code_is_wrong(typed: str) -> None:
    assert totp.matching_step(SECRET, typed, NOW, 0) is None


@given(st.integers(min_value=0, max_value=2**40))
def test_every_code_has_six_digits(step: int) -> None:
    code = totp.code_at(SECRET, step)
    assert len(code) == 6
    assert code.isdigit()


def test_secrets_are_long_enough_and_never_the_same() -> None:
    secrets = {totp.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert {len(base64.b32decode(secret)) for secret in secrets} == {20}


def test_the_link_says_what_an_authenticator_needs() -> None:
    link = urlsplit(totp.link(SECRET, "法桥", "li.qiang@a"))
    assert (link.scheme, link.netloc) == ("otpauth", "totp")
    assert unquote(link.path) == "/法桥:li.qiang@a"
    assert parse_qs(link.query) == {
        "secret": [SECRET],
        "issuer": ["法桥"],
        "digits": ["6"],
        "period": ["30"],
    }


def test_the_secret_is_shown_in_groups_of_four() -> None:
    assert totp.in_groups(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
