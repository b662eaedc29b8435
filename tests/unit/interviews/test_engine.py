"""Which consultation is meant, what is asked next, how it ends."""

from __future__ import annotations

import itertools

import pytest

from bot.interviews.engine import (
    answer_of,
    find,
    next_question,
    option_id,
    outcome_of,
    reads_as_answer,
)
from knowledge_base.consultations import Interview, Option, Outcome, Question, load_interviews
from knowledge_base.loader import ROOT
from knowledge_base.tools import Field

WORK = Question(
    "work", "还在上班吗？", (Option("yes", "还在上班"), Option("no", "已经离开")), False
)
PROOF = Question("proof", "有欠条吗？", (Option("iou", "有欠条"), Option("none", "没有")), False)
AMOUNT = Question("amount", "欠多少？", (Option("skip", "先跳过"),), True)
WAGES = Interview(
    "wages",
    "欠薪引导咨询",
    ("欠薪引导", "讨薪向导"),
    "",
    (WORK, PROOF, AMOUNT),
    (
        Outcome({"work": ("no",)}, "快过时效", "", (), True),
        Outcome({"proof": ("iou",)}, "凭欠条起诉", "", (), False),
        Outcome({}, "先投诉", "", (), False),
    ),
)
DIVORCE = Interview("divorce", "离婚引导咨询", ("离婚引导",), "", (WORK,), (WAGES.outcomes[2],))
BOTH = (WAGES, DIVORCE)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("欠薪引导咨询", "wages"),
        ("我要做讨薪向导", "wages"),
        ("帮我一步步分析欠薪的事", "wages"),
        ("離婚引導諮詢", "divorce"),
        ("帮我一步步梳理离婚", "divorce"),
    ],
)
def test_a_consultation_is_found_by_what_it_is_about(words: str, meant: str) -> None:
    found = find(BOTH, words)
    assert found is not None
    assert found.id == meant


@pytest.mark.parametrize("words", ["引导咨询", "你一步一步问我吧", "工伤引导咨询", "离婚和欠薪"])
def test_none_is_found_where_none_or_several_are_meant(words: str) -> None:
    assert find(BOTH, words) is None


def test_questions_come_in_order_until_all_are_answered() -> None:
    assert next_question(WAGES, {}) == WORK
    assert next_question(WAGES, {"work": "yes"}) == PROOF
    assert next_question(WAGES, {"work": "yes", "proof": "iou"}) == AMOUNT
    assert next_question(WAGES, {"work": "yes", "proof": "iou", "amount": "skip"}) is None


def test_a_settled_urgent_outcome_ends_the_questions() -> None:
    assert next_question(WAGES, {"work": "no"}) is None
    assert outcome_of(WAGES, {"work": "no"}).urgent


def test_the_first_fitting_outcome_holds() -> None:
    assert outcome_of(WAGES, {"work": "yes", "proof": "iou"}).say == "凭欠条起诉"
    assert outcome_of(WAGES, {"work": "yes", "proof": "none"}).say == "先投诉"


def test_an_interview_without_a_fitting_outcome_is_an_error() -> None:
    broken = Interview("broken", "", (), "", (WORK,), WAGES.outcomes[:1])
    with pytest.raises(LookupError):
        outcome_of(broken, {"work": "yes"})


@pytest.mark.parametrize(
    ("question", "words", "value"),
    [
        (WORK, "还在上班", "yes"),
        (WORK, "我还在上班的", "yes"),
        (WORK, "2", "no"),
        (PROOF, "有", "iou"),
        (PROOF, "没有", "none"),
        (PROOF, "没有。", "none"),
        (PROOF, "否", "none"),
        (PROOF, "不是", "none"),
        (PROOF, "是", "iou"),
        (PROOF, "选2", "none"),
        (WORK, "是的", "yes"),
        (WORK, "第二个", "no"),
        (AMOUNT, "去年3月到6月，一共2万", "去年3月到6月，一共2万"),
        (AMOUNT, "先跳过", "skip"),
    ],
)
def test_an_answer_is_taken_by_label_beginning_place_or_in_free_words(
    question: Question, words: str, value: str
) -> None:
    assert answer_of(WAGES, question, words, None) == value


MONTHS = Question(
    "months",
    "干了几个月？",
    (Option("skip", "先跳过"), Option("none", "不满一个月")),
    True,
    Field("months", "干了几个月", "number"),
)
SINCE = Question(
    "since", "哪天入职？", (Option("skip", "先跳过"),), True, Field("since", "", "day")
)


@pytest.mark.parametrize(
    ("question", "words", "value"),
    [
        (MONTHS, "2", "2"),
        (MONTHS, "干了3个月", "3"),
        (MONTHS, "先跳过", "skip"),
        (SINCE, "1", None),
        (SINCE, "第一个", None),
        (SINCE, "先跳过", "skip"),
        (AMOUNT, "1", None),
        (AMOUNT, "12", "12"),
    ],
)
def test_where_something_is_to_be_typed_a_number_is_never_the_place_of_an_option(
    question: Question, words: str, value: str | None
) -> None:
    assert answer_of(WAGES, question, words, None) == value
    assert reads_as_answer(WAGES, question, words, None)


def test_a_bare_yes_that_fits_several_options_is_asked_again_rather_than_chatted_about() -> None:
    both = Question("q", "?", (Option("a", "有，一个"), Option("b", "有，两个")), False)
    for words in ("是", "有", "没有", "否"):
        assert answer_of(WAGES, both, words, None) is None
        assert reads_as_answer(WAGES, both, words, None)


@pytest.mark.parametrize(
    ("question", "words"),
    [(WORK, "9"), (WORK, "看情况"), (PROOF, "有没有都行"), (AMOUNT, "算了"), (AMOUNT, "要多久？")],
)
def test_what_fits_no_option_is_no_value(question: Question, words: str) -> None:
    assert answer_of(WAGES, question, words, None) is None


def test_buttons_answer_only_their_own_question() -> None:
    assert answer_of(WAGES, PROOF, "没有", option_id(WAGES, PROOF, 1)) == "none"
    assert answer_of(WAGES, PROOF, "还在上班", option_id(WAGES, WORK, 0)) is None


@pytest.mark.parametrize(
    "words", ["算了", "转人工", "时效多久？", "谢谢", "老板拖欠我三个月工资怎么要回来"]
)
def test_commands_and_questions_are_no_answers(words: str) -> None:
    assert not reads_as_answer(WAGES, WORK, words, None)


@pytest.mark.parametrize("interview", load_interviews(ROOT), ids=lambda i: i.id)
def test_every_consultation_of_the_base_ends_whatever_is_answered(interview: Interview) -> None:
    said = set()
    values = [[o.value for o in q.options] or ["说了一句话"] for q in interview.questions]
    for chosen in itertools.islice(itertools.product(*values), 5000):
        wanted, answers = dict(zip([q.id for q in interview.questions], chosen, strict=True)), {}
        while (question := next_question(interview, answers)) is not None:
            answers[question.id] = wanted[question.id]
        said.add(outcome_of(interview, answers).say)
        assert outcome_of(interview, answers) == outcome_of(interview, wanted)
    assert len(said) > 1


@pytest.mark.parametrize("interview", load_interviews(ROOT), ids=lambda i: i.id)
def test_every_label_of_the_base_answers_its_question(interview: Interview) -> None:
    for question in interview.questions:
        for place, option in enumerate(question.options):
            assert answer_of(interview, question, option.label, None) == option.value
            button = option_id(interview, question, place)
            assert answer_of(interview, question, option.label, button) == option.value
            assert reads_as_answer(interview, question, option.label, None)
