"""What is missing, which evidence was named, and which periods may be running."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from bot.copilot.checklists import OTHER, Deadline, Evidence, Said, load_checklists
from knowledge_base.models import TOPICS, KnowledgeBase
from knowledge_base.verifier import load_verifier

TODAY = dt.date(2026, 11, 23)
LISTS = load_checklists()
FIGURES = {
    **dict(enumerate("零一二三四五六七八九十")),
    15: "十五", 30: "三十", 60: "六十",
}  # fmt: skip


def said(*words: str, on: dt.date = TODAY) -> tuple[Said, ...]:
    return tuple(Said(one, on) for one in words)


def labels(topic: str, *words: str) -> list[str]:
    return [one.label for one in LISTS.missing(topic, said(*words))]


def evidence(*words: str) -> dict[str, bool]:
    return {one.kind: one.held for one in LISTS.evidence(said(*words))}


def deadline(topic: str, name: str, *words: str, on: dt.date = TODAY) -> Deadline:
    found = LISTS.deadlines(topic, said(*words, on=on), TODAY, load_verifier())
    return next(one for one in found if one.id == name)


def test_every_topic_has_its_questions_and_every_label_stands_once() -> None:
    assert set(LISTS.questions) == set(TOPICS)
    for topic, asked in LISTS.questions.items():
        assert len(asked) >= 3, topic
        assert len({one.label for one in asked}) == len(asked), topic
        assert all(one.ask.endswith("？") for one in asked), topic


def test_every_question_can_be_answered_and_silence_answers_none() -> None:
    for topic, asked in LISTS.questions.items():
        assert labels(topic, "您好") == [one.label for one in asked], topic


def test_what_the_visitor_told_is_not_asked_again() -> None:
    told = "2024年3月入职，没签劳动合同，月薪6000元，上个月被辞退，有工资条"
    rest = labels("劳动", told)
    assert rest == ["社会保险", "单位名称"]


def test_things_told_in_several_messages_are_put_together() -> None:
    rest = labels("借贷", "朋友欠我5万元", "有借条，是微信转账给的", "说好去年底还")
    assert "借条或合同" not in rest
    assert "支付方式" not in rest
    assert "利息" in rest


def test_an_unknown_topic_is_asked_what_any_matter_needs() -> None:
    assert labels("没有的领域", "您好") == [one.label for one in LISTS.questions[OTHER]]


def test_evidence_is_named_by_its_kind() -> None:
    assert evidence("我有聊天记录和转账截图，工友也可以作证") == {
        "聊天记录": True,
        "转账记录": True,
        "证人": True,
    }


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("没有签合同", "合同协议"),
        ("公司没跟我签劳动合同", "合同协议"),
        ("他没打欠条", "借条欠条"),
        ("没有录音", "录音录像"),
        ("聊天记录都删了", "聊天记录"),
        ("合同被公司收走了", "合同协议"),
        ("监控没有了", "录音录像"),
    ],
)
def test_evidence_said_to_be_lacking_is_not_counted_as_held(words: str, kind: str) -> None:
    assert evidence(words) == {kind: False}


def test_a_want_in_one_clause_does_not_deny_the_next() -> None:
    assert evidence("没签合同，有工资条") == {"合同协议": False, "工资凭证": True}


def test_evidence_held_counts_even_if_another_message_lacked_it() -> None:
    assert evidence("没有录音", "我找到一段录音了") == {"录音录像": True}


def test_uploaded_files_are_evidence() -> None:
    assert LISTS.evidence(said("您好"), files=2) == (Evidence("已上传的文件", True, "2"),)


def test_every_period_rests_on_an_article_of_the_base_in_force(kb: KnowledgeBase) -> None:
    assert len(LISTS.periods) > 20
    for period in LISTS.periods:
        law, _, number = period.article.rpartition("/")
        assert load_verifier().judge(law, number, TODAY).status == "in_force", period.id
        assert period.article in kb.articles, period.id
        assert set(period.topics) <= set(TOPICS), period.id


def test_every_figure_of_a_period_is_that_of_its_article(kb: KnowledgeBase) -> None:
    for period in LISTS.periods:
        gist = kb.articles[period.article].gist
        for count, units in (
            (period.years, "年"),
            (period.months, "个?月"),
            (period.days, "[日天]"),
        ):
            if count:
                also = "|两" if count == 2 else ""
                figure = rf"(?<![十二三四五六七八九\d])(?:{FIGURES[count]}|{count}{also}){units}"
                assert re.search(figure, gist), (period.id, gist)
                assert re.search(figure, period.say), (period.id, period.say)


def test_no_last_day_is_computed_without_a_starting_day() -> None:
    found = deadline("劳动", "labour-arbitration", "公司把我辞退了")
    assert (found.began, found.starts_on, found.ends_on) == ("", None, None)


def test_a_month_is_told_but_no_last_day_is_computed_from_it() -> None:
    found = deadline("劳动", "labour-arbitration", "公司2026年3月把我辞退了")
    assert (found.began, found.ends_on) == ("2026年3月", None)
    assert "“2026年3月”" in found.say


@pytest.mark.parametrize(
    ("topic", "name", "words", "ends_on"),
    [
        ("劳动", "labour-arbitration", "2026年3月10日被公司辞退", dt.date(2027, 3, 10)),
        ("劳动", "labour-arbitration", "2026年3月10日，我被公司辞退", dt.date(2027, 3, 10)),
        ("劳动", "work-injury", "我2026年1月5日在工地摔断了腿", dt.date(2027, 1, 5)),
        ("借贷", "limitation", "约定2025年6月30日还，到期不还", dt.date(2028, 6, 30)),
        ("借贷", "civil-appeal", "昨天收到判决书，我不服", dt.date(2026, 12, 7)),
        ("劳动", "labour-award", "仲裁裁决书11月20日收到的", dt.date(2026, 12, 5)),
        ("行政", "administrative-suit", "2026年8月31日收到处罚决定书", dt.date(2027, 2, 28)),
        ("交通事故", "accident-review", "今天收到事故认定书", dt.date(2026, 11, 26)),
        ("刑事", "criminal-appeal", "我弟弟判了，昨天收到判决书", dt.date(2026, 12, 2)),
    ],
)
def test_the_last_day_follows_from_the_day_that_was_said(
    topic: str, name: str, words: str, ends_on: dt.date
) -> None:
    found = deadline(topic, name, words)
    assert found.ends_on == ends_on
    assert found.days_left == (ends_on - TODAY).days
    assert "这里没有顺延" in found.say


def test_yesterday_is_counted_from_the_day_it_was_said() -> None:
    found = deadline("借贷", "civil-appeal", "昨天收到判决书", on=dt.date(2026, 11, 1))
    assert found.starts_on == dt.date(2026, 10, 31)
    assert found.days_left == -8


def test_the_day_of_hiring_begins_no_period() -> None:
    found = deadline("劳动", "labour-arbitration", "2024年3月1日入职，公司把我辞退了")
    assert found.ends_on is None


def test_an_article_that_did_not_hold_on_the_first_day_gives_no_last_day() -> None:
    found = deadline("借贷", "limitation", "约定2018年6月30日还，到期不还")
    assert found.starts_on == dt.date(2018, 6, 30)
    assert found.ends_on is None
    assert "还没有施行" in found.say


def test_a_period_with_words_of_its_own_is_not_shown_without_them() -> None:
    found = LISTS.deadlines("劳动", said("公司欠薪"), TODAY, load_verifier())
    assert "work-injury" not in {one.id for one in found}
