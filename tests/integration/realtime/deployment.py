"""A deployment that may be hurt: application processes on one database, with its lawyers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from bot.accounts.repository import AccountRepository
from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import SystemClock
from bot.domain.people import Role
from bot.store.crypto import Cipher
from bot.store.engine import make_engine
from bot.store.migrate import migrate
from bot.store.unit import Store
from tests.integration.realtime.people import PASSWORD, words
from tests.integration.realtime.servers import Application, PostgresServer, RedisServer

UNLIMITED = "1000000/second"
LOGINS = ("zhao", "qian")
SERVING = ("-m", "bot", "serve")
IMPATIENT = ("-m", "tests.integration.realtime.serving")
"""As ``bot serve``, with pauses that obey a test."""


@dataclass
class Deployment:
    """Application processes on one database, which the test may look into."""

    applications: tuple[Application, ...]
    conversations: ConversationRepository
    redis: RedisServer | None = None
    postgres: PostgresServer | None = None

    @property
    def first(self) -> Application:
        return self.applications[0]

    @property
    def last(self) -> Application:
        """The second process, where there are two."""
        return self.applications[-1]

    def mend(self) -> None:
        """Start what a test that failed left dead, so that the next one tells something too."""
        for server in (self.redis, self.postgres):
            if server is not None and not server.is_running:
                server.start()
        for application in self.applications:
            if not application.is_running:
                application.start()
                application.wait_ready()

    def stored(self, conversation_id: str, sender: str) -> list[str]:
        """Return what the database holds of one side's words, in order."""
        found: list[str] = []
        after = 0
        while page := self.conversations.after(conversation_id, after):
            found += [words(m.to_json()) for m in page if m.sender == sender]
            after = page[-1].id
        return found


def furnish(store: Store, logins: Sequence[str]) -> None:
    """Add the lawyers; their passwords are cheap to check."""
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    people = AccountRepository(store, SystemClock())
    hashed = hasher.hash(PASSWORD)
    for login in logins:
        people.add(login, f"{login}律", "", Role.LAWYER, hashed)


@contextmanager
def deployed(
    folder: Path,
    url: str,
    processes: int,
    redis: RedisServer | None = None,
    *,
    logins: Sequence[str] = LOGINS,
    command: Sequence[str] = IMPATIENT,
) -> Iterator[Deployment]:
    """Run application processes on a new database until the block ends."""
    keys = {"field": Fernet.generate_key().decode(), "index": "index-key-for-tests"}
    engine = make_engine(url)
    migrate(engine)
    store = Store(engine, Cipher([keys["field"]], keys["index"]))
    # Before the processes race for it.
    furnish(store, logins)
    environment = {
        "BOT_DATABASE_URL": url,
        "BOT_REDIS_URL": "" if redis is None else redis.url,
        "BOT_FIELD_KEYS": keys["field"],
        "BOT_INDEX_KEY": keys["index"],
        **{
            f"BOT_LIMITS__{name}": UNLIMITED
            for name in (
                "SESSIONS_PER_ADDRESS",
                "MESSAGES_PER_VISITOR",
                "MESSAGES_PER_ADDRESS",
                "LOGINS_PER_ADDRESS",
            )
        },
    }
    applications = tuple(Application(folder, environment, command) for _ in range(processes))
    try:
        for application in applications:
            application.start()
        for application in applications:
            application.wait_ready()
        yield Deployment(applications, ConversationRepository(store, SystemClock()), redis)
    finally:
        for application in applications:
            application.kill()
        engine.dispose()
