"""A conversation begun on a desktop goes on on a phone, while a lawyer is writing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_widget import DESKTOP, PHONE, QUESTION, Lawyer, Widget, fits, stored_in
from tests.live import LiveApp, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

DRAFT = "还没发出的半句话"


@pytest.fixture
def devices(browser: Browser, live_app: LiveApp) -> Iterator[tuple[Page, Page]]:
    """The public computer and the phone; they share nothing."""
    contexts = [browser.new_context(viewport=size, locale="zh-CN") for size in (DESKTOP, PHONE)]  # type: ignore[arg-type]
    pages = []
    for context in contexts:
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(f"{live_app.url}/")
        pages.append(page)
    yield pages[0], pages[1]
    for context in contexts:
        context.close()


def code_on(widget: Widget) -> str:
    widget.menu("换到手机上继续")
    shown = widget.frame.locator(".code [aria-hidden]")
    shown.wait_for()
    words = shown.inner_text()
    assert re.fullmatch(r"\d{4} \d{4}", words)
    return words


def enter(widget: Widget, code: str) -> None:
    dialog = widget.frame.get_by_role("dialog", name="接着上次的咨询")
    dialog.get_by_label("接续码（8 位数字）").fill(code)
    dialog.get_by_role("button", name="继续咨询").click()


def shown(widget: Widget) -> list[tuple[int, str]]:
    """Return id and words of every stored message on the screen."""
    found: list[Any] = widget.frame.locator(".message[data-id]").evaluate_all(
        "all => all.map(e => [Number(e.dataset.id), e.querySelector('.body').innerText])"
    )
    return [(number, words) for number, words in found if number]


def test_a_conversation_goes_on_on_the_phone_while_a_lawyer_writes(
    devices: tuple[Page, Page], live_app: LiveApp
) -> None:
    computer, phone = devices
    problems: list[str] = []
    phone.on("pageerror", lambda error: problems.append(str(error)))
    computer.on("pageerror", lambda error: problems.append(str(error)))
    desk = Widget(computer).start()
    desk.ask(QUESTION)
    desk.say("转人工")
    desk.frame.get_by_text("排在第").first.wait_for()
    conversation, old = desk.kept()["session"], desk.server(live_app)
    lawyer = Lawyer(live_app)
    lawyer.post(conversation, "claim")
    lawyer.post(conversation, "messages", id="l1", text="您好，我是值班律师。")
    desk.frame.get_by_text("我是值班律师").wait_for()
    before = shown(desk)
    desk.box.fill(DRAFT)

    code = code_on(desk)
    dialog = desk.frame.get_by_role("dialog", name="换到手机上继续")
    status = dialog.get_by_role("status")
    assert " ".join(code.replace(" ", "")) in status.inner_text()
    assert "10 分钟内有效" in status.inner_text()
    assert dialog.get_by_text("还没发出的内容不会带过去").is_visible()

    mobile = Widget(phone).open()
    mobile.agree.wait_for()
    assert fits(mobile)
    mobile.frame.get_by_role("button", name="我有接续码").click()
    field = mobile.frame.get_by_label("接续码（8 位数字）")
    until(lambda: field.evaluate("e => e === document.activeElement"))
    enter(mobile, "1234")
    mobile.frame.get_by_role("alert").get_by_text("请输入 8 位数字").wait_for()
    wrong = "0000 0000" if code != "0000 0000" else "0000 0001"
    enter(mobile, wrong)
    mobile.frame.get_by_role("alert").get_by_text("接续码不对").wait_for()
    assert fits(mobile)
    assert stored_in(phone) == [0, 0]

    lawyer.post(conversation, "messages", id="l2", text="正在看您的材料。")
    enter(mobile, code)
    mobile.box.wait_for()
    lawyer.post(conversation, "messages", id="l3", text="请把合同拍照发来。")
    mobile.frame.get_by_text("请把合同拍照发来").wait_for()
    until(lambda: mobile.box.evaluate("e => e === document.activeElement"))
    after = shown(mobile)
    assert after[: len(before)] == before
    assert [number for number, _ in after] == sorted({number for number, _ in after})
    later = " ".join(words for _, words in after[len(before) :])
    assert later.count("正在看您的材料") == later.count("请把合同拍照发来") == 1
    assert mobile.frame.get_by_text("律师正在接待您").is_visible()
    assert mobile.kept()["session"] == conversation

    # The computer says where the conversation went, and shows and keeps nothing of it.
    moved = desk.frame.get_by_role("alert").get_by_text("换到另一台设备上继续")
    moved.wait_for()
    left = desk.frame.locator("body").inner_text()
    for words in (QUESTION, "值班律师。", "请把合同拍照发来", DRAFT, code):
        assert words not in left
    assert desk.frame.get_by_role("dialog").count() == 0
    assert stored_in(computer) == [0, 0]
    refused = old.get("/api/web/messages")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "continued_elsewhere")
    computer.reload()
    Widget(computer).open().agree.wait_for()

    mobile.say("好的，这就拍")
    until(lambda: mobile.frame.locator(".pending").count() == 0)
    mobile.own.get_by_text("好的，这就拍").wait_for()
    assert problems == []
    log = live_app.log.read_text("utf-8")
    for secret in (code, code.replace(" ", ""), mobile.kept()["token"]):
        assert secret not in log


def test_a_computer_that_was_offline_clears_itself_on_coming_back(
    devices: tuple[Page, Page],
) -> None:
    computer, phone = devices
    # Without a live connection the next poll has to say it.
    computer.route_web_socket("**/api/web/ws", lambda socket: socket.close(code=1011))
    computer.reload()
    desk = Widget(computer).start()
    desk.ask(QUESTION)
    code = code_on(desk)
    desk.frame.get_by_role("button", name="知道了").click()
    computer.context.set_offline(True)
    mobile = Widget(phone).start()
    mobile.menu("我有接续码")
    assert mobile.frame.get_by_text("这台设备上现在的咨询会被换掉").is_visible()
    enter(mobile, code)
    mobile.own.get_by_text(QUESTION).wait_for()
    assert desk.own.count() == 1
    computer.context.set_offline(False)
    desk.frame.get_by_role("alert").get_by_text("换到另一台设备上继续").wait_for()
    assert QUESTION not in desk.frame.locator("body").inner_text()


def test_the_code_dialogs_fit_a_small_screen_in_large_text(devices: tuple[Page, Page]) -> None:
    _, phone = devices
    mobile = Widget(phone).start()
    mobile.menu("长辈版")
    phone.keyboard.press("Escape")
    until(lambda: mobile.frame.locator("html[data-size=large]").count() == 1)
    first = code_on(mobile)
    assert fits(mobile)
    box = mobile.frame.locator(".code").evaluate("e => e.scrollWidth - e.clientWidth")
    assert box <= 0
    mobile.frame.get_by_role("button", name="换一个").click()
    until(lambda: mobile.frame.locator(".code [aria-hidden]").inner_text() != first)
    phone.keyboard.press("Escape")
    mobile.menu("我有接续码")
    mobile.frame.get_by_label("接续码（8 位数字）").wait_for()
    assert fits(mobile)
    targets = mobile.frame.locator(".dialog button, .dialog input").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert min(targets) >= 60
