"""The live connection: resume without gap or repeat, and no way to crash it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from starlette.websockets import WebSocketDisconnect

from bot.bus import conversation_topic
from bot.domain.conversation import Mode, Sender
from bot.errors import StorageUnavailable
from bot.store.tables import conversations
from connectors.messages import text
from connectors.web import live
from connectors.web.live import LiveConnection
from tests.integration.web.conftest import Caller
from tests.integration.web.small_app import SmallApp


def messages_of(socket: Any, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        frame = socket.receive_json()
        if frame["kind"] == "messages":
            found += frame["messages"]
    return found


def test_the_first_frame_brings_what_was_missed(visitor: Caller) -> None:
    visitor.say("一", "m1")
    with visitor.live() as socket:
        frame = socket.receive_json()
        assert frame["kind"] == "messages"
        assert frame["mode"] == "bot"
        assert [m["sender"] for m in frame["messages"]] == ["visitor", "bot"]


def test_coming_back_with_the_last_id_neither_repeats_nor_skips(
    visitor: Caller, small: SmallApp
) -> None:
    with visitor.live() as socket:
        assert socket.receive_json()["messages"] == []
        visitor.say("一", "m1")
        seen = messages_of(socket, 2)
    # Away: three messages are stored meanwhile.
    for words in ("二", "三", "四"):
        small.conversations.append_one(visitor.session, Sender.LAWYER, [text(words)], "王律师")
    with visitor.live(after=seen[-1]["id"]) as socket:
        seen += messages_of(socket, 3)
    ids = [int(m["id"]) for m in seen]
    assert ids == sorted(set(ids))
    every = visitor.get("/messages").json()["messages"]
    assert [m["id"] for m in every] == [m["id"] for m in seen]


def test_more_than_a_page_arrives_complete(visitor: Caller, small: SmallApp) -> None:
    for number in range(205):
        small.conversations.append_one(visitor.session, Sender.BOT, [text(str(number))])
    with visitor.live() as socket:
        found = messages_of(socket, 205)
    assert [m["parts"][0]["text"] for m in found] == [str(n) for n in range(205)]


def test_a_message_over_the_socket_is_answered_with_its_own_id(visitor: Caller) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        socket.send_json({"kind": "message", "id": "w1", "text": "echo 好"})
        # The stored messages are pushed as well, in one frame or in two, before it or after.
        reply = socket.receive_json()
        while reply["kind"] != "reply":
            reply = socket.receive_json()
        assert reply["id"] == "w1"
        assert reply["messages"][0]["parts"][0]["text"] == "好"
    again = visitor.say("echo 好", "w1").json()
    assert [m["id"] for m in again["messages"]] == [m["id"] for m in reply["messages"]]


def test_an_empty_message_is_refused_and_the_connection_stays(visitor: Caller) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        socket.send_json({"kind": "message", "id": "w1", "text": "  "})
        frame = socket.receive_json()
        assert (frame["kind"], frame["id"], frame["code"]) == ("error", "w1", "empty_message")
        assert frame["sentence"]
        socket.send_json({"kind": "ping"})
        assert socket.receive_json() == {"kind": "pong"}


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        "1",
        '"x"',
        "{}",
        '{"kind": 1}',
        '{"kind": "unknown"}',
        '{"kind": "message"}',
        '{"kind": "message", "id": 1, "text": "a"}',
        '{"kind": "message", "id": "\\ud800", "text": "\\udfff"}',
        "[" * 20000,
        '{"kind": "message", "id": "a", "text": {"a": 1}}',
    ],
)
def test_a_bad_frame_gets_an_error_and_nothing_breaks(visitor: Caller, frame: str) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        socket.send_text(frame)
        assert socket.receive_json()["kind"] == "error"
        socket.send_text('{"kind": "ping"}')
        assert socket.receive_json() == {"kind": "pong"}


def test_a_binary_frame_is_refused(visitor: Caller) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        socket.send_bytes(b"\xff\x00")
        assert socket.receive_json()["kind"] == "error"


def test_a_frame_beyond_the_limit_closes_the_connection(visitor: Caller) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        socket.send_text("x" * (live.MAX_FRAME + 1))
        with pytest.raises(WebSocketDisconnect) as gone:
            socket.receive_json()
        assert gone.value.code == live.TOO_BIG


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"token": "wrong", "after": 0}, "not_signed_in"),
        ({"token": 5}, "bad_input"),
        ({"token": "x", "after": "y"}, "bad_input"),
        ({"token": "x", "after": -1}, "bad_input"),
        ([], "bad_input"),
        ("{", "bad_input"),
    ],
)
def test_a_stranger_is_sent_away(client: TestClient, hello: Any, code: str) -> None:
    with client.websocket_connect("/api/web/ws") as socket:
        socket.send_text(hello if isinstance(hello, str) else json.dumps(hello))
        frame = socket.receive_json()
        assert frame["kind"] == "error"
        assert frame["code"] == code
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_who_says_nothing_is_not_kept(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HELLO_TIMEOUT_S", 0.01)
    with client.websocket_connect("/api/web/ws") as socket:
        assert socket.receive_json()["code"] == "bad_input"


def test_the_lawyers_typing_is_shown_and_ones_own_is_not(visitor: Caller, small: SmallApp) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        socket.send_json({"kind": "typing"})
        topic = f"conversation:{visitor.session}"
        visitor.client.portal.call(  # type: ignore[union-attr]
            small.bus.publish, topic, {"kind": "typing", "sender": "lawyer"}
        )
        assert socket.receive_json() == {"kind": "typing"}
        socket.send_json({"kind": "ping"})
        assert socket.receive_json() == {"kind": "pong"}


def test_erasing_ones_data_ends_every_connection(visitor: Caller) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        assert visitor.delete("/session").json() == {"erased": True}
        assert socket.receive_json()["code"] == "not_signed_in"
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_a_change_of_mode_alone_is_told(visitor: Caller, small: SmallApp) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        small.conversations.move(visitor.session, Mode.CLOSED)
        visitor.client.portal.call(  # type: ignore[union-attr]
            small.bus.publish, f"conversation:{visitor.session}", {"kind": "message"}
        )
        frame = socket.receive_json()
        assert (frame["messages"], frame["mode"]) == ([], "closed")


def test_a_lost_hint_only_delays_a_message(
    visitor: Caller, small: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_AGAIN_S", 0.01)
    with visitor.live() as socket:
        socket.receive_json()
        # Stored without any event, as when the bus has lost one.
        small.conversations.append_one(visitor.session, Sender.LAWYER, [text("在吗")], "王律师")
        assert messages_of(socket, 1)[0]["parts"][0]["text"] == "在吗"


def test_a_store_that_fails_closes_the_connection_in_words(
    visitor: Caller, small: SmallApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visitor.live() as socket:
        socket.receive_json()

        def unavailable(*_: object) -> None:
            raise StorageUnavailable

        monkeypatch.setattr(small.conversations, "news", unavailable)
        visitor.client.portal.call(  # type: ignore[union-attr]
            small.bus.publish, f"conversation:{visitor.session}", {"kind": "message"}
        )
        assert socket.receive_json()["code"] == "storage_unavailable"


def test_two_windows_of_one_visitor_both_hear(arrive: Callable[[], Caller]) -> None:
    visitor = arrive()
    with visitor.live() as one, visitor.live() as two:
        one.receive_json()
        two.receive_json()
        visitor.say("大家好", "m1")
        assert [m["id"] for m in messages_of(one, 2)] == [m["id"] for m in messages_of(two, 2)]


async def test_pushing_at_the_same_time_sends_each_message_once() -> None:
    sent: list[str] = []

    class Socket:
        async def send_json(self, frame: dict[str, Any]) -> None:
            await asyncio.sleep(0)
            sent.extend(m["id"] for m in frame["messages"])

    class Visitors:
        def news(self, _conversation: str, message_id: int, _token: str) -> tuple[list[Any], str]:
            return [Stored(n) for n in (1, 2, 3) if n > message_id], "bot"

    class Stored:
        def __init__(self, number: int) -> None:
            self.id = number

        def to_json(self) -> dict[str, Any]:
            return {"id": str(self.id)}

    unused: Any = None
    connection = LiveConnection(
        Socket(),
        unused,
        Visitors(),
        unused,
        unused,
        unused,
        unused,  # type: ignore[arg-type]
    )
    await asyncio.gather(*(connection._push() for _ in range(5)))
    assert sent == ["1", "2", "3"]


def _receipts(small: SmallApp, conversation_id: str) -> tuple[int, int]:
    with small.store.read() as connection:
        row = connection.execute(
            select(conversations.c.visitor_got, conversations.c.visitor_seen).where(
                conversations.c.id == conversation_id
            )
        ).one()
    return row.visitor_got, row.visitor_seen


def _acknowledged(socket: Any, **receipt: Any) -> None:
    socket.send_json({"kind": "receipt", **receipt})
    socket.send_json({"kind": "ping"})
    while socket.receive_json()["kind"] != "pong":
        pass


def test_a_lawyer_learns_what_arrived_and_what_was_looked_at(
    visitor: Caller, small: SmallApp
) -> None:
    small.conversations.move(visitor.session, Mode.QUEUED)
    small.conversations.move(visitor.session, Mode.HUMAN)
    words = [text("有证据吗？")]
    sent = small.conversations.append_one(visitor.session, Sender.LAWYER, words, "王律师")
    with visitor.live() as socket:
        messages_of(socket, 1)
        _acknowledged(socket, got=sent.id)
        assert _receipts(small, visitor.session) == (sent.id, 0)
        # Nobody has seen what was never sent, and nothing is unseen again.
        _acknowledged(socket, got=sent.id + 50, seen=sent.id + 50)
        _acknowledged(socket, got=0, seen=0)
        assert _receipts(small, visitor.session) == (sent.id, sent.id)


def test_receipts_are_kept_only_while_a_person_is_there(visitor: Caller, small: SmallApp) -> None:
    with visitor.live() as socket:
        visitor.say("一", "m1")
        seen = messages_of(socket, 2)
        _acknowledged(socket, got=int(seen[-1]["id"]), seen=int(seen[-1]["id"]))
    assert _receipts(small, visitor.session) == (0, 0)


def test_the_visitor_learns_that_the_lawyer_has_read(visitor: Caller, small: SmallApp) -> None:
    with visitor.live() as socket:
        socket.receive_json()
        event = {"kind": "receipt", "sender": "lawyer", "id": 7}
        assert socket.portal is not None
        socket.portal.call(small.bus.publish, conversation_topic(visitor.session), event)
        frame = socket.receive_json()
    assert frame == {"kind": "read", "id": "7"}
