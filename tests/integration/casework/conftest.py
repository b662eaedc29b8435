"""A legal-aid office on a real database: officers, lawyers, applicants, and its pages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select, update

import bot.web
from bot.accounts.repository import AccountRepository
from bot.aid.changes import NEWS, AidChanges
from bot.aid.paperwork import PaperItem, PaperState, Paperwork
from bot.aid.repository import AidRepository, AuditEntry
from bot.casework.endpoints import create_casework_router
from bot.casework.lettering import Lettering
from bot.casework.repository import CaseworkRepository
from bot.casework.service import CaseworkService
from bot.dialogue.repository import ConversationRepository
from bot.domain.aid import AidState, Application
from bot.domain.people import Role, Staff
from bot.domain.roster import ALWAYS
from bot.letters.service import TEMPLATES as LETTERS
from bot.letters.service import Letters
from bot.roster.repository import Office, RosterRepository
from bot.store.outbox import OutboxRunner
from bot.store.tables import aid_applications, outbox, staff
from bot.store.unit import Store
from bot.web.http import install_error_handlers
from bot.web.staff import COOKIE, StaffGuard
from tests.conftest import FixedClock
from tests.integration.aid.conftest import ANSWERS, Applicant, identity_number, make_applicant

TEMPLATES = Path(bot.web.__file__).parent / "templates"
PERSONAL = (ANSWERS["name"], ANSWERS["id_number"], ANSWERS["phone"])
ROLES = {"zhao": Role.OFFICER, "qian": Role.OFFICER, "sun": Role.OFFICER, "li": Role.LAWYER,
         "zhou": Role.LAWYER, "wu": Role.MEDIATOR, "boss": Role.SUPERVISOR,
         "admin": Role.ADMIN}  # fmt: skip


@dataclass
class Bureau:
    """Two offices, and everybody who may or may not handle what is handed in.

    zhao works in 官渡, qian in 盘龙, sun for every office; li and zhou are lawyers.
    """

    store: Store
    clock: FixedClock
    conversations: ConversationRepository
    aid: AidRepository
    paperwork: Paperwork
    casework: CaseworkService
    people: dict[str, Staff] = field(default_factory=dict)
    offices: dict[str, int] = field(default_factory=dict)
    applicants: list[Applicant] = field(default_factory=list)

    # --- people and offices -------------------------------------------------------------------

    def set_staff(self, login: str, **values: object) -> None:
        person = self.people[login]
        with self.store.write() as connection:
            connection.execute(update(staff).where(staff.c.id == person.id).values(values))
        office = values.get("office_id", person.office_id)
        assert office is None or isinstance(office, int)
        self.people[login] = replace(person, office_id=office)

    def person(self, login: str) -> Staff:
        return self.people[login]

    # --- applications -------------------------------------------------------------------------

    def hand_in(self, **other: str) -> str:
        """Hand in an application by somebody new; return its number."""
        applicant = make_applicant(self.store, self.clock)
        self.applicants.append(applicant)
        usual = {"id_number": identity_number(len(self.applicants) + 9), **other}
        application = applicant.apply(**(usual if len(self.applicants) > 1 else other))
        with self.store.write() as connection:
            if not self.paperwork.of_in(connection, application.id):
                self.paperwork.open_for(connection, application)
        return application.number

    def get(self, number: str) -> Application:
        found = self.aid.find(number)
        assert found is not None
        return found

    def state(self, number: str) -> AidState:
        return self.get(number).state

    def items(self, number: str) -> tuple[PaperItem, ...]:
        return self.paperwork.of(self.get(number).id)

    def papers_came(self, number: str) -> None:
        """Mark every paper as received."""
        application = self.get(number)
        with self.store.write() as connection:
            for item in self.paperwork.of_in(connection, application.id):
                self.paperwork.settle(connection, application.id, item.id, PaperState.RECEIVED)

    def granted(self, **other: str) -> str:
        number = self.hand_in(**other)
        self.papers_came(number)
        self.casework.deciding.approve(number, self.person("admin"))
        return number

    def assigned(self, login: str = "li", *, taken: bool = False, **other: str) -> str:
        number = self.granted(**other)
        self.casework.assigning.assign(number, self.person("admin"), self.person(login).id)
        if taken:
            self.casework.assigning.take(number, self.person(login))
        return number

    def set(self, number: str, **values: object) -> None:
        with self.store.write() as connection:
            connection.execute(
                update(aid_applications).where(aid_applications.c.number == number).values(values)
            )

    # --- what came of it ----------------------------------------------------------------------

    def trail(self, number: str) -> list[AuditEntry]:
        return self.aid.trail(number)

    def actions(self, number: str) -> list[str]:
        return [entry.action for entry in self.trail(number)]

    def news(self, number: str) -> list[str]:
        """Return the notices of an application that wait to be said, oldest first."""
        query = select(outbox).where(outbox.c.kind == NEWS).order_by(outbox.c.id)
        with self.store.read() as connection:
            payloads = [
                self.store.cipher.decrypt_json("outbox.payload", row.payload_enc)
                for row in connection.execute(query)
            ]
        conversation = self.get(number).conversation_id
        return [p["text"] for p in payloads if p["conversation_id"] == conversation]

    def deliver(self) -> None:
        changes = AidChanges(self.aid, self.conversations, self.clock)
        OutboxRunner(
            self.store,
            self.clock,
            {NEWS: lambda p: (changes.deliver(p), None)[1], "aid_submitted": lambda _p: None},
        ).run_once()


def make_bureau(store: Store, clock: FixedClock) -> Bureau:
    conversations = ConversationRepository(store, clock)
    aid = AidRepository(store, clock)
    applicant = make_applicant(store, clock)
    paperwork = Paperwork(store, clock, applicant.service.form)
    casework = CaseworkService(
        CaseworkRepository(aid), AidChanges(aid, conversations, clock), paperwork, clock
    )
    bureau = Bureau(store, clock, conversations, aid, paperwork, casework)
    accounts, roster = AccountRepository(store, clock), RosterRepository(store, clock)
    for login, role in ROLES.items():
        person = accounts.add(login, f"{role}{login}", "", role, "unused")
        bureau.people[login] = person
    for name, area in (("官渡", "530111"), ("盘龙", "530103")):
        office = Office(0, f"{name}区法律援助中心", "0871-1", ALWAYS, True, (area,))
        bureau.offices[name] = roster.save_office(bureau.people["admin"], office)
    bureau.set_staff("zhao", office_id=bureau.offices["官渡"])
    bureau.set_staff("qian", office_id=bureau.offices["盘龙"])
    bureau.set_staff("li", office_id=bureau.offices["官渡"], topics="劳动,借贷")
    return bureau


class Pages:
    """The router over a bureau; the session token is the login name."""

    def __init__(self, bureau: Bureau, own_letters: Path | None = None) -> None:
        self.bureau = bureau
        letters = Letters(LETTERS, own_letters, "昆明市司法局")
        self.app = FastAPI()
        install_error_handlers(self.app)
        self.app.include_router(
            create_casework_router(
                bureau.casework,
                Lettering(bureau.casework, letters),
                StaffGuard(self),
                Jinja2Templates(TEMPLATES),
            )
        )

    def session(self, token: str) -> Staff | None:
        return self.bureau.people.get(token)

    def of(self, login: str) -> TestClient:
        cookies = {COOKIE: login} if login else {}
        return TestClient(self.app, cookies=cookies, follow_redirects=False)

    def read(self, login: str, number: str) -> str:
        return self.of(login).get(f"/desk/aid/{number}").text

    def step(
        self, login: str, number: str, step: str, data: Mapping[str, object] | None = None
    ) -> Response:
        return self.of(login).post(f"/desk/aid/{number}/{step}", data=dict(data or {}))

    def mark(self, login: str, number: str) -> str:
        """Return the mark that the forms of a page carry."""
        [mark] = set(re.findall(r'name="seen" value="([^"]*)"', self.read(login, number)))
        return str(mark)


def china_days(clock: FixedClock, days: int) -> dt.date:
    """Return the day so many days from today in China."""
    return (clock.now() + dt.timedelta(hours=8, days=days)).date()


@pytest.fixture
def bureau(store: Store, clock: FixedClock) -> Bureau:
    return make_bureau(store, clock)


@pytest.fixture
def pages(sqlite_store: Store, clock: FixedClock) -> Pages:
    return Pages(make_bureau(sqlite_store, clock))
