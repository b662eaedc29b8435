"""The right to legal aid is told with every consultation, once for each kind of matter."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from bot.dialogue.aid_right import AidRight
from bot.dialogue.answers import Composer
from bot.dialogue.turn import Turn, TurnReply, remembered
from bot.domain.conversation import Context, HandoverReason
from bot.texts import load_texts
from connectors.console import render
from connectors.messages import buttons, text
from knowledge_base.loader import ROOT, load
from knowledge_base.rules.eligibility import assess
from knowledge_base.rules.facts import Facts, Matter
from tests.law import law_of

KB = load(ROOT)
RIGHT = AidRight(KB.articles, load_texts())


def answered(
    words: str, topic: str = "", route: str = "legal_question", **more: object
) -> tuple[Turn, TurnReply]:
    turn = Turn("c", words, Context())
    reply = TurnReply(route, (text("答"), buttons(("lawyer", "转律师"))), topic=topic)
    return turn, replace(reply, **more)  # type: ignore[arg-type]


def told(words: str, topic: str = "", **more: object) -> str:
    turn, reply = answered(words, topic, **more)  # type: ignore[arg-type]
    return "".join(
        str(part.body["text"])
        for part in RIGHT.offered(turn, reply).parts
        if part.body.get("kind") == "aid"
    )


@pytest.mark.parametrize(
    ("words", "topic", "item"),
    [
        ("老板拖欠三个月工资怎么办", "劳动", "第三十一条第五项"),
        ("没签合同怎么确认劳动关系", "劳动", "第三十一条第五项"),
        ("在工地干活摔断了腿怎么赔", "劳动", "第三十一条第七项"),
        ("被车撞了住院谁赔", "交通事故", "第三十一条第七项"),
        ("医院误诊怎么赔", "医疗", "第三十一条第七项"),
        ("吃了外卖食物中毒", "消费", "第三十一条第七项"),
        ("儿子不给赡养费", "婚姻家庭", "第三十一条第四项"),
        ("单位没交社保退休待遇怎么办", "社保", "第三十一条第二项"),
        ("低保被停了", "社保", "第三十一条第二项"),
        ("抚恤金没有发", "社保", "第三十一条第三项"),
        ("怎么给父亲认定无民事行为能力", "婚姻家庭", "第三十一条第六项"),
        ("工厂废水污染了我家鱼塘", "环境", "第三十一条第八项"),
        ("错误拘留能要国家赔偿吗", "行政", "第三十一条第一项"),
        ("刑事案件的被害人能请律师吗", "刑事", "第二十九条"),
    ],
)
def test_a_listed_matter_is_told_its_item_with_the_condition_of_means(
    words: str, topic: str, item: str
) -> None:
    said = told(words, topic)
    assert "法律援助法第二十三条" in said
    assert item in said
    assert "经济困难" in said
    assert "七日内审查决定" in said
    assert "不看经济状况" not in said


@pytest.mark.parametrize(
    ("words", "item"),
    [
        ("老公家暴我想离婚", "第三十二条第四项"),
        ("父母把孩子扔下不管，算遗弃吗", "第三十二条第四项"),
        ("见义勇为受伤谁赔", "第三十二条第二项"),
        ("有人侮辱烈士的名誉，家属怎么办", "第三十二条第一项"),
        ("再审改判无罪怎么要赔偿", "第三十二条第三项"),
    ],
)
def test_for_matters_of_article_32_means_do_not_count(words: str, item: str) -> None:
    said = told(words)
    assert item in said
    assert "不看经济状况" in said
    assert "经济困难" not in said


def test_migrant_workers_are_told_that_nobody_looks_into_their_means() -> None:
    for words in ("老板拖欠工资", "工伤怎么赔"):
        assert "进城务工人员" in told(words, "劳动")
        assert "第四十二条第三项" in told(words, "劳动")
    assert "进城务工人员" not in told("没签合同怎么确认劳动关系", "劳动")


@pytest.mark.parametrize(
    ("words", "own"),
    [
        ("我儿子17岁被刑拘了能请免费律师吗", "未满十八周岁"),
        ("聋哑人被公安抓了", "视力、听力言语残疾"),
        ("我弟弟涉嫌杀人罪会判死刑", "可能判无期徒刑、死刑"),
        ("没钱请律师开庭怎么办", ""),
        ("值班律师是什么", ""),
    ],
)
def test_of_a_defendant_it_is_said_who_is_notified_for_and_that_the_duty_lawyer_is_free(
    words: str, own: str
) -> None:
    said = told(words)
    assert "通知辩护" in said
    assert "不用自己申请" in said
    assert "约见值班律师，不用申请、不看经济状况" in said
    assert ("您提到" in said) == bool(own)
    assert own in said
    assert "第二十五条" in said
    assert "第三十条" in said


@pytest.mark.parametrize(
    "words",
    [
        "行政拘留怎么复议",
        "欠钱不还能让他坐牢吗",
        "老板说要抓我，工资也不给",
        "他骗了我的钱会判几年",
    ],
)
def test_who_is_no_suspect_is_not_told_of_the_defence(words: str) -> None:
    assert "通知辩护" not in told(words)


def test_any_other_consultation_is_told_in_general_and_only_if_nothing_was_told_yet() -> None:
    said = told("朋友借钱不还怎么办", "借贷")
    assert "法律援助法第二十三条、第三十一条、第三十二条" in said
    turn, reply = answered("朋友借钱不还怎么办")
    later = Turn("c", turn.text, Context(told=("wage_arrears",)))
    assert RIGHT.offered(later, reply) == reply


def test_it_is_told_once_for_a_matter_and_again_for_another() -> None:
    turn, reply = answered("老板拖欠工资", "劳动")
    first = RIGHT.offered(turn, reply)
    assert first.context is not None
    assert first.context.told == ("wage_arrears",)
    # An answer begins its context anew; what was told is kept all the same.
    after = Turn("c", "老板还是不给工资", remembered(first, turn.context))
    again = RIGHT.offered(after, TurnReply("legal_question", (text("答"),), context=Context()))
    assert [part.type for part in again.parts] == ["text"]
    assert again.context is not None
    assert again.context.told == ("wage_arrears",)
    other = RIGHT.offered(Turn("c", "我还有工伤", again.context), reply)
    assert other.context is not None
    assert other.context.told == ("wage_arrears", "work_injury")


def test_the_application_and_the_check_are_offered_once_each() -> None:
    turn, reply = answered("老板拖欠工资", "劳动")
    parts = (text("答"), buttons(("lawyer", "转律师"), ("aid", "申请法律援助"), ("more", "看全文")))
    for given, keys in (
        (reply.parts, ["lawyer", "aid", "aid_check"]),
        (parts, ["lawyer", "aid", "aid_check", "more"]),
    ):
        found = RIGHT.offered(turn, TurnReply("legal_question", given)).parts
        assert [part.type for part in found[-2:]] == ["notice", "buttons"]
        assert [item["id"] for item in found[-1].body["items"]] == keys
        assert sum(part.type == "buttons" for part in found) == 1


def test_no_notice_where_nothing_was_advised_or_a_person_comes() -> None:
    for route in ("smalltalk", "aid_apply", "rate", "referral", "statute_lookup"):
        assert told("老板拖欠工资", route=route) == ""
    assert told("老板拖欠工资", handover=HandoverReason.ASKED) == ""
    assert told("老板拖欠工资", route="guided", context=Context(guided="wage-arrears")) == ""
    ended = Context(question="老板拖欠工资怎么办", answer_id="wage-arrears")
    assert "第三十一条第五项" in told("是", route="guided", context=ended)


def test_nothing_comes_between_the_open_question_of_a_form_and_its_options() -> None:
    turn, reply = answered("老板拖欠工资", "劳动")
    for option, waits in (("aid.stage.court", True), ("guided.divorce.0.1", True),
                          ("guided.pick.divorce", False)):  # fmt: skip
        parts = (*reply.parts, text("第 3 步"), buttons((option, "选项")))
        found = RIGHT.offered(turn, TurnReply("legal_question", parts))
        assert any(part.type == "notice" for part in found.parts) is not waits
        heard = () if found.context is None else found.context.told
        assert bool(heard) is not waits


def test_services_and_safety_lanes_have_their_notice() -> None:
    for number in ("10", "11"):
        assert "通知辩护" in told("有哪些", route="service_item", items=(number,))
    assert told("有哪些", route="service_item", items=("1",)) == ""
    assert "第三十二条第四项" in told("他又动手了", route="safety", items=("dv",))
    assert "通知辩护" in told("家人刚被带走", route="safety", items=("detained",))
    assert told("不想活了", route="safety", items=("self_harm",)) == ""


def test_every_notice_cites_only_what_the_base_holds_and_promises_nothing() -> None:
    law = law_of(KB)
    for entry in RIGHT._table.matters:
        for words in ("", "17岁"):
            said = RIGHT._of(entry.matter, words)
            assert law.stands(said.words), entry.matter
            assert said.articles[0] == "法律援助法/23"
            assert not re.search(r"一定|保证|肯定|必然", said.words)
    nothing_held = AidRight(frozenset(), load_texts())
    assert nothing_held._of("support", "").articles == ()
    assert "依据" not in nothing_held._of("support", "").words


def test_every_matter_that_may_be_aided_is_known() -> None:
    known = {entry.matter for entry in RIGHT._table.matters}
    aided = {
        matter
        for matter in get_args(Matter)
        if assess(Facts(applicant="person", matter=matter)).outcome in ("MAY_QUALIFY", "NEED_INFO")
    }
    # 社会保险待遇 and 社会救助 are one item; before a retrial nobody may apply (33).
    assert aided - known == {"social_assistance", "retrial"}


def test_the_answers_of_the_base_lead_to_their_notice(composer: Composer) -> None:
    for words, item in (
        ("老板拖欠三个月工资没签合同怎么办", "第三十一条第五项"),
        ("没钱请律师开庭怎么办", "第三十条"),
        ("我儿子17岁被刑拘了能请免费律师吗", "第二十五条第一项"),
    ):
        turn = Turn("c", words, Context())
        found = RIGHT.offered(turn, composer.answer(turn))
        assert found.route == "legal_question"
        assert item in render(found.parts)
