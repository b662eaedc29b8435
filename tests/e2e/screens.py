"""A running desk with browsers before it, without Rasa or an index.

Colleagues, outcomes, matters and suggestions are other rooms' and answered by a small stand-in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import uvicorn
from fastapi import APIRouter, Body, FastAPI
from fastapi.staticfiles import StaticFiles

from bot.domain.people import Role, Staff
from bot.errors import BadInput
from tests.conftest import ROOT, FixedClock, free_port
from tests.integration.desk.conftest import PASSWORD, Building

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 360, "height": 740}
ZOOMED = {"width": 640, "height": 400}
"""1280 by 800 at 200 percent."""
ATTACK = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>"
STARTS_WITHIN_S = 20.0
WAIT_MS = 20_000
DRAFT = "您好，没签书面合同的，可以主张双倍工资。依据：《劳动合同法》第八十二条。"
ARTICLE = "劳动合同法第八十二条"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
    "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)


Names = Annotated[list[str], Body(embed=True)]
Correction = Annotated[dict[str, Any], Body()]


@dataclass
class OtherRooms:
    """What the desk asks of rooms that are not its own, and what it told them."""

    staff: dict[str, int]
    away: set[int] = field(default_factory=set)
    corrections: list[dict[str, Any]] = field(default_factory=list)
    opponents: list[str] = field(default_factory=list)

    def router(self) -> APIRouter:
        api = APIRouter(prefix="/api/desk")
        api.get("/colleagues")(self._colleagues)
        api.post("/away", status_code=204)(self._away)
        api.post("/opponents")(self._opponents)
        api.get("/outcomes")(self._outcomes)
        api.get("/matters/of/{conversation_id}")(self._matter)
        api.get("/conversations/{conversation_id}/copilot")(self._copilot)
        api.post("/conversations/{conversation_id}/corrections")(self._correct)
        return api

    def _colleagues(self, conversation: str = "") -> list[dict[str, Any]]:
        lines = [
            ("zhao", "赵律", True, False),
            ("qian", "钱律", True, False),
            ("wu", "吴主管", False, False),
            ("zheng", "郑律", True, True),
        ]
        return [
            {
                "id": self.staff[login], "name": name, "role": "lawyer", "office": "五华区",
                "present": present, "away": self.staff[login] in self.away, "load": 1,
                "capacity": 6, "topics": ["劳动"], "conflict": conflict and bool(conversation),
            }
            for login, name, present, conflict in lines
        ]  # fmt: skip

    def _away(self, away: bool = Body(embed=True)) -> None:
        change = self.away.add if away else self.away.discard
        change(self.staff["zhao"])

    def _opponents(self, conversation: str, names: Names) -> dict[str, Any]:
        self.opponents += names
        return {"conflict": "某公司" in names, "colleagues": []}

    def _outcomes(self) -> list[dict[str, str]]:
        labels = {
            "advised": "已解答", "referred_aid": "转法律援助", "referred_mediation": "转调解",
            "referred_other": "转其他机构", "unreachable": "联系不上", "withdrawn": "当事人撤回",
        }  # fmt: skip
        return [{"value": code, "label": label} for code, label in labels.items()]

    def _matter(self, conversation_id: str) -> dict[str, Any]:
        return {
            "number": "26000123", "spoken": "2600 0123", "state": "in_progress",
            "state_label": "办理中", "due_at": "2026-11-26T01:00:00Z", "overdue": False,
            "moves": [{"at": "2026-11-23T01:00:00Z", "actor": "", "action": "queued"}],
        }  # fmt: skip

    def _copilot(self, conversation_id: str) -> dict[str, Any]:
        return {
            "question": "没签合同，拖欠工资怎么办", "draft": DRAFT, "notes": [], "transitions": [],
            "facts_on": {"first": "2025-03-01", "last": "2025-03-31", "said": "去年3月"},
            "statutes": [
                {
                    "key": "劳动合同法/82", "title": ARTICLE, "of_that_day": True,
                    "gist": "超过一个月不满一年没签书面合同的，每月付二倍工资。",
                    "version": "2012-12-28", "in_force_from": "2013-07-01",
                },
                {
                    "key": "劳动合同法/30", "title": "劳动合同法第三十条",
                    "gist": "按时足额发工资；拖欠的可以向法院申请支付令。",
                    "version": "2012-12-28", "in_force_from": "2013-07-01",
                },
            ],
            "cases": [{"id": "c1", "title": "未签合同案", "point": "支持。", "source": "省高院"}],
            "missing": [{"label": "入职时间", "ask": "您是哪一天入职的？"}],
            "evidence": [{"kind": "聊天记录", "held": True}, {"kind": "录音", "held": False}],
            "deadlines": [
                {
                    "say": "劳动仲裁的申请期限是一年。", "title": "劳动争议调解仲裁法第二十七条",
                    "ends_on": "2027-03-01", "days_left": 98,
                }
            ],
        }  # fmt: skip

    def _correct(self, conversation_id: str, body: Correction) -> dict[str, int]:
        if "看不懂" in body["chosen"]:
            raise BadInput("“看不懂”看不出是哪一条，请写成“劳动合同法第三十条”，一行一条。")
        self.corrections.append(body)
        return {"id": 1}


@dataclass
class Screens:
    """A running desk and the browsers that look at it."""

    url: str
    building: Building
    rooms: OtherRooms
    clock: FixedClock
    browser: Browser
    contexts: list[Any] = field(default_factory=list)

    def page(self, login: str = "zhao", size: dict[str, int] = WIDE, **options: Any) -> Page:
        """Sign in with a browser of one's own."""
        context = self.browser.new_context(viewport=size, locale="zh-CN", **options)
        self.contexts.append(context)
        page = context.new_page()
        page.clock.set_fixed_time(self.clock.moment)
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{self.url}/desk")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector(".columns")
        return page

    def waiting(self, words: str = "老板去年3月起欠我2万8千元", **more: Any) -> str:
        return self.building.office.queued(words, **more)

    def claimed(self, page: Page, words: str = "老板去年3月起欠我2万8千元") -> str:
        """Let a visitor wait and this lawyer claim him."""
        conversation_id = self.waiting(words)
        page.reload()
        page.locator(".waiting .claim").first.click()
        page.wait_for_selector("#say")
        page.wait_for_selector(".statutes li")
        return conversation_id

    def told(self, conversation_id: str) -> list[str]:
        """What a lawyer has told the visitor."""
        said = self.building.office.words(conversation_id)
        return [words for sender, words in said if sender == "lawyer"]

    def staff(self, login: str) -> Staff:
        """A lawyer as the desk knows one."""
        return Staff(self.rooms.staff[login], login, login, "", Role.LAWYER)

    def everything(self, conversation_id: str) -> str:
        return str(self.building.office.conversations.after(conversation_id, 0))


def ids_of(building: Building) -> dict[str, int]:
    with building.office.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT login, id FROM staff")
        return {row.login: row.id for row in rows}


@contextmanager
def open_screens(building: Building, clock: FixedClock, browser: Browser) -> Iterator[Screens]:
    """Serve a desk until the block ends."""
    people = {"wu": ("吴主管", "supervisor"), "zheng": ("郑律", "lawyer")}
    for login, (name, role) in people.items():
        building.accounts.add(login, name, "", role, PASSWORD)
    rooms = OtherRooms(ids_of(building))
    building.app.include_router(rooms.router())
    building.app.mount("/static", StaticFiles(directory=ROOT / "bot" / "web" / "static"))
    port = free_port()
    with serving(building.app, port):
        found = Screens(f"http://127.0.0.1:{port}", building, rooms, clock, browser)
        yield found
        for context in found.contexts:
            context.close()


class serving:
    """uvicorn in a thread, from ready to gone."""

    def __init__(self, app: FastAPI, port: int) -> None:
        config = uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()
        until(lambda: self._server.started)

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()


def until(is_so: Callable[[], object], within_s: float = STARTS_WITHIN_S) -> None:
    """Wait for something that happens outside the browser."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "等不到"
        threading.Event().wait(0.02)


def act(page: Page, name: str) -> None:
    """Press one of the buttons above a conversation, folded away or not."""
    button = page.locator(".acts-list button", has_text=name)
    if not button.is_visible():
        page.click(".acts .more")
    button.click()


def dialog(page: Page) -> Locator:
    return page.locator("dialog[open]")


def send(page: Page, words: str) -> None:
    page.fill("#say", words)
    page.press("#say", "Enter")
    page.locator(".said.lawyer:not(.pending)", has_text=words).last.wait_for()
