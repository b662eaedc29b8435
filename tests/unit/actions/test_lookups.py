"""Look-ups by name over the curated base and a real index."""

from __future__ import annotations

import pytest

from bot.actions.lookups import Lookups
from bot.actions.statutes import StatuteLookup
from bot.actions.tools import Tools
from bot.dialogue.answers import Composer
from bot.dialogue.turn import Turn, TurnReply
from bot.domain.conversation import Context
from bot.texts import load_texts
from connectors.console import render
from knowledge_base.loader import ROOT
from knowledge_base.tools import load_calculators, load_documents
from tests.law import law_of


@pytest.fixture(scope="session")
def lookups(composer: Composer) -> Lookups:
    law = law_of(composer.kb)
    return Lookups(composer, StatuteLookup(composer, law, load_texts()), load_texts(), "示范县")


@pytest.fixture(scope="session")
def statutes(composer: Composer) -> StatuteLookup:
    return StatuteLookup(composer, law_of(composer.kb), load_texts())


@pytest.fixture(scope="session")
def tools(composer: Composer) -> Tools:
    return Tools(composer, load_calculators(ROOT), load_documents(ROOT), load_texts())


def turn(words: str, context: Context | None = None) -> Turn:
    return Turn("c", words, context or Context())


WAGES = Context(question="老板拖欠工资没签合同", topic="劳动")


def test_cases_of_the_present_matter_are_shown_when_none_is_named(lookups: Lookups) -> None:
    reply = lookups.case(turn("有没有类似案例", WAGES))
    assert reply.route == "case_lookup"
    assert reply.topic == "劳动"


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("有没有加班费的案例", "劳动"),
        ("查一下离婚的案例", "婚姻家庭"),
        ("交通事故的判例", "交通事故"),
    ],
)
def test_the_words_of_asking_do_not_choose_the_case(
    lookups: Lookups, words: str, topic: str
) -> None:
    assert lookups.case(turn(words)).topic == topic


def test_a_guiding_case_is_found_by_its_number(lookups: Lookups) -> None:
    assert "24号" in render(lookups.case(turn("指导案例24号")).parts).replace(" ", "")


def test_the_whole_catalogue_is_listed(lookups: Lookups) -> None:
    assert len(lookups.service(turn("有哪些公共法律服务")).items) == 16


def test_the_peoples_mediator_is_item_fourteen(lookups: Lookups) -> None:
    assert lookups.service(turn("我想找个人民调解员帮忙调解邻居漏水的事")).items[0] == "14"


@pytest.mark.parametrize(
    ("words", "phone"), [("法律援助电话多少", "12348"), ("妇联的维权电话", "12338")]
)
def test_a_contact_is_found(lookups: Lookups, words: str, phone: str) -> None:
    assert phone in lookups.directory(turn(words)).items


def test_a_formula_is_given_with_its_articles(tools: Tools) -> None:
    reply = tools.calculate(turn("帮我算算经济补偿金"))
    assert reply.items == ("severance",)
    assert "劳动合同法" in render(reply.parts)


def test_an_unclear_sum_offers_every_calculator_as_a_button(tools: Tools) -> None:
    reply = tools.calculate(turn("帮我算一算"))
    assert reply.route == "calculate"
    assert len(reply.parts[-1].body["items"]) == 11


def test_a_document_is_described(tools: Tools) -> None:
    reply = tools.document(turn("民事起诉状怎么写"))
    assert reply.items == ("民事起诉状",)
    assert "民事诉讼法" in render(reply.parts)


def offered(reply: TurnReply) -> list[str]:
    return [
        item["id"] for part in reply.parts if part.type == "buttons" for item in part.body["items"]
    ]


def test_an_answer_to_how_much_offers_to_work_it_out(lookups: Lookups, tools: Tools) -> None:
    answer = tools.offering_sums(lookups.question)
    asked = answer(turn("加班费怎么算"))
    assert asked.route == "legal_question"
    assert offered(asked)[0] == "guided.pick.sum-overtime"
    assert any(part.body.get("kind") == "ai_label" for part in asked.parts)
    told = answer(turn("老板不给加班费怎么办"))
    assert not any(key.startswith("guided.pick") for key in offered(told))


@pytest.mark.parametrize("words", ["司法救助怎么申请", "申请免交诉讼费", "交不起诉讼费怎么办"])
def test_who_cannot_pay_the_court_is_told_of_relief_whatever_the_wish_was_taken_for(
    lookups: Lookups, tools: Tools, words: str
) -> None:
    for reply in (lookups.service(turn(words)), tools.calculate(turn(words))):
        assert reply.route == "legal_question"
        assert "诉讼费用交纳办法/44" in reply.items[:5]


def test_the_fee_itself_is_still_worked_out(tools: Tools) -> None:
    assert tools.calculate(turn("诉讼费怎么算")).items == ("court_fee",)


def test_a_service_is_shown_with_its_basis_and_what_it_costs(lookups: Lookups) -> None:
    said = render(lookups.service(turn("值班律师法律帮助")).parts)
    assert "法律援助法第三十条" in said
    assert "不看经济条件" in said


@pytest.mark.parametrize(
    ("words", "article"),
    [
        ("没钱请律师开庭怎么办", "法律援助法/25"),
        ("没钱请律师开庭怎么办", "法律援助法/30"),
        ("我儿子17岁被刑拘了能请免费律师吗", "法律援助法/25"),
        ("我儿子17岁被刑拘了能请免费律师吗", "法律援助法/30"),
    ],
)
def test_a_defendant_without_money_is_told_of_the_organ_and_of_the_duty_lawyer(
    lookups: Lookups, words: str, article: str
) -> None:
    reply = lookups.question(turn(words))
    assert reply.route == "legal_question"
    assert article in reply.items
    assert "不用申请" in render(reply.parts)
