"""What a reply adds when the facts lie in the past."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.dialogue.answers import Composer
from bot.dialogue.asof import LawOfTheDay
from bot.dialogue.turn import Turn
from bot.domain.conversation import Context
from connectors.console import render
from knowledge_base.loader import ROOT, load
from tests.law import law_of

TODAY = dt.date(2026, 11, 23)
FIGHT = "治安管理处罚法/51"
LENDING = "最高人民法院关于审理民间借贷案件适用法律若干问题的规定/25"
INJURY = "最高人民法院关于审理人身损害赔偿案件适用法律若干问题的解释/12"


@pytest.fixture(scope="module")
def law() -> LawOfTheDay:
    return law_of(load(ROOT))


def added(law: LawOfTheDay, question: str, *keys: str) -> str:
    return render(law.parts(question, keys, TODAY))


def test_the_former_text_its_days_and_the_difference_are_shown(law: LawOfTheDay) -> None:
    said = added(law, "2025年8月被人打了", FIGHT)
    assert "您说的是2025年8月的事" in said
    assert "《治安管理处罚法》（2012年）第四十三条" in said
    assert "2026-01-01 前有效" in said
    assert "现对应治安管理处罚法第五十一条" in said
    assert "以前的行为按当时的规定处罚" in said


@pytest.mark.parametrize("question", ["被人打了怎么办", "2026年3月被人打了", "昨天被人打了"])
def test_nothing_is_added_for_facts_under_the_law_of_today(law: LawOfTheDay, question: str) -> None:
    assert law.parts(question, [FIGHT], TODAY) == ()


def test_the_rule_on_interest_of_old_loans_is_told(law: LawOfTheDay) -> None:
    said = added(law, "2019年借的钱利息怎么算", LENDING)
    assert "2020年8月20日" in said
    assert "24%" in said
    assert "24%" not in added(law, "2021年借的钱利息怎么算", LENDING)


def test_the_compensation_rule_of_before_may_2022_is_told(law: LawOfTheDay) -> None:
    said = added(law, "2021年被车撞伤残疾赔偿金怎么算", INJURY)
    assert "现在不分城乡" in said
    assert "2022年5月1日以前" in said


def test_facts_before_the_code_are_told_what_held(law: LawOfTheDay) -> None:
    said = added(law, "2015年对方违约没交货", "民法典/577")
    assert "《合同法》（1999年）第一百零七条（现民法典第五百七十七条）" in said
    assert "没有收录当时的原文" in said
    assert "民法典2021年1月1日起施行" in said


def test_how_to_sue_follows_the_law_of_today(law: LawOfTheDay) -> None:
    assert law.then(["民事诉讼法/22"], dt.date(2019, 1, 1), TODAY) == []


def test_an_unsure_reply_tells_the_rule_alone(law: LawOfTheDay) -> None:
    said = render(law.parts("2025年8月被人打了", [FIGHT], TODAY, brief=True))
    assert "以前的行为按当时的规定处罚" in said
    assert "第四十三条" not in said


def test_a_year_in_which_the_law_changed_asks_for_the_exact_day(law: LawOfTheDay) -> None:
    assert "2022-05-01 起改" in added(law, "2022年被车撞伤残疾赔偿金怎么算", INJURY)


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("2019年借的钱利息怎么算", [LENDING, "民法典/680"]),
        ("2025年8月被人打了", [FIGHT, "民法典/1179"]),
        ("2018年公司不让股东查账", ["公司法/57"]),
        ("2016年买到假货", ["消费者权益保护法/55"]),
        ("2015年网上泄露我的信息", ["网络安全法/44", "个人信息保护法/69"]),
        ("2012年签的劳动合同没给补偿", ["劳动合同法/46", "劳动合同法/47"]),
    ],
)
def test_everything_added_may_be_sent(law: LawOfTheDay, question: str, keys: list[str]) -> None:
    for part in law.parts(question, keys, TODAY):
        assert law.stands(render([part])), render([part])


def test_every_transitional_rule_and_former_article_may_be_sent(law: LawOfTheDay) -> None:
    kb = load(ROOT)
    for rule in kb.transitions:
        assert law.stands(rule.say), rule.id
    for found in kb.former.values():
        for former in found:
            assert law.stands(former.article.gist + former.changed), former.article.key


def test_the_day_told_before_counts_for_what_is_asked_next(composer: Composer) -> None:
    first = composer.answer(Turn("c", "2021年被车撞伤了怎么赔", Context()))
    assert first.context is not None
    then = composer.answer(Turn("c", "那残疾赔偿金怎么算", first.context))
    assert "您说的是2021年的事" in render(then.parts)


def test_a_new_day_in_a_follow_up_takes_the_place_of_the_old_one(composer: Composer) -> None:
    first = composer.answer(Turn("c", "2021年3月被车撞了，残疾赔偿金怎么算", Context()))
    assert first.context is not None
    assert "您说的是2021年3月的事" in render(first.parts)
    then = composer.answer(Turn("c", "那要是2023年撞的呢", first.context))
    assert "2021年3月" not in render(then.parts)
    assert "赔偿" in render(then.parts)


def test_a_correction_of_the_day_asks_the_last_question_again(composer: Composer) -> None:
    first = composer.answer(Turn("c", "2023年朋友借钱不还怎么办", Context()))
    assert first.context is not None
    then = composer.answer(Turn("c", "我说错了，是2019年借的", first.context))
    assert then.context is not None
    assert then.context.answer_id == first.context.answer_id
    assert "您说的是2019年的事" in render(then.parts)


def test_the_law_of_today_is_announced_as_such_before_it_is_told(composer: Composer) -> None:
    reply = composer.answer(Turn("c", "2025年8月被人打伤了，怎么处罚他", Context()))
    assert reply.parts[0].type == "notice"
    assert "先说现行规定" in reply.parts[0].body["text"]


def test_where_todays_law_applies_to_old_facts_the_old_law_is_not_told(law: LawOfTheDay) -> None:
    said = added(law, "2020年8月高空抛物砸伤人", "民法典/1254")
    assert "也适用民法典" in said
    assert "侵权责任法" not in said


def test_the_later_of_two_former_texts_is_told(law: LawOfTheDay) -> None:
    key = "最高人民法院关于适用《中华人民共和国民法典》婚姻家庭编的解释（二）/8"
    said = added(law, "2016年父母出钱买的房离婚怎么分", key)
    assert "（三）》（2011年）第七条" in said
    assert "（二）》（2003年）" not in said


@pytest.mark.parametrize(
    ("question", "key"),
    [("2017年老公借了20万要我还吗", "民法典/1064"), ("2015年离婚时他藏了存款", "民法典/1092")],
)
def test_presumptions_and_periods_of_the_past_are_not_told_as_governing(
    law: LawOfTheDay, question: str, key: str
) -> None:
    assert "当时有效的条文" not in added(law, question, key)


def test_a_text_that_is_lost_is_said_to_be(law: LawOfTheDay) -> None:
    assert "本库没有当时的文本" in added(law, "2009年酒后开车会怎么罚", "道路交通安全法/91")
    assert law.parts("2023年酒后开车会怎么罚", ["道路交通安全法/91"], TODAY) == ()


def test_there_is_no_warning_where_the_law_of_today_applies(law: LawOfTheDay) -> None:
    assert law.warning("2020年8月高空抛物砸伤人", ["民法典/1254"], TODAY) is None
    assert law.warning("2025年8月被人打了", [FIGHT], TODAY) is not None
