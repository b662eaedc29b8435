"""What a visitor sees of the malware check, in a real browser; words never wait for a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.store.unit import Store
from bot.uploads.scanning import ClamavScanner
from tests.clamav import INFECTED_PDF, PDF, StandIn
from tests.conftest import FixedClock, free_port
from tests.e2e.screens import NARROW, WAIT_MS, serving
from tests.integration.web.small_app import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DRAFT = "还没写完的话"


@pytest.fixture
def page(
    browser: Browser, sqlite_store: Store, clock: FixedClock, tmp_path: Path, stand_in: StandIn
) -> Iterator[Page]:
    scanner = ClamavScanner(stand_in.addresses.tcp)
    small = build(sqlite_store, clock, tmp_path / "tracker.db", scanner=scanner)
    port = free_port()
    with serving(small.app, port):
        context = browser.new_context(viewport=NARROW, locale="zh-CN")  # type: ignore[arg-type]
        found = context.new_page()
        found.set_default_timeout(WAIT_MS)
        found.goto(f"http://127.0.0.1:{port}/widget/frame?popout=1")
        found.get_by_role("button", name="同意并开始咨询").click()
        found.locator(".writing textarea").fill(DRAFT)
        yield found
        context.close()


def pick(page: Page, body: bytes) -> None:
    file = {"name": "借条.pdf", "mimeType": "application/pdf", "buffer": body}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    page.get_by_role("button", name="同意并上传").click()


def test_an_infected_file_is_explained_and_the_draft_stays(page: Page) -> None:
    pick(page, INFECTED_PDF)
    failed = page.locator(".message.failed")
    failed.get_by_text("这个文件没有通过病毒检查，没有保存。").wait_for()
    assert page.locator(".writing textarea").input_value() == DRAFT
    # It would be refused again.
    assert failed.get_by_role("button", name="重新发送").count() == 0
    failed.get_by_role("button", name="移除").click()
    failed.wait_for(state="detached")


def test_an_unchecked_file_waits_for_the_visitor_while_words_go_on(
    page: Page, stand_in: StandIn
) -> None:
    stand_in.books.says = b"stream: no memory ERROR\n"
    pick(page, PDF)
    failed = page.locator(".message.failed")
    failed.get_by_text("暂时不能检查文件，请稍后再传。").wait_for()
    box = page.locator(".writing textarea")
    assert box.input_value() == DRAFT
    box.fill("echo 话还能说")
    box.press("Enter")
    page.locator(".message.bot", has_text="话还能说").wait_for()
    assert failed.count() == 1
    stand_in.books.says = None
    failed.get_by_role("button", name="重新发送").click()
    page.get_by_text("文件已收到").wait_for()
    assert stand_in.books.streams == [PDF, PDF]
