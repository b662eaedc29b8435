"""What the desk shows of WeChat: what can still be sent, and what became of each message."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.desk.repository import DeskRepository
from bot.desk.service import DeskService
from bot.desk.views import load_words
from bot.dialogue.forms import OpenQuestion
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.channel import ChannelState
from bot.domain.conversation import WECHAT
from bot.store.unit import Store
from bot.texts import load_texts
from connectors.messages import Inbound, Part, text
from knowledge_base.verifier import load_verifier
from tests.conftest import FixedClock
from tests.office import Office, furnish
from tests.wechat_desk import AMR, OPEN, OVER, USED_UP, WeChatInHand

QUESTION = "请填手机号。"
STATES = {
    "waiting", "sent", "passive", "linked", "window", "quota", "unfollowed", "unauthorised",
    "passive_only", "noticed", "failed",
}  # fmt: skip

HandBack = Callable[[str, ChannelState | None], list[str]]


@pytest.fixture
def wechat() -> WeChatInHand:
    return WeChatInHand()


@pytest.fixture
def office(store: Store, clock: FixedClock, wechat: WeChatInHand) -> Office:
    return furnish(store, clock, channel=wechat)


def claimed(office: Office, channel: str = WECHAT) -> str:
    conversation_id = office.queued(channel=channel)
    office.desk.claim(conversation_id, office.wang)
    return conversation_id


def test_what_can_still_be_sent_is_told_with_the_conversation(
    office: Office, wechat: WeChatInHand
) -> None:
    conversation_id = claimed(office)
    wechat.states[conversation_id] = OPEN
    assert office.desk.open(conversation_id, office.wang).channel_state == OPEN


def test_of_a_visitor_on_our_page_there_is_nothing_to_tell(office: Office) -> None:
    view = office.desk.open(claimed(office, "web"), office.wang)
    assert view.channel_state is None
    assert [message for message in view.messages if "delivery" in message] == []


def test_what_became_of_each_message_is_told_in_words(office: Office, wechat: WeChatInHand) -> None:
    conversation_id = claimed(office)
    wechat.states[conversation_id] = USED_UP
    first, _ = office.desk.say(conversation_id, office.wang, "a", "请讲。")
    second, _ = office.desk.say(conversation_id, office.wang, "b", "有合同吗？")
    wechat.became.update({first.id: "sent", second.id: "quota"})
    shown = {m["id"]: m for m in office.desk.open(conversation_id, office.wang).messages}
    assert shown[str(first.id)]["delivery"] == {"state": "sent", "words": "已送达微信"}
    assert "对方回话后自动补送" in shown[str(second.id)]["delivery"]["words"]
    [news] = office.desk.news(conversation_id, office.wang, first.id)
    assert news["delivery"]["state"] == "quota"


def test_what_was_spoken_stands_in_the_lists_as_its_words(office: Office) -> None:
    conversation_id = claimed(office)
    file = office.uploads.part(conversation_id, "f", "语音", AMR, sent_as="voice")
    said = (file, Part("text", {"text": "老板跑了", "spoken": True}))
    office.conversations.receive(Inbound(conversation_id, "s", "老板跑了", spoken=True), said)
    assert office.desk.queue(office.wang).mine[0].last_words == "老板跑了"
    office.conversations.receive(Inbound(conversation_id, "t", ""), (file,))
    assert office.desk.queue(office.wang).mine[0].last_words == "[语音.amr]"


def test_every_state_has_words_that_tell_arrived_from_not_arrived() -> None:
    words = load_words().delivery
    assert set(words) == STATES
    arrived = {state for state, said in words.items() if said.startswith("已")}
    assert arrived == {"sent", "passive", "linked"}


@pytest.fixture
def hand_back(store: Store, clock: FixedClock) -> HandBack:
    """Give a conversation with an open question back; return what is said at the end."""

    class Form:
        def resume(self, turn: Turn) -> TurnReply:
            return TurnReply("aid_apply", (text(QUESTION),))

    def made(channel: str, state: ChannelState | None) -> list[str]:
        wechat = WeChatInHand()
        office = furnish(store, clock, channel=wechat)
        conversation_id = claimed(office, channel)
        if state is not None:
            wechat.states[conversation_id] = state
        desk = DeskService(
            DeskRepository(store, clock),
            clock,
            load_texts(),
            verifier=load_verifier(),
            files=office.uploads,
            words=load_words(),
            channel=wechat,
            open_question=OpenQuestion(office.conversations, [Form()]),
        )
        desk.give_back(conversation_id, office.wang)
        return [words for _, words in office.words(conversation_id)[-2:]]

    return made


def test_handing_back_in_wechat_asks_the_open_question_where_it_can_be_pushed(
    hand_back: HandBack,
) -> None:
    assert hand_back(WECHAT, OPEN) == [load_texts().say("handover.returned"), QUESTION]


@pytest.mark.parametrize(
    "state",
    [
        None,
        USED_UP,
        OVER,
        replace(OPEN, can_push=False),
        replace(OPEN, following=False),
        replace(OPEN, left=1),
        replace(OPEN, waiting=2),
        replace(OPEN, level="bad"),
        replace(OPEN, window_until=dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)),
    ],
    ids=[
        "unbound",
        "used up",
        "over",
        "no right",
        "gone",
        "one left",
        "owed",
        "paused",
        "this second",
    ],
)
def test_handing_back_in_wechat_asks_nothing_that_would_not_be_heard(
    hand_back: HandBack, state: ChannelState | None
) -> None:
    assert QUESTION not in hand_back(WECHAT, state)


def test_on_our_page_the_question_is_asked_whatever_wechat_can_do(hand_back: HandBack) -> None:
    assert hand_back("web", OVER)[-1] == QUESTION
