"""A gateway of short messages on this machine, and one in memory that behaves like it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bot.binding.sms import Undelivered

SECRET = "gateway-secret"


@dataclass
class Switchboard:
    """What a gateway has taken, and how it answers."""

    taken: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    is_silent: bool = False
    """Messages are taken and nothing is answered."""

    @property
    def code(self) -> str:
        """Return the code in the last message."""
        words = self.taken[-1][1]
        return words.split("验证码 ", 1)[1][:6]


class GatewayInMemory:
    """Satisfies ``bot.binding.sms.Gateway``."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def send(self, phone: str, text: str) -> None:
        if self._board.is_silent:
            self._board.taken.append((phone, text))
            raise Undelivered(may_have_gone=True)
        if self._board.status != 200:
            raise Undelivered(may_have_gone=False)
        self._board.taken.append((phone, text))


@contextmanager
def serving(board: Switchboard) -> Iterator[str]:
    """Run a gateway over HTTP; give its address."""
    let_go = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers["Authorization"] != f"Bearer {SECRET}":
                self.send_error(401)
                return
            if board.is_silent or board.status == 200:
                board.taken.append((body["phone"], body["text"]))
            if board.is_silent:
                let_go.wait(10)
                return
            self.send_response(board.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay silent: a line would name the caller."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/sms"
    let_go.set()
    server.shutdown()
    server.server_close()
