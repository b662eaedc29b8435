"""Conversations of WeChat at the desk, in a real browser: what arrives is known before writing."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.bus import conversation_topic
from bot.domain.conversation import WECHAT, Sender
from bot.store.tables import conversations
from connectors.messages import Inbound, Part
from tests.conftest import FixedClock
from tests.e2e.screens import NARROW, WIDE, Screens, open_screens, send
from tests.integration.desk.conftest import Building, build  # noqa: F401
from tests.office import Office
from tests.videos import video
from tests.wechat_desk import AMR, AMR_CUT_OFF, OPEN, OVER, USED_UP, WeChatInHand, wav

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from bot.domain.channel import ChannelState

pytestmark = pytest.mark.browser

HINT = "/delivered"
"""Where the test says what whoever sends to WeChat says: that something became of a message."""
LONG = "按您说的情况，入职满一个月后单位一直没有签书面合同，可以要求每月付二倍工资，" * 4


@pytest.fixture
def wechat() -> WeChatInHand:
    return WeChatInHand()


@pytest.fixture
def screens(
    build: Callable[..., Building],  # noqa: F811
    clock: FixedClock,
    browser: Browser,
    wechat: WeChatInHand,
) -> Iterator[Screens]:
    building = build(channel=wechat)

    async def delivered(conversation_id: str) -> None:
        event = {"kind": "delivery", "conversation_id": conversation_id}
        await building.office.bus.publish(conversation_topic(conversation_id), event)

    building.app.post(f"{HINT}/{{conversation_id}}")(delivered)
    with open_screens(building, clock, browser) as found:
        yield found


def claimed(screens: Screens, wechat: WeChatInHand, state: ChannelState, page: Page) -> str:
    """Let a follower wait and this lawyer claim him."""
    conversation_id = screens.waiting(channel=WECHAT)
    wechat.states[conversation_id] = state
    page.reload()
    page.locator(".waiting .claim").first.click()
    page.wait_for_selector("#say")
    page.wait_for_selector(".reach")
    return conversation_id


def speaks(office: Office, conversation_id: str, body: bytes, words: str) -> None:
    """Let a follower say something that the platform has recognised."""
    office.sent += 1
    file = office.uploads.part(conversation_id, f"f{office.sent}", "语音", body, sent_as="voice")
    said = (Part("text", {"text": words, "spoken": True}), file)
    inbound = Inbound(conversation_id, f"v{office.sent}", words, spoken=True)
    office.conversations.receive(inbound, said)


def told(
    screens: Screens, wechat: WeChatInHand, page: Page, conversation_id: str, *states: str
) -> None:
    """Say what became of the last messages of the lawyer and about him, while the desk is open."""
    said = screens.building.office.conversations.after(conversation_id, 0)
    ours = [message.id for message in said if message.sender in (Sender.LAWYER, Sender.SYSTEM)]
    last = ours[len(ours) - len(states) :]
    wechat.became.update(dict(zip(last, states, strict=True)))
    assert page.request.post(f"{screens.url}{HINT}/{conversation_id}").ok


def edges(shown: Locator) -> tuple[float, float]:
    """Return where something begins and ends, from the top of the screen."""
    box = shown.bounding_box()
    assert box is not None
    return box["y"], box["y"] + box["height"]


def pictured(page: Page, name: str) -> None:
    """Leave a picture for whoever wants to look at one."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_what_arrives_is_told_before_and_after_writing(
    screens: Screens, wechat: WeChatInHand, size: dict[str, int]
) -> None:
    page = screens.page(size=size)
    conversation_id = claimed(screens, wechat, OPEN, page)
    assert page.inner_text(".reach [role=status]") == OPEN.sentence
    assert page.inner_text(".reach .left") == "窗口还剩 1 天 22 小时"
    for words in ("您好，请讲。", LONG, "有聊天记录吗？"):
        send(page, words)
    told(screens, wechat, page, conversation_id, "passive", "waiting", "waiting", "waiting")
    page.wait_for_selector(".said.lawyer .state >> text=正在发送到微信")
    wechat.states[conversation_id] = USED_UP
    told(screens, wechat, page, conversation_id, "passive", "sent", "linked", "quota")
    page.wait_for_selector(".reach.warn")
    shown = page.locator(".said.lawyer .state").all_inner_texts()
    assert [words.split("：")[0] for words in shown] == [
        "已送达微信",
        "已发全文链接，对方点开才看得到",
        "未送达",
    ]
    assert page.inner_text(".said.system .state") == "已随答复送达微信"
    assert page.inner_text(".reach.warn") == USED_UP.sentence
    pictured(page, f"used-up-{size['width']}")
    wechat.states[conversation_id] = OVER
    told(screens, wechat, page, conversation_id, "window")
    page.wait_for_selector(".reach.bad a")
    assert page.locator(".reach.bad").inner_text().startswith(OVER.sentence)
    assert page.get_attribute(".reach a", "href") == "/desk/matters/26000123"
    assert page.locator(".reach .left").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    _, end = edges(page.locator(".said.lawyer .state").last)
    beginning, _ = edges(page.locator(".reach"))
    assert end <= beginning
    pictured(page, f"over-{size['width']}")


def test_the_window_closes_on_the_screen_by_itself(screens: Screens, wechat: WeChatInHand) -> None:
    page = screens.page()
    end = screens.clock.moment + dt.timedelta(minutes=12)
    conversation_id = claimed(screens, wechat, replace(OPEN, window_until=end), page)
    assert page.inner_text(".reach .left") == "窗口还剩 12 分 00 秒"
    page.clock.set_fixed_time(end - dt.timedelta(seconds=5))
    page.wait_for_selector(".reach.good .left:text-is('窗口还剩 5 秒')")
    wechat.states[conversation_id] = OVER
    page.clock.set_fixed_time(end)
    page.wait_for_selector(f".reach.bad :text-is('{OVER.sentence}')")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_voice_is_heard_or_downloaded_above_what_was_recognised(
    screens: Screens, wechat: WeChatInHand, size: dict[str, int]
) -> None:
    page = screens.page(size=size)
    conversation_id = claimed(screens, wechat, OPEN, page)
    office = screens.building.office
    speaks(office, conversation_id, wav(2), "老板说下个月再发")
    speaks(office, conversation_id, AMR, "我有聊天记录")
    speaks(office, conversation_id, AMR_CUT_OFF, "一共两万")
    told(screens, wechat, page, conversation_id)
    page.wait_for_selector(".said.visitor >> text=一共两万")
    *heard, broken = page.locator(".said.visitor").all()[-3:]
    for message, seconds in zip(heard, (2.0, 0.8), strict=True):
        sound = message.locator("audio[controls]")
        assert sound.get_attribute("preload") == "none"
        assert edges(sound)[1] <= edges(message.locator(".words"))[0]
        assert "语音识别，可能有误" in message.inner_text()
        assert sound.evaluate("it => it.play().then(() => it.duration)") == pytest.approx(seconds)
    pictured(page, f"voice-{size['width']}")
    broken.locator("audio").evaluate("it => { it.play().catch(() => null); }")
    link = broken.locator("a.file")
    link.wait_for()
    assert "放不了，下载后听" in link.inner_text()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "语音.amr"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_video_is_seen_or_downloaded(
    screens: Screens, wechat: WeChatInHand, size: dict[str, int]
) -> None:
    page = screens.page(size=size)
    conversation_id = claimed(screens, wechat, OPEN, page)
    office = screens.building.office
    for body in (video(codec="libx264"), video(codec="mpeg4")):
        office.sent += 1
        name = f"f{office.sent}"
        film = office.uploads.part(conversation_id, name, "微信视频", body, sent_as="video")
        office.conversations.receive(Inbound(conversation_id, name, "", parts=(film,)), (film,))
    told(screens, wechat, page, conversation_id)
    page.locator(".said.visitor video").nth(1).wait_for()
    seen, foreign = page.locator(".said.visitor video").all()
    assert seen.get_attribute("preload") == "none"
    assert seen.evaluate("it => it.play().then(() => it.videoWidth)") == 48
    pictured(page, f"video-{size['width']}")
    # A kind of picture that browsers do not know.
    foreign.evaluate("it => { it.play().catch(() => null); }")
    link = page.locator(".said.visitor a.file")
    link.wait_for()
    assert "放不了，下载后看" in link.inner_text()
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "微信视频.mp4"
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_what_our_page_shows_needs_no_wechat(screens: Screens, wechat: WeChatInHand) -> None:
    page = screens.page()
    conversation_id = claimed(screens, wechat, OVER, page)
    send(page, "您好")
    told(screens, wechat, page, conversation_id, "window")
    page.wait_for_selector(".said.lawyer .state.lost")
    with screens.building.office.store.write() as connection:
        connection.execute(conversations.update().values(visitor_got=10**6))
    told(screens, wechat, page, conversation_id)
    page.wait_for_selector(".said.lawyer .state:text-is('已送达')")
    assert page.locator(".said.lawyer .state.lost").count() == 0


def test_a_visitor_on_our_page_is_shown_as_before(screens: Screens) -> None:
    page = screens.page()
    screens.claimed(page)
    send(page, "您好")
    assert page.locator(".reach").count() == 0
    assert page.inner_text(".said.lawyer .state") == "已保存"
