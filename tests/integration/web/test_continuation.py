"""Going on on another device over HTTP and WebSocket: the old token is dead, the limits hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bot.domain.conversation import Mode, Sender
from bot.store.unit import Store
from connectors.messages import text
from connectors.web import live
from tests.conftest import FixedClock
from tests.integration.web.conftest import Caller
from tests.integration.web.small_app import SmallApp, build

PHONE = "0123456789abcdef01234567"
OTHER = "fedcba9876543210fedcba98"
GONE = "continued_elsewhere"


def code_of(visitor: Caller) -> str:
    answer = visitor.post("/continuations")
    assert answer.status_code == 201
    assert answer.json()["valid_s"] == 600
    code: str = answer.json()["code"]
    return code


def redeem(client: TestClient, code: str, device: str = PHONE) -> Any:
    return client.post("/api/web/continuations/redeem", json={"code": code, "id": device})


def continued(client: TestClient, code: str, device: str = PHONE) -> Caller:
    body = redeem(client, code, device).json()
    return Caller(client, body["token"], body["session"])


def texts_of(caller: Caller) -> list[str]:
    return [m["parts"][0]["text"] for m in caller.get("/messages").json()["messages"]]


def test_the_other_device_has_the_same_conversation_complete_and_in_order(
    visitor: Caller, client: TestClient, small: SmallApp
) -> None:
    for number in range(3):
        visitor.say(f"echo 第{number}句", f"m{number}")
    before = visitor.get("/messages").json()
    small.conversations.move(visitor.session, Mode.QUEUED)
    code = code_of(visitor)
    greeted = redeem(client, code).json()
    assert greeted["session"] == visitor.session
    assert greeted["greeting"]["parts"][0]["type"] == "text"
    phone = Caller(client, greeted["token"], greeted["session"])
    after = phone.get("/messages").json()
    assert after["messages"] == before["messages"]
    assert after["mode"] == "queued"
    # The consent is the conversation's, and no second one was given.
    held = phone.get("/export").json()["conversation"]
    assert (held["id"], held["consent_version"]) == (visitor.session, "2026-11")
    # What the old device had sent and is answered there is not said twice here.
    phone.say("echo 第2句", "m2")
    assert phone.get("/messages").json()["messages"] == before["messages"]


def test_the_old_token_is_refused_everywhere_with_its_own_code(
    visitor: Caller, client: TestClient
) -> None:
    visitor.say("echo 一", "m1")
    continued(client, code_of(visitor))
    answers = [
        visitor.get("/messages"),
        visitor.say("echo 二", "m2"),
        visitor.post("/continuations"),
        visitor.post("/end"),
        visitor.get("/transcript"),
        visitor.get("/export"),
        visitor.delete("/session"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["error"]["code"] for answer in answers} == {GONE}
    assert "另一台设备" in answers[0].json()["error"]["message"]
    with visitor.live() as socket:
        assert socket.receive_json()["code"] == GONE
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_an_open_connection_of_the_old_device_is_closed_at_once(
    visitor: Caller, client: TestClient
) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        phone = continued(client, code_of(visitor))
        assert socket.receive_json()["code"] == GONE
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    with phone.live() as socket:
        assert socket.receive_json()["kind"] == "messages"


def rotate_unheard(small: SmallApp, visitor: Caller, client: TestClient) -> Caller:
    """Go on elsewhere while the bus loses what it is told."""
    publish = small.bus.publish

    async def lost(*_: object) -> None:
        return None

    small.bus.publish = lost  # type: ignore[method-assign]
    phone = continued(client, code_of(visitor))
    small.bus.publish = publish  # type: ignore[method-assign]
    return phone


def test_a_lost_hint_leaves_nothing_to_the_old_connection(
    visitor: Caller, client: TestClient, small: SmallApp
) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        rotate_unheard(small, visitor, client)
        socket.send_json({"kind": "message", "id": "w1", "text": "echo 还在"})
        frame = socket.receive_json()
        assert (frame["kind"], frame["code"]) == ("error", GONE)
        # The next word stored is not shown there: reading it is refused.
        said = small.chat.lawyer_says
        visitor.client.portal.call(said, visitor.session, "只给手机看")  # type: ignore[union-attr]
        assert socket.receive_json()["code"] == GONE
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    assert small.chat.received == []


def test_a_lost_hint_is_made_up_by_looking_again(
    visitor: Caller, client: TestClient, small: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_AGAIN_S", 0.01)
    with visitor.live() as socket:
        socket.receive_json()
        rotate_unheard(small, visitor, client)
        assert socket.receive_json()["code"] == GONE


def test_receipts_of_the_old_device_are_refused(
    visitor: Caller, client: TestClient, small: SmallApp
) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        rotate_unheard(small, visitor, client)
        socket.send_json({"kind": "receipt", "got": 0, "seen": 0})
        assert socket.receive_json()["code"] == GONE


def test_a_lawyers_words_arrive_on_the_new_device_once(
    visitor: Caller, client: TestClient, small: SmallApp
) -> None:
    small.conversations.append_one(visitor.session, Sender.LAWYER, [text("之前")], "王律师")
    phone = continued(client, code_of(visitor))
    with phone.live() as socket:
        assert len(socket.receive_json()["messages"]) == 1
        said = small.chat.lawyer_says
        client.portal.call(said, visitor.session, "之后")  # type: ignore[union-attr]
        frame = socket.receive_json()
    assert [m["parts"][0]["text"] for m in frame["messages"]] == ["之后"]
    assert texts_of(phone) == ["之前", "之后"]


def test_wrong_expired_used_and_replaced_codes_get_the_same_sentence(
    arrive: Callable[[], Caller], client: TestClient, clock: FixedClock
) -> None:
    visitor, busy = arrive(), arrive()
    replaced = code_of(busy)
    used = code_of(busy)
    assert redeem(client, used).status_code == 200
    expired = code_of(visitor)
    clock.advance(minutes=10)
    wrong = f"{(int(expired) + 1) % 10**8:08}"
    answers = [
        redeem(client, code, OTHER) for code in (replaced, used, expired, wrong, "123", "一二三四")
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.text for answer in answers}) == 1
    error = answers[0].json()["error"]
    assert error["code"] == "bad_continuation"
    assert "接续码不对" in error["message"]
    assert visitor.get("/messages").status_code == 200


def test_an_answer_lost_on_the_way_is_given_again_to_the_same_device_only(
    visitor: Caller, client: TestClient
) -> None:
    code = code_of(visitor)
    first = redeem(client, code).json()
    assert redeem(client, code).json() == first
    assert redeem(client, code, OTHER).status_code == 422
    phone = Caller(client, first["token"], first["session"])
    assert phone.get("/messages").status_code == 200


def test_of_two_requests_at_once_one_wins(visitor: Caller, client: TestClient) -> None:
    code = code_of(visitor)
    statuses: list[int] = []

    def work(device: str) -> None:
        statuses.append(redeem(client, code, device).status_code)

    threads = [threading.Thread(target=work, args=(device,)) for device in (PHONE, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 422]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "12345678"},
        {"code": 12345678, "id": PHONE},
        {"code": "12345678", "id": "short"},
        {"code": "1" * 41, "id": PHONE},
        [],
    ],
)
def test_a_request_of_the_wrong_shape_is_refused(client: TestClient, body: Any) -> None:
    answer = client.post("/api/web/continuations/redeem", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_input"


def test_who_has_no_conversation_gets_no_code(client: TestClient) -> None:
    assert client.post("/api/web/continuations").status_code == 401


def test_guessing_is_limited_per_address(sqlite_store: Store, clock: FixedClock) -> None:
    app = build(sqlite_store, clock, continuations_per_address="2/hour", trust_proxy=True).app
    with TestClient(app) as client:

        def guess(address: str) -> int:
            return client.post(
                "/api/web/continuations/redeem",
                json={"code": "00000000", "id": PHONE},
                headers={"X-Forwarded-For": address},
            ).status_code

        assert [guess("10.0.0.1") for _ in range(3)] == [422, 422, 429]
        assert guess("10.0.0.2") == 422


def test_guessing_from_many_addresses_is_limited_in_all(
    sqlite_store: Store, clock: FixedClock
) -> None:
    app = build(sqlite_store, clock, continuations_in_all="3/hour", trust_proxy=True).app
    with TestClient(app) as client:
        statuses = [
            client.post(
                "/api/web/continuations/redeem",
                json={"code": "00000000", "id": PHONE},
                headers={"X-Forwarded-For": f"2001:db8::{number}"},
            ).status_code
            for number in range(5)
        ]
    assert statuses == [422, 422, 422, 429, 429]


def test_no_log_line_holds_a_code_or_a_token(visitor: Caller, client: TestClient) -> None:
    with structlog.testing.capture_logs() as lines:
        code = code_of(visitor)
        phone = continued(client, code)
        redeem(client, code, OTHER)
        visitor.get("/messages")
    events = [line["event"] for line in lines]
    assert events == ["continuation_issued", "conversation_continued", "continuation_refused"]
    for secret in (code, f"{code[:4]} {code[4:]}", phone.token, visitor.token, PHONE):
        assert secret not in repr(lines)


def test_erased_on_the_new_device_the_old_one_is_merely_unknown(
    visitor: Caller, client: TestClient
) -> None:
    phone = continued(client, code_of(visitor))
    assert phone.delete("/session").status_code == 200
    assert visitor.get("/messages").json()["error"]["code"] == "not_signed_in"
