"""Looking articles up by number, today and on the day asked for."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.actions.statutes import StatuteLookup
from bot.dialogue.answers import Composer
from bot.dialogue.asof import LawOfTheDay
from bot.dialogue.guard import CitationGuard
from bot.dialogue.turn import Turn
from bot.domain.conversation import Context
from bot.texts import load_texts
from connectors.console import render
from knowledge_base.freshness import Coverage
from knowledge_base.models import Article, Version
from knowledge_base.verifier import load_verifier
from tests.conftest import FixedClock
from tests.law import law_of


@pytest.fixture(scope="session")
def statutes(composer: Composer) -> StatuteLookup:
    return StatuteLookup(composer, law_of(composer.kb), load_texts())


def turn(words: str) -> Turn:
    return Turn("c", words, Context())


@pytest.mark.parametrize(
    "words", ["民法典第一千零七十九条是什么内容", "民法典1079条", "《民法典》第1079条怎么规定的"]
)
def test_an_article_is_shown_by_its_number(statutes: StatuteLookup, words: str) -> None:
    reply = statutes.reply(turn(words))
    assert reply.route == "statute_lookup"
    assert reply.items == ("民法典/1079",)
    assert "2020-05-28 版" in render(reply.parts)


def test_a_repealed_law_is_named_with_its_successor(statutes: StatuteLookup) -> None:
    reply = statutes.reply(turn("合同法第一百零七条"))
    said = render(reply.parts)
    assert reply.items == ("民法典/577",)
    assert "《合同法》已由《民法典》取代，自 2021-01-01 起不再适用" in said
    assert "民法典第五百七十七条" in said


@pytest.mark.parametrize(
    "words",
    [
        "2024年的治安管理处罚法第四十三条",
        "旧治安管理处罚法第43条",
        "《治安管理处罚法》（2012修正）第四十三条",
    ],
)
def test_a_former_article_is_shown_as_past_with_the_present_one(
    statutes: StatuteLookup, words: str
) -> None:
    reply = statutes.reply(turn(words))
    said = render(reply.parts)
    assert reply.items == ("治安管理处罚法/43", "治安管理处罚法/51")
    assert "《治安管理处罚法》（2012年）第四十三条" in said
    assert "（2012-10-26 版，2013-01-01 起施行，2026-01-01 前有效）" in said
    assert "现行规定" in said


def test_a_law_that_never_was_is_not_called_missing(statutes: StatuteLookup) -> None:
    reply = statutes.reply(turn("宇宙飞船法第三条"))
    assert reply.items == ()
    assert "没有查到《宇宙飞船法》这个名称" in render(reply.parts)


@pytest.mark.parametrize("words", ["民法典第一千三百条", "民法典第零条"])
def test_an_article_that_does_not_exist_is_said_to(statutes: StatuteLookup, words: str) -> None:
    reply = statutes.reply(turn(words))
    assert reply.items == ()
    assert "《民法典》2020-05-28 的文本里没有" in render(reply.parts)


def test_an_article_beyond_the_base_is_not_invented(statutes: StatuteLookup) -> None:
    reply = statutes.reply(turn("海商法第五十条"))
    assert reply.items == ()
    assert "没有收录" in render(reply.parts)


def test_a_law_not_yet_in_force_on_the_day_is_said_to(statutes: StatuteLookup) -> None:
    assert "还没有施行" in render(statutes.reply(turn("2019年的时候民法典第1079条")).parts)


def test_two_hundred_articles_are_answered_with_the_first_five(statutes: StatuteLookup) -> None:
    reply = statutes.reply(turn("民法典第1条至第200条"))
    assert len(reply.items) <= 5
    assert "还有 195 条没有显示" in render(reply.parts)


class OneText:
    """A deployment that has imported one law."""

    def article(self, law: str, passed: dt.date | None, number: str) -> Article | None:
        if (law, number) == ("民法典", "1079"):
            version = Version("民法典", "中华人民共和国民法典", "法律", passed, dt.date(2021, 1, 1))
            return Article(number, version, text="甲款。\n乙款：\n（一）子项；\n（二）丑项。")
        if (law, number) != ("海商法", "50"):
            return None
        version = Version("海商法", "中华人民共和国海商法", "法律", passed, dt.date(2026, 5, 1))
        return Article(number, version, text="承运人应当在约定的时间交付货物。")


def test_an_imported_wording_is_shown_where_we_have_no_words_of_our_own(
    composer: Composer,
) -> None:
    law = LawOfTheDay(composer.kb, load_verifier(), OneText(), load_texts(), FixedClock())
    reply = StatuteLookup(composer, law, load_texts()).reply(turn("海商法第五十条"))
    said = render(reply.parts)
    assert reply.items == ("海商法/50",)
    assert "原文如下" in said
    assert "承运人应当在约定的时间交付货物" in said
    assert law.stands(said)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("民法典第1079条第二款", "乙款："),
        ("民法典第1079条第二款第（二）项", "（二）丑项。"),
        ("民法典第1079条第九款", "没有您说的那一款"),
    ],
)
def test_the_paragraph_or_item_asked_for_is_shown(
    composer: Composer, words: str, shown: str
) -> None:
    law = LawOfTheDay(composer.kb, load_verifier(), OneText(), load_texts(), FixedClock())
    said = render(StatuteLookup(composer, law, load_texts()).reply(turn(words)).parts)
    assert shown in said
    assert "甲款" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("公司法2018年第33条", "《公司法》（2018年）第三十三条"),
        ("公司法2013年版第28条", "本库没有收录当时的文本"),
        ("民事诉讼法第239条 2018年", "《民事诉讼法》（2017年）第二百三十九条"),
        ("刑法第二百八十七条之二 2014年", "《刑法》2011-02-25 的文本里没有第二百八十七条之二"),
        ("合同法第500条", "《合同法》已经废止，它的文本里也没有第五百条"),
        ("公司法第500条", "里没有第五百条"),
        ("民法典1165条2019年", "《侵权责任法》（2009年）第六条"),
        ("2015年民间借贷司法解释26条", "（2015年）第二十六条"),
        ("2021年民诉法246条", "《民事诉讼法》（2021年）第二百四十六条"),
    ],
)
def test_a_text_of_the_past_is_never_passed_off_as_todays_nor_the_reverse(
    statutes: StatuteLookup, words: str, said: str
) -> None:
    assert said in render(statutes.reply(turn(words)).parts)


@pytest.mark.parametrize(
    "words",
    [
        "民法典第1300条", "民法典第零条", "公司法第500条", "旧公司法第300条", "合同法第500条",
        "合同法第107条 2019年", "2018年的时候婚姻法第46条怎么规定", "公司法2013年版第28条",
        "火星移民法第3条", "环境保护法第64条", "民法典1165条2019年",
    ],
)  # fmt: skip
def test_every_look_up_still_says_something_after_the_check(
    statutes: StatuteLookup, composer: Composer, words: str
) -> None:
    reply = statutes.reply(turn(words))
    guard = CitationGuard(law_of(composer.kb).stands, Coverage({}), load_texts())
    checked = guard.checked(reply)
    assert len(checked.parts) == len(reply.parts), render(reply.parts)
    assert checked.parts[0].type == "text"
