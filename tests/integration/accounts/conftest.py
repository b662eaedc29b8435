"""The pages of accounts over HTTP, on a real database, without the rest of the product."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient

from bot.accounts.endpoints import create_accounts_router
from bot.accounts.people.endpoints import create_people_router
from bot.accounts.trail.endpoints import create_audit_router
from bot.store.unit import Store
from bot.web.http import Protections, install_error_handlers
from bot.web.pages import refused_page
from bot.web.staff import StaffGuard
from tests.conftest import ROOT, FixedClock
from tests.unit.accounts.conftest import PASSWORD, Bureau, Telephone, make_bureau

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


@dataclass
class Building:
    """The application and people at their browsers."""

    app: FastAPI
    bureau: Bureau

    def browser(self, login: str = "", telephone: Telephone | None = None) -> TestClient:
        client = TestClient(self.app, follow_redirects=False, headers={"User-Agent": CHROME})
        if login:
            answer = client.post("/desk/login", data={"login": login, "password": PASSWORD})
            if telephone is not None:
                answer = client.post("/desk/login/code", data={"code": telephone.code()})
            assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
        return client


def make_app(
    bureau: Bureau, login_limit: str = "1000/minute", cookie_secure: bool = False
) -> FastAPI:
    app = FastAPI()
    templates = Jinja2Templates(ROOT / "bot" / "web" / "templates")
    guard = StaffGuard(bureau.accounts)
    install_error_handlers(app, refused_page=refused_page(templates, guard))
    app.add_middleware(Protections, embedding_sites=(), https=cookie_secure)
    app.include_router(
        create_accounts_router(
            bureau.accounts, templates, cookie_secure=cookie_secure, login_limit=login_limit
        )
    )
    app.include_router(create_people_router(bureau.people, guard, templates))
    app.include_router(create_audit_router(bureau.trail, guard, templates))
    return app


@pytest.fixture
def building(sqlite_store: Store, clock: FixedClock) -> Building:
    bureau = make_bureau(sqlite_store, clock)
    return Building(make_app(bureau), bureau)
