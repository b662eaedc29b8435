"""The desk's interface over HTTP and its live connection."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bot.domain.conversation import Mode
from tests.integration.desk.conftest import Building
from tests.pictures import PNG

ATTACK = "<img src=x onerror=alert(1)>"


def at(conversation_id: str, action: str = "") -> str:
    return f"/api/desk/conversations/{conversation_id}" + (f"/{action}" if action else "")


def say(browser: TestClient, conversation_id: str, words: str, client_id: str = "a") -> Any:
    return browser.post(at(conversation_id, "messages"), json={"id": client_id, "text": words})


def until(socket: Any, kind: str) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = socket.receive_json()
        if frame["kind"] == kind:
            return frame


def watched(socket: Any, conversation_id: str, after: int = 0) -> None:
    socket.send_json({"kind": "watch", "conversation_id": conversation_id, "after": after})


def test_a_conversation_from_the_queue_to_its_end(building: Building) -> None:
    browser, office = building.browser("zhao"), building.office
    conversation_id = office.queued()
    waiting = browser.get("/api/desk/queue").json()["queue"]
    assert [entry["id"] for entry in waiting] == [conversation_id]
    assert browser.post(at(conversation_id, "claim")).status_code == 200
    assert say(browser, conversation_id, "您好").json()["sender"] == "lawyer"
    view = browser.get(at(conversation_id)).json()
    assert view["mine"] is True
    assert view["messages"][-1]["parts"] == [{"type": "text", "text": "您好"}]
    assert view["messages"][-1]["client_id"] == "a"
    assert browser.post(at(conversation_id, "typing")).status_code == 204
    assert (
        browser.post(at(conversation_id, "close"), json={"outcome": "advised"}).json()["mode"]
        == "closed"
    )
    assert office.conversations.get(conversation_id).mode is Mode.CLOSED


def test_the_second_lawyer_gets_a_conflict(building: Building) -> None:
    conversation_id = building.office.queued()
    assert building.browser("zhao").post(at(conversation_id, "claim")).status_code == 200
    answer = building.browser("qian").post(at(conversation_id, "claim"))
    assert answer.status_code == 409
    assert answer.json()["error"] == {
        "code": "already_claimed",
        "message": "这位来访者已由其他同事接待。",
    }


def test_another_lawyer_neither_reads_nor_writes(building: Building) -> None:
    conversation_id = building.office.queued()
    building.browser("zhao").post(at(conversation_id, "claim"))
    other = building.browser("qian")
    assert other.get(at(conversation_id)).status_code == 403
    assert other.get(at(conversation_id, "messages")).status_code == 403
    assert say(other, conversation_id, "您好").status_code == 403
    assert other.post(at(conversation_id, "reveal"), json={"reason": "看看"}).status_code == 403


def test_an_unverified_citation_is_refused_with_its_name(building: Building) -> None:
    browser, conversation_id = building.browser("zhao"), building.office.queued()
    browser.post(at(conversation_id, "claim"))
    answer = say(browser, conversation_id, "依据劳动合同法第九百九十九条")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "unverified_citation"
    assert "劳动合同法第九百九十九条" in answer.json()["error"]["message"]


def test_a_message_sent_twice_is_one_message(building: Building) -> None:
    browser, conversation_id = building.browser("zhao"), building.office.queued()
    browser.post(at(conversation_id, "claim"))
    first, again = (say(browser, conversation_id, "您好", "same").json() for _ in range(2))
    assert first == again
    found = browser.get(at(conversation_id, "messages")).json()["messages"]
    assert [m["client_id"] for m in found if m["sender"] == "lawyer"] == ["same"]


@pytest.mark.parametrize(
    "body",
    [
        "null", "[]", "{}", '{"id": 1, "text": "a"}', '{"id": "a"}', '{"id": "a", "text": 5}',
        '{"id": "", "text": "a"}', '{"id": "a\\u0000", "text": "a"}',
        '{"id": "a", "text": "\\ud800"}',
        '{"id": "a", "text": ', '{"id": "a", "text": ""}',
    ],
)  # fmt: skip
def test_a_malformed_message_is_refused_in_one_shape(building: Building, body: str) -> None:
    browser, conversation_id = building.browser("zhao"), building.office.queued()
    browser.post(at(conversation_id, "claim"))
    answer = browser.post(
        at(conversation_id, "messages"),
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"code", "message"}


@pytest.mark.parametrize("conversation_id", ["x", "%00", "0" * 31, "0" * 33, "Z" * 32])
def test_a_malformed_conversation_id_is_refused(building: Building, conversation_id: str) -> None:
    answer = building.browser("zhao").get(f"/api/desk/conversations/{conversation_id}")
    assert answer.status_code in (404, 422)


def test_markup_stays_text(building: Building) -> None:
    browser, office = building.browser("zhao"), building.office
    conversation_id = office.queued(ATTACK)
    assert browser.get("/api/desk/queue").json()["queue"][0]["question"] == ATTACK
    answer = browser.get(at(conversation_id))
    assert answer.json()["messages"][0]["parts"][0] == {"type": "text", "text": ATTACK}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_revealing_shows_the_numbers_and_is_audited(building: Building) -> None:
    browser, office = building.browser("zhao"), building.office
    conversation_id = office.queued()
    browser.post(at(conversation_id, "claim"))
    assert "13812345678" not in browser.get(at(conversation_id)).text
    assert (
        "13812345678"
        in browser.post(at(conversation_id, "reveal"), json={"reason": "回电联系"}).text
    )
    assert ("zhao", "desk_reveal") in office.actions()


def test_a_file_is_a_download(building: Building) -> None:
    browser, office = building.browser("zhao"), building.office
    conversation_id = office.queued()
    record = office.uploads.keep(conversation_id, "f", "合同.png", PNG)
    assert browser.get(f"/api/desk/files/{record.id}").status_code == 403
    browser.post(at(conversation_id, "claim"))
    answer = browser.get(f"/api/desk/files/{record.id}")
    assert answer.content == PNG
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_live_connection_shows_who_comes_and_goes(building: Building) -> None:
    browser = building.browser("zhao")
    with browser.websocket_connect("/api/desk/ws") as socket:
        assert until(socket, "queue")["queue"] == []
        conversation_id = building.office.queued()
        # What the dialogue publishes when somebody starts to wait; here the desk's own claim.
        assert browser.post(at(conversation_id, "claim")).status_code == 200
        assert [entry["id"] for entry in until(socket, "queue")["mine"]] == [conversation_id]


def test_watching_resumes_after_the_last_message_without_gap_or_repeat(
    building: Building,
) -> None:
    browser, office = building.browser("zhao"), building.office
    conversation_id = office.queued()
    browser.post(at(conversation_id, "claim"))
    seen = int(say(browser, conversation_id, "一", "m1").json()["id"])
    office.visitor_says(conversation_id, "断线时说的")
    with browser.websocket_connect("/api/desk/ws") as socket:
        watched(socket, conversation_id, seen)
        frame = until(socket, "messages")
        assert [m["parts"][0]["text"] for m in frame["messages"]] == ["断线时说的"]
        say(browser, conversation_id, "二", "m2")
        frame = until(socket, "messages")
        assert [m["parts"][0]["text"] for m in frame["messages"]] == ["二"]


def test_the_watch_ends_when_the_conversation_does(building: Building) -> None:
    browser, conversation_id = building.browser("zhao"), building.office.queued()
    browser.post(at(conversation_id, "claim"))
    with browser.websocket_connect("/api/desk/ws") as socket:
        watched(socket, conversation_id)
        until(socket, "messages")
        browser.post(at(conversation_id, "close"), json={"outcome": "advised"})
        assert until(socket, "ended")["conversation_id"] == conversation_id


def test_another_lawyers_conversation_cannot_be_watched(building: Building) -> None:
    conversation_id = building.office.queued()
    building.browser("zhao").post(at(conversation_id, "claim"))
    with building.browser("qian").websocket_connect("/api/desk/ws") as socket:
        watched(socket, conversation_id)
        assert until(socket, "ended")["conversation_id"] == conversation_id


@pytest.mark.parametrize(
    "frame",
    ["x", "null", "[]", '{"kind": "watch"}', '{"kind": "erase", "conversation_id": "a"}', "9" * 9],
)
def test_a_malformed_frame_is_answered_and_survived(building: Building, frame: str) -> None:
    with building.browser("zhao").websocket_connect("/api/desk/ws") as socket:
        socket.send_text(frame)
        assert until(socket, "error")["code"] == "bad_input"
        socket.send_json({"kind": "ping"})
        assert until(socket, "pong") == {"kind": "pong"}


def test_strangers_get_no_live_connection(building: Building) -> None:
    with (
        building.browser().websocket_connect("/api/desk/ws") as socket,
        pytest.raises(WebSocketDisconnect) as gone,
    ):
        socket.receive_json()
    assert gone.value.code == 4401


def test_another_sites_page_gets_no_live_connection(building: Building) -> None:
    browser = building.browser("zhao")
    with (
        pytest.raises(WebSocketDisconnect),
        browser.websocket_connect("/api/desk/ws", headers={"Origin": "https://evil.example"}),
    ):
        pytest.fail("连接不应建立")


def test_a_revoked_session_ends_the_live_connection(building: Building) -> None:
    one, two = building.browser("zhao"), building.browser("qian")
    with one.websocket_connect("/api/desk/ws") as socket:
        until(socket, "queue")
        one.post("/desk/logout/everywhere")
        two.post(at(building.office.queued(), "claim"))
        with pytest.raises(WebSocketDisconnect) as gone:
            until(socket, "queue")
        assert gone.value.code == 4401
