"""A desk with two lawyers on a real database, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.accounts.repository import AccountRepository
from bot.bus import InProcessBus
from bot.desk.ports import Channel, Roster
from bot.desk.repository import DeskRepository
from bot.desk.service import DeskService
from bot.desk.views import load_words
from bot.dialogue.moves import Follower
from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import Context, HandoverReason
from bot.domain.people import Role, Staff
from bot.errors import NotFound
from bot.store.unit import Store
from bot.texts import load_texts
from bot.uploads.repository import UploadRepository
from bot.uploads.scanning import Scanner
from bot.uploads.service import UploadService
from connectors.messages import Inbound, Part, text
from knowledge_base.verifier import load_verifier
from tests.conftest import FixedClock

BUREAU = "示范县司法局"
SECRET = "电话13812345678，身份证530102199001011237"
CITED = Part(
    "citations",
    {"items": [{"key": "劳动合同法/30", "title": "劳动合同法第三十条", "gist": "按时足额发工资"}]},
)


class NoPhones:
    """Matters of which nobody keeps a telephone number."""

    def set_phone(self, conversation_id: str, phone: str) -> None:
        raise NotFound


@dataclass
class Office:
    """Everything a desk test touches."""

    store: Store
    clock: FixedClock
    conversations: ConversationRepository
    desk: DeskService
    uploads: UploadService
    bus: InProcessBus
    wang: Staff
    li: Staff
    sent: int = 0

    def visitor_says(self, conversation_id: str, words: str) -> int:
        self.sent += 1
        inbound = Inbound(conversation_id, f"v{self.sent}", words)
        return self.conversations.receive(inbound, [text(words)]).message_id

    def queued(
        self,
        words: str = f"老板去年3月起欠我2万8千元。{SECRET}",
        reason: HandoverReason = HandoverReason.ASKED,
        priority: int = 0,
        channel: str = "web",
    ) -> str:
        """Return a conversation in which the bot answered and the visitor asked for a person."""
        conversation, _ = self.conversations.create(channel, "v1")
        asked = self.visitor_says(conversation.id, words)
        self.conversations.finish(
            conversation.id,
            asked,
            [[text("可以申请劳动仲裁。"), CITED]],
            route="legal_question",
            topic="劳动",
            context=Context(question=words, topic="劳动"),
        )
        wants = self.visitor_says(conversation.id, "转人工")
        self.conversations.finish(conversation.id, wants, [], handover=reason, priority=priority)
        return conversation.id

    def hire(self, login: str, name: str, role: Role) -> Staff:
        return AccountRepository(self.store, self.clock).add(login, name, "", role, "unused")

    def words(self, conversation_id: str) -> list[tuple[str, str]]:
        return [
            (message.sender, str(part.body.get("text", "")))
            for message in self.conversations.after(conversation_id, 0)
            for part in message.parts
        ]

    def actions(self) -> list[tuple[str, str]]:
        with self.store.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT actor, action FROM audit WHERE action LIKE 'desk%%' ORDER BY id"
                if connection.dialect.name == "postgresql"
                else "SELECT actor, action FROM audit WHERE action LIKE 'desk%' ORDER BY id"
            )
            return [(row.actor, row.action) for row in rows]


def furnish(
    store: Store,
    clock: FixedClock,
    roster: Roster | None = None,
    followers: Sequence[Follower] = (),
    scanner: Scanner | None = None,
    channel: Channel | None = None,
) -> Office:
    people = AccountRepository(store, clock)
    uploads = UploadService(UploadRepository(store, clock), scanner)
    desk = DeskService(
        DeskRepository(store, clock, followers),
        clock,
        load_texts(),
        verifier=load_verifier(),
        files=uploads,
        words=load_words(),
        roster=roster,
        channel=channel,
        bureau=BUREAU,
    )
    return Office(
        store,
        clock,
        ConversationRepository(store, clock, followers),
        desk,
        uploads,
        InProcessBus(),
        people.add("wang", "王敏", "15301202010123456", Role.LAWYER, "unused"),
        people.add("li", "李强", "", Role.LAWYER, "unused"),
    )
