"""A conversation with a service over a real database, and a valid answer to each question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from stdnum.cn import ric

from bot.aid.changes import NEWS, AidChanges
from bot.aid.repository import AidRepository
from bot.aid.service import STATE_ACTION, Accepted, AidService
from bot.dialogue.repository import ConversationRepository
from bot.domain.aid import AidState, Application
from bot.store.outbox import OutboxRunner
from bot.store.unit import Store
from tests.conftest import FixedClock

if TYPE_CHECKING:
    from tests.integration.aid.form_desk import Desk

ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        "for_whom": "我自己",
        "matter": "讨要工资",
        "name": "张小明",
        "id_number": "11010519491231002X",
        "phone": "13800138000",
        "place": "云南省昆明市官渡区",
        "address": "暂不填",
        "opponent": "城东建筑公司",
        "facts": "去年三月到六月在城东工地干活，老板拖欠工资两万元。",
        "request": "要回工资两万元",
        "evidence": "暂时没有",
        "deadline": "没有",
        "group": "农民工",
        "pledge": "同意",
    }
)

ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "agent_name": "张大明",
        "agent_relation": "父亲或母亲",
        "custody": "官渡区看守所",
        "stage": "公安或检察院在办",
        "counsel": "没有请律师",
        "special": "都没有",
        "income": "没有固定来源",
        "means": "困难，作个人诚信承诺",
    }
)
"""Answers to questions that the usual ones do not lead to."""


@dataclass
class Applicant:
    """One conversation and the service that serves it."""

    service: AidService
    conversations: ConversationRepository
    conversation_id: str
    repository: AidRepository
    changes: AidChanges
    clock: FixedClock

    def say(self, words: str, option: str | None = None) -> object:
        return self.service.answer(self.conversation_id, words, option)

    def fill(self, until: str | None = None, **other: str) -> None:
        """Answer every question, or those before ``until``; ``other`` replaces usual answers."""
        service = self.service
        draft = service.open(self.conversation_id)
        answers = {**ELSEWHERE, **ANSWERS, **other}
        while not service.form.is_complete(draft.values, service.today()):
            asked = service.asked(draft).key
            if asked == until:
                return
            taken = self.say(answers[asked])
            assert isinstance(taken, Accepted), (asked, taken)
            draft = taken.draft

    def apply(self, **other: str) -> Application:
        self.fill(**other)
        return self.service.submit(self.conversation_id)

    def move(self, number: str, to: AidState, note: str = "") -> None:
        """Change the state as the staff does, and deliver the notice."""
        with self.repository.store.write() as connection:
            application = self.repository.application(connection, number, lock=True)
            assert application is not None
            self.changes.apply(
                connection,
                application,
                "1:王",
                STATE_ACTION + to,
                note=note,
                values={"state": to},
                news=f"{number} {to} {note}",
            )
        self.deliver()

    def deliver(self) -> int:
        """Run the outbox; return how many notices went out."""
        handlers = {
            "aid_submitted": self.service.notify_submitted,
            NEWS: self.changes.deliver,
        }
        return OutboxRunner(self.repository.store, self.clock, handlers).run_once()

    def stored(self, number: str) -> Application:
        found = self.repository.find(number)
        assert found is not None
        return found

    def told(self) -> list[str]:
        """Return what the system said in the conversation."""
        messages = self.conversations.after(self.conversation_id, 0)
        return [part.body["text"] for m in messages if m.sender == "system" for part in m.parts]


def identity_number(serial: int) -> str:
    """Return a valid identity number, another one for each serial from 0 to 99."""
    seventeen = f"110105194912310{serial:02d}"
    return seventeen + ric.calc_check_digit(f"{seventeen}0")


def make_applicant(store: Store, clock: FixedClock, conversation_id: str = "") -> Applicant:
    conversations = ConversationRepository(store, clock)
    repository = AidRepository(store, clock)
    service = AidService(repository, conversations, clock)
    changes = AidChanges(repository, conversations, clock)
    opened = conversation_id or conversations.create("web", "v1")[0].id
    return Applicant(service, conversations, opened, repository, changes, clock)


@pytest.fixture
def applicant(store: Store, clock: FixedClock) -> Applicant:
    return make_applicant(store, clock)


@pytest.fixture
def desk(sqlite_store: Store, clock: FixedClock) -> Desk:
    # Imported here: it stands on this file.
    from tests.integration.aid.form_desk import Desk

    return Desk(make_applicant(sqlite_store, clock), sqlite_store)
