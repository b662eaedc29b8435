"""A house with two offices, its people, and conversations whose moves the matters follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from sqlalchemy import insert, select, update

from bot.accounts.repository import AccountRepository
from bot.dialogue.moves import SYSTEM, VISITOR, Move
from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import Context, HandoverReason, Mode
from bot.domain.matter import Matter
from bot.domain.people import Role, Staff
from bot.matters.follower import MatterFollower
from bot.matters.ledger_repository import MatterLedger
from bot.matters.repository import MatterRepository
from bot.matters.service import MatterService
from bot.matters.targets import load_targets
from bot.store.tables import audit, conversations, offices, staff
from bot.store.unit import Store
from connectors.messages import Inbound, text
from tests.conftest import FixedClock


@dataclass
class House:
    """Everything a test of matters touches."""

    store: Store
    clock: FixedClock
    ledger: MatterLedger
    repository: MatterRepository
    service: MatterService
    conversations: ConversationRepository
    follower: MatterFollower
    east: int
    west: int
    wang: Staff
    """A lawyer of the east office."""
    li: Staff
    """A lawyer of the west office."""
    zhou: Staff
    """The supervisor, of no office."""
    sun: Staff
    """A legal-aid officer, who receives nobody."""
    sent: int = 0

    def talk(self, question: str = "老板欠我工资，我的电话13812345678") -> str:
        """Return a conversation in which the bot has answered."""
        conversation, _ = self.conversations.create("web", "v1")
        self.bot_answers(conversation.id, question)
        return conversation.id

    def bot_answers(
        self, conversation_id: str, question: str, route: str = "legal_question"
    ) -> None:
        self.conversations.finish(
            conversation_id,
            self.visitor_says(conversation_id, question),
            [[text("可以申请劳动仲裁。")]],
            route=route,
            topic="劳动",
            context=Context(question=question),
        )

    def visitor_says(self, conversation_id: str, words: str) -> int:
        self.sent += 1
        inbound = Inbound(conversation_id, f"v{self.sent}", words)
        return self.conversations.receive(inbound, [text(words)]).message_id

    def ask(
        self,
        conversation_id: str,
        reason: HandoverReason = HandoverReason.ASKED,
        priority: int = 0,
    ) -> Matter:
        """Let the visitor ask for a person."""
        said = self.visitor_says(conversation_id, "转人工")
        self.conversations.finish(conversation_id, said, [], handover=reason, priority=priority)
        return self.matter(conversation_id)

    def queued(self, priority: int = 0) -> tuple[str, Matter]:
        conversation_id = self.talk()
        return conversation_id, self.ask(conversation_id, priority=priority)

    def claim(self, conversation_id: str, person: Staff) -> Matter:
        return self._desk(conversation_id, Mode.HUMAN, person)

    def give_back(self, conversation_id: str, person: Staff, note: str = "") -> Matter:
        return self._desk(conversation_id, Mode.RETURNED, person, note=note)

    def finish(
        self,
        conversation_id: str,
        person: Staff,
        outcome: str = "advised",
        advice: str = "先去劳动监察投诉",
    ) -> Matter:
        return self._desk(conversation_id, Mode.CLOSED, person, outcome=outcome, advice=advice)

    def _desk(
        self,
        conversation_id: str,
        to: Mode,
        person: Staff,
        note: str = "",
        outcome: str = "",
        advice: str = "",
    ) -> Matter:
        """Move a conversation as the desk does, the matters following in its transaction."""
        now = self.clock.now()
        values = {"mode": to, "lawyer_id": person.id}
        if to is Mode.CLOSED:
            values["closed_at"] = now
        with self.store.write() as connection:
            row = connection.execute(
                select(conversations).where(conversations.c.id == conversation_id)
            ).one()
            connection.execute(
                update(conversations).where(conversations.c.id == conversation_id).values(values)
            )
            move = Move(conversation_id, Mode(row.mode), to, now, person.login, person.id)
            self.follower.moved(
                connection, replace(move, note=note, outcome=outcome, advice=advice)
            )
        return self.matter(conversation_id)

    def leave(self, conversation_id: str, to: Mode, actor: str = VISITOR) -> Matter:
        """Let the visitor leave the queue or end the conversation."""
        self.conversations.move(conversation_id, to, actor=actor)
        return self.matter(conversation_id)

    def take_away(self, conversation_id: str) -> Matter:
        """Let the sweep put a conversation back into the queue."""
        self.conversations.move(
            conversation_id, Mode.QUEUED, reason=HandoverReason.REASSIGNED, actor=SYSTEM
        )
        return self.matter(conversation_id)

    def matter(self, conversation_id: str) -> Matter:
        found = self.repository.newest_of(conversation_id)
        assert found is not None
        return found

    def actions(self, matter: Matter) -> list[tuple[str, str, str]]:
        return [(line.actor, line.action, line.note) for line in self.repository.log(matter.id)]

    def audited(self) -> list[tuple[str, str, str]]:
        query = select(audit).where(audit.c.action.like("matter%")).order_by(audit.c.id)
        with self.store.read() as connection:
            return [(r.actor, r.action, r.subject) for r in connection.execute(query)]


def build_house(store: Store, clock: FixedClock) -> House:
    people = AccountRepository(store, clock)

    def hire(login: str, name: str, role: Role, office_id: int | None) -> Staff:
        person = people.add(login, name, "", role, "unused")
        with store.write() as connection:
            connection.execute(
                update(staff).where(staff.c.id == person.id).values(office_id=office_id)
            )
        return replace(person, office_id=office_id)

    def office(name: str, phone: str) -> int:
        with store.write() as connection:
            row = insert(offices).values(name=name, phone=phone, hours="{}", active=True)
            key = connection.execute(row).inserted_primary_key
        assert key is not None
        return int(key[0])

    east, west = office("城东公共法律服务中心", "087112348"), office("城西公共法律服务中心", "")
    ledger = MatterLedger(store, load_targets())
    follower = MatterFollower(ledger)
    conversations_ = ConversationRepository(store, clock, (follower,))
    repository = MatterRepository(ledger, clock, conversations_)
    return House(
        store,
        clock,
        ledger,
        repository,
        MatterService(repository, clock),
        conversations_,
        follower,
        east,
        west,
        hire("wang", "王敏", Role.LAWYER, east),
        hire("li", "李强", Role.MEDIATOR, west),
        hire("zhou", "周静", Role.SUPERVISOR, None),
        hire("sun", "孙洁", Role.OFFICER, None),
    )


def by_hand(
    house: House, person: Staff | None = None, phone: str = "13812345678", **more: object
) -> Matter:
    """Open a matter for a caller; the east office's lawyer does it by default."""
    asked = {"channel": "hotline", "topic": "劳动", "about": "问工资怎么要", "name": "张小明"}
    return house.service.open_by_hand(
        person or house.wang,
        phone=phone,
        **{**asked, **more},  # type: ignore[arg-type]
    )


@pytest.fixture
def house(store: Store, clock: FixedClock) -> House:
    return build_house(store, clock)
