"""What the whole suite shares: temporary databases, servers found on the machine, no network.

A test that needs a server skips with its reason when the server is not there; with
LAWBRIDGE_NO_SKIP=1, as in CI, the want of one is a failure.
"""

from __future__ import annotations

import datetime as dt
import glob
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pytest_socket import socket_allow_hosts

from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.migrate import migrate
from bot.store.tables import metadata
from bot.store.unit import Store
from tests.clamav import Addresses, StandIn, running_clamd, standing_in

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
LOOPBACK = ["127.0.0.1", "::1"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow walks through a whole product last: what is cheap to find is found first."""
    items.sort(key=lambda item: "e2e" in item.path.parts)


def pytest_runtest_setup() -> None:
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


def missing(what: str) -> None:
    """Skip for want of something, or fail where nothing may be missing."""
    if os.environ.get("LAWBRIDGE_NO_SKIP"):
        pytest.fail(f"{what}，而本次运行要求齐全")
    pytest.skip(what)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class FixedClock:
    """A clock that tests move by hand."""

    def __init__(self, moment: dt.datetime | None = None) -> None:
        self.moment = moment or dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.moment

    def advance(self, **parts: float) -> None:
        self.moment += dt.timedelta(**parts)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def cipher() -> Cipher:
    return Cipher([Fernet.generate_key().decode()], "index-key-for-tests")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL server of our own and give its URL."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    initdb = found[-1] if found else shutil.which("initdb")
    if initdb is None:
        missing("没有安装 PostgreSQL 服务器")
        return
    folder = Path(tempfile.mkdtemp(prefix="lawbridge-pg-"))
    port = free_port()
    as_user: list[str] = []
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        shutil.chown(folder, "postgres")
        folder.chmod(0o755)
        as_user = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    bin_dir = Path(initdb).parent

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd=folder)

    run(initdb, "-D", str(data), "-U", "lawbridge", "--auth=trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run(
        str(bin_dir / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"),
        "-o", options, "start",
    )  # fmt: skip
    yield f"postgresql+psycopg://lawbridge@127.0.0.1:{port}/postgres"
    run(str(bin_dir / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Start a Redis server of our own and give its URL."""
    program = shutil.which("redis-server")
    if program is None:
        missing("没有安装 Redis")
        return
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if b"eady to accept connections" in line:
            break
    yield f"redis://127.0.0.1:{port}/0"
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def clamd_server() -> Iterator[Addresses]:
    """Start a clamd of our own that knows one signature."""
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("没有安装 ClamAV（clamd）")
        return
    with running_clamd(program, free_port()) as addresses:
        yield addresses


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Start a stand-in for clamd; in the end no caller may have broken the protocol."""
    with standing_in() as found:
        yield found
        assert found.books.broken == []


@pytest.fixture(params=["stand_in", "clamd"])
def daemon(request: pytest.FixtureRequest) -> Addresses:
    """Give a scanning daemon: the stand-in, then the real one."""
    if request.param == "stand_in":
        stand_in: StandIn = request.getfixturevalue("stand_in")
        return stand_in.addresses
    found: Addresses = request.getfixturevalue("clamd_server")
    return found


def _fresh_postgres(server: str, name: str) -> str:
    admin = make_engine(server)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    admin.dispose()
    return server.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> str:
    """A database with our schema, shared by the session and emptied for each test."""
    url = _fresh_postgres(postgres_server, "lawbridge_tests")
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> str:
    """A database without any schema."""
    return _fresh_postgres(postgres_server, "lawbridge_empty")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with our schema, to be copied: migrating for each test would be slow."""
    path = tmp_path_factory.mktemp("schema") / "migrated.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    engine.dispose()
    return path


@pytest.fixture
def sqlite_store(migrated_sqlite: Path, tmp_path: Path, cipher: Cipher) -> Iterator[Store]:
    path = tmp_path / "lawbridge.db"
    shutil.copy(migrated_sqlite, path)
    engine = make_engine(f"sqlite:///{path}")
    yield Store(engine, cipher)
    engine.dispose()


@pytest.fixture
def postgres_store(postgres_url: str, cipher: Cipher) -> Iterator[Store]:
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        # The audit trail refuses to be emptied; a superuser may switch triggers off.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield Store(engine, cipher)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """The database, once on SQLite and once on PostgreSQL."""
    name = "sqlite_store" if request.param == "sqlite" else "postgres_store"
    found: Store = request.getfixturevalue(name)
    return found


@pytest.fixture
def corpora() -> Path:
    """The statute texts beside the project; tests that need them skip without."""
    if not CORPORA.is_dir():
        pytest.skip("旁边没有法规全文目录 ../shared/corpora")
    return CORPORA
