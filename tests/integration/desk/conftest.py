"""The desk over HTTP, on a real database, without the rest of the product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from bot.accounts.endpoints import create_accounts_router
from bot.accounts.repository import AccountRepository
from bot.accounts.service import AccountService
from bot.desk.endpoints import create_desk_router
from bot.desk.ports import Channel
from bot.dialogue.repository import ConversationRepository
from bot.roster.room import open_roster
from bot.store.unit import Store
from bot.web.http import Protections, install_error_handlers
from tests.conftest import ROOT, FixedClock
from tests.office import NoPhones, Office, furnish

PASSWORD = "correct horse"


@dataclass
class Building:
    """The application, its office, and people at their browsers."""

    app: FastAPI
    office: Office
    accounts: AccountService

    def browser(self, login: str = "", base_url: str = "http://testserver") -> TestClient:
        client = TestClient(self.app, base_url=base_url, follow_redirects=False)
        if login:
            answer = client.post("/desk/login", data={"login": login, "password": PASSWORD})
            assert answer.status_code == 303
            client.headers["X-Lawbridge"] = "desk"
        return client


@pytest.fixture
def build(sqlite_store: Store, clock: FixedClock) -> Callable[..., Building]:
    def made(
        login_limit: str = "1000/minute",
        cookie_secure: bool = False,
        channel: Channel | None = None,
    ) -> Building:
        talks = ConversationRepository(sqlite_store, clock)
        roster = open_roster(sqlite_store, clock, talks, NoPhones()).service
        office = furnish(sqlite_store, clock, roster, channel=channel)
        hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
        accounts = AccountService(AccountRepository(sqlite_store, clock), clock, hasher)
        for login, name, role in (
            ("zhao", "赵律", "lawyer"),
            ("qian", "钱律", "lawyer"),
            ("sun", "孙干事", "officer"),
        ):
            accounts.add(login, name, "", role, PASSWORD)
        app = FastAPI()
        install_error_handlers(app)
        app.add_middleware(Protections, embedding_sites=(), https=cookie_secure)
        templates = Jinja2Templates(ROOT / "bot" / "web" / "templates")
        app.include_router(
            create_accounts_router(
                accounts, templates, cookie_secure=cookie_secure, login_limit=login_limit
            )
        )
        app.include_router(create_desk_router(office.desk, accounts, office.bus, templates))
        return Building(app, office, accounts)

    return made


@pytest.fixture
def building(build: Callable[..., Building]) -> Building:
    return build()
