"""``bot up`` keeps the public port open: whoever comes while the application starts again waits."""

from __future__ import annotations

import errno
import io
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from rich.console import Console
from sqlalchemy import func, select

from bot.core import make_store
from bot.settings import Settings
from bot.store.wechat_tables import wechat_deliveries
from bot.supervisor import CannotListen, Child, bound, free_port, listen
from tests.live import LiveApp, running, until
from tests.platform.crypt import sign

TOKEN = "tokenofours"


@pytest.fixture(scope="module")
def dialogue() -> Iterator[str]:
    """Something that says it is ready, as Rasa does; nobody talks here."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def app(dialogue: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApp]:
    account = {
        "BOT_WECHAT__APP_ID": "wx0000000000000001",
        "BOT_WECHAT__TOKEN": TOKEN,
        "BOT_WECHAT__MODE": "plain",
    }
    with running(tmp_path_factory.mktemp("up"), BOT_RASA_URL=dialogue, **account) as up:
        yield up


def test_nobody_is_refused_while_the_application_starts_again(app: LiveApp) -> None:
    application = app.children()["application"]
    application.kill()
    application.wait(10)
    with ThreadPoolExecutor(8) as callers:
        asked = [callers.submit(httpx2.get, f"{app.url}/healthz", timeout=60.0) for _ in range(8)]
        assert [one.result().status_code for one in asked] == [200] * 8
    assert app.children()["application"].pid != application.pid


def test_what_the_platform_said_before_it_hung_up_is_heard(app: LiveApp) -> None:
    """It waits for five seconds; the application may take longer to start."""
    now = str(int(time.time()))
    query = f"signature={sign(TOKEN, now, 'n1')}&timestamp={now}&nonce=n1"
    letter = (
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>o-follower-1</FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType>text</MsgType>"
        "<Content>老板拖欠工资</Content><MsgId>1</MsgId></xml>"
    ).encode()
    head = f"POST /wechat?{query} HTTP/1.1\r\nHost: here\r\nContent-Length: {len(letter)}\r\n\r\n"
    store = make_store(Settings(data_dir=app.data_dir, database_url=""))
    application = app.children()["application"]
    application.suspend()
    with socket.create_connection(("127.0.0.1", app.port)) as line:
        line.sendall(head.encode() + letter)
    application.resume()

    def heard() -> int:
        with store.read() as connection:
            return int(connection.execute(select(func.count(wechat_deliveries.c.id))).scalar_one())

    assert until(heard) == 1
    store.engine.dispose()


def test_when_all_is_stopped_the_port_is_free(dialogue: str, tmp_path: Path) -> None:
    with running(tmp_path, BOT_RASA_URL=dialogue) as up:
        port = up.port
    bound("127.0.0.1", port).close()
    assert up.process.returncode == 0


def test_a_second_one_is_told_that_the_port_is_taken(app: LiveApp) -> None:
    with pytest.raises(CannotListen, match=f"端口 {app.port} 已被占用"):
        bound("127.0.0.1", app.port)


def test_an_address_of_another_machine_is_said_to_be_so() -> None:
    with pytest.raises(CannotListen, match="BOT_HOST"):
        bound("192.0.2.1", free_port())


def test_a_port_that_needs_more_rights_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EACCES, "permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(CannotListen, match="没有权限使用端口 80"):
        bound("127.0.0.1", 80)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "", "::", "localhost"])
def test_before_it_is_ready_to_serve_callers_are_refused_at_once(host: str) -> None:
    port = free_port()
    with bound(host, port) as public:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        listen(public)
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


def test_of_two_that_prepare_at_once_the_second_is_told() -> None:
    port = free_port()
    with bound("127.0.0.1", port) as first, bound("127.0.0.1", port) as second:
        listen(first)
        with pytest.raises(CannotListen, match=f"端口 {port} 已被占用"):
            listen(second)


def test_what_ends_again_and_again_is_not_started_without_a_pause() -> None:
    said = io.StringIO()
    console = Console(file=said, width=200)
    child = Child("应用", lambda: subprocess.Popen([sys.executable, "-c", ""]))

    def ends() -> int:
        child.tend(console)
        return said.getvalue().count("意外结束")

    until(lambda: ends() == 2)
    child.stop()
    first, second = said.getvalue().splitlines()
    assert first.endswith("马上重启")
    assert second.endswith("1 秒后重启")
