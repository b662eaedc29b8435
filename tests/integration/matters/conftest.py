"""The pages and the interface of matters over HTTP, with people at their browsers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient

import bot.web
from bot.bus import Event, InProcessBus
from bot.domain.people import Staff
from bot.matters.endpoints import create_matters_router
from bot.store.unit import Store
from bot.web.http import Protections, install_error_handlers
from bot.web.staff import COOKIE, StaffGuard
from tests.conftest import FixedClock
from tests.unit.matters.conftest import House, build_house

WEB = Path(bot.web.__file__).parent


@dataclass
class Sessions:
    """Accounts whose session token is the login name."""

    people: dict[str, Staff] = field(default_factory=dict)

    def session(self, token: str) -> Staff | None:
        return self.people.get(token)


class HeardBus(InProcessBus):
    """A bus that remembers what was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, Event]] = []

    async def publish(self, topic: str, event: Event) -> None:
        self.told.append((topic, event))
        await super().publish(topic, event)


@dataclass
class Building:
    house: House
    app: FastAPI
    bus: HeardBus

    def browser(self, login: str = "") -> TestClient:
        cookies = {COOKIE: login} if login else {}
        return TestClient(self.app, cookies=cookies, follow_redirects=False)


@pytest.fixture
def building(sqlite_store: Store, clock: FixedClock) -> Building:
    house = build_house(sqlite_store, clock)
    people = {person.login: person for person in (house.wang, house.li, house.zhou, house.sun)}
    app, bus = FastAPI(), HeardBus()
    install_error_handlers(app)
    app.add_middleware(Protections, embedding_sites=(), https=False)
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")
    app.include_router(
        create_matters_router(
            house.service, StaffGuard(Sessions(people)), bus, Jinja2Templates(WEB / "templates")
        )
    )
    return Building(house, app, bus)
