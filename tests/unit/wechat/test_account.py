"""An account's settings, a follower's message on its way through storage, the platform's codes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import BUSY_CODE, ApiFailed, Failure, classify
from connectors.wechat.incoming import WeChatMessage

ACCOUNT = WeChatAccount("", "wx1", "token-of-ours", "a" * 43, "app-secret-of-ours")


def test_the_main_account_has_the_plain_path_and_others_their_name() -> None:
    assert ACCOUNT.path == "/wechat"
    assert replace(ACCOUNT, name="yuhua").path == "/wechat/yuhua"


def test_only_a_verified_account_with_its_secret_pushes() -> None:
    assert ACCOUNT.can_call
    assert not ACCOUNT.can_push
    assert replace(ACCOUNT, has_customer_service=True).can_push
    assert not replace(ACCOUNT, has_customer_service=True, secret="").can_push


def test_an_account_never_shows_its_secrets() -> None:
    shown = repr(ACCOUNT)
    assert "wx1" in shown
    for secret in (ACCOUNT.token, ACCOUNT.aes_key, ACCOUNT.secret):
        assert secret not in shown


def test_a_message_survives_being_stored() -> None:
    message = WeChatMessage(
        "o-fan", "gh_1", "event", "1-x", 5, latitude=28.1, answers=(("t1", "accept"),)
    )
    assert WeChatMessage.from_json(json.loads(json.dumps(message.to_json()))) == message


def test_a_message_stored_by_another_release_can_be_read() -> None:
    data = {"openid": "o", "to": "gh", "kind": "text", "key": "1", "field_of_tomorrow": 1}
    assert WeChatMessage.from_json(data) == WeChatMessage("o", "gh", "text", "1")


def test_a_message_shows_neither_its_author_nor_its_words() -> None:
    shown = repr(WeChatMessage("o-fan", "gh_1", "text", "77", text="老板欠薪"))
    assert "77" in shown
    assert "o-fan" not in shown
    assert "欠薪" not in shown


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (45015, Failure.WINDOW),
        (45047, Failure.QUOTA),
        (48001, Failure.UNAUTHORISED),
        (40003, Failure.NO_FOLLOWER),
        (43004, Failure.NO_FOLLOWER),
        (45009, Failure.DAILY),
        (45011, Failure.MINUTE),
        (40001, Failure.TOKEN),
        (40014, Failure.TOKEN),
        (42001, Failure.TOKEN),
        (45002, Failure.TOO_LONG),
        (40164, Failure.ADDRESS),
        (43101, Failure.REFUSED),
        (BUSY_CODE, Failure.BUSY),
        (99999, Failure.OTHER),
    ],
)
def test_a_code_of_the_platform_has_its_meaning(code: int, failure: Failure) -> None:
    assert classify(code) is failure


def test_a_failed_call_tells_its_kind_and_code() -> None:
    failed = ApiFailed(Failure.WINDOW, 45015)
    assert failed.failure is Failure.WINDOW
    assert str(failed) == "window (45015)"
