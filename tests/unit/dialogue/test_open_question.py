"""The question of a form that was left for a person: when it is put again, and with what."""

from __future__ import annotations

from dataclasses import replace

from bot.desk.repository import DeskRepository
from bot.desk.service import DeskService
from bot.desk.views import load_words
from bot.dialogue.forms import OpenQuestion
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.conversation import Context, HandoverReason, Mode
from bot.store.unit import Store
from bot.texts import load_texts
from connectors.messages import Inbound, buttons, text
from knowledge_base.verifier import load_verifier
from tests.conftest import FixedClock
from tests.office import Office, furnish

QUESTION = TurnReply("aid_apply", (text("请填手机号。"), buttons(("back", "改上一项"))))


class Form:
    """A form with a question open, or without."""

    def __init__(self, question: TurnReply | None = QUESTION) -> None:
        self._question = question

    def resume(self, turn: Turn) -> TurnReply | None:
        return self._question


def handed_back(office: Office, channel: str, *forms: Form) -> str:
    """Return a conversation that a lawyer has given back."""
    conversation, _ = office.conversations.create(channel, "v1")
    asked = office.conversations.receive(Inbound(conversation.id, "v", "转人工"), [text("转人工")])
    office.conversations.finish(
        conversation.id,
        asked.message_id,
        [],
        context=Context(question="押金", last_route="lawyer"),
        handover=HandoverReason.ASKED,
    )
    desk = DeskService(
        DeskRepository(office.store, office.clock),
        office.clock,
        load_texts(),
        verifier=load_verifier(),
        files=office.uploads,
        words=load_words(),
        open_question=OpenQuestion(office.conversations, forms),
    )
    desk.claim(conversation.id, office.wang)
    desk.give_back(conversation.id, office.wang)
    assert office.conversations.get(conversation.id).mode is Mode.RETURNED
    return conversation.id


def test_the_open_question_follows_the_notice_with_its_buttons(
    sqlite_store: Store, clock: FixedClock
) -> None:
    office = furnish(sqlite_store, clock)
    conversation_id = handed_back(office, "web", Form(None), Form(), Form(replace(QUESTION)))
    said = office.words(conversation_id)
    assert ("system", load_texts().say("handover.returned")) == said[-3]
    assert said[-2] == ("bot", "请填手机号。")
    turn = office.conversations.turn(conversation_id)
    assert turn is not None
    assert turn.context.options == (("back", "改上一项"),)
    assert turn.context.last_route == "aid_apply"
    assert turn.context.question == "押金"


def test_where_no_form_is_open_nothing_is_asked(sqlite_store: Store, clock: FixedClock) -> None:
    office = furnish(sqlite_store, clock)
    conversation_id = handed_back(office, "web", Form(None))
    assert office.words(conversation_id)[-1][0] == "system"


def test_in_wechat_nothing_is_asked_that_would_not_be_heard(
    sqlite_store: Store, clock: FixedClock
) -> None:
    office = furnish(sqlite_store, clock)
    conversation_id = handed_back(office, "wechat", Form())
    assert office.words(conversation_id)[-1][0] == "system"
    turn = office.conversations.turn(conversation_id)
    assert turn is not None
    assert turn.context.last_route == "lawyer"
