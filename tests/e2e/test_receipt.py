"""The receipt of an uploaded photograph, in a real browser."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.store.unit import Store
from bot.uploads.metadata import without_metadata
from tests.conftest import FixedClock, free_port
from tests.e2e.screens import NARROW, WAIT_MS, serving
from tests.integration.web.small_app import build
from tests.pictures import telling_jpeg

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHOTOGRAPH = telling_jpeg(6)


@pytest.fixture
def page(
    browser: Browser, sqlite_store: Store, clock: FixedClock, tmp_path: Path
) -> Iterator[Page]:
    small = build(sqlite_store, clock, tmp_path / "tracker.db")
    port = free_port()
    with serving(small.app, port):
        context = browser.new_context(viewport=NARROW, locale="zh-CN")  # type: ignore[arg-type]
        found = context.new_page()
        found.set_default_timeout(WAIT_MS)
        found.goto(f"http://127.0.0.1:{port}/widget/frame?popout=1")
        found.get_by_role("button", name="同意并开始咨询").click()
        yield found
        context.close()


def test_the_receipt_is_short_and_opens_to_the_whole(page: Page) -> None:
    file = {"name": "借条.jpg", "mimeType": "image/jpeg", "buffer": PHOTOGRAPH}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    page.get_by_role("button", name="同意并上传").click()
    stored = hashlib.sha256(without_metadata("image/jpeg", PHOTOGRAPH)).hexdigest()
    receipt = page.locator(".message.visitor .receipt")
    short = receipt.get_by_text(f"回执 {stored[:8]}…")
    short.wait_for()
    assert not receipt.locator("code").first.is_visible()
    box = short.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    short.click()
    sent = hashlib.sha256(PHOTOGRAPH).hexdigest()
    assert receipt.locator("code").all_inner_texts() == [stored, sent]
    widths = "n => [n.scrollWidth, n.clientWidth]"
    inner, outer = page.locator(".message.visitor").last.evaluate(widths)
    assert inner <= outer
