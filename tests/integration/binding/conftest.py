"""Followers, web visitors and a gateway around the binding service, over a real database."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from bot.binding.chat import BindingChat
from bot.binding.proof_repository import ProofRepository
from bot.binding.records import Answer
from bot.binding.repository import BindingRepository
from bot.binding.service import BindingService
from bot.continuation.repository import ContinuationRepository
from bot.continuation.service import ContinuationService
from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import WECHAT, Mode, Sender
from bot.domain.follower import Follower
from bot.domain.matter import Contact, Matter
from bot.matters.follower import MatterFollower
from bot.matters.ledger_repository import MatterLedger
from bot.matters.targets import load_targets
from bot.store.tables import audit
from bot.store.unit import Store
from bot.store.wechat_tables import (
    passes,
    wechat_bindings,
    wechat_followers,
    wechat_links,
)
from bot.wechat.following import WeChatFollowing
from bot.wechat.sends import SendRepository
from connectors.messages import text
from tests.conftest import FixedClock
from tests.integration.aid.conftest import Applicant, make_applicant
from tests.integration.binding.gateways import GatewayInMemory, Switchboard

PHONE = "13800138000"
OTHER_PHONE = "13900139000"


class NoLinks:
    def link(self, follower_id: int, conversation_id: str, target: str) -> str:
        return ""


class OneLink:
    """Pages open from the chat."""

    def link(self, follower_id: int, conversation_id: str, target: str) -> str:
        return f"https://12348.example.cn/m/{target}-of-{follower_id}"


@dataclass
class Room:
    """Everything around one binding service."""

    store: Store
    clock: FixedClock
    talks: ConversationRepository
    codes: ContinuationService
    service: BindingService
    chat: BindingChat
    board: Switchboard
    announced: list[tuple[str, int]]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # --- people -------------------------------------------------------------------------------

    def follower(self) -> Follower:
        """Add a follower with a conversation of his own."""
        number = next(self._numbers)
        own, _ = self.talks.create(WECHAT, "v1", f"openid-{number}")
        now = self.clock.now()
        with self.store.write() as connection:
            key = connection.execute(
                insert(wechat_followers).values(
                    account="wx-app",
                    openid_index=f"index-{number}",
                    openid_enc=b"sealed",
                    conversation_id=own.id,
                    choices_enc=b"offered",
                    created_at=now,
                )
            ).inserted_primary_key
            assert key is not None
            connection.execute(
                insert(wechat_bindings).values(
                    follower_id=key[0],
                    conversation_id=own.id,
                    is_own=True,
                    is_proven=True,
                    created_at=now,
                )
            )
        return Follower(int(key[0]), "wx-app", own.id)

    def visitor(self) -> str:
        """Open a conversation on the web."""
        return self.talks.create("web", "v1")[0].id

    def applicant(self, **answers: str) -> tuple[Applicant, str]:
        """Have a web visitor apply for legal aid; give the number as well."""
        found = make_applicant(self.store, self.clock)
        return found, found.apply(**answers).number

    def matter(self, conversation_id: str | None, phone: str) -> str:
        """Open a matter of a conversation, with the phone left for it; give its number."""
        ledger = MatterLedger(self.store, load_targets())
        now = self.clock.now()
        values: dict[str, Any] = {
            "conversation_id": conversation_id,
            "channel": "web",
            "due_at": now,
            **ledger.contact_values(Contact(phone=phone)),
        }
        with self.store.write() as connection:
            found: Matter = ledger.open_in(connection, now, "visitor", values)
        return found.number

    def code(self, conversation_id: str) -> str:
        """Take the code that the widget shows."""
        return self.codes.issue(conversation_id)[0]

    def queue(self, conversation_id: str) -> None:
        self.talks.move(conversation_id, Mode.QUEUED)

    def bound(self, follower: Follower) -> str:
        """Bind a follower to a new web conversation; give its id."""
        web = self.visitor()
        assert self.service.by_code(follower.id, self.code(web)).is_good
        return web

    def browser(self, follower: Follower, conversation_id: str) -> None:
        """Let the follower's browser in, and owe him a message and a link."""
        until = self.clock.now() + dt.timedelta(days=1)
        key = f"{follower.id}-{conversation_id}"
        mine = {"follower_id": follower.id, "conversation_id": conversation_id}
        self.talks.append_one(conversation_id, Sender.LAWYER, [text("请带身份证来。")])
        with self.store.write() as connection:
            connection.execute(insert(passes).values(token_hash=key, expires_at=until, **mine))
            connection.execute(
                insert(wechat_links).values(token_hash=key, target="talk", expires_at=until, **mine)
            )

    # --- what came of it ----------------------------------------------------------------------

    def say(self, follower: Follower, words: str) -> str | None:
        return self.chat.reply(follower, words)

    def current(self, follower: Follower) -> str | None:
        return self.service.current(follower.id)

    def hears(self, follower: Follower) -> set[str]:
        """Return the conversations whose news the follower hears."""
        query = select(wechat_bindings.c.conversation_id).where(
            wechat_bindings.c.follower_id == follower.id
        )
        with self.store.read() as connection:
            return set(connection.execute(query).scalars())

    def owed(self, follower: Follower) -> list[str]:
        """Return what the follower is to be sent."""
        waiting = SendRepository(self.store, self.clock).waiting(follower.id)
        return [str(part.body["text"]) for one in waiting for part in one.message.parts]

    def told(self, conversation_id: str) -> list[str]:
        """Return what the system said in a conversation."""
        messages = self.talks.after(conversation_id, 0)
        return [part.body["text"] for m in messages if m.sender == "system" for part in m.parts]

    def trail(self, action: str) -> list[tuple[str, str]]:
        """Return actor and subject of what was noted."""
        query = (
            select(audit.c.actor, audit.c.subject)
            .where(audit.c.action == action)
            .order_by(audit.c.id)
        )
        with self.store.read() as connection:
            return [(row.actor, row.subject) for row in connection.execute(query)]

    def count(self, table: Table, **where: object) -> int:
        query = select(func.count()).select_from(table).filter_by(**where)
        with self.store.read() as connection:
            return int(connection.execute(query).scalar_one())


def make_room(store: Store, clock: FixedClock, *, sms: bool = True, links: Any = None) -> Room:
    followers = (
        MatterFollower(MatterLedger(store, load_targets())),
        WeChatFollowing(SendRepository(store, clock)),
    )
    talks = ConversationRepository(store, clock, followers)
    codes = ContinuationService(ContinuationRepository(store, clock), clock)
    board, announced = Switchboard(), list[tuple[str, int]]()
    service = BindingService(
        BindingRepository(talks, clock),
        ProofRepository(store, clock),
        codes,
        GatewayInMemory(board) if sms else None,
        bureau="示范县司法局",
        public_url="https://12348.example.cn",
        announce=lambda conversation_id, id: announced.append((conversation_id, id)),
    )
    chat = BindingChat(service, links or NoLinks())
    return Room(store, clock, talks, codes, service, chat, board, announced)


@pytest.fixture
def room(store: Store, clock: FixedClock) -> Room:
    return make_room(store, clock)


@pytest.fixture
def without_sms(sqlite_store: Store, clock: FixedClock) -> Room:
    return make_room(sqlite_store, clock, sms=False)


@pytest.fixture
def follower(room: Room) -> Follower:
    return room.follower()


def together(*works: Callable[[], Answer]) -> list[Answer]:
    """Do several things at the same moment; return what came of each."""
    start = threading.Barrier(len(works))
    found: list[Answer] = []

    def run(work: Callable[[], Answer]) -> None:
        start.wait()
        found.append(work())

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
