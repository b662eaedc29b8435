"""One product with official accounts of every kind, and what stands around it on loopback.

Beside the platform's stand-in: a speech service, a malware scanner, and the host of the platform's
pictures.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from bot.domain.people import Role, Staff
from bot.domain.points import Point
from bot.domain.roster import ALWAYS
from bot.roster.repository import Office, RosterRepository
from bot.store.tables import conversations, outbox
from tests import clamav
from tests.conftest import FixedClock
from tests.integration.desk.whole import Citizen, Lawyer, open_whole
from tests.integration.wechat.conftest import PATIENCE_S, PUBLIC, QUICK, Town, settings_of
from tests.platform import ClientTransport, Follower, Registration, standing_in
from tests.platform.media import VIDEOS

PICTURES = "mmbiz.qpic.cn"

MAIN = Registration()
PLAIN = Registration(
    "wx0000000000000002", "s" * 32, "token-two", "b" * 43, "gh_2", "plain", path="/wechat/plain"
)
BOTH = Registration(
    "wx0000000000000003", "t" * 32, "token-three", "c" * 43, "gh_3", "compatible",
    path="/wechat/both",
)  # fmt: skip
QUIET = Registration(
    "wx0000000000000004", "u" * 32, "token-four", "d" * 43, "gh_4", has_customer_service=False,
    has_recognition=False, path="/wechat/quiet",
)  # fmt: skip
"""Not verified, and without the platform's recognition of voices."""
DEAF = Registration(
    "wx0000000000000006", "w" * 32, "token-six", "f" * 43, "gh_6", has_recognition=False,
    path="/wechat/deaf",
)  # fmt: skip
"""Verified, yet without the platform's recognition of voices."""
BARE = Registration(
    "wx0000000000000005", "v" * 32, "token-five", "e" * 43, "gh_5", has_customer_service=False,
    path="/wechat/bare",
)  # fmt: skip
"""Its AppSecret is not known to the product."""


@dataclass
class SpeechService:
    """Recognises what it is told to; ``status`` other than 200 is one that fails."""

    said: str = ""
    status: int = 200
    heard: int = 0

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers["Content-Length"]))
        self.heard += 1
        write(request, self.status, json.dumps({"text": self.said}).encode(), "application/json")


@dataclass
class PictureHost:
    """Where the platform keeps what is seen, and every name that was looked up on the way there."""

    pictures: dict[str, bytes] = field(default_factory=dict)
    """By path."""
    film: bytes = b""
    """What lies wherever the platform keeps a video."""
    status: int = 200
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Host and path of every request."""
    looked_up: list[str] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.headers["Host"], request.path))
        found = self.pictures.get(request.path)
        if self.status == 302:
            request.send_response(302)
            request.send_header("Location", "http://127.0.0.1:1/inside")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if request.headers["Host"] == VIDEOS and self.film:
            found = self.film
        status = self.status if found is not None or self.status != 200 else 404
        write(request, status, found or b"", "image/jpeg")


def write(request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def serving(answerer: SpeechService | PictureHost) -> Iterator[int]:
    """Answer every request on a loopback port, which is yielded."""

    class Caller(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answerer.answer(self)

        do_POST = do_GET

        def log_message(self, *_told: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Caller) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def resolving(host: PictureHost, port: int) -> Iterator[None]:
    """Let the names of the platform's hosts lead to a loopback port, and no other name anywhere."""
    real = socket.getaddrinfo

    def resolve(name: Any, service: Any, *more: Any, **named: Any) -> Any:
        asked = name.decode() if isinstance(name, bytes) else str(name or "localhost")
        if asked in ("127.0.0.1", "::1", "localhost"):
            return real(name, service, *more, **named)
        host.looked_up.append(asked)
        if asked not in (PICTURES, VIDEOS):
            raise socket.gaierror(socket.EAI_NONAME, "not known here")
        return real("127.0.0.1", port, *more, **named)

    socket.getaddrinfo = resolve
    try:
        yield
    finally:
        socket.getaddrinfo = real


@dataclass
class County(Town):
    """The product with its accounts; ``registration`` is the main one."""

    speech: SpeechService
    scanner: clamav.Books
    host: PictureHost

    def fan(self, registration: Registration = MAIN, openid: str = "") -> Follower:
        """Return a follower of any of the accounts."""
        return self.platform.follower(openid, registration)

    def of(self, fan: Follower, registration: Registration = MAIN) -> Citizen:
        """Return a follower of any of the accounts as the desk's tests know visitors."""
        town = Town(self.whole, self.platform, registration)
        return town.citizen(fan)

    def office(self, name: str, latitude: float, longitude: float, *, active: bool = True) -> int:
        """Set an office up that is always open; return its id."""
        core = self.whole.core
        admin = Staff(1, "admin", "管理员", "", Role.ADMIN)
        place = Point(latitude, longitude)
        wanted = Office(0, name, "0731-1234567", ALWAYS, active, address="中山路1号", point=place)
        return RosterRepository(core.store, core.clock).save_office(admin, wanted)

    def calm(self) -> None:
        """Put everything around the product in order, and leave nobody and no work behind."""
        self.platform.heal()
        self.whole.rasa.release()
        self.speech.said, self.speech.status, self.speech.heard = "", 200, 0
        self.scanner.says, self.scanner.silent = None, False
        self.host.pictures.clear()
        self.host.film = b""
        self.host.asked.clear()
        self.host.looked_up.clear()
        self.host.status = 200
        core = self.whole.core
        with core.store.write() as connection:
            connection.execute(outbox.delete())
            sessions = list(connection.execute(select(conversations.c.id)).scalars())
        for session in sessions:
            core.conversations.erase(session)
        self.whole.clock.advance(days=4)


@contextmanager
def open_county(folder: Path) -> Iterator[County]:
    """Run the product before the stand-ins, of which the platform must see no breach."""
    clock = FixedClock()
    speech, host = SpeechService(), PictureHost()
    with (
        serving(speech) as speech_port,
        serving(host) as host_port,
        resolving(host, host_port),
        clamav.standing_in() as scanner,
        standing_in(MAIN, clock=clock) as platform,
    ):
        platform.patience_s = PATIENCE_S
        more = {}
        for one in (PLAIN, BOTH, QUIET, DEAF, BARE):
            platform.register(one)
            given = settings_of(one, platform.url)
            if one is BARE:
                given = given.model_copy(update={"secret": SecretStr("")})
            more[one.path.rpartition("/")[2]] = given
        settings: dict[str, Any] = {
            "wechat": settings_of(MAIN, platform.url),
            "wechat_more": more,
            "public_url": PUBLIC,
            "rasa_timeout_s": 30.0,
            "speech_url": f"http://127.0.0.1:{speech_port}/v1/audio/transcriptions",
            "clamav": scanner.addresses.tcp,
        }
        with open_whole(folder, QUICK, clock, **settings) as whole:
            platform.connect(ClientTransport(whole.first))
            # What is read at the first message of all is no matter of the platform's patience.
            whole.citizen().tell("老板拖欠工资怎么办")
            county = County(whole, platform, MAIN, speech, scanner.books, host)
            county.calm()
            yield county
    assert platform.books.broken == []
    assert scanner.books.broken == []


def on_screen(lawyer: Lawyer, citizen: Citizen) -> list[dict[str, Any]]:
    """Return a conversation's messages as the desk shows them."""
    answer = lawyer.client.get(f"/api/desk/conversations/{citizen.session}")
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


def parts_of(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [part for part in message["parts"] if part["type"] == kind]
