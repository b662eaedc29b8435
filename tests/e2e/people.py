"""Citizens and lawyers who talk to one another, each with a browser of his own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

from tests.live import LiveApp, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}
WAIT_MS = 20_000
KEPT = "(_, kind) => JSON.parse((kind === 'local' ? localStorage : sessionStorage)['lawbridge.v1'])"
SHOWN = """all => all.map(e => [
  ['visitor', 'bot', 'lawyer', 'system'].find(name => e.classList.contains(name)),
  [...e.querySelectorAll('.words, .notice, .file-name')]
    .map(w => w.innerText.trim()).join('\\n')])"""
"""Who said what, as it stands on a screen; the same at the desk and in the chat."""
ARRIVED = ":is(.visitor, .bot, .lawyer, .system):not(.pending, .typing)"

Said = tuple[str, str]


class Citizen:
    """Somebody with the chat open."""

    def __init__(self, page: Page, url: str, storage: str = "session") -> None:
        self.page = page
        self.url = url
        self.storage = storage
        self.frame = page.frame_locator("iframe")
        self.box = self.frame.locator(".writing textarea")
        self.own = self.frame.locator(".message.visitor:not(.pending)")

    def open(self) -> Citizen:
        self.page.goto(f"{self.url}/")
        self.page.evaluate("window.lawbridge.toggle('open')")
        return self

    def start(self) -> Citizen:
        self.open().frame.get_by_role("button", name="同意并开始咨询").click()
        self.box.wait_for()
        return self

    def token(self) -> str:
        kept: dict[str, Any] = self.box.evaluate(KEPT, self.storage)
        return str(kept["token"])

    def say(self, words: str) -> None:
        """Send words and see them taken by the server."""
        before = self.own.count()
        self.box.fill(words)
        self.box.press("Enter")
        # Not by its words: an identity number is shown masked.
        self.own.nth(before).wait_for()

    def ask(self, words: str) -> str:
        """Send words to the bot; return its answer."""
        before = len(self.shown())
        self.say(words)

        def answer() -> str:
            later = self.shown()[before + 1 :]
            return "\n".join(said for sender, said in later if sender != "visitor")

        return str(until(answer))

    def sees(self, words: str) -> Locator:
        found = self.frame.locator(f".message{ARRIVED}", has_text=words).last
        found.wait_for()
        return found

    def calls_a_lawyer(self, question: str = "") -> Citizen:
        if question:
            self.ask(question)
        self.say("转人工")
        self.sees("排在第")
        return self

    def shown(self) -> list[Said]:
        found = self.frame.locator(f"li.message{ARRIVED}[data-id]").evaluate_all(SHOWN)
        return [(sender, words) for sender, words in found if words]

    def talk(self) -> list[Said]:
        """Return what the two people said, without bot and notices."""
        return [said for said in self.shown() if said[0] in ("visitor", "lawyer")]

    def stored(self) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token()}"}
        answer = httpx2.get(f"{self.url}/api/web/messages", headers=headers, timeout=20)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def attach(self, name: str, mime: str, body: bytes) -> None:
        given: Any = {"name": name, "mimeType": mime, "buffer": body}
        self.frame.locator("input[type=file]").set_input_files([given])
        agree = self.frame.get_by_role("button", name="同意并上传")
        shown = self.frame.locator(".message.visitor", has_text=name.rsplit(".", 1)[0])
        agree.or_(shown).first.wait_for()
        if agree.is_visible():
            agree.click()


class Lawyer:
    """Somebody signed in at the desk."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name

    def show_list(self, view: str) -> None:
        """Show one of the lists, which a phone shows alone."""
        tab = self.page.locator(".tabs button", has_text="来访")
        if tab.is_visible():
            tab.click()
        self.page.click(f"#view-{view}")

    def waiting(self, words: str) -> Locator:
        return self.page.locator(".waiting .entry", has_text=words)

    def mine(self, words: str) -> Locator:
        return self.page.locator(".mine .entry", has_text=words)

    def claim(self, words: str) -> None:
        self.show_list("queue")
        self.waiting(words).locator(".claim").click()
        self.page.wait_for_selector("#say")

    def select(self, place: int = 0) -> None:
        """Open one of his own conversations, of which the one claimed first is the first."""
        self.show_list("mine")
        self.page.locator(".mine .open").nth(place).click()

    def send(self, words: str) -> None:
        self.page.fill("#say", words)
        self.page.press("#say", "Enter")
        self.page.locator(".said.lawyer:not(.pending)", has_text=words).last.wait_for()

    def note(self, words: str) -> None:
        self.page.click(".switch .note")
        self.page.fill("#note", words)
        self.page.press("#note", "Enter")
        self.page.locator(".said.noted", has_text=words).wait_for()
        self.page.click(".switch .reply")

    def act(self, name: str) -> None:
        """Press one of the buttons above a conversation, folded away or not."""
        button = self.page.locator(f".acts-list button:text-is('{name}')")
        if not button.is_visible():
            self.page.click(".acts .more")
        button.click()

    def confirm(self) -> None:
        self.page.click("dialog .primary")
        self.page.wait_for_selector("dialog", state="detached")

    def sees(self, words: str) -> Locator:
        found = self.page.locator(f".said{ARRIVED}", has_text=words).last
        found.wait_for()
        return found

    def shown(self) -> list[Said]:
        """Return what stands in the conversation that is open."""
        found = self.page.locator(f".messages .said{ARRIVED}").evaluate_all(SHOWN)
        return [(sender, words) for sender, words in found]

    def talk(self) -> list[Said]:
        return [said for said in self.shown() if said[0] in ("visitor", "lawyer")]


@dataclass
class Town:
    """The running product and the people before it."""

    app: LiveApp
    browser: Browser
    signed_in: dict[str, Any]
    """What the browser of each lawyer keeps after signing in."""
    names: dict[str, str]
    contexts: list[BrowserContext] = field(default_factory=list)
    citizens: list[Citizen] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What the consoles of all pages complained of."""

    def context(self, size: dict[str, int], **options: Any) -> BrowserContext:
        found = self.browser.new_context(viewport=size, locale="zh-CN", **options)  # type: ignore[arg-type]
        found.set_default_timeout(WAIT_MS)
        self.contexts.append(found)
        return found

    def watched(self, page: Page) -> Page:
        page.on(
            "console",
            lambda m: self.problems.append(f"{m.text} {m.location}") if m.type == "error" else None,
        )
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("dialog", lambda box: self.problems.append(f"dialog: {box.message}"))
        return page

    def citizen(self, size: dict[str, int] = WIDE) -> Citizen:
        page = self.watched(self.context(size).new_page())
        found = Citizen(page, self.app.url)
        self.citizens.append(found)
        return found

    def lawyer(self, login: str, size: dict[str, int] = WIDE) -> Lawyer:
        context = self.context(size, storage_state=self.signed_in[login])
        page = self.watched(context.new_page())
        page.goto(f"{self.app.url}/desk")
        page.wait_for_selector(".columns")
        return Lawyer(page, self.names[login])

    def stored_files(self) -> int:
        """Count the files that anybody has sent and that were kept."""
        with closing(sqlite3.connect(self.app.data_dir / "lawbridge.db")) as connection:
            found: tuple[int] = connection.execute("SELECT COUNT(*) FROM files").fetchone()
        return found[0]

    def complaints(self, *expected: str) -> list[str]:
        """Return what no page should have complained of."""
        return [one for one in self.problems if not any(words in one for words in expected)]

    def leave(self, tokens: Sequence[str] = ()) -> None:
        """End what is still open, so that nobody waits in the next test's queue."""
        for citizen in self.citizens:
            if not citizen.page.is_closed() and citizen.box.is_visible():
                tokens = [*tokens, citizen.token()]
        for token in tokens:
            headers = {"Authorization": f"Bearer {token}"}
            httpx2.post(f"{self.app.url}/api/web/end", headers=headers, timeout=20)
        for context in self.contexts:
            context.close()
