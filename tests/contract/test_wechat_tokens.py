"""What every store of access tokens promises: the database and Redis alike."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from sqlalchemy import select

from bot.store.crypto import Cipher
from bot.store.unit import Store
from bot.store.wechat_tables import wechat_tokens
from bot.wechat.token_redis import PREFIX, RedisTokens
from bot.wechat.token_repository import DatabaseTokens
from bot.wechat.tokens import HeldToken, TokenStore
from tests.conftest import ROOT, FixedClock

KEY = "wx0000000000000001"
OTHER = "wx0000000000000002"
CIPHER_KEY = Fernet.generate_key().decode()
MINUTE = dt.timedelta(minutes=1)


class Place:
    """Where tokens are kept, opened with any key."""

    def __init__(self, url: str, store: Store | None = None) -> None:
        self.url = url
        self._store = store
        self._opened: list[RedisTokens] = []

    def open(self, key: str = CIPHER_KEY) -> TokenStore:
        cipher = Cipher([key], "index-key")
        if self._store is not None:
            return DatabaseTokens(Store(self._store.engine, cipher))
        self._opened.append(RedisTokens(self.url, cipher))
        return self._opened[-1]

    def close(self) -> None:
        for one in self._opened:
            one.close()

    def raw(self) -> bytes:
        if self._store is not None:
            with self._store.read() as connection:
                return b"".join(connection.execute(select(wechat_tokens.c.token_enc)).scalars())
        with redis.Redis.from_url(self.url) as client:
            return b"".join(client.mget([PREFIX + KEY]))


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "redis":
        url = request.getfixturevalue("redis_server")
        with redis.Redis.from_url(url) as client:
            for key in client.scan_iter(f"{PREFIX}*"):
                client.delete(key)
        found = Place(url)
    else:
        name = "sqlite_store" if request.param == "sqlite" else "postgres_store"
        store: Store = request.getfixturevalue(name)
        found = Place(store.engine.url.render_as_string(hide_password=False), store)
    yield found
    found.close()


@pytest.fixture
def tokens(place: Place) -> TokenStore:
    return place.open()


def held(token: str, clock: FixedClock) -> HeldToken:
    return HeldToken(token, clock.now() + dt.timedelta(hours=2))


def test_what_was_put_is_read_until_something_else_is(
    tokens: TokenStore, clock: FixedClock
) -> None:
    assert tokens.read(KEY) is None
    first, second = held("first", clock), held("second", clock)
    tokens.put(KEY, first)
    assert tokens.read(KEY) == first
    tokens.put(KEY, second)
    assert tokens.read(KEY) == second
    assert tokens.read(OTHER) is None


def test_a_token_lies_encrypted(place: Place, tokens: TokenStore, clock: FixedClock) -> None:
    tokens.put(KEY, held("in-plain-words", clock))
    assert place.raw()
    assert b"in-plain-words" not in place.raw()


def test_a_token_whose_key_is_gone_is_none(
    place: Place, tokens: TokenStore, clock: FixedClock
) -> None:
    tokens.put(KEY, held("first", clock))
    assert place.open(Fernet.generate_key().decode()).read(KEY) is None


def test_one_claims_and_another_does_not(tokens: TokenStore, clock: FixedClock) -> None:
    now = clock.now()
    assert tokens.claim(KEY, now, now + MINUTE)
    assert not tokens.claim(KEY, now, now + MINUTE)
    assert not tokens.claim(KEY, now + MINUTE / 2, now + 2 * MINUTE)
    assert tokens.claim(OTHER, now, now + MINUTE)


def test_a_claim_lapses_at_its_end(tokens: TokenStore, clock: FixedClock) -> None:
    now = clock.now()
    tokens.claim(KEY, now, now + MINUTE)
    assert tokens.claim(KEY, now + MINUTE, now + 2 * MINUTE)


def test_a_released_claim_is_free(tokens: TokenStore, clock: FixedClock) -> None:
    now = clock.now()
    tokens.claim(KEY, now, now + MINUTE)
    tokens.release(KEY, now + MINUTE)
    assert tokens.claim(KEY, now, now + MINUTE)


def test_who_comes_late_does_not_release_another_ones_claim(
    tokens: TokenStore, clock: FixedClock
) -> None:
    now = clock.now()
    tokens.claim(KEY, now, now + MINUTE)
    tokens.claim(KEY, now + MINUTE, now + 3 * MINUTE)
    tokens.release(KEY, now + MINUTE)
    assert not tokens.claim(KEY, now + 2 * MINUTE, now + 4 * MINUTE)


def test_a_token_does_not_touch_a_claim_nor_a_claim_a_token(
    tokens: TokenStore, clock: FixedClock
) -> None:
    now = clock.now()
    tokens.put(KEY, held("first", clock))
    assert tokens.claim(KEY, now, now + MINUTE)
    assert tokens.read(KEY) == held("first", clock)
    tokens.put(KEY, held("second", clock))
    assert not tokens.claim(KEY, now, now + MINUTE)


class Endpoint:
    """The platform's ``stable_token``, which answers once its gate is open."""

    def __init__(self) -> None:
        self.calls = 0
        self.gate = threading.Event()
        self._lock = threading.Lock()

    def answer(self) -> dict[str, Any]:
        with self._lock:
            self.calls += 1
            number = self.calls
        self.gate.wait(5)
        return {"access_token": f"token-{number}", "expires_in": 7200}


@contextmanager
def serving() -> Iterator[tuple[Endpoint, str]]:
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps(endpoint.answer()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield endpoint, f"http://127.0.0.1:{server.server_port}"
    finally:
        endpoint.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


PROCESS = """
import sys, time
from bot.domain.clock import SystemClock
from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.unit import Store
from bot.wechat.token_redis import RedisTokens
from bot.wechat.token_repository import DatabaseTokens
from bot.wechat.tokens import TokenKeeper
from connectors.wechat.accounts import WeChatAccount

url, api_url, key, app_id, bad = sys.argv[1:]
cipher = Cipher([key], "index-key")
is_redis = url.startswith("redis")
store = RedisTokens(url, cipher) if is_redis else DatabaseTokens(Store(make_engine(url), cipher))

def wait(seconds):
    print("waits", flush=True)
    # For the other process; no result depends on how long this is.
    time.sleep(0.02)

keeper = TokenKeeper(store, SystemClock(), wait=wait)
account = WeChatAccount("", app_id, "token", secret="secret", api_url=api_url)
print("ready", flush=True)
sys.stdin.readline()
print(keeper.renew(account, bad) if bad else keeper.token(account), flush=True)
"""


def started(place: Place, api_url: str, bad: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, place.url, api_url, CIPHER_KEY, KEY, bad],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def outcome(process: subprocess.Popen[str], endpoint: Endpoint) -> str:
    """Return what a process ends with; when it waits for the other, let that one go on."""
    while (said := told(process)) == "waits":
        endpoint.gate.set()
    return said


@pytest.mark.parametrize("bad", ["", "refused-by-the-platform"])
def test_of_two_processes_one_fetches_and_both_go_on_with_its_token(
    place: Place, tokens: TokenStore, bad: str
) -> None:
    now = dt.datetime.now(dt.UTC)
    # One that has ended, or one that the platform refused though it should still hold.
    lasts = dt.timedelta(hours=1) if bad else -MINUTE
    tokens.put(KEY, HeldToken(bad or "ended", now + lasts))
    with serving() as (endpoint, api_url):
        processes = [started(place, api_url, bad) for _ in range(2)]
        try:
            assert [told(one) for one in processes] == ["ready", "ready"]
            for one in processes:
                assert one.stdin is not None
                one.stdin.write("\n")
                one.stdin.flush()
            with ThreadPoolExecutor(2) as readers:
                said = list(readers.map(lambda one: outcome(one, endpoint), processes))
        finally:
            for one in processes:
                one.kill()
                one.communicate()
    assert said == ["token-1", "token-1"]
    assert endpoint.calls == 1
    kept = tokens.read(KEY)
    assert kept is not None
    assert kept.token == "token-1"
    assert tokens.claim(KEY, now, now + MINUTE)
