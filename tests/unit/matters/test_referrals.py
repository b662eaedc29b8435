"""Referrals: registered beside a conversation's own matter, once for a kind."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from bot.bus import InProcessBus
from bot.dialogue.complexity import Complexity
from bot.dialogue.guard import CitationGuard
from bot.dialogue.safety import SafetyDesk
from bot.dialogue.service import DialogueService, Fallback
from bot.dialogue.turn import TurnReply
from bot.dialogue.waiting import NoDuty, WaitingRoom
from bot.domain.conversation import HandoverReason, Mode
from bot.domain.matter import REFERRALS, Matter, MatterState, Outcome, Referral, spoken
from bot.matters.records import Target, Wanted
from bot.matters.referral_repository import ReferralRepository
from bot.matters.referrals import load_referrals, title_of
from bot.matters.referring import ReferralChat, phone_in
from bot.matters.rules import Step
from bot.ratings.repository import RatingRepository
from bot.store.tables import conversations, matters, messages
from bot.texts import load_texts
from connectors.console import render
from connectors.messages import Inbound, Reply, buttons, text
from knowledge_base.freshness import Coverage
from knowledge_base.loader import ROOT, load
from knowledge_base.safety import load_safety_lanes
from tests.fakes import FixedAnswer, ScriptedRasa
from tests.law import law_of
from tests.unit.matters.conftest import House

KB = load(ROOT)
TEXTS = load_texts()
KINDS = load_referrals().kinds


def registered(house: House, conversation_id: str, kind: Referral = Referral.MEDIATION) -> Matter:
    repository = ReferralRepository(house.ledger, house.clock)
    return repository.register(conversation_id, kind, "13812345678", "张小明家漏水不赔")


# --- the table


def test_every_kind_is_described_and_rests_on_what_the_base_holds() -> None:
    law = law_of(KB)
    assert set(KINDS) == set(REFERRALS)
    for name, kind in KINDS.items():
        assert len(name) <= 24
        assert kind.bring, name
        assert set(kind.basis) <= set(KB.articles), name
        assert set(kind.articles) <= set(KB.articles), name
        assert set(kind.services) <= set(KB.services), name
        assert all(law.stands(words) for words in (kind.about, kind.where, kind.decides)), name


# --- beside the conversation's own matter


def test_a_referral_queues_nobody_and_is_not_the_conversations_own_matter(house: House) -> None:
    conversation_id = house.talk()
    found = registered(house, conversation_id)
    assert (found.state, found.reason) == (MatterState.WAITING, "refer_mediation")
    assert found.due_at == house.ledger.targets.to_take(house.clock.now(), 0, is_live=False)
    assert house.conversations.get(conversation_id).mode is Mode.BOT
    assert house.repository.newest_of(conversation_id) is None
    assert house.service.of(conversation_id, house.wang) is None
    own = house.ask(conversation_id)
    assert own.number != found.number
    assert (own.reason, house.service.spoken(conversation_id)) == ("asked", spoken(own.number))


def test_what_becomes_of_the_conversation_leaves_its_referral_alone(house: House) -> None:
    conversation_id, own = house.queued()
    house.leave(conversation_id, Mode.BOT)
    found = registered(house, conversation_id)
    house.ask(conversation_id)
    house.claim(conversation_id, house.wang)
    closed = house.finish(conversation_id, house.wang)
    assert closed.id != own.id
    after = house.repository.find(found.number)
    assert after is not None
    assert (after.state, after.outcome) == (MatterState.WAITING, "")
    # The dissatisfied visitor means the talk, not what was passed on.
    again = house.ask(conversation_id, HandoverReason.DISSATISFIED)
    assert again.number == closed.number


def test_one_open_referral_of_a_kind_for_a_conversation(house: House) -> None:
    conversation_id = house.talk()
    first = registered(house, conversation_id)
    assert registered(house, conversation_id).number == first.number
    other = registered(house, conversation_id, Referral.NOTARY)
    assert other.number != first.number
    assert registered(house, house.talk()).number not in (first.number, other.number)
    house.service.take(first.number, house.wang)
    house.service.close(first.number, house.wang, Outcome.REFERRED_MEDIATION)
    assert registered(house, conversation_id).number != first.number


def test_of_two_at_once_one_is_registered(house: House) -> None:
    conversation_id = house.talk()
    found: list[str] = []
    start = threading.Barrier(6)

    def register() -> None:
        start.wait()
        found.append(registered(house, conversation_id).number)

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_staff_may_take_dispatch_close_and_reopen_it_while_its_visitor_is_talked_with(
    house: House,
) -> None:
    conversation_id, own = house.queued()
    with house.store.write() as connection:
        kind = Referral.APPRAISAL
        values = {"conversation_id": conversation_id, "channel": "web", "reason": kind}
        found = house.ledger.open_in(connection, house.clock.now(), "visitor", values)
    standing = house.service.see(found.number, house.zhou)
    assert not standing.is_live
    assert {Step.TAKE, Step.DISPATCH, Step.CLOSE} <= house.service.allowed(standing, house.zhou)
    house.service.dispatch(found.number, house.zhou, Target(house.west, None), "请联系")
    with house.store.read() as connection:
        where = select(conversations.c.office_id).where(conversations.c.id == conversation_id)
        # The visitor waits where he waited.
        assert connection.execute(where).scalar() is None
    house.service.close(found.number, house.zhou, Outcome.REFERRED_OTHER)
    reopened = house.service.reopen(found.number, house.zhou, "没办成")
    assert (reopened.state, reopened.reason) == (MatterState.WAITING, kind)
    house.leave(conversation_id, Mode.BOT)
    house.service.close(found.number, house.zhou, Outcome.REFERRED_OTHER)
    house.service.reopen(found.number, house.zhou)
    assert house.conversations.get(conversation_id).mode is Mode.BOT
    assert house.matter(conversation_id).number == own.number


def test_a_closed_one_is_not_reopened_beside_another_of_its_kind(house: House) -> None:
    conversation_id = house.talk()
    first = registered(house, conversation_id)
    house.service.close(first.number, house.zhou, Outcome.UNREACHABLE)
    registered(house, conversation_id)
    standing = house.service.see(first.number, house.zhou)
    assert Step.REOPEN not in house.service.allowed(standing, house.zhou)


def test_a_rating_is_not_bound_to_what_was_passed_on(house: House) -> None:
    conversation_id, own = house.queued()
    house.claim(conversation_id, house.wang)
    house.finish(conversation_id, house.wang)
    registered(house, conversation_id)
    ratings = RatingRepository(house.store, house.clock)
    stored = ratings.upsert(conversation_id, 5, solved=True, comment="")
    assert stored.matter_id == own.id


def test_the_list_shows_only_referrals_if_asked(house: House) -> None:
    conversation_id, own = house.queued()
    found = registered(house, conversation_id)
    listed = house.service.listing(house.wang, Wanted())
    assert {matter.number for matter in listed} == {own.number, found.number}
    only = house.service.listing(house.wang, Wanted(referrals=True))
    assert [matter.number for matter in only] == [found.number]


def test_nothing_personal_is_readable_and_all_goes_with_the_conversation(house: House) -> None:
    conversation_id = house.talk()
    found = registered(house, conversation_id)
    with house.store.read() as connection:
        row = connection.execute(select(matters).where(matters.c.id == found.id)).one()
    stored = b" ".join(c if isinstance(c, bytes) else str(c).encode() for c in row)
    for words in ("张小明", "13812345678", "漏水"):
        assert words.encode() not in stored
    assert house.repository.held(conversation_id)[0]["about"] == "张小明家漏水不赔"
    house.conversations.erase(conversation_id)
    after = house.repository.find(found.number)
    assert after is not None
    assert (after.state, after.outcome) == (MatterState.CLOSED, "withdrawn")
    assert (after.about, after.contact.phone, after.conversation_id) == ("", "", None)


# --- its progress


def test_its_progress_is_told_by_number_phone_or_in_the_own_conversation(house: House) -> None:
    conversation_id = house.talk()
    found = registered(house, conversation_id)
    asked = f"工单 {spoken(found.number)} 到哪了"
    said = house.service.answer(conversation_id, asked)
    assert spoken(found.number) in said
    assert "转办：人民调解" in said
    assert "等工作人员办理" in said
    assert "律师" not in said
    elsewhere = house.talk()
    assert house.service.answer(elsewhere, asked).startswith("没有可以告诉您的进度")
    assert "人民调解" in house.service.answer(elsewhere, f"{asked}，尾号5678")
    own = house.ask(conversation_id)
    both = house.service.answer(conversation_id, "我的工单到哪了")
    assert spoken(own.number) in both
    assert spoken(found.number) in both
    house.service.dispatch(found.number, house.zhou, Target(house.east, None))
    assert "已交给城东公共法律服务中心" in house.service.answer(conversation_id, asked)
    house.service.close(found.number, house.zhou, Outcome.REFERRED_MEDIATION)
    assert "转调解" in house.service.answer(conversation_id, asked)


# --- in the talk


@dataclass
class Talk:
    """A conversation with everything real but Rasa."""

    house: House
    dialogue: DialogueService
    rasa: ScriptedRasa
    id: str
    sent: int = 0

    def say(self, words: str, client_id: str = "", **more: str) -> Reply:
        self.sent += 1
        inbound = Inbound(self.id, client_id or f"m{self.sent}", words, **more)  # type: ignore[arg-type]
        return asyncio.run(self.dialogue.receive(inbound))

    def hears(self, words: str, **more: str) -> str:
        return "\n".join(render(message.parts) for message in self.say(words, **more).messages)

    def referrals(self) -> list[Matter]:
        return self.house.repository.referrals_of(self.id)


@pytest.fixture
def talk(house: House) -> Talk:
    rasa = ScriptedRasa()
    chat = ReferralChat(
        ReferralRepository(house.ledger, house.clock), load_referrals(), KB.articles, TEXTS
    )
    dialogue = DialogueService(
        house.conversations,
        rasa,
        SafetyDesk(load_safety_lanes(ROOT), KB.articles, TEXTS),
        CitationGuard(law_of(KB).stands, Coverage({}), TEXTS),
        Fallback(FixedAnswer(), TEXTS),
        (),
        InProcessBus(),
        TEXTS,
        WaitingRoom(house.conversations, TEXTS, house.service, NoDuty()),
        (Complexity(TEXTS), chat),
        clerks=(chat,),
    )
    return Talk(house, dialogue, rasa, house.conversations.create("web", "v1")[0].id)


def test_on_the_citizens_word_it_is_registered_in_three_messages(talk: Talk) -> None:
    begun = talk.hears("帮我登记调解")
    for shown in ("转办：人民调解", "带什么", "去哪里", "能打通的电话", "不留电话", "先不办了"):
        assert shown in begun
    assert "一句话" in talk.hears("我的电话 138 1234 5678")
    made = talk.hears("楼上漏水，张小明不赔")
    (found,) = talk.referrals()
    for shown in (spoken(found.number), "身份证", "人民调解委员会", "不收费", "人民调解法第十七条"):
        assert shown in made
    assert (found.about, found.contact.phone) == ("楼上漏水，张小明不赔", "13812345678")
    assert talk.rasa.sent == []
    assert "等工作人员办理" in talk.hears(f"工单 {spoken(found.number)} 到哪了")
    assert "已经登记过" in talk.hears("帮我登记调解")
    assert len(talk.referrals()) == 1


def test_only_the_choice_of_a_kind_may_be_answered_by_number(talk: Talk) -> None:
    def is_typed(reply: Reply) -> bool:
        (there,) = [p for m in reply.messages for p in m.parts if p.type == "buttons"]
        return bool(there.body.get("typed"))

    assert not is_typed(talk.say("帮我转办"))
    assert is_typed(talk.say("人民调解"))
    assert is_typed(talk.say("没有电话"))
    assert not is_typed(talk.say("楼上漏水，张小明不赔"))
    assert len(talk.referrals()) == 1


def test_the_same_message_twice_makes_one_referral(talk: Talk) -> None:
    talk.hears("帮我登记公证")
    talk.hears("不留电话")
    first = talk.hears("办继承公证", client_id="same")
    assert talk.hears("办继承公证", client_id="same") == first
    assert len(talk.referrals()) == 1
    # The answer was lost with its process: the message is answered anew.
    with talk.house.store.write() as connection:
        again = messages.c.client_id == "same"
        connection.execute(messages.update().where(again).values(answered=False))
    talk.hears("办继承公证", client_id="same")
    assert len(talk.referrals()) == 1


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("帮我登记人民调解", Referral.MEDIATION),
        ("请帮我登记一下律师调解", Referral.LAWYER_MEDIATION),
        ("帮我转给公证处", Referral.NOTARY),
        ("我要登记司法鉴定", Referral.APPRAISAL),
        ("登记诉讼费减免", Referral.COURT_FEES),
        ("能帮我登记调解吗", Referral.MEDIATION),
        ("登记转办：人民调解", Referral.MEDIATION),
        ("登记转办：司法鉴定和鉴定费减免", Referral.APPRAISAL),
        ("登记转办：诉讼费缓交、减交、免交（司法救助）", Referral.COURT_FEES),
    ],
)
def test_each_kind_is_begun_by_its_words(talk: Talk, words: str, kind: Referral) -> None:
    assert title_of(kind) in talk.hears(words)
    assert talk.rasa.sent == []


@pytest.mark.parametrize(
    "words",
    [
        "登记结婚要什么材料",
        "调解协议登记要多久",
        "公证登记多少钱",
        "转给前妻的房子做了公证还能要回来吗",
        "怎么登记调解",
        "工伤鉴定怎么做",
        "我想申请人民调解",
    ],
)
def test_a_question_is_no_registration(talk: Talk, words: str) -> None:
    talk.say(words)
    assert talk.rasa.sent[-1][1] == words


@pytest.mark.parametrize("choice", ["5", "第五个", "诉讼费缓交"])
def test_which_kind_is_asked_where_none_is_named(talk: Talk, choice: str) -> None:
    listed = talk.hears("登记转办")
    assert all(kind.title in listed for kind in KINDS.values())
    assert "为您登记转办：诉讼费" in talk.hears(choice)


def test_a_button_of_the_answer_begins_it_and_what_was_told_is_not_asked_again(talk: Talk) -> None:
    service = TurnReply("service_item", (text("14"), buttons(("lawyer", "转律师"))), items=("14",))
    talk.rasa.answer = lambda words: [service]
    offered = talk.hears("想找人调解")
    assert "带什么" in offered
    assert "[登记转办：人民调解]" in offered
    talk.house.bot_answers(talk.id, "邻居漏水不赔怎么办")
    talk.hears("登记转办：人民调解")
    assert "就是刚才说的事" in talk.hears("不留")
    talk.say("就是刚才说的事", button="referral.said")
    assert talk.referrals()[0].about == "邻居漏水不赔怎么办"
    # A button that was not offered is only its words.
    talk.say("x", button="referral.pick.refer_notary")
    assert len(talk.referrals()) == 1


def test_a_wrong_number_is_asked_for_again_and_one_may_stop_at_any_time(talk: Talk) -> None:
    talk.hears("帮我登记调解")
    assert "没看懂" in talk.hears("12345")
    assert "没有登记" in talk.hears("", button="cancel")
    talk.say("13812345678")
    assert talk.rasa.sent[-1][1] == "〔手机号〕"
    assert talk.referrals() == []


def test_another_wish_ends_the_questions(talk: Talk) -> None:
    talk.hears("帮我登记调解")
    talk.say("离婚时房子怎么分")
    assert talk.rasa.sent[-1][1] == "离婚时房子怎么分"
    talk.say("13812345678")
    assert talk.referrals() == []
    talk.hears("帮我登记调解")
    talk.say("转人工")
    assert talk.rasa.sent[-1][1] == "转人工"


@pytest.mark.parametrize(
    "words", ["这个要收钱吗", "查进度", "我想投诉", "我要申请法律援助", "登记要多久"]
)
def test_what_is_said_beside_the_last_question_is_no_sentence_about_the_matter(
    talk: Talk, words: str
) -> None:
    talk.hears("帮我登记调解，电话13812345678")
    talk.say(words)
    assert talk.rasa.sent[-1][1] == words
    assert talk.referrals() == []


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("aid", "申请法律援助"),
        ("aid_status", "查申请进度"),
        ("services", "16 项服务"),
        ("topics_loan", "借钱不还"),
        ("t_labour", "劳动工资"),
        ("aid.matter.wage", "讨要工资"),
    ],
)
def test_a_button_of_something_else_is_no_sentence_about_the_matter(
    talk: Talk, key: str, label: str
) -> None:
    talk.hears("帮我登记调解，电话13812345678")
    talk.say(label, button=key)
    assert len(talk.rasa.sent) == 1
    assert talk.referrals() == []


def test_a_button_of_something_else_is_no_wrong_number_either(talk: Talk) -> None:
    talk.hears("帮我登记调解")
    assert "没看懂" not in talk.hears("16 项服务", button="services")
    assert len(talk.rasa.sent) == 1


def test_a_button_of_an_earlier_step_asks_the_last_question_again(talk: Talk) -> None:
    talk.hears("帮我登记调解，电话13812345678")
    assert "一句话" in talk.hears("不留电话", button="referral.no_phone")
    # Nothing was told before that it could mean.
    assert "写几个字" in talk.hears("就是刚才说的事")
    assert talk.referrals() == []
    talk.hears("和邻居为漏水的事吵起来了")
    assert talk.referrals()[0].about == "和邻居为漏水的事吵起来了"


@pytest.mark.parametrize(
    "about",
    [
        "楼上漏水把我家地板泡坏了，我问他是不是可以赔一点，他说没钱，想请人来调解",
        "和房东为押金的事，退租三个月了一直拖着，想知道能不能请人出面让他把押金退了？",
        "老板欠我三个月工资",
    ],
)
def test_a_longer_sentence_may_hold_a_question(talk: Talk, about: str) -> None:
    talk.hears("帮我登记调解，电话13812345678")
    assert "已登记" in talk.hears(about)
    assert talk.referrals()[0].about == about


def test_the_question_of_a_button_may_be_what_it_is_about(talk: Talk) -> None:
    asked = TEXTS.get("buttons")["topics_loan"]["text"]
    talk.house.bot_answers(talk.id, asked)
    talk.hears("帮我登记调解，电话13812345678")
    assert "已登记" in talk.hears("就是刚才说的事", button="referral.said")
    assert talk.referrals()[0].about == asked


def test_danger_is_answered_first(talk: Talk) -> None:
    talk.hears("帮我登记调解，电话13812345678")
    assert "110" in talk.hears("老公又在打我")
    assert talk.referrals() == []


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("13812345678", "13812345678"),
        ("电话：138-1234-5678，谢谢", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("0871-65123456", "087165123456"),
        ("身份证530102199001011234", ""),
        ("12345", ""),
        ("没有", ""),
    ],
)
def test_a_phone_number_is_found_in_what_is_said(words: str, number: str) -> None:
    assert phone_in(words) == number


def test_answers_offer_what_can_be_passed_on(talk: Talk) -> None:
    def offered(reply: TurnReply, words: str) -> list[str]:
        talk.rasa.answer = lambda _: [reply]
        parts = talk.say(words).messages[-1].parts
        items = [item for part in parts if part.type == "buttons" for item in part.body["items"]]
        return [item["id"] for item in items if item["id"].startswith("referral.")]

    fees = TurnReply("legal_question", (text("答"),), items=("诉讼费用交纳办法/44",))
    assert offered(fees, "交不起费") == ["referral.pick.refer_court_fees"]
    assert offered(TurnReply("legal_question", (text("答"),), items=("民法典/1",)), "问") == []
    aid = TurnReply("service_item", (text("13"),), items=("13",))
    both = ["referral.pick.refer_notary", "referral.pick.refer_appraisal"]
    assert offered(aid, "费用能减吗") == both
    assert offered(aid, "公证费能减吗") == both[:1]
    offices = TurnReply("service_item", (text("7"),), items=("7",))
    assert offered(offices, "亲子鉴定去哪里做") == both[1:]
    assert offered(offices, "附近的律所") == []
    leaving = TurnReply("service_item", (), items=("14",), handover=HandoverReason.ASKED)
    assert offered(leaving, "转律师调解") == []
