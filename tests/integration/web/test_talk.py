"""Sessions and messages over HTTP."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.domain.conversation import Mode
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.integration.web.conftest import Caller
from tests.integration.web.small_app import SmallApp, build


def test_a_session_starts_with_a_token_and_a_greeting(client: TestClient) -> None:
    answer = client.post("/api/web/sessions")
    assert answer.status_code == 201
    body = answer.json()
    assert len(body["token"]) >= 32
    assert [part["type"] for part in body["greeting"]["parts"]] == ["text", "buttons"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Bearer wrong", "Basic abc", "Bearer 中文".encode()]
)
def test_without_a_valid_token_nobody_gets_in(client: TestClient, header: str | bytes) -> None:
    headers: Any = {"Authorization": header} if header else {}
    for answer in (
        client.get("/api/web/messages", headers=headers),
        client.post("/api/web/messages", headers=headers, json={"id": "a", "text": "b"}),
        client.delete("/api/web/session", headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "not_signed_in"


def test_a_message_is_answered_and_read_back_in_order(visitor: Caller) -> None:
    reply = visitor.say("老板欠我工资", "m1").json()
    assert reply["mode"] == "bot"
    assert [m["sender"] for m in reply["messages"]] == ["bot"]
    found = visitor.get("/messages").json()["messages"]
    assert [m["sender"] for m in found] == ["visitor", "bot"]
    assert found[0]["client_id"] == "m1"
    later = visitor.get("/messages", params={"after": found[0]["id"]}).json()["messages"]
    assert [m["id"] for m in later] == [found[1]["id"]]


def test_the_same_id_twice_is_the_same_message(visitor: Caller, small: SmallApp) -> None:
    first = visitor.say("你好", "same").json()
    second = visitor.say("你好", "same").json()
    assert [m["id"] for m in first["messages"]] == [m["id"] for m in second["messages"]]
    assert small.chat.received == ["你好"]


def test_two_visitors_do_not_see_each_other(arrive: Callable[[], Caller]) -> None:
    one, two = arrive(), arrive()
    one.say("我的秘密", "m1")
    assert two.get("/messages").json()["messages"] == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 1, "text": "a"}',
        b'{"id": "a", "text": ["a"]}',
        b'{"id": "a", "text": null}',
        b'{"id": "", "text": "a"}',
        b'{"text": "a"}',
        b'{"id": "a", "text": "b", "button": 3}',
        b'{"id": "\\ud800", "text": "a"}',
        b'["a"]',
        b'"a"',
        b"null",
        b"{",
        b"",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"id": "' + b"x" * 81 + b'", "text": "a"}',
    ],
)
def test_json_of_the_wrong_shape_gets_a_chinese_sentence(visitor: Caller, body: bytes) -> None:
    answer = visitor.client.post(
        "/api/web/messages",
        content=body,
        headers={**visitor.headers, "Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422)
    error = answer.json()["error"]
    assert error["code"]
    assert any("\u4e00" <= c <= "\u9fff" for c in error["message"])


def test_half_an_emoji_is_dropped_and_the_rest_kept(visitor: Caller) -> None:
    answer = visitor.client.post(
        "/api/web/messages",
        content=b'{"id": "a", "text": "echo \\ud83d\xe4\xbd\xa0\xe5\xa5\xbd"}',
        headers={**visitor.headers, "Content-Type": "application/json"},
    )
    assert answer.status_code == 200
    assert answer.json()["messages"][0]["parts"][0]["text"] == "你好"


def test_unknown_fields_are_ignored(visitor: Caller) -> None:
    assert visitor.say("你好", "m1", future=True).status_code == 200


def test_too_long_a_message_and_too_large_a_body_are_413(visitor: Caller) -> None:
    assert visitor.say("字" * 2001, "m1").json()["error"]["code"] == "message_too_long"
    answer = visitor.say("字" * 40000, "m2")
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("after", ["-1", "x", str(2**70), "1.5"])
def test_a_cursor_that_is_none_is_refused(visitor: Caller, after: str) -> None:
    assert visitor.get("/messages", params={"after": after}).status_code == 422


def test_ending_twice_closes_once_and_a_new_question_opens_again(
    visitor: Caller, small: SmallApp
) -> None:
    visitor.say("你好", "m1")
    for _ in range(2):
        assert visitor.post("/end").json() == {"mode": "closed"}
    found = visitor.get("/messages").json()
    assert found["mode"] == "closed"
    assert [m["sender"] for m in found["messages"]].count("system") == 1
    visitor.say("还有个问题", "m2")
    assert visitor.get("/messages").json()["mode"] == "bot"


def test_handed_back_by_a_lawyer_reads_as_bot(visitor: Caller, small: SmallApp) -> None:
    visitor.say("转人工", "m1")
    assert visitor.get("/messages").json()["mode"] == "queued"
    small.conversations.move(visitor.session, Mode.HUMAN)
    assert visitor.get("/messages").json()["mode"] == "human"
    small.conversations.move(visitor.session, Mode.RETURNED)
    assert visitor.get("/messages").json()["mode"] == "bot"


def test_a_signed_identity_is_remembered_and_a_forged_one_refused(
    client: TestClient, small: SmallApp
) -> None:
    signature = hmac.new(b"host-secret", b"user-7", hashlib.sha256).hexdigest()
    good = client.post(
        "/api/web/sessions", json={"identity": {"id": "user-7", "signature": signature}}
    )
    assert good.status_code == 201
    known = small.conversations.by_visitor("web", "user-7")
    assert known is not None
    assert known.id == good.json()["session"]
    forged = client.post(
        "/api/web/sessions", json={"identity": {"id": "user-8", "signature": signature}}
    )
    assert forged.status_code == 422
    assert small.conversations.by_visitor("web", "user-8") is None


def test_attributes_of_the_host_site_are_shown_to_the_visitor_too(visitor: Caller) -> None:
    answer = visitor.post("/attributes", json={"attributes": {"页面": "劳动监察"}})
    assert answer.status_code == 200
    message = visitor.get("/messages").json()["messages"][0]
    assert message["sender"] == "system"
    assert message["parts"][0]["rows"] == [["页面", "劳动监察"]]
    assert visitor.post("/attributes", json={"attributes": {"a": 1}}).status_code == 422
    assert visitor.post("/attributes", json={"attributes": {}}).status_code == 422


@pytest.mark.parametrize(
    ("limits", "status_of"),
    [
        ({"messages_per_visitor": "2/minute"}, [200, 200, 429]),
        ({"messages_per_address": "1/minute"}, [200, 429, 429]),
    ],
)
def test_too_many_messages_are_429(
    sqlite_store: Store, clock: FixedClock, limits: dict[str, str], status_of: list[int]
) -> None:
    with TestClient(build(sqlite_store, clock, **limits).app) as client:
        body = client.post("/api/web/sessions").json()
        visitor = Caller(client, body["token"], body["session"])
        answers = [visitor.say("你好", f"m{n}") for n in range(3)]
        assert [answer.status_code for answer in answers] == status_of
        assert answers[-1].json()["error"]["code"] == "too_many_requests"


def test_sessions_are_limited_per_address_as_the_proxy_saw_it(
    sqlite_store: Store, clock: FixedClock
) -> None:
    app = build(sqlite_store, clock, sessions_per_address="1/minute", trust_proxy=True).app
    with TestClient(app) as client:

        def status(forwarded: str) -> int:
            answer = client.post("/api/web/sessions", headers={"X-Forwarded-For": forwarded})
            return answer.status_code

        assert status("10.0.0.1") == 201
        assert status("10.0.0.2") == 201
        # Whatever a caller writes in front of it does not help.
        assert status("1.2.3.4, 10.0.0.1") == 429


def test_a_limit_that_is_none_is_found_at_the_start(sqlite_store: Store) -> None:
    with pytest.raises(ValueError, match="couldn't parse"):
        build(sqlite_store, messages_per_visitor="sixty a minute")


def test_limits_counted_in_redis_hold_across_processes(
    sqlite_store: Store, clock: FixedClock, redis_server: str
) -> None:
    statuses = []
    for _process in range(2):
        app = build(
            sqlite_store, clock, redis_url=redis_server, sessions_per_address="1/minute"
        ).app
        with TestClient(app) as client:
            statuses.append(client.post("/api/web/sessions").status_code)
    assert statuses == [201, 429]
