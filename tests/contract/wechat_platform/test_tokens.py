"""The stand-in's sealed message and access tokens, against wechatpy's."""

from __future__ import annotations

import pytest
from wechatpy import WeChatClient
from wechatpy.crypto import WeChatCrypto

from tests.conftest import FixedClock
from tests.contract.wechat_platform.wechatpy_side import (
    OURS,
    client_of,
    posted,
    refused,
    stable_token,
    web,
)
from tests.platform import (
    Follower,
    Platform,
    Registration,
    Seal,
    Unreadable,
    sign,
)

# The sealed message


@pytest.mark.parametrize("message", ["", "x", "字" * 700, "<xml>]]></xml>", "a" * 12, "b" * 13])
def test_what_one_seals_the_other_opens(message: str) -> None:
    seal = Seal(OURS.aes_key, OURS.app_id)
    crypto = WeChatCrypto(OURS.token, OURS.aes_key, OURS.app_id)
    sealed = seal.close(message)
    signature = sign(OURS.token, "1700000000", "nonce", sealed)
    envelope = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    assert crypto.decrypt_message(envelope, signature, "1700000000", "nonce") == message
    xml = crypto.encrypt_message(message, "nonce", "1700000000")
    theirs = xml.split("CDATA[")[1].split("]")[0]
    assert seal.open(theirs) == message


def test_a_seal_of_another_key_or_account_stays_closed() -> None:
    sealed = Seal(OURS.aes_key, OURS.app_id).close("你好")
    for other in (Seal("b" * 43, OURS.app_id), Seal(OURS.aes_key, "wx2")):
        with pytest.raises(Unreadable):
            other.open(sealed)
    for garbled in ("", "!", "YQ==", sealed[:-44] + "=" * 4):
        with pytest.raises(Unreadable):
            Seal(OURS.aes_key, OURS.app_id).open(garbled)
    with pytest.raises(ValueError, match="43"):
        Seal("short", OURS.app_id)


# Access tokens


def test_normal_mode_gives_the_same_token_until_it_ends_soon(
    platform: Platform, clock: FixedClock
) -> None:
    first = stable_token(platform)
    assert first["expires_in"] == 7200
    clock.advance(seconds=6800)
    assert stable_token(platform) == {"access_token": first["access_token"], "expires_in": 400}
    clock.advance(seconds=101)
    second = stable_token(platform)["access_token"]
    assert second != first["access_token"]
    assert client_of(platform, first["access_token"]).customservice.get_accounts()
    clock.advance(seconds=300)
    client = client_of(platform, first["access_token"])
    assert refused(client.customservice.get_accounts) == 42001
    assert client_of(platform, second).customservice.get_accounts()


def test_forced_mode_ends_the_token_before(platform: Platform, clock: FixedClock) -> None:
    first = stable_token(platform)["access_token"]
    second = stable_token(platform, force_refresh=True)["access_token"]
    assert second != first
    assert refused(client_of(platform, first).customservice.get_accounts) == 40001
    assert stable_token(platform)["access_token"] == second
    assert platform.books.broken == []


def test_forcing_twice_in_half_a_minute_renews_nothing_and_is_a_breach(
    platform: Platform, clock: FixedClock
) -> None:
    first = stable_token(platform, force_refresh=True)
    clock.advance(seconds=29)
    assert stable_token(platform, force_refresh=True)["access_token"] == first["access_token"]
    assert len(platform.books.broken) == 1
    clock.advance(seconds=1)
    assert stable_token(platform, force_refresh=True)["access_token"] != first["access_token"]
    assert len(platform.books.broken) == 1


def test_twenty_forced_tokens_a_day(platform: Platform, clock: FixedClock) -> None:
    for _ in range(20):
        assert "access_token" in stable_token(platform, force_refresh=True)
        clock.advance(seconds=30)
    assert stable_token(platform, force_refresh=True)["errcode"] == 45009
    assert "in a day" in platform.books.broken[0]
    clock.advance(days=1)
    assert "access_token" in stable_token(platform, force_refresh=True)


def test_the_older_endpoint_ends_its_own_last_token_only(
    platform: Platform, client: WeChatClient
) -> None:
    query = {"grant_type": "client_credential", "appid": OURS.app_id, "secret": OURS.secret}
    tokens = [
        web().get(f"{platform.url}/cgi-bin/token", params=query).json()["access_token"]
        for _ in range(2)
    ]
    assert refused(client_of(platform, tokens[0]).customservice.get_accounts) == 40001
    assert client_of(platform, tokens[1]).customservice.get_accounts()
    assert client.customservice.get_accounts()


def test_tokens_are_given_to_their_owner_only(platform: Platform) -> None:
    assert stable_token(platform, appid="wx2")["errcode"] == 40013
    assert stable_token(platform, secret="guess")["errcode"] == 40125
    assert stable_token(platform, grant_type="password")["errcode"] == 40002
    platform.whitelisted = False
    assert stable_token(platform)["errcode"] == 40164


def test_a_token_can_be_ended_at_will(platform: Platform) -> None:
    first = platform.token()
    platform.invalidate_token()
    second = platform.token()
    assert refused(client_of(platform, first).customservice.get_accounts) == 40001
    platform.expire_token()
    assert refused(client_of(platform, second).customservice.get_accounts) == 42001
    assert stable_token(platform)["access_token"] not in (first, second)
    assert refused(client_of(platform, "made-up").customservice.get_accounts) == 40014
    assert platform.books.errcodes() == {40001: 1, 42001: 1, 40014: 1}
    assert platform.books.broken == []
    assert posted(platform, "qrcode/create", b"{}", token="") == 41001
    assert platform.books.broken == ["qrcode/create: a call without access_token"]


def test_a_token_is_its_account_s(platform: Platform, fan: Follower) -> None:
    other = platform.register(Registration(app_id="wx2", original_id="gh_2", path="/wechat/two"))
    fan.say("在吗")
    stranger = client_of(platform, platform.token(other))
    assert refused(lambda: stranger.message.send_text(fan.openid, "你好")) == 40003
    assert platform.books.calls[-1].app_id == "wx2"
