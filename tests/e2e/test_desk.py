"""The lawyers' desk in a real browser, with visitors on the other side."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.conftest import ROOT
from tests.live import LiveApp, Visitor, until, words_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, WebSocketRoute

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

SECOND = ("li", "correct horse battery")
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}
ATTACK = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>"

SignIn = Callable[..., "Page"]


@pytest.fixture(scope="module")
def second_lawyer(live_app: LiveApp) -> tuple[str, str]:
    login, password = SECOND
    command = ["-m", "bot", "lawyer", "add", login, "--name", "李强", "--licence", "15301201911"]
    subprocess.run(
        [sys.executable, *command, "--password", password],
        cwd=ROOT,
        env=live_app.environment,
        check=True,
        capture_output=True,
    )
    return login, password


@pytest.fixture
def sign_in(live_app: LiveApp, browser: Browser) -> Iterator[SignIn]:
    contexts = []

    def opened(
        login: str = "",
        password: str = "",
        size: dict[str, int] = WIDE,
        prepare: Callable[[Page], None] | None = None,
    ) -> Page:
        context = browser.new_context(viewport=size, locale="zh-CN")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        if prepare is not None:
            prepare(page)
        page.goto(f"{live_app.url}/desk")
        page.fill("#login", login or live_app.staff_login)
        page.fill("#password", password or live_app.staff_password)
        page.press("#password", "Enter")
        page.wait_for_selector(".columns")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def waiting(live_app: LiveApp) -> Iterator[Callable[[str], Visitor]]:
    """Visitors who wait for a lawyer; those still there leave the queue at the end."""
    visitors = []

    def made(words: str) -> Visitor:
        visitor = live_app.visitor()
        visitors.append(visitor)
        visitor.say(words)
        assert visitor.say("转人工")["mode"] == "queued"
        return visitor

    yield made
    for visitor in visitors:
        if visitor.hear()["mode"] == "queued":
            visitor.tap("leave_queue")


def entry(page: Page, words: str) -> str:
    """Return the selector of a waiting visitor's line, once it is there."""
    selector = f".waiting .entry:has-text('{words}')"
    page.wait_for_selector(selector)
    return selector


def send(page: Page, words: str) -> None:
    page.fill("#say", words)
    page.press("#say", "Enter")
    page.locator(".said.lawyer:not(.pending)", has_text=words).last.wait_for()


def finish(page: Page, button: str) -> None:
    act(page, button)
    if button == "结束":
        page.locator("dialog .choice", has_text=re.compile("^已解答$")).click()
    page.click("dialog .primary")
    page.wait_for_selector("dialog", state="detached")


def act(page: Page, name: str) -> None:
    """Press one of the buttons above a conversation, folded away or not."""
    button = page.locator(f".acts-list button:text-is('{name}')")
    if not button.is_visible():
        page.click(".acts .more")
    button.click()


def heard(visitor: Visitor) -> list[tuple[str, str]]:
    return [(m["sender"], words_of({"messages": [m]})) for m in visitor.hear()["messages"]]


def test_a_visitor_and_a_lawyer_talk_and_part(
    live_app: LiveApp, sign_in: SignIn, waiting: Callable[[str], Visitor]
) -> None:
    page = sign_in()
    visitor = waiting("老板拖欠我三个月工资一共2万8千元没签合同怎么办")
    entry(page, "2万8千元")
    assert page.title().startswith("(1)")
    page.keyboard.press("Alt+n")
    page.wait_for_selector("#say")
    assert "已接入" in heard(visitor)[-1][1]
    assert visitor.hear()["mode"] == "human"

    send(page, "您好，有证据吗？")
    assert until(lambda: heard(visitor)[-1][0] == "lawyer")
    assert visitor.say("有聊天记录")["messages"] == []
    page.wait_for_selector(".said.visitor:has-text('有聊天记录')")
    summary = page.inner_text(".summary")
    assert "2万8千元" in summary
    assert "劳动合同法第八十二条" in summary

    finish(page, "交还机器人")
    page.wait_for_selector(".chat.blank")
    assert visitor.hear()["mode"] == "bot"
    assert visitor.say("仲裁时效多久")["messages"]

    assert visitor.say("转人工")["mode"] == "queued"
    page.click(".waiting .claim")
    page.wait_for_selector("#say")
    finish(page, "结束")
    assert until(lambda: visitor.hear()["mode"] == "closed")
    assert "评价" in heard(visitor)[-1][1]
    rated = httpx2.post(
        f"{live_app.url}/api/web/rating",
        json={"solved": True, "score": 5, "comment": ""},
        headers={"Authorization": f"Bearer {visitor.token}"},
    )
    assert rated.status_code < 300


def test_of_two_lawyers_one_gets_the_visitor(
    sign_in: SignIn, second_lawyer: tuple[str, str], waiting: Callable[[str], Visitor]
) -> None:
    visitor = waiting("邻居装修漏水泡了我家怎么办")
    first = sign_in()

    def without_live_connection(page: Page) -> None:
        page.route_web_socket("**/api/desk/ws", lambda socket: socket.close())

    second = sign_in(*second_lawyer, prepare=without_live_connection)
    entry(second, "漏水")
    # The second screen stays as it is: the visitor still seems to be waiting there.
    second.route("**/api/desk/queue", lambda route: route.abort())
    first.click(f"{entry(first, '漏水')} .claim")
    first.wait_for_selector("#say")
    second.click(".waiting .entry:has-text('漏水') .claim")
    assert "已由其他同事接待" in second.inner_text(".toast")
    assert second.query_selector("#say") is None
    notices = [w for s, w in heard(visitor) if s == "system" and "已接入" in w]
    assert len(notices) == 1
    finish(first, "结束")


def test_what_a_visitor_types_is_shown_as_text(
    sign_in: SignIn, waiting: Callable[[str], Visitor]
) -> None:
    page = sign_in()
    visitor = waiting(f"房东不退押金怎么办 {ATTACK}")
    page.click(f"{entry(page, '押金')} .claim")
    page.wait_for_selector("#say")
    visitor.say(ATTACK)
    page.wait_for_selector(".said.visitor:last-of-type:has-text('onerror')")
    send(page, ATTACK)
    assert page.evaluate("window.hit") is None
    assert page.query_selector("#desk img") is None
    assert page.locator(".said.lawyer .words").last.inner_text() == ATTACK
    finish(page, "结束")


def test_numbers_are_hidden_until_the_lawyer_asks_for_them(
    sign_in: SignIn, waiting: Callable[[str], Visitor]
) -> None:
    page = sign_in()
    waiting("朋友借钱不还怎么办，我电话13812345678")
    page.click(f"{entry(page, '朋友借钱')} .claim")
    page.wait_for_selector("#say")
    assert "13812345678" not in page.content()
    act(page, "显示号码")
    page.click("dialog .choice:has-text('回电联系')")
    page.click("dialog .primary")
    page.wait_for_selector(".said.visitor:has-text('13812345678')")
    finish(page, "结束")


def test_an_unverified_citation_stays_with_the_lawyer(
    sign_in: SignIn, waiting: Callable[[str], Visitor]
) -> None:
    page = sign_in()
    visitor = waiting("被狗咬了找谁赔")
    page.click(f"{entry(page, '狗')} .claim")
    page.fill("#say", "依据民法典第九千九百九十九条")
    page.press("#say", "Control+Enter")
    page.wait_for_selector(".failed:has-text('查不到')")
    assert "lawyer" not in [sender for sender, _ in heard(visitor)]
    page.click("text=修改")
    assert page.input_value("#say") == "依据民法典第九千九百九十九条"
    finish(page, "结束")


def test_a_lost_connection_loses_and_repeats_nothing(
    sign_in: SignIn, waiting: Callable[[str], Visitor]
) -> None:
    sockets: list[WebSocketRoute] = []

    def through_us(page: Page) -> None:
        def connect(socket: WebSocketRoute) -> None:
            sockets.append(socket)
            socket.connect_to_server()

        page.route_web_socket("**/api/desk/ws", connect)

    page = sign_in(prepare=through_us)
    visitor = waiting("离婚孩子归谁")
    page.click(f"{entry(page, '离婚')} .claim")
    page.fill("#say", "写到一半")
    sockets[-1].close()
    page.wait_for_selector(".banner")
    visitor.say("断线时说的话")
    page.wait_for_selector(".banner", state="detached")
    page.wait_for_selector(".said.visitor:has-text('断线时说的话')")
    visitor.say("接上后说的话")
    page.wait_for_selector(".said.visitor:has-text('接上后说的话')")
    assert page.locator(".said.visitor:has-text('断线时说的话')").count() == 1
    assert page.input_value("#say") == "写到一半"
    finish(page, "结束")


def test_a_narrow_screen_shows_one_column_at_a_time(
    sign_in: SignIn, waiting: Callable[[str], Visitor]
) -> None:
    page = sign_in(size=NARROW)
    waiting("工伤怎么认定")
    page.click(f"{entry(page, '工伤')} .claim")
    send(page, "您好")
    assert page.is_hidden(".queue")
    page.click(".tabs button:has-text('摘要')")
    assert page.is_visible(".summary")
    assert page.is_hidden(".chat")
    page.click(".tabs button:has-text('会话')")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    finish(page, "结束")


def test_an_urgent_card_says_why_and_escape_keeps_the_draft(
    live_app: LiveApp, sign_in: SignIn
) -> None:
    page = sign_in()
    visitor = live_app.visitor()
    assert visitor.say("我不想活了")["mode"] == "queued"
    visitor.say("谢谢")
    card = entry(page, "我不想活了")
    assert "自伤" in page.inner_text(card)
    page.click(f"{card} .claim")
    page.fill("#say", "写到一半")
    assert "我不想活了" in page.inner_text(".summary")
    page.press("#say", "Escape")
    page.keyboard.press("Escape")
    assert page.input_value("#say") == "写到一半"
    shown = page.locator(".mine .current").bounding_box()
    assert shown is not None
    assert 0 <= shown["y"] < WIDE["height"]
    finish(page, "结束")


def test_the_password_page_fits_a_phone_and_its_link_is_visible(sign_in: SignIn) -> None:
    page = sign_in(size=NARROW)
    link = page.locator(".who .name")
    assert link.is_visible()
    assert link.evaluate("e => getComputedStyle(e).color") == "rgb(255, 255, 255)"
    link.click()
    page.click("a[href='/desk/password']")
    page.wait_for_selector("#present")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    out = page.get_by_role("button", name="退出").bounding_box()
    assert out is not None
    assert out["x"] + out["width"] <= NARROW["width"]


def test_the_interface_page_draws_itself_under_the_strict_policy(
    live_app: LiveApp, browser: Browser
) -> None:
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.goto(f"{live_app.url}/docs")
    page.wait_for_selector(".opblock")
    assert problems == []
    page.close()
