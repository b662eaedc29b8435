"""Those who apply for legal aid and those who decide, each with a browser or a chat of his own."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.conftest import ROOT
from tests.e2e.people import NARROW, WAIT_MS, WIDE
from tests.integration.aid.conftest import ANSWERS, ELSEWHERE, identity_number
from tests.live import LiveApp, Visitor, words_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

PASSWORD = "correct horse battery staple"
KEY = re.compile(r"/apply/q/(\w+)")
NUMBER = re.compile(r"FY\d{8}-\d{4}-\d")
STEP = re.compile(r"第 (\d+) 步，共 (\d+) 步")


def answers_of(serial: int, **other: str) -> dict[str, str]:
    """Return an answer to every question, for a person of his own."""
    return {**ELSEWHERE, **ANSWERS, "id_number": identity_number(serial), **other}


class Caller:
    """Somebody who applies in the chat."""

    def __init__(self, visitor: Visitor, answers: dict[str, str]) -> None:
        self.visitor = visitor
        self.answers = answers
        self.asked: list[str] = []
        """The questions that were put, in the words of the bot."""

    def say(self, words: str) -> str:
        return words_of(self.visitor.say(words))

    def apply(self, *keys: str) -> str:
        """Begin and answer the questions named; return what was said to the last answer."""
        said = self.say("我想申请法律援助")
        for key in keys:
            self.asked.append(said)
            said = self.say(self.answers[key])
        return said


class Applicant:
    """Somebody who applies on the web, on a phone."""

    def __init__(self, page: Page, url: str, answers: dict[str, str]) -> None:
        self.page = page
        self.url = url
        self.answers = answers
        self.seen: list[str] = []

    def begin(self) -> Applicant:
        self.page.goto(f"{self.url}/apply")
        self.page.get_by_role("button", name="同意，开始填写").click()
        self.page.wait_for_url(KEY)
        return self

    def go_on(self) -> Applicant:
        """Go to the open question of the draft."""
        self.page.goto(f"{self.url}/apply/fill")
        return self

    @property
    def question(self) -> str:
        found = KEY.search(self.page.url)
        return found[1] if found else ""

    def answer(self, words: str) -> None:
        """Choose or write an answer and go on, to the next page or to what is wrong with it."""
        choice = self.page.locator(".pick", has_text=re.compile(rf"^\s*{words}\s*$"))
        if choice.count():
            choice.first.click()
        else:
            self.page.locator("[name=text]").fill(words)
        with self.page.expect_navigation():
            self.page.get_by_role("button", name="下一步").click()

    def fill(self, until: str = "") -> Applicant:
        """Answer what is asked, up to a question or to the end."""
        while (key := self.question) and key != until:
            self.seen.append(key)
            self.answer(self.answers[key])
        return self

    def submit(self) -> str:
        """Check the answers, give the pledge; return the number."""
        self.page.get_by_role("link", name="都对，下一步").click()
        self.page.locator(".pick", has_text=re.compile(r"^\s*同意\s*$")).click()
        self.page.get_by_role("button", name="提交").click()
        self.page.get_by_role("heading", name="申请已提交").wait_for()
        return self.page.locator(".code").inner_text()

    def progress(self) -> str:
        self.page.goto(f"{self.url}/apply/status")
        return self.page.locator("main").inner_text()


class Official:
    """An officer or a lawyer before the pages of the applications."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, number: str) -> str:
        """Open an application; return what is shown."""
        self.page.goto(f"{self.url}/desk/aid/{number}")
        return self.shown()

    def shown(self) -> str:
        return self.page.locator("main").inner_text()

    def numbers(self) -> list[str]:
        """Return the numbers on the list, the first first."""
        self.page.goto(f"{self.url}/desk/aid")
        return self.page.locator("tbody a.number").all_inner_texts()

    def form(self, step: str) -> Locator:
        """Return the form of a step, unfolded."""
        found = self.page.locator(f"form[action$='/{step}']")
        fold = self.page.locator("details", has=found)
        if fold.count() and not found.is_visible():
            fold.locator("summary").click()
        return found

    def take(self, step: str, fill: Callable[[Locator], None] = lambda form: None) -> str:
        """Fill in and send the form of a step; return what is shown then."""
        form = self.form(step)
        fill(form)
        with self.page.expect_navigation():
            form.locator("button[type=submit]").click()
        return self.shown()


@dataclass
class Bureau:
    """The running product with an officer and a lawyer, and everybody who comes."""

    app: LiveApp
    browser: Browser
    signed_in: dict[str, Any]
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def page(self, size: dict[str, int], **options: Any) -> Page:
        context = self.browser.new_context(viewport=size, locale="zh-CN", **options)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        return page

    def caller(self, serial: int, **answers: str) -> Caller:
        return Caller(self.app.visitor(), answers_of(serial, **answers))

    def applicant(self, serial: int, **answers: str) -> Applicant:
        return Applicant(self.page(NARROW), self.app.url, answers_of(serial, **answers))

    def official(self, login: str) -> Official:
        return Official(self.page(WIDE, storage_state=self.signed_in[login]), self.app.url)

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.app.data_dir / "lawbridge.db", timeout=20)) as database:
            return database.execute(query).fetchall()

    def change(self, statement: str, *values: str) -> None:
        """Put a row where it would stand after days have passed."""
        with closing(sqlite3.connect(self.app.data_dir / "lawbridge.db", timeout=20)) as database:
            database.execute(statement, values)
            database.commit()

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def sign_in(app: LiveApp, browser: Browser, login: str, name: str, role: str) -> Any:
    """Make an account and sign in; return what the browser keeps."""
    subprocess.run(
        [sys.executable, "-m", "bot", "lawyer", "add", login, "--name", name, "--role", role,
         "--licence", "15301201912", "--password", PASSWORD],
        cwd=ROOT, env=app.environment, check=True, capture_output=True,
    )  # fmt: skip
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{app.url}/desk/login")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.press("#password", "Enter")
    kept = context.storage_state()
    context.close()
    return kept
