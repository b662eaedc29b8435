"""The widget on another site: allowed by its exact origin, or not at all. Needs no Rasa."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn

from bot.store.unit import Store
from tests.conftest import free_port
from tests.integration.web.small_app import build
from tests.live import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

NEUTRAL = "https://www.gov.cn/"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def end_headers(self) -> None:
        # A host with a strict policy of its own: the widget must not need inline styles there.
        policy = f"style-src 'self'; script-src 'self' {self.app}"
        self.send_header("Content-Security-Policy", policy)
        super().end_headers()

    app = ""


class Sites:
    """A host site and our application, each with an origin of its own."""

    def __init__(self, folder: Path, store: Store, *, allowed: bool) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        handler = functools.partial(
            type("Handler", (QuietHandler,), {"app": self.url}), directory=str(folder)
        )
        self.host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.host_url = f"http://127.0.0.1:{self.host.server_address[1]}"
        (folder / "index.html").write_text(
            '<!doctype html><html lang="zh"><meta charset="utf-8"><body><h1>宿主网站</h1>'
            f'<script src="{self.url}/widget.js" data-position="left" data-locale="zh-Hant" '
            'data-launcher-title="問法律" data-color="#0b5d3b" data-welcome-title="勞動諮詢">'
            "</script></body></html>",
            encoding="utf-8",
        )
        sites = (self.host_url,) if allowed else ()
        app = build(store, allowed_sites=sites).app
        self.server = uvicorn.Server(
            uvicorn.Config(
                app,
                host="127.0.0.1",
                port=self.port,
                log_config=None,
                timeout_graceful_shutdown=1,
            )
        )
        self.threads = [
            threading.Thread(target=self.server.run),
            threading.Thread(target=self.host.serve_forever),
        ]

    def __enter__(self) -> Sites:
        for thread in self.threads:
            thread.start()
        until(lambda: self.server.started)
        return self

    def __exit__(self, *error: object) -> None:
        self.server.should_exit = True
        self.host.shutdown()
        for thread in self.threads:
            thread.join()
        self.host.server_close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    context.route(
        f"{NEUTRAL}**", lambda route: route.fulfill(content_type="text/html", body="neutral")
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "host"
    found.mkdir()
    return found


def test_an_allowed_site_embeds_steers_and_hears_the_widget(
    page: Page, folder: Path, sqlite_store: Store
) -> None:
    with Sites(folder, sqlite_store, allowed=True) as sites:
        page.goto(sites.host_url)
        launcher = page.get_by_role("button", name="問法律")
        box = launcher.bounding_box()
        assert box is not None
        assert box["x"] < 100
        assert launcher.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(11, 93, 59)"
        page.evaluate(
            "() => { window.heard = [];"
            " addEventListener('lawbridge:message', e => heard.push(e.detail)); }"
        )
        launcher.click()
        frame = page.frame_locator("iframe")
        frame.get_by_role("heading", name="勞動諮詢").first.wait_for()
        frame.get_by_role("button", name="同意並開始諮詢").click()
        frame.locator("textarea").fill("老板欠薪")
        frame.locator("textarea").press("Enter")
        until(lambda: page.evaluate("heard.length") >= 1)
        # The host hears that something came, and never what was said.
        assert set(page.evaluate("heard[0]")) == {"id", "sender"}
        assert page.evaluate("window.lawbridge.setLocale('en')") == {"locale": "en"}
        frame.get_by_role("button", name="Leave now").click()
        page.wait_for_url(NEUTRAL)


def test_a_strangers_message_does_not_steer_the_frame(
    page: Page, folder: Path, sqlite_store: Store
) -> None:
    with Sites(folder, sqlite_store, allowed=True) as sites:
        page.goto(f"{sites.url}/widget/frame?origin={sites.host_url}")
        page.get_by_role("button", name="快速离开").wait_for()
        page.evaluate("postMessage({lawbridge: 1, type: 'locale', locale: 'en'}, '*')")
        page.evaluate("() => new Promise(done => setTimeout(done, 0))")
        assert page.get_by_role("button", name="快速离开").is_visible()


def test_a_site_that_is_not_allowed_cannot_embed_the_widget(
    page: Page, folder: Path, sqlite_store: Store
) -> None:
    with Sites(folder, sqlite_store, allowed=False) as sites:
        page.goto(sites.host_url)
        with page.expect_console_message(lambda m: "frame-ancestors" in m.text):
            page.evaluate("() => { window.lawbridge.toggle('open').catch(() => {}); }")
        assert page.frame_locator("iframe").get_by_role("button").count() == 0
