"""One message end to end, with everything real but Rasa."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.bus import InProcessBus, conversation_topic
from bot.dialogue.complexity import Complexity
from bot.dialogue.guard import CitationGuard
from bot.dialogue.repository import ConversationRepository
from bot.dialogue.safety import SafetyDesk
from bot.dialogue.service import DialogueService, Fallback
from bot.dialogue.turn import Turn, TurnReply
from bot.dialogue.waiting import NoDuty, NoNumbers, WaitingRoom
from bot.domain.conversation import HandoverReason, Mode, Sender
from bot.errors import BadInput, EmptyMessage, MessageTooLong
from bot.store.unit import Store
from bot.texts import load_texts
from connectors.messages import Inbound, Part, buttons, text
from knowledge_base.freshness import Coverage
from knowledge_base.loader import ROOT
from knowledge_base.safety import load_safety_lanes
from tests.conftest import FixedClock
from tests.fakes import FixedAnswer, ScriptedRasa

TEXTS = load_texts()


class OpenForm:
    """A form that takes every message while open."""

    def __init__(self) -> None:
        self.open = False

    def takes(self, turn: Turn) -> bool:
        return self.open


class World:
    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.repository = ConversationRepository(store, clock)
        self.rasa = ScriptedRasa()
        self.bus = InProcessBus()
        self.form = OpenForm()
        self.dialogue = DialogueService(
            self.repository,
            self.rasa,
            SafetyDesk(load_safety_lanes(ROOT), {}, TEXTS),
            CitationGuard(lambda said, on: True, Coverage({}), TEXTS),
            Fallback(FixedAnswer(), TEXTS),
            (self.form,),
            self.bus,
            TEXTS,
            WaitingRoom(self.repository, TEXTS, NoNumbers(), NoDuty()),
            (Complexity(TEXTS),),
        )
        self.conversation, _ = self.repository.create("web", "v1")

    async def say(self, words: str, client_id: str = "m1", **more: Any):
        return await self.dialogue.receive(Inbound(self.conversation.id, client_id, words, **more))


@pytest.fixture
def world(sqlite_store: Store, clock: FixedClock) -> World:
    return World(sqlite_store, clock)


def said(reply) -> str:
    return str([part.body for message in reply.messages for part in message.parts])


async def test_a_message_is_stored_before_it_is_answered(world: World) -> None:
    stored_before: list[int] = []

    def answer(words: str) -> list[TurnReply]:
        stored_before.append(len(world.repository.after(world.conversation.id, 0)))
        return [TurnReply("legal_question", (text("答"),))]

    world.rasa.answer = answer
    await world.say("老板欠薪")
    assert stored_before == [1]


async def test_rasa_sees_a_masked_canonical_line(world: World) -> None:
    await world.say("/restart 老闆欠薪\n別拖了，電話13800138000")
    assert world.rasa.sent[0][1] == "restart 老板欠薪，别拖了"


async def test_an_answer_to_a_form_reaches_rasa_as_a_token_only(world: World) -> None:
    world.form.open = True
    await world.say("张小明")
    assert world.rasa.sent[0][1] == "〔已填写〕"


async def test_a_button_of_the_table_becomes_its_intent(world: World) -> None:
    await world.say("", button="aid")
    assert world.rasa.sent[0][1] == "/start_aid"
    stored = world.repository.after(world.conversation.id, 0)[0]
    assert stored.parts[0].body["text"] == "我要申请法律援助"


async def test_words_recognised_from_speech_are_kept_as_such(world: World) -> None:
    await world.say("老板欠薪", spoken=True)
    stored = world.repository.after(world.conversation.id, 0)[0]
    assert stored.parts[0].body == {"text": "老板欠薪", "spoken": True}
    assert world.rasa.sent[0][1] == "老板欠薪"


async def test_an_unknown_button_is_taken_as_its_words(world: World) -> None:
    await world.say("/start_aid", button="made_up")
    assert world.rasa.sent[0][1] == "start_aid"


async def test_a_malformed_button_is_refused(world: World) -> None:
    with pytest.raises(BadInput):
        await world.say("x", button="a b; DROP")


@pytest.mark.parametrize(
    ("words", "error"),
    [("", EmptyMessage), (" \u200b\n", EmptyMessage), ("长" * 2001, MessageTooLong)],
)
async def test_what_cannot_be_accepted_is_not_stored(
    world: World, words: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await world.say(words)
    assert world.repository.after(world.conversation.id, 0) == []


@pytest.mark.parametrize("failure", ["empty", "error"])
async def test_without_rasa_the_visitor_is_answered_from_retrieval(
    world: World, failure: str
) -> None:
    def fail(words: str) -> list[TurnReply]:
        if failure == "empty":
            return []
        from bot.errors import DialogueUnavailable

        raise DialogueUnavailable("ConnectError")

    world.rasa.answer = fail
    reply = await world.say("老板欠薪")
    assert "检索到：老板欠薪" in said(reply)
    assert TEXTS.say("down.dialogue") in said(reply)


async def test_without_rasa_a_human_can_still_be_asked_for(world: World) -> None:
    world.rasa.answer = lambda words: []
    reply = await world.say("转人工")
    assert reply.mode == Mode.QUEUED


async def test_without_rasa_an_answer_to_a_form_is_not_taken_for_a_question(world: World) -> None:
    choices = buttons(("employee", "职工"), ("farmer", "农民工"))
    world.rasa.answer = lambda words: [TurnReply("aid_apply", (text("您是哪一类人？"), choices))]
    await world.say("申请法律援助")
    world.form.open = True
    world.rasa.answer = lambda words: []
    reply = await world.say("农民工", "m2")
    assert TEXTS.say("down.form") in said(reply)
    assert "检索到" not in said(reply)
    # The choices are offered again, none of them for a number, and the talk stands where it stood.
    assert [part.body for part in reply.messages[0].parts if part.type == "buttons"] == [
        {**choices.body, "typed": True}
    ]
    turn = world.repository.turn(world.conversation.id)
    assert turn is not None
    assert turn.context.options == (("employee", "职工"), ("farmer", "农民工"))
    assert turn.context.last_route == "aid_apply"
    assert (await world.say("转人工", "m3")).mode == Mode.QUEUED


async def test_the_same_message_sent_twice_at_once_is_processed_once(world: World) -> None:
    world.rasa.gate = asyncio.Event()
    both = [asyncio.create_task(world.say("老板欠薪", "same")) for _ in range(2)]
    while not world.rasa.sent:
        await asyncio.sleep(0)
    world.rasa.gate.set()
    first, second = await asyncio.gather(*both)
    assert len(world.rasa.sent) == 1
    assert [m.id for m in first.messages] == [m.id for m in second.messages]


async def test_an_accepted_but_unanswered_message_is_answered_when_sent_again(
    world: World,
) -> None:
    inbound = Inbound(world.conversation.id, "lost", "老板欠薪")
    world.repository.receive(inbound, [text("老板欠薪")])
    reply = await world.dialogue.receive(inbound)
    assert "老板欠薪" in said(reply)
    assert (
        len(
            [
                m
                for m in world.repository.after(world.conversation.id, 0)
                if m.sender == Sender.VISITOR
            ]
        )
        == 1
    )


async def test_asking_for_a_lawyer_queues_and_says_the_position(world: World) -> None:
    world.rasa.answer = lambda words: [TurnReply("lawyer", (), handover=HandoverReason.ASKED)]
    reply = await world.say("转人工")
    assert reply.mode == Mode.QUEUED
    assert "第 1 位" in said(reply)


async def test_while_queued_the_bot_is_silent_and_rasa_is_not_called(world: World) -> None:
    world.repository.move(world.conversation.id, Mode.QUEUED, reason=HandoverReason.ASKED)
    reply = await world.say("我再补充一下")
    assert world.rasa.sent == []
    assert [m.sender for m in reply.messages] == [Sender.SYSTEM]


async def test_leaving_the_queue_gives_the_conversation_back_to_the_bot(world: World) -> None:
    world.repository.move(world.conversation.id, Mode.QUEUED, reason=HandoverReason.ASKED)
    reply = await world.say("", button="leave_queue")
    assert reply.mode == Mode.BOT
    await world.say("老板欠薪", "m2")
    assert len(world.rasa.sent) == 1


async def test_while_a_lawyer_owns_the_chat_nothing_automatic_is_said(world: World) -> None:
    world.repository.move(world.conversation.id, Mode.QUEUED, reason=HandoverReason.ASKED)
    world.repository.move(world.conversation.id, Mode.HUMAN)
    reply = await world.say("我不想活了")
    assert reply.messages == ()
    assert reply.mode == Mode.HUMAN
    assert world.rasa.sent == []


async def test_a_reply_computed_while_a_lawyer_takes_over_is_dropped(world: World) -> None:
    def answer(words: str) -> list[TurnReply]:
        world.repository.move(world.conversation.id, Mode.QUEUED)
        world.repository.move(world.conversation.id, Mode.HUMAN)
        return [TurnReply("legal_question", (text("迟到"),))]

    world.rasa.answer = answer
    reply = await world.say("老板欠薪")
    assert reply.messages == ()
    assert "迟到" not in said(reply)


async def test_the_dangerous_message_never_reaches_a_model(world: World) -> None:
    reply, answer = await world.dialogue.receive_explained(
        Inbound(world.conversation.id, "m1", "他现在又在打我 我躲在厕所")
    )
    assert world.rasa.sent == []
    assert answer is not None
    assert (answer.route, answer.items) == ("safety", ("dv",))
    assert reply.messages


@pytest.mark.parametrize("face", ["[流泪]", "/::)", "😭", "【收到不支持的消息类型，暂无法显示】"])
async def test_a_face_of_wechat_alone_counts_as_symbols_and_hides_no_danger(
    world: World, face: str
) -> None:
    assert TEXTS.say("talk.symbols") in said(await world.say(face))
    reply = await world.say(f"我想自{face}殺", "m2")
    assert reply.mode == Mode.QUEUED
    assert world.rasa.sent == []


async def test_traditional_words_end_the_wait_and_faces_do_not_keep_it(world: World) -> None:
    world.rasa.answer = lambda words: []
    assert (await world.say("轉人工[抱拳]")).mode == Mode.QUEUED
    assert (await world.say("取消排隊[抱拳]", "m2")).mode == Mode.BOT


async def test_symbols_alone_get_a_sentence(world: World) -> None:
    reply = await world.say("😀😀")
    assert TEXTS.say("talk.symbols") in said(reply)
    assert world.rasa.sent == []


async def test_offered_options_are_remembered_for_the_next_turn(world: World) -> None:
    world.rasa.answer = lambda words: [
        TurnReply("aid_apply", (text("选哪个"), buttons(("a", "甲"), ("b", "乙"))))
    ]
    await world.say("开始")
    turn = world.repository.turn(world.conversation.id)
    assert turn is not None
    assert turn.context.options == (("a", "甲"), ("b", "乙"))


async def test_a_stored_message_is_announced(world: World) -> None:
    async with world.bus.subscribe(conversation_topic(world.conversation.id)) as events:
        await world.say("老板欠薪")
        heard = [await anext(events), await anext(events)]
    assert [event["kind"] for event in heard] == ["message", "message"]
    assert heard[0]["id"] < heard[1]["id"]


async def test_a_closed_conversation_opens_again_with_the_bot(world: World) -> None:
    world.repository.move(world.conversation.id, Mode.CLOSED)
    reply = await world.say("老板欠薪")
    assert reply.mode == Mode.BOT
    assert reply.messages


async def test_a_dangerous_story_told_to_a_form_is_its_answer_as_well(world: World) -> None:
    world.form.open = True
    world.rasa.answer = lambda words: [TurnReply("aid_apply", (text("下一个问题"),))]
    reply = await world.say("他现在又在打我 我躲在厕所")
    assert world.rasa.sent[0][1] == "〔已填写〕"
    assert "12338" in said(reply)
    assert "下一个问题" in said(reply)


async def test_a_tapped_choice_is_understood_by_its_full_words(world: World) -> None:
    item = {"id": "t_labour", "label": "工作工资", "text": "我想问劳动工资方面的问题"}
    world.rasa.answer = lambda words: [
        TurnReply("legal_question", (text("哪方面"), Part("buttons", {"items": [item]})))
    ]
    await world.say("有个事")
    await world.say("工作工资", "m2", button="t_labour")
    assert world.rasa.sent[1][1] == "我想问劳动工资方面的问题"


async def test_danger_is_answered_while_waiting_for_a_lawyer(world: World) -> None:
    world.repository.move(world.conversation.id, Mode.QUEUED, reason=HandoverReason.ASKED)
    reply = await world.say("我不想活了")
    assert "12356" in said(reply)
    assert reply.mode == Mode.QUEUED


async def test_the_queue_can_be_left_in_words(world: World) -> None:
    world.repository.move(world.conversation.id, Mode.QUEUED, reason=HandoverReason.ASKED)
    assert (await world.say("不等了，继续问机器人")).mode == Mode.BOT


async def test_unclear_words_after_danger_get_its_advice_again(world: World) -> None:
    await world.say("他现在又在打我 我躲在厕所")
    world.rasa.answer = lambda words: [
        TurnReply("legal_question", (text("没听懂"),), confidence=0.3)
    ]
    reply = await world.say("我现在不敢回家", "m2")
    assert "12338" in said(reply)
    assert "没听懂" not in said(reply)
