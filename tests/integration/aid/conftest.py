"""A conversation with a service over a real database, and a valid answer to each question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from stdnum.cn import ric

from bot.aid.repository import AidRepository
from bot.aid.service import Accepted, AidService
from bot.dialogue.repository import ConversationRepository
from bot.domain.aid import Application
from bot.store.unit import Store
from tests.conftest import FixedClock

if TYPE_CHECKING:
    from tests.integration.aid.form_desk import Desk

ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        "name": "张小明",
        "id_number": "11010519491231002X",
        "phone": "13800138000",
        "matter": "讨要工资",
        "facts": "去年三月到六月在城东工地干活，老板拖欠工资两万元。",
        "group": "农民工",
        "pledge": "同意",
    }
)


@dataclass
class Applicant:
    """One conversation and the service that serves it."""

    service: AidService
    conversations: ConversationRepository
    conversation_id: str

    def say(self, words: str, option: str | None = None) -> object:
        return self.service.answer(self.conversation_id, words, option)

    def fill(self, until: str | None = None, **other: str) -> None:
        """Answer every question, or those before ``until``; ``other`` replaces usual answers."""
        self.service.open(self.conversation_id)
        for key, words in {**ANSWERS, **other}.items():
            if key == until:
                return
            assert isinstance(self.say(words), Accepted), key

    def apply(self, **other: str) -> Application:
        self.fill(**other)
        return self.service.submit(self.conversation_id)

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
    service = AidService(AidRepository(store, clock), conversations, clock)
    opened = conversation_id or conversations.create("web", "v1")[0].id
    return Applicant(service, conversations, opened)


@pytest.fixture
def applicant(store: Store, clock: FixedClock) -> Applicant:
    return make_applicant(store, clock)


@pytest.fixture
def desk(sqlite_store: Store, clock: FixedClock) -> Desk:
    # Imported here: it stands on this file.
    from tests.integration.aid.form_desk import Desk

    return Desk(make_applicant(sqlite_store, clock), sqlite_store)
