"""A citizen's browser in front of the form: pages in, forms out, as a phone without scripts."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.aid.form import load_form
from bot.aid.paperwork import Paperwork
from bot.apply.session import COOKIE
from bot.domain.aid import Application, Draft
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.integration.aid.conftest import ANSWERS, ELSEWHERE, Applicant, make_applicant
from tests.integration.web.small_app import SmallApp, build

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9"}


@dataclass
class Browser:
    """One browser with its own cookies; ``page`` is what it shows."""

    client: TestClient
    applicant: Callable[[str], Applicant]
    page: Any = None

    @property
    def path(self) -> str:
        return str(self.page.url.path)

    @property
    def words(self) -> str:
        return html.unescape(re.sub(r"<[^>]+>", " ", self.page.text))

    @property
    def token(self) -> str:
        return self.client.cookies.get(COOKIE) or ""

    def get(self, path: str) -> Browser:
        self.page = self.client.get(path)
        return self

    def post(self, path: str, **data: str) -> Browser:
        self.page = self.client.post(path, data=data)
        return self

    def begin(self) -> Browser:
        self.get("/apply")
        return self.post("/apply/begin", consent="2026-11")

    def value(self, name: str) -> str:
        """Return what stands in a hidden field of the page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page.text)
        assert found is not None
        return found[1]

    def answer(self, key: str, words: str, **more: str) -> Browser:
        """Answer a question by the choice with this label, or in words."""
        self.get(f"/apply/q/{key}")
        found = re.search(
            rf'name="option" value="([^"]+)"[^>]*> {re.escape(words)}<', self.page.text
        )
        given = {"option": found[1]} if found else {"text": words}
        return self.post(f"/apply/q/{key}", **given, **more)

    def fill(self, until: str = "", **other: str) -> Browser:
        """Answer what is asked, to the checking or to a question."""
        answers = {**ELSEWHERE, **ANSWERS, **other}
        self.get("/apply/fill")
        while (found := re.fullmatch(r"/apply/q/(\w+)", self.path)) and found[1] != until:
            self.answer(found[1], answers[found[1]])
            assert self.page.status_code == 200, self.words
        return self

    def submit(self) -> Browser:
        return self.post("/apply/submit", option="aid.pledge.agree")

    def upload(self, path: str, body: bytes, client_id: str = "u1", name: str = "证件.png") -> Any:
        self.page = self.client.post(
            path, data={"id": client_id}, files={"file": (name, body, "image/png")}
        )
        return self.page

    @property
    def mine(self) -> Applicant:
        """Return the same conversation as the services see it."""
        return self.applicant(self.token)

    @property
    def draft(self) -> Draft:
        found = self.mine.service.draft(self.mine.conversation_id)
        assert found is not None
        return found

    @property
    def made(self) -> list[Application]:
        found = self.mine.service.status(self.mine.conversation_id, "")
        return [progress.application for progress in found.progress]


@pytest.fixture
def small(store: Store, clock: FixedClock) -> SmallApp:
    return build(store, clock)


@pytest.fixture
def visiting(small: SmallApp, store: Store, clock: FixedClock) -> Iterator[Callable[[], Browser]]:
    """Open browsers in front of the same application."""
    opened: list[TestClient] = []

    def applicant(token: str) -> Applicant:
        found = small.conversations.by_token(token)
        assert found is not None
        return make_applicant(store, clock, found.id)

    def visit() -> Browser:
        # The first one runs the application's lifespan; the others share it.
        client = TestClient(small.app, headers=HTML)
        opened.append(client)
        return Browser(client, applicant)

    yield visit
    for client in opened:
        client.close()


@pytest.fixture
def citizen(visiting: Callable[[], Browser]) -> Browser:
    return visiting()


@pytest.fixture
def paperwork(store: Store, clock: FixedClock) -> Paperwork:
    return Paperwork(store, clock, load_form())
