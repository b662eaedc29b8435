"""The visitor's widget in a real browser: keyboard, large text, both sizes, a lost connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.live import LiveApp, until
from tests.pictures import PNG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
NEUTRAL = "https://www.gov.cn/"
QUESTION = "房东不退我押金怎么办"
ATTACK = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    found: dict[str, int] = request.param
    return found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
    found.set_default_timeout(20_000)
    found.route(
        f"{NEUTRAL}**",
        lambda route: route.fulfill(content_type="text/html", body="<p>neutral</p>"),
    )
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext, live_app: LiveApp) -> Page:
    found = context.new_page()
    found.goto(f"{live_app.url}/")
    return found


class Widget:
    """The widget on a page, as a visitor handles it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frame: FrameLocator = page.frame_locator("iframe")
        self.launcher = page.get_by_role("button", name="法律咨询", exact=True).last
        self.box = self.frame.locator(".writing textarea")
        self.agree = self.frame.get_by_role("button", name="同意并开始咨询")
        self.bot = self.frame.locator(".message.bot:not(.typing)")
        self.own = self.frame.locator(".message.visitor")
        self.banner = self.frame.locator(".banner.warn")

    def open(self) -> Widget:
        self.page.evaluate("window.lawbridge.toggle('open')")
        return self

    def start(self) -> Widget:
        self.open()
        self.agree.click()
        self.box.wait_for()
        return self

    def say(self, words: str) -> None:
        self.box.fill(words)
        self.box.press("Enter")

    def ask(self, words: str) -> None:
        """Send a message and wait until it is answered."""
        before = self.bot.count()
        self.say(words)
        until(lambda: self.bot.count() > before)

    def menu(self, name: str) -> None:
        self.frame.get_by_role("button", name="更多").click()
        self.frame.get_by_role("button", name=name).click()

    def kept(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            self.box.evaluate("() => sessionStorage.getItem('lawbridge.v1')")
        )
        return found

    def server(self, live_app: LiveApp) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {self.kept()['token']}"}
        return httpx2.Client(base_url=live_app.url, headers=headers, timeout=20)


class Lawyer:
    """A lawyer at the desk, over HTTP."""

    def __init__(self, app: LiveApp) -> None:
        self._client = httpx2.Client(
            base_url=app.url, headers={"X-Lawbridge": "desk", "Origin": app.url}, timeout=20
        )
        form = {"login": app.staff_login, "password": app.staff_password}
        assert self._client.post("/desk/login", data=form).status_code == 303

    def post(self, conversation: str, action: str, **body: str) -> None:
        path = f"/api/desk/conversations/{conversation}/{action}"
        self._client.post(path, json=body or None).raise_for_status()


def stored_in(page: Page) -> list[int]:
    """Return how much every frame of the page has stored."""
    counts = "() => localStorage.length + sessionStorage.length + document.cookie.length"
    return [frame.evaluate(counts) for frame in page.frames]


def test_nothing_is_stored_or_sent_before_consent(page: Page, context: BrowserContext) -> None:
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url))
    widget = Widget(page).open()
    widget.frame.get_by_text("由谁处理").wait_for()
    for words in ("用来做什么", "会保存什么", "保存多久", "您的权利", "怎样撤回"):
        assert widget.frame.get_by_text(words).is_visible()
    widget.frame.get_by_role("button", name="不同意").click()
    widget.frame.get_by_text("没有保存您的任何信息").wait_for()
    assert stored_in(page) == [0, 0]
    assert context.cookies() == []
    assert not [url for url in calls if "/api/" in url]
    widget.frame.get_by_role("button", name="返回隐私说明").click()
    widget.agree.click()
    widget.box.wait_for()
    assert widget.kept()["token"]
    assert [url for url in calls if url.endswith("/api/web/sessions")]
    assert context.cookies() == []


def test_a_whole_conversation_with_the_keyboard_alone(page: Page) -> None:
    widget = Widget(page)
    focused = "() => document.activeElement.shadowRoot?.activeElement?.tagName ?? ''"

    def tab_until(reached: Any) -> None:
        for _ in range(80):
            if reached():
                return
            page.keyboard.press("Tab")
        raise AssertionError("the keyboard does not get there")

    tab_until(lambda: page.evaluate(focused) == "BUTTON")
    page.keyboard.press("Enter")
    widget.agree.wait_for()
    tab_until(lambda: widget.agree.evaluate("e => e === document.activeElement"))
    page.keyboard.press("Enter")
    widget.box.wait_for()
    until(lambda: widget.box.evaluate("e => e === document.activeElement"))
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    until(lambda: widget.bot.count() > 1)
    widget.frame.locator(".options button").first.wait_for()
    # Tab goes round inside the open dialog and never behind it.
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "IFRAME"
        seen.add(widget.frame.locator(":focus").evaluate("e => e.tagName + e.className"))
    assert {"SUMMARY", "TEXTAREA", "BUTTONleave"} <= seen
    tab_until(lambda: widget.frame.locator("summary:focus").count() == 1)
    was_open = widget.frame.locator("details:has(summary:focus)").get_attribute("open")
    page.keyboard.press("Enter")
    assert widget.frame.locator("details:has(summary:focus)").get_attribute("open") != was_open
    page.keyboard.press("Escape")
    until(lambda: page.evaluate(focused) == "BUTTON")
    assert not page.evaluate("window.lawbridge.isOpen")


def test_a_screen_reader_is_read_the_answer_as_it_comes(page: Page) -> None:
    widget = Widget(page).start()
    # The region must stand before the words: one that comes with them is not read out.
    log = widget.frame.get_by_role("log")
    log.evaluate("region => { region.dataset.same = 'yes'; }")
    widget.ask(QUESTION)
    assert log.get_attribute("aria-live") == "polite"
    assert log.get_attribute("aria-relevant") == "additions"
    assert log.get_attribute("data-same") == "yes"
    assert "押金" in log.inner_text()
    assert log.locator(".message.bot:not(.typing)").count() == widget.bot.count()
    assert widget.box.get_attribute("aria-label") or widget.frame.get_by_label("消息").count()


def test_escape_closes_the_innermost_thing_first(page: Page) -> None:
    widget = Widget(page).start()
    widget.menu("结束咨询")
    dialog = widget.frame.get_by_role("dialog", name="结束咨询")
    dialog.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert page.evaluate("window.lawbridge.isOpen")
    widget.frame.get_by_role("button", name="更多").click()
    page.keyboard.press("Escape")
    widget.frame.locator(".menu").wait_for(state="detached")
    assert page.evaluate("window.lawbridge.isOpen")
    page.keyboard.press("Escape")
    until(lambda: not page.evaluate("window.lawbridge.isOpen"))


def test_large_text_mode_has_large_words_and_targets(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    widget = Widget(page).start()
    widget.ask(QUESTION)
    widget.menu("长辈版")
    page.keyboard.press("Escape")
    until(lambda: widget.frame.locator("html[data-size=large]").count() == 1)
    sizes = widget.frame.locator("p, dd, dt, summary span, button, small, time").evaluate_all(
        """all => all.filter(e => e.offsetParent && e.textContent.trim() && !e.closest('.sr'))
            .map(e => [parseFloat(getComputedStyle(e).fontSize),
                       parseFloat(getComputedStyle(e).lineHeight), e.className, e.textContent])"""
    )
    assert len(sizes) > 10
    too_small = [one for one in sizes if one[0] < 18]
    assert not too_small
    words = widget.frame.locator(".words").first.evaluate(
        "e => parseFloat(getComputedStyle(e).lineHeight) / parseFloat(getComputedStyle(e).fontSize)"
    )
    assert words >= 1.3
    targets = widget.frame.locator("button, summary").evaluate_all(
        """all => all.filter(e => e.offsetParent && !e.classList.contains('link'))
            .map(e => [e.getBoundingClientRect().height, e.className, e.textContent])"""
    )
    assert not [one for one in targets if one[0] < 60]
    assert fits(widget)


def fits(widget: Widget) -> bool:
    wide = widget.frame.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    return bool(wide <= 0)


def test_at_both_sizes_everything_fits(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    widget = Widget(page).start()
    widget.ask(QUESTION)
    panel = page.locator("#lawbridge-widget [role=dialog]").bounding_box()
    assert panel is not None
    if size is PHONE:
        assert panel == {"x": 0, "y": 0, "width": 360, "height": 740}
    else:
        assert panel["width"] < 430
        assert panel["x"] + panel["width"] <= 1280
        assert panel["y"] >= 0
    assert fits(widget)
    targets = widget.frame.locator("button, summary, select").evaluate_all(
        "all => all.filter(e => e.offsetParent).map(e => [e.offsetHeight, e.textContent])"
    )
    assert not [one for one in targets if one[0] < 44]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_a_lost_connection_loses_nothing_and_repeats_nothing(
    page: Page, context: BrowserContext, live_app: LiveApp
) -> None:
    widget = Widget(page).start()
    widget.ask(QUESTION)
    server = widget.server(live_app)
    context.set_offline(True)
    widget.banner.wait_for()
    widget.say("断网时说的第一句")
    widget.say("断网时说的第二句")
    widget.box.fill("还没写完的草稿")
    assert widget.own.count() == 3
    # Meanwhile something arrives from elsewhere: the same visitor on another device.
    server.post("/api/web/messages", json={"id": "other", "text": "另一台设备说的"})
    assert widget.frame.get_by_text("另一台设备说的").count() == 0
    context.set_offline(False)
    widget.frame.get_by_text("另一台设备说的").wait_for()
    until(lambda: widget.banner.count() == 0 and widget.frame.locator(".pending").count() == 0)
    until(lambda: widget.own.count() == 4)
    assert widget.box.input_value() == "还没写完的草稿"
    stored = server.get("/api/web/messages").json()["messages"]
    said = [m["parts"][0]["text"] for m in stored if m["sender"] == "visitor"]
    assert said == [QUESTION, "另一台设备说的", "断网时说的第一句", "断网时说的第二句"]

    def shown() -> list[int]:
        ids: list[int] = widget.frame.locator(".message[data-id]").evaluate_all(
            "all => all.map(e => Number(e.dataset.id))"
        )
        return ids

    def visible() -> set[int]:
        now = server.get("/api/web/messages").json()["messages"]
        return {int(m["id"]) for m in now if any(p["type"] != "buttons" for p in m["parts"])}

    # The last answers may still be on their way.
    until(lambda: visible() | {0} == set(shown()))
    assert shown() == sorted(set(shown()))


def test_without_websockets_the_conversation_goes_on_by_polling(
    page: Page, live_app: LiveApp
) -> None:
    page.route_web_socket("**/api/web/ws", lambda socket: socket.close(code=1011))
    widget = Widget(page).start()
    widget.ask(QUESTION)
    widget.server(live_app).post("/api/web/messages", json={"id": "o", "text": "另一台设备说的"})
    widget.frame.get_by_text("另一台设备说的").wait_for()
    until(lambda: widget.banner.count() == 0)
    assert widget.own.count() == 2


def test_a_reload_keeps_the_conversation_and_the_draft(page: Page) -> None:
    widget = Widget(page).start()
    widget.ask(QUESTION)
    count = widget.bot.count()
    widget.box.fill("写了一半")
    page.reload()
    widget = Widget(page).open()
    until(lambda: widget.bot.count() == count)
    assert widget.own.count() == 1
    assert widget.box.input_value() == "写了一半"


def test_markup_from_visitor_and_lawyer_stays_words(page: Page, live_app: LiveApp) -> None:
    widget = Widget(page).start()
    widget.ask(ATTACK)
    widget.say("转人工")
    widget.frame.get_by_text("排在第").first.wait_for()
    conversation = widget.kept()["session"]
    lawyer = Lawyer(live_app)
    lawyer.post(conversation, "claim")
    lawyer.post(conversation, "messages", id="l1", text=ATTACK)
    shown = widget.frame.locator(".message.lawyer .words", has_text="<img src=x")
    shown.wait_for()
    assert shown.inner_text() == ATTACK
    assert widget.own.locator(".words").first.inner_text() == ATTACK
    assert widget.frame.locator(".log img, .log script").count() == 0
    for frame in page.frames:
        assert not frame.evaluate("'hacked' in window")
    lawyer.post(conversation, "close", outcome="advised")
    widget.frame.get_by_text("您的问题解决了吗").wait_for()


def test_the_lawyers_name_and_licence_are_shown_and_the_bot_keeps_silent(
    page: Page, live_app: LiveApp
) -> None:
    widget = Widget(page).start()
    widget.say("转人工")
    widget.frame.get_by_text("排在第").first.wait_for()
    conversation = widget.kept()["session"]
    lawyer = Lawyer(live_app)
    lawyer.post(conversation, "claim")
    widget.frame.get_by_text("律师正在接待您").wait_for()
    lawyer.post(conversation, "messages", id="l1", text="您好，请把合同拍照上传。")
    widget.frame.get_by_text("请把合同拍照上传").wait_for()
    assert widget.frame.locator(".message.lawyer .author").inner_text()
    before = widget.bot.count()
    widget.say("好的，这就传")
    until(lambda: widget.frame.locator(".pending").count() == 0)
    lawyer.post(conversation, "close", outcome="advised")
    widget.frame.get_by_role("button", name="已解决").click()
    widget.frame.get_by_text("5 分").locator("..").click()
    widget.frame.get_by_role("button", name="提交评价").click()
    widget.frame.get_by_text("谢谢您").wait_for()
    assert widget.bot.count() == before


@pytest.mark.parametrize("where", ["chat", "dialog", "consent"])
def test_quick_exit_leaves_at_once_and_nothing_behind(
    page: Page, live_app: LiveApp, where: str
) -> None:
    widget = Widget(page)
    if where == "consent":
        widget.open().agree.wait_for()
    else:
        widget.start().ask(QUESTION)
    if where == "dialog":
        widget.menu("删除我的数据")
        widget.frame.get_by_role("dialog").wait_for()
    widget.frame.get_by_role("button", name="快速离开").click()
    page.wait_for_url(NEUTRAL)
    page.goto(f"{live_app.url}/widget/frame")
    page.get_by_role("button", name="同意并开始咨询").wait_for()
    assert stored_in(page) == [0]
    assert QUESTION not in page.content()


def test_deleting_ones_data_ends_the_session_everywhere(page: Page, live_app: LiveApp) -> None:
    widget = Widget(page).start()
    widget.ask(QUESTION)
    server = widget.server(live_app)
    widget.menu("删除我的数据")
    widget.frame.get_by_role("dialog").get_by_role("button", name="删除我的数据").click()
    widget.frame.get_by_text("您的数据已删除").wait_for()
    assert server.get("/api/web/messages").status_code == 401
    assert stored_in(page) == [0, 0]


def test_a_session_gone_on_the_server_keeps_what_was_typed(page: Page, live_app: LiveApp) -> None:
    widget = Widget(page).start()
    widget.box.fill("写了很久的一段话")
    widget.server(live_app).delete("/api/web/session")
    widget.frame.get_by_text("会话已失效").wait_for()
    widget.agree.click()
    widget.box.wait_for()
    assert widget.box.input_value() == "写了很久的一段话"


def test_a_file_is_uploaded_after_its_own_consent_and_can_be_fetched(page: Page) -> None:
    widget = Widget(page).start()
    picture = {"name": "考勤.png", "mimeType": "image/png"}
    body = PNG
    widget.frame.locator("input[type=file]").set_input_files([{**picture, "buffer": body}])  # type: ignore[list-item]
    widget.frame.get_by_role("button", name="同意并上传").click()
    widget.frame.get_by_text("文件已收到").wait_for()
    with page.expect_download() as download:
        widget.own.get_by_role("button", name="下载").click()
    assert download.value.path().read_bytes() == body


def test_the_host_page_can_steer_the_widget_and_hears_its_events(page: Page) -> None:
    page.evaluate(
        """() => { window.heard = [];
        for (const name of ['open', 'close', 'message', 'unread', 'error'])
          addEventListener('lawbridge:' + name, e => heard.push([name, e.detail])); }"""
    )
    widget = Widget(page).start()
    assert page.evaluate("window.lawbridge.setLocale('en')") == {"locale": "en"}
    widget.frame.get_by_role("button", name="Leave now").wait_for()
    page.evaluate("window.lawbridge.setLocale('zh-Hans')")
    page.evaluate("window.lawbridge.setColorScheme('dark')")
    until(lambda: widget.frame.locator("html[data-scheme=dark]").count() == 1)
    page.evaluate("window.lawbridge.setCustomAttributes({来源: '社保页面'})")
    widget.frame.get_by_text("社保页面").wait_for()
    widget.say(QUESTION)
    page.evaluate("window.lawbridge.toggle('close')")
    until(lambda: ["close", {}] in page.evaluate("heard"))
    until(lambda: [name for name, _ in page.evaluate("heard")].count("message") >= 1)
    page.evaluate("window.lawbridge.reset()")
    widget.open().agree.wait_for()
    rejected = page.evaluate("window.lawbridge.setLocale('xx').catch(e => e.message)")
    assert "unknown locale" in rejected


def test_the_popped_out_window_goes_on_with_the_conversation(
    page: Page, context: BrowserContext
) -> None:
    widget = Widget(page).start()
    widget.ask(QUESTION)
    with context.expect_page() as opened:
        widget.menu("在新窗口打开")
    window = opened.value
    window.locator(".message.visitor", has_text=QUESTION).wait_for()
    assert "#" not in window.url
    assert window.evaluate("window.opener") is None


def test_the_page_says_no_wrong_word_in_the_console(page: Page) -> None:
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    widget = Widget(page).start()
    widget.ask(QUESTION)
    widget.menu("隐私说明")
    widget.frame.get_by_role("button", name="知道了").click()
    widget.menu("结束咨询")
    widget.frame.get_by_role("dialog").get_by_role("button", name="结束咨询").click()
    widget.frame.get_by_text("您的问题解决了吗").wait_for()
    assert problems == []


def test_a_tile_of_the_host_page_starts_what_it_names_after_consent(page: Page) -> None:
    widget = Widget(page)
    page.get_by_role("button", name="转值班律师").click()
    widget.agree.wait_for()
    assert stored_in(page) == [0, 0]
    widget.agree.click()
    widget.own.get_by_text("转人工").wait_for()
    widget.frame.get_by_text("排在第").first.wait_for()
    assert page.evaluate("window.lawbridge.ask('').catch(e => e.message)")
    assert page.evaluate("window.lawbridge.ask('取消排队')") == {"asked": True}
    widget.own.get_by_text("取消排队").wait_for()


def test_an_identity_number_is_hidden_in_the_visitors_own_words(page: Page) -> None:
    widget = Widget(page).start()
    widget.ask("我的身份证是530102199001011237，老板欠薪怎么办")
    shown = widget.own.locator(".words").inner_text()
    assert "530102…1237" in shown
    assert "19900101" not in widget.frame.locator(".log").inner_text()


def test_a_damaged_file_is_named_so_and_stays_where_it_was_sent(page: Page) -> None:
    widget = Widget(page).start()
    broken = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": b"not a pdf"}
    widget.frame.locator("input[type=file]").set_input_files([broken])  # type: ignore[list-item]
    widget.frame.get_by_role("button", name="同意并上传").click()
    failed = widget.frame.locator(".message.failed")
    assert "可能已损坏" in failed.inner_text()
    widget.ask(QUESTION)
    order = widget.frame.locator("ol > .message").evaluate_all(
        "all => all.map(e => e.classList.contains('failed'))"
    )
    assert order.index(True) < len(order) - 1
    assert failed.get_by_role("button", name="重新发送").count() == 0
    failed.get_by_role("button", name="移除").click()
    failed.wait_for(state="detached")


def test_the_last_message_is_in_view_after_a_reload_and_nothing_covers_words(page: Page) -> None:
    widget = Widget(page).start()
    widget.ask(QUESTION)
    widget.ask("劳动仲裁要多久")
    page.reload()
    widget = Widget(page).open()
    until(lambda: widget.own.count() == 2)
    log = widget.frame.locator(".log")
    until(lambda: log.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight < 4"))
    log.evaluate("e => { e.scrollTop = 0; }")
    down = widget.frame.get_by_role("button", name="往下看")
    down.wait_for()
    box, words = down.bounding_box(), log.bounding_box()
    assert box is not None
    assert words is not None
    assert box["y"] >= words["y"] + words["height"]
    down.click()
    down.wait_for(state="detached")


def test_the_header_stays_small_in_large_text(page: Page) -> None:
    widget = Widget(page).start()
    widget.menu("长辈版")
    page.keyboard.press("Escape")
    until(lambda: widget.frame.locator("html[data-size=large]").count() == 1)
    assert widget.frame.locator(".head").evaluate("e => e.offsetHeight / innerHeight") < 0.12
    assert fits(widget)
