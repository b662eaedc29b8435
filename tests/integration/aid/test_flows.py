"""Sums and the check for legal aid asked step by step, as Rasa calls their actions."""

from __future__ import annotations

from bot.domain.conversation import Context
from knowledge_base.rules.eligibility import LISTED, UNCONDITIONAL
from knowledge_base.rules.wording import AidWording
from tests.integration.aid.form_desk import Desk, answer, begin, slot_of, words_of

# --- sums ----------------------------------------------------------------------------------------


def offer_sum(desk: Desk, name: str) -> str:
    """Leave the context as an explained calculation does; return the button's id."""
    option = f"guided.pick.sum-{name}"
    offered = ((option, "帮我一步步算"),)
    desk.applicant.conversations.remember(
        desk.applicant.conversation_id, Context(options=offered, last_route="calculate")
    )
    return option


def work_out(desk: Desk, name: str, *said: str) -> str:
    """Pick a sum, give the answers, and return what its end says."""
    assert answer(desk, "帮我一步步算", offer_sum(desk, name)) is None
    for words in said[:-1]:
        assert desk.guided.form.takes(desk.hear(words))
        _, events = desk.run("validate_guided_form", "give_detail", "guided_form")
        assert slot_of(events, "guided_complete") is None
    assert answer(desk, said[-1]) is True
    replies, _ = desk.run("action_finish_guided", "give_detail")
    return words_of(replies)


def test_a_sum_is_asked_step_by_step_and_worked_out(desk: Desk) -> None:
    said = work_out(desk, "severance", "2020年1月1日入职的", "2023.7.31", "每月8000块左右", "3",
                    "不是", "不知道，跳过")  # fmt: skip
    assert "32,000.00元" in said
    assert "劳动合同法第四十六条第三项" in said
    assert desk.context.guided == ""


def test_a_sum_asks_for_what_it_could_not_read(desk: Desk) -> None:
    answer(desk, "帮我一步步算", offer_sum(desk, "disability_years"))
    desk.hear("很大了")
    objection, _ = desk.run("validate_guided_form", "give_detail", "guided_form")
    assert "请填数字" in words_of(objection)
    assert desk.context.guided_answers == ()


def test_a_sum_without_a_needed_figure_names_it(desk: Desk) -> None:
    said = work_out(desk, "loan_interest", "10万", "12%", "2026-10-01", "2026-10-31", "跳过")
    assert "一年期LPR" in said
    assert "不能替您猜" in said


def test_a_sum_that_cannot_be_is_explained(desk: Desk) -> None:
    said = work_out(desk, "overtime", "8000", "10", "跳过", "999999999")
    assert "算不出来" in said


def test_a_question_of_ones_own_does_not_become_a_figure(desk: Desk) -> None:
    answer(desk, "帮我一步步算", offer_sum(desk, "overtime"))
    assert not desk.guided.form.takes(desk.hear("那加班8小时应该给多少钱"))


def test_other_words_after_an_explained_sum_do_not_begin_it(desk: Desk) -> None:
    offer_sum(desk, "overtime")
    assert not desk.guided.form.takes(desk.hear("好的"))
    assert not desk.guided.form.takes(desk.hear("1"))
    assert desk.guided.form.takes(desk.hear("帮我一步步算"))


# --- whether legal aid may be had ----------------------------------------------------------------


def check_aid(desk: Desk, *said: str) -> str:
    """Begin the check, give the answers, and return what its end says."""
    begin(desk, "测一测法律援助条件")
    assert desk.context.guided == "check-legal-aid"
    for words in said[:-1]:
        assert answer(desk, words) is None, words
    assert answer(desk, said[-1]) is True
    return words_of(desk.run("action_finish_guided", "give_detail")[0])


def test_a_migrant_worker_is_asked_three_things(desk: Desk) -> None:
    said = check_aid(desk, "拖欠工资、劳动报酬", "进城打工的农民工", "都没有")
    assert "可能符合条件" in said
    assert "法律援助法第四十二条第三项" in said
    assert desk.context.guided == ""


def test_violence_is_not_asked_about_money(desk: Desk) -> None:
    said = check_aid(desk, "家庭暴力、虐待、遗弃", "期限不到七天了")
    assert "不看经济状况" in said
    assert "时间很紧" in said


def test_a_minor_suspect_hears_that_the_organ_notifies(desk: Desk) -> None:
    said = check_aid(desk, "本人或家人被刑事追究", "公安、检察院还在办", "17岁")
    assert "办案机关应当通知" in said


def test_who_is_not_poor_is_asked_for_what_could_still_help(desk: Desk) -> None:
    said = check_aid(desk, "交通事故受伤", "都没有", "不算困难", "30", "没有")
    assert "大概率不符合" in said


def test_who_knows_nothing_is_told_what_is_missing(desk: Desk) -> None:
    said = check_aid(desk, "工伤", "不清楚", "不清楚标准是多少", "40", "不清楚", "不清楚", "不清楚")
    assert "还不能判断" in said
    assert "直接向法律援助机构申请" in said


def test_another_matter_is_sent_elsewhere_at_once(desk: Desk) -> None:
    assert "大概率不符合" in check_aid(desk, "离婚、借钱、合同、房产等其他事")


def test_a_pension_for_the_dead_is_not_called_social_insurance(desk: Desk) -> None:
    said = check_aid(desk, "抚恤金", "都没有", "低于当地法律援助的经济困难标准", "都没有")
    assert "法律援助法第三十一条第三项" in said


def test_every_matter_that_may_be_aided_can_be_chosen() -> None:
    matter = next(q for q in AidWording.load().check.questions if q.id == "matter")
    offered = {value for value, _ in matter.options}
    # 社会救助 shares its item with 社保待遇, 遗弃 with 家庭暴力.
    assert {*LISTED, *UNCONDITIONAL} - offered == {"social_assistance", "abandonment"}
