"""The application on a phone: keyboard only, half-written words, another device, no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_widget import PHONE, Widget
from tests.integration.aid.conftest import ANSWERS, ELSEWHERE, identity_number
from tests.live import LiveApp, until
from tests.pictures import PNG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [pytest.mark.rasa, pytest.mark.browser]

KEY = re.compile(r"/apply/q/(\w+)")
SMALL = """() => [...document.querySelectorAll(
    '.apply a, .apply button, .apply input:not([type=hidden]), .apply textarea, .top button')]
  .filter(e => e.offsetParent && getComputedStyle(e).display !== 'inline' && e.type !== 'radio')
  .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect().height])
  .filter(([, height]) => height < 44)"""


class Contexts:
    """Browsers that share nothing."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._open: list[BrowserContext] = []

    def page(self, **options: Any) -> Page:
        context = self._browser.new_context(viewport=PHONE, locale="zh-CN", **options)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        self._open.append(context)
        return context.new_page()

    def close(self) -> None:
        for context in self._open:
            context.close()


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Contexts]:
    found = Contexts(browser)
    yield found
    found.close()


def problems_of(page: Page) -> list[str]:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    return found


def fits(page: Page) -> bool:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return int(wide) <= 0


def begin(page: Page, url: str) -> None:
    page.goto(f"{url}/apply")
    page.get_by_role("button", name="同意，开始填写").click()
    page.wait_for_url(KEY)


def key_of(page: Page) -> str:
    found = KEY.search(page.url)
    return found[1] if found else ""


def answers_of(serial: int, **other: str) -> dict[str, str]:
    return {**ELSEWHERE, **ANSWERS, "id_number": identity_number(serial), **other}


def fill(page: Page, answers: dict[str, str], until_key: str = "") -> None:
    """Answer as somebody with a finger does."""
    while (key := key_of(page)) and key != until_key:
        choice = page.locator(".pick", has_text=re.compile(rf"^\s*{answers[key]}\s*$"))
        if choice.count():
            choice.first.click()
        else:
            page.locator("[name=text]").fill(answers[key])
        page.get_by_role("button", name="下一步").click()
        page.wait_for_url(lambda url, key=key: not url.endswith(f"/q/{key}"))


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"no way to {selector} by keyboard")


def press(page: Page, selector: str) -> None:
    """Press a button or a link, and be on the next page."""
    before = page.url
    tab_to(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url != before)


def test_a_whole_application_by_keyboard_on_a_small_screen(
    contexts: Contexts, live_app: LiveApp
) -> None:
    page = contexts.page()
    problems = problems_of(page)
    page.goto(f"{live_app.url}/apply")
    assert fits(page)
    assert page.evaluate(SMALL) == []
    tab_to(page, "form[action='/apply/begin'] button")
    page.keyboard.press("Enter")
    page.wait_for_url(KEY)
    answers, seen = answers_of(41), []
    while key := key_of(page):
        seen.append(key)
        assert fits(page), key
        assert page.evaluate(SMALL) == [], key
        labels = [words.strip() for words in page.locator(".pick").all_inner_texts()]
        if answers[key] in labels:
            tab_to(page, "input[name=option]")
            page.keyboard.press("Space")
            for _ in range(labels.index(answers[key])):
                page.keyboard.press("ArrowDown")
            assert page.locator("input[name=option]:checked").count() == 1
        else:
            tab_to(page, "[name=text]")
            page.keyboard.type(answers[key])
        press(page, ".sheet button[type=submit]")
    assert seen[:4] == ["for_whom", "matter", "name", "id_number"]
    shown = page.locator("main").inner_text()
    assert "城东建筑公司" in shown
    assert answers["id_number"] not in shown
    assert page.evaluate(SMALL) == []
    press(page, "a[href='/apply/pledge']")
    assert "第六十四条" in page.locator("#pledge").inner_text()
    tab_to(page, "input[name=option]")
    page.keyboard.press("Space")
    press(page, ".sheet button[type=submit]")
    page.get_by_role("heading", name="申请已提交").wait_for()
    assert page.evaluate("document.activeElement.id") == "sent"
    number = page.locator(".code").inner_text()
    assert re.fullmatch(r"FY\d{8}-\d{4}-\d", number)
    assert fits(page)
    page.go_back()
    page.goto(f"{live_app.url}/apply/done")
    assert page.locator(".code").inner_text() == number
    assert problems == []
    log = live_app.log.read_text("utf-8")
    for secret in (answers["id_number"], answers["phone"], "张小明", "城东建筑公司"):
        assert secret not in log


def test_half_written_words_survive_a_reload_and_another_device(
    contexts: Contexts, live_app: LiveApp
) -> None:
    page, other = contexts.page(), contexts.page()
    problems = problems_of(page)
    begin(page, live_app.url)
    answers = answers_of(42)
    fill(page, answers, until_key="facts")
    field = page.locator("textarea")
    field.press_sequentially("去年三月到六月在工地干活，")
    page.get_by_text("已自动保存").wait_for()
    assert "已写 13 字" in page.locator("[data-count]").inner_text()
    page.reload()
    assert field.input_value() == "去年三月到六月在工地干活，"
    # Without a network it says so, and keeps the words as soon as there is one again.
    page.context.set_offline(True)
    field.press("End")
    field.press_sequentially("老板不给钱")
    page.get_by_text("没能自动保存").wait_for()
    page.context.set_offline(False)
    page.get_by_text("已自动保存").wait_for()

    page.get_by_role("link", name="先存着").click()
    page.get_by_role("button", name="取接续码").click()
    code = page.locator(".code").inner_text()
    other.goto(f"{live_app.url}/apply")
    other.get_by_label("接续码（8 位数字）").fill("1234")
    other.get_by_role("button", name="接着填").click()
    other.get_by_role("alert").get_by_text("接续码不对").wait_for()
    other.get_by_label("接续码（8 位数字）").fill(code)
    other.get_by_role("button", name="接着填").click()
    other.wait_for_url(KEY)
    assert other.locator("textarea").input_value() == "去年三月到六月在工地干活，老板不给钱"
    assert other.evaluate("document.cookie") == ""
    page.goto(f"{live_app.url}/apply/fill")
    page.get_by_role("alert").get_by_text("换到另一台设备").wait_for()
    assert [said for said in problems if "ERR_INTERNET_DISCONNECTED" not in said] == []
    assert code.replace(" ", "") not in live_app.log.read_text("utf-8")


def test_a_whole_application_without_scripts_and_a_paper_with_it(
    contexts: Contexts, live_app: LiveApp, tmp_path: Path
) -> None:
    page = contexts.page(java_script_enabled=False)
    begin(page, live_app.url)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("link", name="还没有选").click()
    page.get_by_role("link", name="大字").click()
    page.locator("html.large").wait_for()
    answers = answers_of(43)
    fill(page, answers, until_key="id_number")
    for wrong in ("1101", "11010519491231002A", "110105194912310021"):
        page.locator("[name=text]").fill(wrong)
        page.get_by_role("button", name="下一步").click()
        page.locator("#wrong").wait_for()
        assert page.locator("[name=text]").input_value() == wrong
    fill(page, answers)
    page.get_by_role("link", name="修改：诉求").click()
    page.locator("[name=text]").fill("要回工资三万元")
    page.get_by_role("button", name="改好了").click()
    page.get_by_text("要回工资三万元").wait_for()
    page.get_by_role("link", name="都对").click()
    page.get_by_role("button", name="提交申请").click()
    page.locator("#wrong").wait_for()
    page.get_by_label("同意", exact=True).check()
    page.get_by_role("button", name="提交申请").click()
    number = page.locator(".code").inner_text()

    page.get_by_role("link", name="看进度、交材料").click()
    picture = tmp_path / "证件.png"
    picture.write_bytes(PNG)
    paper = page.locator(".papers > li").first
    paper.locator("input[type=file]").set_input_files(picture)
    paper.locator("button").click()
    paper.get_by_text("已收到并加密保存").wait_for()
    assert re.search(r"[0-9a-f]{64}", paper.inner_text())
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载申请表").click()
    assert waiting.value.suggested_filename.endswith(".docx")

    stranger = contexts.page(java_script_enabled=False)
    stranger.goto(f"{live_app.url}/apply/status")
    stranger.get_by_label("申请编号").fill(number)
    stranger.get_by_label("登记手机号的后四位").fill("0000")
    stranger.get_by_role("button", name="查进度").click()
    stranger.locator("#number-wrong").get_by_text("对不上").wait_for()
    stranger.get_by_label("登记手机号的后四位").fill("8000")
    stranger.get_by_role("button", name="查进度").click()
    stranger.get_by_text("申请已经送到法律援助机构").wait_for()
    assert stranger.get_by_text("张小明").count() == 0


def test_the_chat_opens_the_form_with_the_draft_in_one_tap(
    contexts: Contexts, live_app: LiveApp
) -> None:
    page = contexts.page()
    page.goto(f"{live_app.url}/")
    widget = Widget(page).start()
    widget.ask("我想申请法律援助")
    widget.ask("我自己")
    token = widget.kept()["token"]
    with page.context.expect_page() as opened:
        widget.menu("打开援助申请表")
    form = opened.value
    form.wait_for_url(KEY)
    assert key_of(form) == "matter"
    assert token not in form.url
    assert form.evaluate("window.opener") is None
    form.get_by_text("讨要工资").click()
    form.get_by_role("button", name="下一步").click()
    form.wait_for_url("**/apply/q/name")
    # And the chat goes on where the form is.
    widget.ask("张小明")
    form.goto(f"{live_app.url}/apply/fill")
    assert key_of(form) == "id_number"


def test_large_print_fits_and_stays_from_page_to_page(
    contexts: Contexts, live_app: LiveApp
) -> None:
    page = contexts.page()
    begin(page, live_app.url)
    page.get_by_role("button", name="长辈版").click()
    fill(page, answers_of(44), until_key="deadline")
    for path in ("q/matter", "q/opponent", "q/deadline", "check", "later", "data", "status", ""):
        page.goto(f"{live_app.url}/apply/{path}".rstrip("/"))
        page.locator("html.large").wait_for()
        assert fits(page), path
        assert page.evaluate(SMALL.replace("44", "48")) == [], path
    page.get_by_role("button", name="标准版").click()
    page.goto(f"{live_app.url}/apply")
    until(lambda: page.locator("html.large").count() == 0)
