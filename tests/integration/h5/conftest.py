"""Followers' phones in front of the pages: the real rooms, a scripted chat, a made-up platform."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient
from sqlalchemy import insert

from bot.domain.follower import Follower
from bot.h5.endpoints import create_h5_router
from bot.h5.links import Links
from bot.h5.repository import LinkRepository
from bot.h5.service import H5Service
from bot.h5.session import COOKIE, FollowerDoor
from bot.h5.verifying import create_verification_router
from bot.matters.follower import MatterFollower
from bot.matters.ledger_repository import MatterLedger
from bot.matters.repository import MatterRepository
from bot.matters.service import MatterService
from bot.matters.targets import load_targets
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_bindings
from bot.wechat.followers import FollowerRepository
from connectors.messages import Inbound, Part, text
from connectors.wechat.failures import ApiFailed, Failure
from knowledge_base.loader import load
from knowledge_base.models import KnowledgeBase
from tests.conftest import ROOT, FixedClock
from tests.integration.aid.conftest import Applicant, make_applicant
from tests.integration.test_authorisation import routes_of
from tests.integration.web.small_app import ANSWER, LABEL, SmallApp, build

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9"}
ACCOUNT = "wx0123456789abcdef"
OPENID = "oSomebody-0001"
OTHER_OPENID = "oAnother-0002"
SITE = "http://testserver"
PAGES = (
    "/m/me", "/m/talk", "/m/progress", "/m/rate", "/m/upload", "/m/data", "/m/erase", "/m/notify",
    "/m/services",
)  # fmt: skip


@dataclass
class MadeUpPlatform:
    """What the platform would answer."""

    oauth: bool = False
    template: str = ""
    openids: dict[str, str] = field(default_factory=dict)
    """By the code that a browser brings."""
    is_down: bool = False

    def uses_oauth(self, app_id: str) -> bool:
        return self.oauth and app_id == ACCOUNT

    def oauth_openid(self, app_id: str, code: str) -> str:
        if self.is_down or code not in self.openids:
            raise ApiFailed(Failure.BUSY, -1)
        return self.openids.pop(code)

    def notice_template(self, app_id: str) -> str:
        return self.template

    def subscribe_url(self, app_id: str, reserved: str) -> str:
        wanted = urlencode({"appid": app_id, "template_id": self.template, "reserved": reserved})
        return f"https://mp.weixin.qq.com/mp/subscribemsg?{wanted}#wechat_redirect"


@dataclass
class Phone:
    """One browser with its own cookies; ``page`` is what it shows."""

    client: TestClient
    page: Any = None

    @property
    def words(self) -> str:
        shown = re.sub(r"<(style|script)[\s\S]*?</\1>", " ", self.page.text)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).split())

    @property
    def path(self) -> str:
        return str(self.page.url.path)

    @property
    def key(self) -> str:
        return self.client.cookies.get(COOKIE) or ""

    def get(self, path: str, **more: Any) -> Phone:
        self.page = self.client.get(path.removeprefix(SITE), **more)
        return self

    def post(self, path: str, **data: str) -> Phone:
        self.page = self.client.post(path, data=data)
        return self

    def value(self, name: str) -> str:
        """Return what stands in a hidden field of the page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page.text)
        assert found is not None, self.words
        return found[1]

    def tap(self) -> Phone:
        """Press the one button of a link's page."""
        found = re.search(r'<form method="post" action="(/m/[^"]+)"', self.page.text)
        assert found is not None, self.words
        return self.post(found[1], device=self.value("device"))

    def open(self, link: str) -> Phone:
        return self.get(link).tap()


@dataclass
class House:
    """The application with its followers."""

    small: SmallApp
    links: Links
    followers: FollowerRepository
    platform: MadeUpPlatform
    matters: MatterService
    kept_matters: MatterRepository
    clock: FixedClock

    @property
    def store(self) -> Store:
        return self.small.store

    def follow(self, openid: str = OPENID, account: str = ACCOUNT) -> Follower:
        return self.followers.meet(account, openid)

    def talk_of(self, follower: Follower) -> str:
        assert follower.conversation_id is not None
        return follower.conversation_id

    def link(self, follower: Follower, target: str = "me", conversation_id: str = "") -> str:
        home = conversation_id or self.talk_of(follower)
        return self.links.link(follower.id, home, target)

    def ask(self, conversation_id: str, words: str, answer: Sequence[Part] = ANSWER) -> int:
        """Let a visitor say something and the bot answer; return the visitor's message."""
        talks = self.small.conversations
        count = len(talks.after(conversation_id, 0, 10_000))
        inbound = Inbound(conversation_id, f"wx-{count}", words)
        received = talks.receive(inbound, [text(words)])
        if answer:
            talks.finish(conversation_id, received.message_id, [answer])
        return received.message_id

    def on_the_web(self, follower: Follower, *, proven: bool = True) -> str:
        """Bind a conversation that began on the web; return it."""
        conversation, _ = self.small.conversations.create("web", "2026-11")
        self.clock.advance(seconds=1)
        with self.store.write() as connection:
            connection.execute(
                insert(wechat_bindings).values(
                    follower_id=follower.id,
                    conversation_id=conversation.id,
                    is_own=False,
                    is_proven=proven,
                    created_at=self.clock.now(),
                )
            )
        return conversation.id

    def applicant(self, conversation_id: str) -> Applicant:
        return make_applicant(self.store, self.clock, conversation_id)


@cache
def _law_base() -> KnowledgeBase:
    return load(ROOT / "knowledge_base")


def open_house(
    store: Store, clock: FixedClock, public_url: str = SITE, data: Any = None, **options: Any
) -> House:
    kb = _law_base()
    small = build(store, clock, kb=kb, **options)
    ledger = MatterLedger(store, load_targets())
    talks = small.conversations
    # As in the whole application: a hand-over opens a matter.
    talks._followers = (MatterFollower(ledger),)
    kept = MatterRepository(ledger, clock, talks)
    matters = MatterService(kept, clock)
    repository = LinkRepository(store, clock)
    links = Links(repository, clock, public_url, dt.timedelta(days=small.options.retention_days))
    door = FollowerDoor(
        links,
        small.door.visitors,
        small.door.feed,
        small.options,
        small.allowance,
        small.door,
        secure=False,
    )
    followers = FollowerRepository(talks, clock, "2026-11", text("您好，这里是公共法律服务助手。"))
    platform = MadeUpPlatform()
    service = H5Service(repository, talks, small.form, matters, LABEL)
    templates = Jinja2Templates(ROOT / "bot" / "web" / "templates")
    router = create_h5_router(
        service, door, followers, platform, small.chat, list(kb.services.values()), templates
    )
    if data is not None:
        small.app.include_router(create_verification_router(data))
    small.app.include_router(router)
    return House(small, links, followers, platform, matters, kept, clock)


@pytest.fixture
def house(store: Store, clock: FixedClock) -> House:
    return open_house(store, clock)


@pytest.fixture
def light_house(sqlite_store: Store, clock: FixedClock) -> House:
    """The same on SQLite alone, for what no database has a part in."""
    return open_house(sqlite_store, clock)


@pytest.fixture
def phone(house: House, phones: Phones) -> Phone:
    """The phone of a follower who has been let in."""
    return phones(house).open(house.link(house.follow()))


@dataclass
class Phones:
    """Browsers in front of one application."""

    opened: list[TestClient] = field(default_factory=list)

    def __call__(self, house: House) -> Phone:
        client = TestClient(house.small.app, headers=HTML)
        self.opened.append(client)
        return Phone(client)


@pytest.fixture
def phones() -> Iterator[Phones]:
    found = Phones()
    yield found
    for client in found.opened:
        client.close()


def posted_to(app: FastAPI) -> set[str]:
    """Return the addresses of all forms."""
    return {path for method, path in routes_of(app.router.routes) if method == "POST"}


def location(phone: Phone, path: str) -> tuple[int, str]:
    """Ask without following; return the status and where the browser is sent."""
    answer = phone.client.get(path.removeprefix(SITE), follow_redirects=False)
    phone.page = answer
    return answer.status_code, answer.headers.get("location", "")


def path_of(link: str) -> str:
    return urlsplit(link).path


def sent_off(phone: Phone, link: str) -> dict[str, str]:
    """Open a link and return what the platform is asked."""
    status, to = location(phone, link)
    assert status == 303
    assert to.startswith("https://open.weixin.qq.com/connect/oauth2/authorize?")
    assert to.endswith("#wechat_redirect")
    return {name: values[0] for name, values in parse_qs(urlsplit(to).query).items()}
