"""The browser inside WeChat, before the whole product."""

from __future__ import annotations

import html
import re

import httpx2
from fastapi.testclient import TestClient

from tests.integration.wechat.conftest import PUBLIC, Town

LINK = re.compile(rf"{re.escape(PUBLIC)}(/m/[\w-]+)")


class Phone:
    """The browser inside WeChat."""

    def __init__(self, town: Town) -> None:
        self.client: TestClient = town.whole.browser()
        self.client.follow_redirects = True
        self.page = ""
        self.path = ""
        self.status = 0

    def open(self, text: str) -> Phone:
        """Open the link in a message and press its one button."""
        found = LINK.search(text)
        assert found is not None, text
        asked = self.client.get(found[1], headers={"Accept": "text/html"})
        button = re.search(r'<form method="post" action="(/m/[^"]+)"', asked.text)
        if button is None:
            return self._shows(asked)
        device = re.search(r'name="device" value="([^"]*)"', asked.text)
        assert device is not None
        shown = self.client.post(button[1], data={"device": device[1]})
        return self._shows(shown)

    def get(self, path: str) -> Phone:
        return self._shows(self.client.get(path, headers={"Accept": "text/html"}))

    def _shows(self, shown: httpx2.Response) -> Phone:
        self.status, self.page, self.path = shown.status_code, shown.text, shown.url.path
        return self

    @property
    def words(self) -> str:
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.page)).split())
