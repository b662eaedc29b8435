"""What those who wait for a person are told."""

from __future__ import annotations

import pytest

from bot.dialogue.repository import ConversationRepository
from bot.dialogue.turn import Turn
from bot.dialogue.waiting import WaitingRoom
from bot.domain.conversation import Context, HandoverReason, Mode
from bot.errors import BadInput
from bot.store.unit import Store
from bot.texts import load_texts
from tests.conftest import FixedClock


class Matters:
    def spoken(self, conversation_id: str) -> str:
        return "2600 0121"

    def answer(self, conversation_id: str, text: str) -> str:
        return f"答：{text}"


class Duty:
    def __init__(self) -> None:
        self.kept: list[str] = []

    def words(self, conversation_id: str) -> str:
        return "按最近的情况，大约要等 6 分钟。"

    def callback(self, conversation_id: str, phone: str) -> str:
        if phone.endswith("00000000"):
            raise BadInput
        self.kept.append(phone)
        return "已记下，律师会回电。"


class Waiting:
    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.duty = Duty()
        conversations = ConversationRepository(store, clock)
        self.room = WaitingRoom(conversations, load_texts(), Matters(), self.duty)
        self.id = conversations.create("web", "v1")[0].id
        conversations.move(self.id, Mode.QUEUED, reason=HandoverReason.ASKED)

    def hears(self, words: str) -> str:
        parts = self.room.again(Turn(self.id, words, Context()))
        return "".join(str(part.body.get("text", "")) for part in parts)


@pytest.fixture
def waiting(sqlite_store: Store, clock: FixedClock) -> Waiting:
    return Waiting(sqlite_store, clock)


def test_whoever_joins_hears_place_time_and_number(waiting: Waiting) -> None:
    words = waiting.room.greeting(waiting.id, "lawyer")[0].body["text"]
    assert "第 1 位" in words
    assert "6 分钟" in words
    assert "2600 0121" in words


@pytest.mark.parametrize(
    "words", ["我电话13812345678", "打 138-1234-5678 给我", "座机0871-63112345"]
)
def test_a_number_left_while_waiting_is_kept_for_the_call_back(
    waiting: Waiting, words: str
) -> None:
    assert "律师会回电" in waiting.hears(words)
    assert len(waiting.duty.kept) == 1


@pytest.mark.parametrize("words", ["欠我28000元", "身份证530102199001011237", "138000000000000"])
def test_other_numbers_promise_no_call_back(waiting: Waiting, words: str) -> None:
    assert "回电" not in waiting.hears(words)
    assert waiting.duty.kept == []


def test_who_asks_for_the_matter_is_answered_in_the_queue_too(waiting: Waiting) -> None:
    assert waiting.hears("我的工单到哪了") == "答：我的工单到哪了"
