"""The platform's HTTP interface: routes, tokens, faults on demand, and the book of calls."""

from __future__ import annotations

import email.utils
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlsplit

from tests.platform import credentials, media, menus, messaging
from tests.platform.accounts import Account, Json, Media, Refused, Request
from tests.platform.books import Books, Call, Clock

Reply = Json | Media


@dataclass(frozen=True)
class _Route:
    method: Literal["GET", "POST"]
    work: Callable[[Account, Request], Reply]
    by: Literal["token", "secret"] = "token"
    is_for_all: bool = False
    """Whether an account that is not verified may call it as well."""


ROUTES = {
    "stable_token": _Route("POST", credentials.stable, "secret", is_for_all=True),
    "token": _Route("GET", credentials.legacy, "secret", is_for_all=True),
    "sns/oauth2/access_token": _Route("GET", credentials.oauth, "secret"),
    "message/custom/send": _Route("POST", messaging.send),
    "message/custom/typing": _Route("POST", messaging.typing),
    "message/template/subscribe": _Route("POST", messaging.one_time),
    "message/subscribe/bizsend": _Route("POST", messaging.long_term),
    "wxaapi/newtmpl/gettemplate": _Route("GET", messaging.notice_templates),
    "media/upload": _Route("POST", media.upload),
    "media/get": _Route("GET", media.get),
    "menu/create": _Route("POST", menus.create),
    "menu/get": _Route("GET", menus.get),
    "menu/delete": _Route("GET", menus.delete),
    "qrcode/create": _Route("POST", media.make_code),
    "customservice/getkflist": _Route("GET", credentials.desk_accounts),
    "get_api_domain_ip": _Route("GET", credentials.addresses, is_for_all=True),
    "getcallbackip": _Route("GET", credentials.addresses, is_for_all=True),
}


@dataclass
class Fault:
    """What goes wrong with the next calls of an endpoint."""

    endpoint: str
    errcode: int
    status: int
    hang_s: float
    cut: bool
    takes_effect: bool
    times: int | None


class _Cut(Exception):
    """The connection ends without an answer."""


class _Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Api:
    """Answers calls; it listens on a loopback port of its own from its start to its end."""

    def __init__(self, books: Books, clock: Clock, lock: threading.RLock, port: int) -> None:
        self.accounts: dict[str, Account] = {}
        self.faults: list[Fault] = []
        self.whitelisted = True
        self.books, self._clock, self._lock = books, clock, lock
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Caller)
        self._server.api = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def date(self) -> str:
        return email.utils.format_datetime(self._clock.now(), usegmt=True)

    def answer(self, request: Request) -> Reply:
        """Answer one call and enter it into the books.

        Raises:
            _Cut, _Status: the call goes wrong on demand.
        """
        started = time.perf_counter()
        app_id, errcode = "", -1
        reply: Reply = {}
        try:
            with self._lock:
                fault = self._next_fault(request.endpoint)
                if fault is None or fault.takes_effect:
                    app_id, reply = self._do(request)
                    errcode = int(reply.get("errcode", 0)) if isinstance(reply, dict) else 0
            if fault is not None:
                if fault.hang_s:
                    self._over.wait(fault.hang_s)
                if fault.errcode:
                    errcode = fault.errcode
                    reply = {"errcode": errcode, "errmsg": "on demand"}
                elif fault.status:
                    errcode = fault.status
                    raise _Status(fault.status)
                elif fault.cut or not fault.takes_effect:
                    errcode = -1
                    raise _Cut
            return reply
        finally:
            took_s = time.perf_counter() - started
            self.books.calls.append(
                Call(request.endpoint, app_id, errcode, self._clock.now(), took_s)
            )

    def _next_fault(self, endpoint: str) -> Fault | None:
        for fault in self.faults:
            if fault.endpoint in (endpoint, "*") and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def _do(self, request: Request) -> tuple[str, Reply]:
        app_id = ""
        try:
            route = ROUTES.get(request.endpoint)
            if route is None:
                raise Refused(40066, "invalid url", "an endpoint that the stand-in does not know")
            if request.method != route.method:
                code = 43001 if route.method == "GET" else 43002
                raise Refused(code, f"require {route.method} method", f"a {request.method}")
            account = self._by_secret(request) if route.by == "secret" else self._by_token(request)
            app_id = account.registration.app_id
            if not (route.is_for_all or account.registration.has_customer_service):
                raise Refused(48001, "api unauthorized")
            return app_id, route.work(account, request)
        except Refused as refused:
            if refused.breach:
                self.books.broken.append(f"{request.endpoint}: {refused.breach}")
            return app_id, {"errcode": refused.errcode, "errmsg": str(refused)}

    def _by_secret(self, request: Request) -> Account:
        said = request.json() if request.endpoint == "stable_token" else request.query
        if not self.whitelisted and not request.endpoint.startswith("sns/"):
            raise Refused(40164, "invalid ip 127.0.0.1, not in whitelist")
        account = self.accounts.get(str(said.get("appid")))
        if account is None:
            raise Refused(40013, "invalid appid")
        if said.get("secret") != account.registration.secret:
            raise Refused(40125, "invalid appsecret")
        return account

    def _by_token(self, request: Request) -> Account:
        token = request.query.get("access_token", "")
        errcodes = set()
        for account in self.accounts.values():
            errcode = account.tokens.check(token, self._clock.now())
            if not errcode:
                return account
            errcodes.add(errcode)
        errcode = 41001 if not token else max(errcodes - {40014}, default=40014)
        breach = "a call without access_token" if errcode == 41001 else ""
        raise Refused(errcode, _TOKEN_ERRORS[errcode], breach)


_TOKEN_ERRORS = {
    41001: "access_token missing",
    40014: "invalid access_token",
    40001: "invalid credential, access_token is invalid or not latest",
    42001: "access_token expired",
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    api: Api

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that went away, but do not hide what is wrong here."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.api.books.broken.append(f"the stand-in failed: {error!r}")


class _Caller(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        endpoint = parts.path.strip("/").removeprefix("cgi-bin/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        kind = self.headers.get("Content-Type", "")
        try:
            reply = self.server.api.answer(Request(method, endpoint, query, body, kind))
        except _Cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        except _Status as error:
            self._write(error.status, "text/html", b"<html>Bad Gateway</html>")
        else:
            if isinstance(reply, Media):
                name = f'attachment; filename="{quote(reply.name)}"'
                self._write(200, reply.mime, reply.body, {"Content-disposition": name})
            else:
                said = json.dumps(reply, ensure_ascii=False).encode()
                self._write(200, "application/json; encoding=utf-8", said)

    def _write(
        self, status: int, mime: str, body: bytes, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": mime, **(more or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.server.api.date()

    def log_message(self, format: str, *args: object) -> None:
        pass
