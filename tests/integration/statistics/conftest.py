"""A bureau with two offices, its people, and applications on their way through it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient
from sqlalchemy import insert, select, update

import bot.web
from bot.accounts.repository import AccountRepository
from bot.accounts.trail.repository import TrailRepository
from bot.accounts.trail.service import TrailService
from bot.aid.repository import AidRepository
from bot.aid.rows import CLOSING
from bot.aid.service import STATE_ACTION
from bot.domain.aid import AidState, Application
from bot.domain.people import Role, Staff
from bot.statistics.endpoints import create_statistics_router
from bot.statistics.repository import StatisticsRepository
from bot.statistics.service import StatisticsService
from bot.statistics.tables import Reported
from bot.store.tables import aid_applications, audit, offices
from bot.store.unit import Store
from bot.web.http import Protections, install_error_handlers
from bot.web.staff import COOKIE, StaffGuard
from tests.conftest import FixedClock
from tests.integration.aid.conftest import identity_number, make_applicant

WEB = Path(bot.web.__file__).parent
GUANDU, MENGZI = "云南省昆明市官渡区", "云南省红河州蒙自市"
REPORT = {"form": "22(4)", "result": "won", "hearings": 2, "days": 3.5, "documents": ["claim"]}


@dataclass
class Bureau:
    """Everything that a test of the statistics touches."""

    store: Store
    clock: FixedClock
    service: StatisticsService
    trail: TrailService
    east: int
    """The office of 昆明."""
    west: int
    """The office of 红河."""
    people: dict[str, Staff] = field(default_factory=dict)
    lodged: int = 0

    def hire(self, login: str, name: str, role: Role, office: int | None) -> None:
        found = AccountRepository(self.store, self.clock).add(login, name, "1530", role, "unused")
        self.people[login] = replace(found, office_id=office)

    def lodge(self, place: str = GUANDU, **other: str) -> Application:
        """Hand an application in, by another person each time."""
        self.lodged += 1
        who = {"id_number": identity_number(self.lodged), "place": place, **other}
        return make_applicant(self.store, self.clock).apply(**who)

    def move(self, application: Application, to: AidState, **values: Any) -> None:
        """Change the state now, as the staff does."""
        applicant = make_applicant(self.store, self.clock)
        with self.store.write() as connection:
            found = applicant.repository.application(connection, application.number, lock=True)
            assert found is not None
            applicant.changes.apply(
                connection, found, "1:王", STATE_ACTION + to, values={"state": to, **values}
            )

    def note(self, application: Application, action: str) -> None:
        applicant = make_applicant(self.store, self.clock)
        with self.store.write() as connection:
            applicant.repository.record(connection, "1:王", action, application.number)

    def grant(self, application: Application) -> None:
        self.move(application, AidState.APPROVED, decided_at=self.clock.now())

    def assign(self, application: Application, login: str = "wang") -> None:
        now = self.clock.now()
        self.move(application, AidState.ASSIGNED, staff_id=self.people[login].id, assigned_at=now)

    def close(self, application: Application, report: dict[str, Any] | None = None) -> None:
        sealed = None
        if report is not None:
            sealed = self.store.cipher.encrypt_json(CLOSING, report)
        self.move(application, AidState.CLOSED, closed_at=self.clock.now(), closing_enc=sealed)

    def set(self, application: Application, **values: Any) -> None:
        query = update(aid_applications).where(aid_applications.c.number == application.number)
        with self.store.write() as connection:
            connection.execute(query.values(**values))

    def exports(self) -> list[tuple[str, str, str]]:
        """Return who took what along, oldest first."""
        query = select(audit).where(audit.c.action == "export").order_by(audit.c.id)
        decrypt = self.store.cipher.decrypt
        with self.store.read() as connection:
            return [
                (row.actor, row.subject, decrypt("audit.note", row.note_enc))
                for row in connection.execute(query)
            ]


def make_bureau(store: Store, clock: FixedClock) -> Bureau:
    with store.write() as connection:
        kept = [
            connection.execute(
                insert(offices).values(name=name, hours="", areas=areas)
            ).inserted_primary_key[0]
            for name, areas in (("昆明法律援助中心", "5301"), ("红河法律援助中心", "5325"))
        ]
    service = StatisticsService(
        StatisticsRepository(AidRepository(store, clock)),
        clock,
        Reported({"won": "调解结案"}, {"claim": "起诉状"}),
    )
    bureau = Bureau(store, clock, service, TrailService(TrailRepository(store)), *kept)
    bureau.hire("wang", "王敏", Role.LAWYER, bureau.east)
    bureau.hire("sun", "孙主任", Role.OFFICER, bureau.east)
    bureau.hire("he", "何主任", Role.OFFICER, bureau.west)
    bureau.hire("zhou", "周值班", Role.SUPERVISOR, bureau.east)
    bureau.hire("tian", "田调解", Role.MEDIATOR, bureau.east)
    bureau.hire("admin", "管理员", Role.ADMIN, None)
    return bureau


@pytest.fixture
def bureau(store: Store, clock: FixedClock) -> Bureau:
    clock.moment = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)
    return make_bureau(store, clock)


@dataclass
class Sessions:
    """Accounts whose session token is the login name."""

    people: dict[str, Staff]

    def session(self, token: str) -> Staff | None:
        return self.people.get(token)


@dataclass
class Pages:
    bureau: Bureau
    app: FastAPI

    def browser(self, login: str = "") -> TestClient:
        cookies = {COOKIE: login} if login else {}
        return TestClient(self.app, cookies=cookies, follow_redirects=False)


@pytest.fixture
def pages(sqlite_store: Store, clock: FixedClock) -> Pages:
    clock.moment = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)
    bureau = make_bureau(sqlite_store, clock)
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(Protections, embedding_sites=(), https=False)
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")
    guard = StaffGuard(Sessions(bureau.people))
    templates = Jinja2Templates(WEB / "templates")
    app.include_router(create_statistics_router(bureau.service, guard, templates))
    return Pages(bureau, app)
