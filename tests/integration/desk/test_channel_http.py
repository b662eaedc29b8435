"""WeChat conversations at the desk's interface: their state, and what the live connection tells."""

from __future__ import annotations

import io
import wave
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from bot.bus import conversation_topic
from bot.domain.conversation import WECHAT
from tests.integration.desk.conftest import Building
from tests.integration.desk.test_desk_http import at, say, until, watched
from tests.pictures import PNG
from tests.wechat_desk import AMR, AMR_CUT_OFF, OPEN, USED_UP, WeChatInHand


@pytest.fixture
def wechat() -> WeChatInHand:
    return WeChatInHand()


@pytest.fixture
def building(build: Callable[..., Building], wechat: WeChatInHand) -> Building:
    return build(channel=wechat)


@pytest.fixture
def claimed(building: Building, wechat: WeChatInHand) -> tuple[Any, str]:
    """Return a lawyer's browser and the conversation of a follower that is his."""
    browser = building.browser("zhao")
    conversation_id = building.office.queued(channel=WECHAT)
    wechat.states[conversation_id] = OPEN
    assert browser.post(at(conversation_id, "claim")).status_code == 200
    return browser, conversation_id


def test_the_view_tells_what_can_be_sent_before_anything_is_written(
    claimed: tuple[Any, str],
) -> None:
    browser, conversation_id = claimed
    assert browser.get(at(conversation_id)).json()["channel_state"] == {
        "kind": "wechat",
        "can_push": True,
        "following": True,
        "window_until": "2026-11-24T23:20:00Z",
        "left": 3,
        "waiting": 0,
        "sentence": "微信：还可连发 3 条，窗口到 11月25日 07:20。",
        "level": "good",
        "can_notify": False,
    }


def test_a_visitor_on_our_page_has_no_channel_state(building: Building) -> None:
    conversation_id = building.office.queued()
    view = building.browser("zhao").get(at(conversation_id)).json()
    assert view["channel_state"] is None
    assert not any("delivery" in message for message in view["messages"])


def test_the_desk_reads_again_when_a_message_has_arrived(
    building: Building, claimed: tuple[Any, str], wechat: WeChatInHand
) -> None:
    browser, conversation_id = claimed
    with browser.websocket_connect("/api/desk/ws") as socket:
        watched(socket, conversation_id)
        sent = int(say(browser, conversation_id, "请讲。").json()["id"])
        wechat.became[sent] = "sent"
        event = {"kind": "delivery", "conversation_id": conversation_id}
        socket.portal.call(building.office.bus.publish, conversation_topic(conversation_id), event)
        assert until(socket, "changed")["conversation_id"] == conversation_id
    [last] = browser.get(f"{at(conversation_id)}/messages?after={sent - 1}").json()["messages"]
    assert last["delivery"] == {"state": "sent", "words": "已送达微信"}
    wechat.states[conversation_id] = USED_UP
    wechat.became[sent] = "quota"
    view = browser.get(at(conversation_id)).json()
    assert view["messages"][-1]["delivery"]["state"] == "quota"
    assert view["channel_state"]["left"] == 0


def test_that_a_lawyer_writes_is_published_for_a_follower_too(
    building: Building, claimed: tuple[Any, str]
) -> None:
    browser, conversation_id = claimed

    async def heard() -> dict[str, Any]:
        async with building.office.bus.subscribe(conversation_topic(conversation_id)) as events:
            assert browser.post(at(conversation_id, "typing")).status_code == 204
            with anyio.fail_after(5):
                return await anext(events)

    event = anyio.run(heard)
    assert (event["kind"], event["sender"]) == ("typing", "lawyer")
    assert event["conversation_id"] == conversation_id


def test_a_recording_is_a_download_for_the_lawyer_of_the_conversation(
    building: Building, claimed: tuple[Any, str]
) -> None:
    browser, conversation_id = claimed
    uploads = building.office.uploads
    part = uploads.part(conversation_id, "v", "语音.amr", AMR, sent_as="voice")
    answer = browser.get(f"/api/desk/files/{part.body['id']}")
    assert (answer.content, answer.headers["content-type"]) == (AMR, "audio/amr")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert building.browser("qian").get(f"/api/desk/files/{part.body['id']}").status_code == 403


def test_a_voice_is_heard_at_the_desk_by_who_is_in_the_conversation(
    building: Building, claimed: tuple[Any, str]
) -> None:
    browser, conversation_id = claimed
    uploads = building.office.uploads
    part = uploads.part(conversation_id, "v", "语音.amr", AMR, sent_as="voice")
    path = f"/api/desk/files/{part.body['id']}/sound"
    answer = browser.get(path)
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as sound:
        heard = (sound.getnchannels(), sound.getframerate(), sound.getnframes())
    assert heard == (1, 8000, 40 * 160)
    assert building.browser("qian").get(path).status_code == 403
    assert building.browser().get(path).status_code == 401


@pytest.mark.parametrize("size", [len(AMR_CUT_OFF), 20], ids=["no frame", "a broken frame"])
def test_a_voice_that_cannot_be_decoded_is_said_to_be_so(
    building: Building, claimed: tuple[Any, str], size: int
) -> None:
    browser, conversation_id = claimed
    uploads = building.office.uploads
    part = uploads.part(conversation_id, "v", "语音.amr", AMR[:size], sent_as="voice")
    answer = browser.get(f"/api/desk/files/{part.body['id']}/sound")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "bad_file"
    # As it came, it still can be taken along.
    assert browser.get(f"/api/desk/files/{part.body['id']}").content == AMR[:size]


def test_a_picture_makes_no_sound(building: Building, claimed: tuple[Any, str]) -> None:
    browser, conversation_id = claimed
    part = building.office.uploads.part(conversation_id, "p", "照片.png", PNG)
    assert browser.get(f"/api/desk/files/{part.body['id']}/sound").status_code == 404
