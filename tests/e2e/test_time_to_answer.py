"""A lawyer sees and hears, once, that a visitor is about to be given to somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.screens import NARROW, Screens, send
from tests.e2e.test_screen import screens  # noqa: F401
from tests.integration.desk.conftest import build  # noqa: F401

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SENTENCE = "请在 1 分钟内回复，否则将转给其他律师"
LISTENING = """
    window.shown = [];
    window.Notification = class {
      static permission = "granted";
      constructor(title, { body }) { shown.push(body); }
    };
    document.hasFocus = () => false;
    localStorage.setItem("lawbridge-desk-notices", "on");
"""


def told(page: Page) -> list[str]:
    return [words for words in page.evaluate("shown") if words.startswith(SENTENCE)]


def test_the_last_minute_is_counted_down_by_the_servers_clock(
    screens: Screens,  # noqa: F811
) -> None:
    page = screens.page()
    page.add_init_script(LISTENING)
    screens.claimed(page)
    assert page.locator(".answer-by").count() == 0
    # The clock of the browser stands still: what is shown comes from the server's time.
    screens.clock.advance(minutes=3, seconds=50)
    page.reload()
    page.click("#view-mine")
    page.wait_for_selector(".mine .open")
    assert page.locator(".mine .chip.bad").count() == 0
    screens.clock.advance(seconds=20)
    page.reload()
    page.click("#view-mine")
    page.click(".mine .entry:has-text('限时回复 0:50') .open")
    page.wait_for_selector(f".answer-by:has-text('{SENTENCE}')")
    page.clock.set_fixed_time(screens.clock.moment.replace(minute=0, second=15))
    page.wait_for_selector(".answer-by:has-text('0:35')")
    assert told(page) == [f"{SENTENCE}：劳动"]
    send(page, "您好，请稍等。")
    page.wait_for_selector(".answer-by", state="detached", timeout=9_000)
    assert told(page) == [f"{SENTENCE}：劳动"]


def test_the_warning_fits_a_phone(screens: Screens) -> None:  # noqa: F811
    page = screens.page(size=NARROW)
    conversation_id = screens.waiting()
    screens.building.office.desk.claim(conversation_id, screens.staff("zhao"))
    screens.clock.advance(minutes=4, seconds=10)
    page.reload()
    page.click("#view-mine")
    page.click(".mine .open")
    page.wait_for_selector(".answer-by:has-text('0:50')")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
