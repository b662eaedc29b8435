"""What the summary card finds in stored messages."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.desk.summary import answers_of, articles_of, facts_of, masked, question_of
from bot.desk.views import load_words
from bot.dialogue.normalise import canonical
from bot.domain.conversation import Context
from connectors.messages import Outbound, Part, notice, text

AT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
LABELS = load_words().facts


def said(words: str, sender: str = "visitor", number: int = 1) -> Outbound:
    return Outbound(number, "c", sender, (text(words),), AT)


def answered(number: int, words: str, *keys: str) -> Outbound:
    items = [{"key": key, "title": f"《{key}》", "gist": f"{key} 的要点"} for key in keys]
    return Outbound(number, "c", "bot", (text(words), Part("citations", {"items": items})), AT)


def found(words: str) -> dict[str, tuple[str, ...]]:
    return {fact.kind: fact.values for fact in facts_of([said(words)], LABELS)}


@pytest.mark.parametrize(
    ("words", "kind", "values"),
    [
        ("一共欠2万8千元", "amounts", ("2万8千元",)),
        ("借了三万五没还", "amounts", ("三万五",)),
        ("罚款1,200.50元", "amounts", ("1,200.50元",)),
        ("就一百二十元，十五万", "amounts", ("一百二十元", "十五万")),
        ("去年3月开始", "dates", ("去年3月",)),
        ("2024年5月6日签的", "dates", ("2024年5月6日",)),
        ("干了三个月又十天", "periods", ("三个月", "十天")),
        ("电话13812345678", "personal", ("〔手机号〕",)),
    ],
)
def test_facts_are_found_in_the_visitors_words(
    words: str, kind: str, values: tuple[str, ...]
) -> None:
    assert found(words)[kind] == values


def test_words_without_facts_give_none() -> None:
    assert found("千万别告诉他，我该怎么办") == {}


def test_what_the_bot_said_is_not_taken_for_a_fact() -> None:
    assert facts_of([said("可以要二倍工资，共5000元", "bot")], LABELS) == ()


def test_every_kind_of_fact_has_a_label() -> None:
    facts = facts_of([said("去年3月借了5000元，三个月没还，电话13812345678")], LABELS)
    assert {fact.kind for fact in facts} == set(LABELS)
    assert all(fact.label for fact in facts)


def test_articles_are_listed_once_in_the_order_shown() -> None:
    history = [answered(1, "甲", "民法典/1", "民法典/2"), answered(2, "乙", "民法典/2", "刑法/3")]
    assert [cited.key for cited in articles_of(history)] == ["民法典/1", "民法典/2", "刑法/3"]


def test_the_last_three_answers_with_law_are_shown() -> None:
    history = [answered(n, f"第{n}个回答", "民法典/1") for n in range(1, 6)]
    history.append(said("好的，请接着说", "bot", 9))
    assert [answer.id for answer in answers_of(history)] == [3, 4, 5]


def test_the_last_words_are_shown_when_no_answer_cites_law() -> None:
    history = [said("您好", "bot", 1), said("请说具体一点", "bot", 2)]
    assert [answer.text for answer in answers_of(history)] == ["请说具体一点"]


def test_the_remembered_question_wins_over_the_first_words() -> None:
    history = [said("你好"), said("老板欠薪")]
    assert question_of(Context(question="老板欠薪怎么办"), history) == "老板欠薪怎么办"
    assert question_of(Context(), history) == "你好"


def test_the_question_is_shown_as_the_visitor_put_it() -> None:
    history = [said("您好"), said("我住12号房，房东不退押金！")]
    context = Context(question=canonical("我住12号房，房东不退押金！"))
    assert context.question != "我住12号房，房东不退押金！"
    assert question_of(context, history) == "我住12号房，房东不退押金！"


def test_masking_reaches_every_word_and_no_link() -> None:
    part = {
        "type": "card",
        "title": "13812345678",
        "rows": [["身份证", "530102199001011237"]],
        "url": "/api/web/files/13812345678",
    }
    hidden = masked(part)
    assert hidden["title"] == "〔手机号〕"
    assert hidden["rows"] == [["身份证", "〔身份证号〕"]]
    assert hidden["url"] == part["url"]
    assert part["title"] == "13812345678"


def test_notices_count_as_words_of_the_bot() -> None:
    message = Outbound(1, "c", "bot", (notice("人工通道已打开"),), AT)
    assert answers_of([message])[0].text == "人工通道已打开"
