"""The whole application in this process, with citizens and lawyers at their browsers.

Rasa alone is a stand-in that answers as it is told; the rest is the product's own wiring, on a real
database and a clock that the test moves.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
from cryptography.fernet import Fernet
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from starlette.testclient import WebSocketTestSession

from bot.app import create_app, make_accounts
from bot.core import Core, build_core
from bot.dialogue.turn import TurnReply, seal
from bot.domain.conversation import HandoverReason, Mode
from bot.domain.people import Staff
from bot.settings import LimitSettings, Settings
from bot.wechat.reception import Patience
from connectors.messages import text
from tests.conftest import FixedClock
from tests.integration.web.conftest import Caller

Json = dict[str, Any]

PASSWORD = "correct horse"
UNLIMITED = "1000000/second"
STAFF = (("wang", "王敏", "lawyer"), ("li", "李强", "lawyer"), ("zhou", "周静", "supervisor"))
ANSWER = "可以申请劳动仲裁。"
WANTS_A_PERSON = ("转人工", "/ask_lawyer")
COMPLAINS = "我要投诉"


class RasaStandIn:
    """Rasa's REST channel: one answer to every question, a hand-over to who asks for a person."""

    def __init__(self) -> None:
        self.core: Core | None = None
        self.asked: list[str] = []
        self._held = threading.Event()
        self._held.set()
        stand_in = self

        class Channel(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                said = json.dumps(stand_in.reply(body["message"])).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Channel)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reply(self, words: str) -> list[Json]:
        self.asked.append(words)
        assert self._held.wait(30)
        found = TurnReply("legal_question", (text(ANSWER),), topic="劳动")
        if words in WANTS_A_PERSON:
            found = TurnReply("lawyer", (), handover=HandoverReason.ASKED)
        elif words == COMPLAINS:
            found = TurnReply("complain", (), handover=HandoverReason.COMPLAINT)
        assert self.core is not None
        return [{"custom": {"sealed": seal(found, self.core.store.cipher)}}]

    @contextmanager
    def thinking(self) -> Iterator[None]:
        """Keep every answer back until the block ends."""
        self._held.clear()
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        self._held.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Citizen(Caller):
    """A visitor's browser; every message gets an id of its own."""

    sent: int = 0

    def tell(self, words: str, **more: str) -> Json:
        self.sent += 1
        answer = self.say(words, f"m{self.sent}", **more)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def rate(self, **given: object) -> None:
        assert self.post("/rating", json=given).status_code == 200

    @property
    def mode(self) -> str:
        return str(self.get("/messages").json()["mode"])

    def heard(self) -> list[tuple[str, str]]:
        """Return who said what, in order."""
        return [
            (message["sender"], words_of(message))
            for message in self.get("/messages").json()["messages"]
        ]

    def heard_from(self, sender: str) -> list[str]:
        return [words for who, words in self.heard() if who == sender]


@dataclass
class Lawyer:
    """A lawyer's browser at the desk."""

    client: TestClient
    staff: Staff
    sent: int = 0

    def look(self) -> Json:
        """Open the queue, which is a sign of life as well."""
        found: Json = self.client.get("/api/desk/queue").json()
        return found

    def card(self, citizen: Citizen) -> Json | None:
        """Return a citizen's entry in this lawyer's queue; None if there is none."""
        view = self.look()
        everybody = [*view["queue"], *view["mine"]]
        return next((entry for entry in everybody if entry["id"] == citizen.session), None)

    def rings(self, citizen: Citizen) -> bool:
        found = self.card(citizen)
        return found is not None and bool(found["offered"])

    def post(self, citizen: Citizen, action: str, **body: object) -> httpx2.Response:
        path = f"/api/desk/conversations/{citizen.session}/{action}"
        return self.client.post(path, json=body)

    def does(self, citizen: Citizen, action: str, **body: object) -> None:
        answer = self.post(citizen, action, **body)
        assert answer.is_success, answer.text

    def tries_to_say(self, citizen: Citizen, words: str) -> int:
        self.sent += 1
        key = f"{self.staff.login}{self.sent}"
        return self.post(citizen, "messages", id=key, text=words).status_code

    def says(self, citizen: Citizen, words: str) -> None:
        assert self.tries_to_say(citizen, words) == 200

    def matter(self, citizen: Citizen) -> Json:
        found: Json = self.client.get(f"/api/desk/matters/of/{citizen.session}").json()
        return found

    def on_matter(self, citizen: Citizen, step: str, **form: str) -> httpx2.Response:
        number = self.matter(citizen)["number"]
        return self.client.post(f"/desk/matters/{number}/{step}", data=form)

    def live(self) -> WebSocketTestSession:
        return self.client.websocket_connect("/api/desk/ws")


@dataclass
class Whole:
    """Everything a lesson touches."""

    app: FastAPI
    core: Core
    clock: FixedClock
    rasa: RasaStandIn
    first: TestClient
    """Whose event loop the application lives on."""
    citizens: list[Citizen] = field(default_factory=list)

    def browser(self) -> TestClient:
        """Return a browser with nothing in it."""
        found = TestClient(self.app, follow_redirects=False)
        found.portal = self.first.portal
        return found

    def citizen(self) -> Citizen:
        """Return somebody who has consented and said nothing yet."""
        client = self.browser()
        body = client.post("/api/web/sessions", json={"consent": "2026-11"}).json()
        found = Citizen(client, body["token"], body["session"])
        self.citizens.append(found)
        return found

    def waiting(self) -> Citizen:
        """Return somebody whom the bot has answered and who asked for a person."""
        found = self.citizen()
        found.tell("老板拖欠我三个月工资")
        assert found.tell("转人工")["mode"] == "queued"
        return found

    def talking_with(self, lawyer: Lawyer) -> Citizen:
        """Return somebody whom this lawyer has received with a word."""
        found = self.waiting()
        lawyer.does(found, "claim")
        lawyer.says(found, "您好，请讲。")
        return found

    def lawyer(self, login: str) -> Lawyer:
        """Return a lawyer who has signed in and looks at the desk."""
        client = self.browser()
        answer = client.post("/desk/login", data={"login": login, "password": PASSWORD})
        assert answer.status_code == 303
        client.headers["X-Lawbridge"] = "desk"
        staff = make_accounts(self.core).session(client.cookies["lawbridge_staff"])
        assert staff is not None
        found = Lawyer(client, staff)
        found.look()
        return found

    def owner(self, citizen: Citizen) -> tuple[Mode, int | None]:
        found = self.core.conversations.get(citizen.session)
        return found.mode, found.lawyer_id

    def forget_everybody(self) -> None:
        """Leave nobody waiting and nobody at the desk for the next test."""
        for citizen in self.citizens:
            self.core.conversations.erase(citizen.session)
        self.citizens.clear()
        self.rasa.asked.clear()
        self.clock.advance(days=1)


def words_of(message: Json) -> str:
    return "".join(str(part.get("text", "")) for part in message["parts"])


def frame_with(socket: WebSocketTestSession, what: str) -> Json:
    """Return the next frame that says something; other frames are passed over."""
    while True:
        frame: Json = socket.receive_json()
        if what in json.dumps(frame, ensure_ascii=False):
            return frame


@contextmanager
def open_whole(
    folder: Path, patience: Patience | None = None, clock: FixedClock | None = None, **more: Any
) -> Iterator[Whole]:
    """Run the application until the block ends; ``more`` are further settings."""
    rasa = RasaStandIn()
    clock = clock or FixedClock()
    limits = {name: UNLIMITED for name in LimitSettings.model_fields}
    settings = Settings(
        data_dir=folder,
        rasa_url=rasa.url,
        field_keys=SecretStr(Fernet.generate_key().decode()),
        index_key=SecretStr("index-key-for-tests"),
        limits=LimitSettings(**limits),
        **more,
    )
    core = rasa.core = build_core(settings, clock)
    accounts = make_accounts(core)
    for login, name, role in STAFF:
        accounts.add(login, name, "", role, PASSWORD)
    app = create_app(core, patience)
    try:
        with TestClient(app, follow_redirects=False) as first:
            yield Whole(app, core, clock, rasa, first)
    finally:
        rasa.close()
