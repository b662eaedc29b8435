"""A roster on a real database, with people who come and go and visitors who write."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select, update

from bot.accounts.repository import AccountRepository
from bot.dialogue.moves import Move
from bot.dialogue.repository import ConversationRepository, conversation_of
from bot.domain.clock import CHINA
from bot.domain.conversation import Conversation, HandoverReason, Mode, Sender
from bot.domain.people import Role, Staff
from bot.domain.roster import OfficeHours, Span
from bot.errors import NotFound
from bot.roster.dispatch import Change
from bot.roster.repository import Office
from bot.roster.room import Roster, open_roster
from bot.roster.waiting import WaitingRepository
from bot.store.tables import audit, conversations, staff
from bot.store.unit import Store
from connectors.messages import Inbound, Outbound, text
from tests.conftest import FixedClock

T = TypeVar("T")

WEEKDAYS = OfficeHours({day: (Span(dt.time(9), dt.time(17)),) for day in range(5)})
TOPICS = ("劳动", "婚姻家庭", "借贷")


class KeptPhones:
    """Matters that keep telephone numbers: those of the conversations in ``opened``."""

    def __init__(self) -> None:
        self.opened: set[str] = set()
        self.kept: dict[str, str] = {}

    def set_phone(self, conversation_id: str, phone: str) -> None:
        if conversation_id not in self.opened:
            raise NotFound
        self.kept[conversation_id] = phone


class HeardMoves:
    """A room that remembers the moves it was told of."""

    def __init__(self) -> None:
        self.moves: list[Move] = []

    def said(self, connection: Connection, message: Outbound, in_reply_to: int | None) -> None:
        pass

    def moved(self, connection: Connection, move: Move) -> None:
        self.moves.append(move)


@dataclass
class World:
    store: Store
    clock: FixedClock
    conversations: ConversationRepository
    roster: Roster
    waiting: WaitingRepository
    phones: KeptPhones
    heard: HeardMoves
    sent: int = 0
    people: dict[str, Staff] = field(default_factory=dict)

    # --- staff --------------------------------------------------------------------------------

    def hire(self, login: str, role: Role = Role.LAWYER, *, present: bool = True) -> Staff:
        accounts = AccountRepository(self.store, self.clock)
        person = accounts.add(login, f"律师{login}", "", role, "unused")
        if present:
            self.roster.service.seen(person.id)
        self.people[login] = person
        return person

    def set_staff(self, person: Staff, **values: object) -> None:
        with self.store.write() as connection:
            connection.execute(update(staff).where(staff.c.id == person.id).values(values))

    def see_everybody(self) -> None:
        for person in self.people.values():
            self.roster.service.seen(person.id)

    def open_office(self, name: str = "城东公共法律服务站", hours: OfficeHours = WEEKDAYS) -> int:
        boss = self.people.get("boss") or self.hire("boss", Role.SUPERVISOR, present=False)
        return self.roster.service.save_office(boss, Office(0, name, "", hours, True))

    # --- visitors -----------------------------------------------------------------------------

    def says(self, conversation_id: str, words: str) -> int:
        self.sent += 1
        inbound = Inbound(conversation_id, f"v{self.sent}", words)
        return self.conversations.receive(inbound, [text(words)]).message_id

    def queue(self, priority: int = 0, topic: str = "劳动", office_id: int | None = None) -> str:
        """Return a conversation whose visitor asked for a lawyer just now."""
        conversation, _ = self.conversations.create("web", "v1")
        asked = self.says(conversation.id, "转人工")
        self.conversations.finish(
            conversation.id,
            asked,
            [[text("好的。")]],
            topic=topic,
            handover=HandoverReason.ASKED,
            priority=priority,
        )
        if office_id is not None:
            self.change(conversation.id, office_id=office_id)
        return conversation.id

    def change(self, conversation_id: str, **values: object) -> None:
        with self.store.write() as connection:
            connection.execute(
                update(conversations).where(conversations.c.id == conversation_id).values(values)
            )

    def claim(self, conversation_id: str, person: Staff) -> None:
        self.conversations.move(
            conversation_id, Mode.HUMAN, lawyer_id=person.id, actor=person.login
        )
        self.change(conversation_id, offered_to=None, offered_at=None)

    def answers(self, conversation_id: str, person: Staff, words: str = "您好，请讲。") -> None:
        with self.store.write() as connection:
            self.conversations.append(
                connection, conversation_id, Sender.LAWYER, [text(words)], author_id=person.id
            )
            connection.execute(
                update(conversations)
                .where(conversations.c.id == conversation_id)
                .values(replied_at=self.clock.now())
            )

    def talk(self, person: Staff) -> str:
        """Return a conversation in which this lawyer has answered once."""
        conversation_id = self.queue()
        self.claim(conversation_id, person)
        self.answers(conversation_id, person)
        return conversation_id

    # --- what is the case ---------------------------------------------------------------------

    def conversation(self, conversation_id: str) -> Conversation:
        with self.store.read() as connection:
            return conversation_of(
                connection.execute(
                    select(conversations).where(conversations.c.id == conversation_id)
                ).one()
            )

    def offered(self, conversation_id: str) -> int | None:
        return self.conversation(conversation_id).offered_to

    def told(self, conversation_id: str) -> list[str]:
        """Return what the system said to the visitor."""
        return [
            str(part.body["text"])
            for message in self.conversations.after(conversation_id, 0)
            for part in message.parts
            if message.sender == Sender.SYSTEM
        ]

    def actions(self) -> list[tuple[str, str]]:
        """Return who did what of the roster."""
        query = (
            select(audit.c.actor, audit.c.action)
            .where(audit.c.action.startswith("roster_"))
            .order_by(audit.c.id)
        )
        with self.store.read() as connection:
            return [(row.actor, row.action) for row in connection.execute(query)]

    def sweep(self) -> list[Change]:
        return self.roster.dispatcher.sweep_once()

    def assign(self) -> list[Change]:
        return self.roster.dispatcher.assign_once()

    def twin(self) -> Roster:
        """Return the room as another process of the same application has it."""
        store = Store(self.store.engine, self.store.cipher)
        repository = ConversationRepository(store, self.clock, [self.heard])
        return open_roster(store, self.clock, repository, self.phones, TOPICS)


def at(hour: int, minute: int = 0, day: int = 23) -> dt.datetime:
    """Return a moment of November 2026 in China; the 23rd is a Monday."""
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


def at_once(*works: Callable[[], list[T]]) -> list[T]:
    """Run them in threads of their own, started together; return all that they returned."""
    gate = threading.Barrier(len(works))
    found: list[T] = []
    failures: list[BaseException] = []

    def run(work: Callable[[], list[T]]) -> None:
        gate.wait(10)
        try:
            found.extend(work())
        except BaseException as error:  # noqa: BLE001  told to the test below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    if failures:
        raise failures[0]
    return found


def make_world(store: Store, clock: FixedClock) -> World:
    heard, phones = HeardMoves(), KeptPhones()
    repository = ConversationRepository(store, clock, [heard])
    roster = open_roster(store, clock, repository, phones, TOPICS)
    waiting = WaitingRepository(store, clock, repository)
    return World(store, clock, repository, roster, waiting, phones, heard)


@pytest.fixture
def world(store: Store, clock: FixedClock) -> World:
    return make_world(store, clock)
