"""The pages opened from the official account on a cheap phone, without script, in large print.

They need neither Rasa nor an index, so that they run without the whole product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.aid import AidState
from bot.domain.conversation import HandoverReason, Mode, Sender
from bot.domain.follower import Follower
from bot.store.unit import Store
from connectors.messages import text
from tests.conftest import FixedClock, free_port
from tests.e2e.screens import NARROW, WIDE, serving
from tests.integration.h5.conftest import House, open_house
from tests.pictures import PNG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

pytestmark = pytest.mark.browser

MOST_BYTES = 100 * 1024
LONG = "https://example.cn/" + "a" * 120
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """least => [...document.querySelectorAll('a, button, input:not([type=hidden]), textarea')]
  .filter(e => e.checkVisibility() && getComputedStyle(e).display !== 'inline'
    && !['radio', 'file'].includes(e.type) && !e.classList.contains('skip'))
  .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect().height])
  .filter(([, height]) => height < least)"""
PALE = """() => {
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c; }
    return 'rgb(255,255,255)'; };
  const speaks = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  return [...document.querySelectorAll('body *')]
    .filter(e => e.checkVisibility() && speaks(e) && !e.classList.contains('skip'))
    .map(e => { const a = light(getComputedStyle(e).color), b = light(ground(e));
      return [e.outerHTML.slice(0, 80), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]; })
    .filter(([, ratio]) => ratio < 4.5);
}"""


@dataclass
class Street:
    """A running application with a follower who has something of everything."""

    url: str
    house: House
    follower: Follower
    asked: int
    web: str
    """A conversation that began elsewhere, and what waits for an answer in it."""
    waiting: int
    pages: tuple[str, ...]
    open: Callable[..., Page]

    def link(self, target: str = "me") -> str:
        return self.house.link(self.follower, target)


@pytest.fixture
def street(sqlite_store: Store, clock: FixedClock, browser: Browser) -> Iterator[Street]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    house = open_house(sqlite_store, clock, public_url=url)
    house.platform.template = "template-0001"
    follower = house.follow()
    home, talks = house.talk_of(follower), house.small.conversations
    asked = house.ask(home, f"没签书面合同，老板拖欠工资三个月怎么办 {LONG}")
    mine = house.applicant(home)
    number = mine.apply().number
    mine.move(number, AidState.NEED_SUPPLEMENT, "请补交工资条和考勤记录")
    talks.move(home, Mode.QUEUED, reason=HandoverReason.ASKED)
    talks.move(home, Mode.HUMAN)
    part = house.small.door.visitors.keep_file(home, "f1", f"{'很长的名字' * 12}.png", PNG)
    lawyer = talks.append_one(
        home,
        Sender.LAWYER,
        [text(f"请带合同来。{LONG}"), part],
        "王律师（执业证 15301200012345678）",
    )
    web = house.on_the_web(follower)
    waiting = house.ask(web, "还没有答复的", ())
    pages = (
        "/m/me", "/m/talk", "/m/progress", "/m/rate", "/m/upload", "/m/data", "/m/erase",
        "/m/notify", "/m/notify?told=no", "/m/services", "/m/erased", "/m/none",
        f"/m/answer/{asked}", f"/m/answer/{lawyer.id}", f"/m/answer/{waiting}", "/m/answer/99999",
    )  # fmt: skip
    contexts: list[Any] = []

    def open_page(size: dict[str, int] = NARROW, **options: Any) -> Page:
        context = browser.new_context(viewport=size, locale="zh-CN", **options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context.new_page()

    with serving(house.small.app, port):
        yield Street(url, house, follower, asked, web, waiting, pages, open_page)
        for context in contexts:
            context.close()


def problems_of(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    return found


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["phone", "desk"])
@pytest.mark.parametrize("is_large", [False, True], ids=["standard", "large"])
def test_every_page_fits_and_can_be_read_and_pressed(
    street: Street, size: dict[str, int], is_large: bool
) -> None:
    page = street.open(size)
    problems = problems_of(page)
    page.goto(street.link())
    if is_large:
        page.get_by_role("link", name="长辈版").click()
        page.get_by_role("link", name="标准版").wait_for()
        assert "/m/" in page.url
    shown = [page.url]
    assert page.evaluate(WIDTH) <= 0
    page.get_by_role("button", name="打开").click()
    page.wait_for_url("**/m/me")
    for path in street.pages:
        page.goto(street.url + path)
        shown.append(path)
        assert page.evaluate(WIDTH) <= 0, path
        assert page.evaluate(SMALL, 44) == [], path
        assert page.evaluate(PALE) == [], path
        assert page.locator("h1").count() == 1, path
        text_size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        assert text_size >= (18 if is_large else 16), path
    # What is not found is meant not to be found.
    assert [said for said in problems if "404" not in said] == []
    assert len(shown) == len(street.pages) + 1


def test_everything_can_be_done_without_script(street: Street) -> None:
    page = street.open(java_script_enabled=False)
    page.goto(street.link(f"answer:{street.asked}"))
    page.get_by_role("button", name="打开").click()
    page.wait_for_url(f"**/m/answer/{street.asked}")
    assert page.get_by_text("工资转账、考勤、工作群记录、工友证言。").is_visible()
    page.get_by_role("link", name="全部记录").click()
    page.wait_for_url("**/m/talk")
    page.get_by_role("link", name="看完整答复").first.click()
    page.wait_for_url("**/m/answer/*")
    page.get_by_role("link", name="评价").click()
    page.get_by_label("没解决").check()
    page.get_by_label("2 分").check()
    page.get_by_role("button", name="提交评价").click()
    assert page.get_by_role("status").inner_text().startswith("谢谢您")
    page.get_by_role("link", name="我的", exact=True).click()
    page.get_by_role("link", name="交照片和文件").click()
    page.set_input_files("#file", {"name": "欠条.png", "mimeType": "image/png", "buffer": PNG})
    page.get_by_role("button", name="上传").click()
    assert "收到“欠条.png”" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="申请援助").click()
    assert "点收到的链接再来办" in page.get_by_role("alert").inner_text()
    page.goto(street.link())
    page.wait_for_url("**/m/me")
    page.get_by_role("link", name="申请援助").click()
    page.wait_for_url("**/apply")
    assert "同意，开始填写" not in page.content()


def test_a_page_that_waits_shows_its_answer_by_itself(street: Street) -> None:
    page = street.open(java_script_enabled=False)
    page.goto(street.link(f"answer:{street.waiting}"))
    page.get_by_role("button", name="打开").click()
    page.get_by_text("答复正在生成").wait_for()
    street.house.small.conversations.finish(
        street.web, street.waiting, [[text("可以申请劳动仲裁。")]]
    )
    page.get_by_text("可以申请劳动仲裁。").wait_for()
    assert page.get_by_text("答复正在生成").count() == 0


def test_no_page_weighs_more_than_a_slow_network_carries(street: Street) -> None:
    """Bytes over the wire with an empty cache, the style sheet and the emblem included."""
    page = street.open()
    page.goto(street.link())
    page.get_by_role("button", name="打开").click()
    for path in street.pages:
        fresh = page.context.browser.new_context(viewport=NARROW)  # type: ignore[union-attr, arg-type]
        fresh.add_cookies(page.context.cookies())  # type: ignore[arg-type]
        loaded: list[Response] = []
        looking = fresh.new_page()
        looking.on("response", lambda response, found=loaded: found.append(response))
        looking.goto(street.url + path, wait_until="networkidle")
        weight = sum(len(response.body()) for response in loaded)
        assert 2_000 < weight < MOST_BYTES, path
        assert all(response.url.startswith(street.url) for response in loaded), path
        fresh.close()
