"""The actions of the forms as Rasa calls them: through the executor, over a real database."""

from __future__ import annotations

from typing import Any

import pytest

from bot.dialogue.turn import Turn
from bot.domain.conversation import Context
from tests.conftest import FixedClock
from tests.integration.aid.conftest import ANSWERS, make_applicant
from tests.integration.aid.form_desk import Desk, answer, begin, slot_of, words_of


def loop_of(events: list[dict[str, Any]]) -> object:
    return next((e["name"] for e in events if e["event"] == "active_loop"), None)


# --- legal aid --------------------------------------------------------------------------------


def test_the_form_is_walked_to_its_card(desk: Desk) -> None:
    desk.hear("我想申请法律援助")
    replies, _ = desk.run("action_ask_aid_complete", "start_aid", "aid_form")
    assert "免费" in words_of(replies)
    last = len(ANSWERS)
    # The question about means falls away once somebody is known to be exempt.
    assert f"第 1 步，共 {last + 1} 步" in words_of(replies)
    for step, words in enumerate(ANSWERS.values(), 1):
        turn = desk.hear(words)
        assert desk.aid.form.takes(turn)
        _, events = desk.run("validate_aid_form", "give_detail", "aid_form")
        assert slot_of(events, "aid_complete") is (True if step == last else None)
        if step < last:
            replies, _ = desk.run("action_ask_aid_complete", "give_detail", "aid_form")
            assert f"第 {step + 1} 步，共 {last}" in words_of(replies) or step < last - 1
    replies, events = desk.run("action_submit_aid", "give_detail")
    assert "FY20261123-0001-6" in words_of(replies)
    assert "7 日" in words_of(replies)
    assert slot_of(events, "aid_complete") is None
    assert not desk.aid.form.takes(desk.hear("张小明"))


def test_no_reply_repeats_personal_data(desk: Desk) -> None:
    said = ""
    desk.hear("我想申请法律援助")
    for words in ANSWERS.values():
        said += words_of(desk.run("action_ask_aid_complete", "give_detail", "aid_form")[0])
        desk.hear(words)
        desk.run("validate_aid_form", "give_detail", "aid_form")
    said += words_of(desk.run("action_submit_aid", "give_detail")[0])
    for key in ("id_number", "phone"):
        assert ANSWERS[key] not in said


def test_before_the_pledge_the_answers_are_shown_with_masked_numbers(desk: Desk) -> None:
    story = "工友李四（13900139000）能作证，老板拖欠我工资两万元。" + "拖" * 200
    desk.applicant.fill(until="pledge", facts=story)
    desk.hear("农民工")
    reply = desk.run("action_ask_aid_complete", "give_detail", "aid_form")[0][0]
    card = next(part for part in reply.parts if part.type == "card")
    rows = dict(card.body["rows"])
    assert rows["姓名"] == "张小明"
    assert rows["身份证号"] == "110105********002X"
    assert rows["手机号"] == "138****8000"
    assert "13900139000" not in rows["经过"]
    assert rows["经过"].endswith("…")
    assert "改手机号" in str(card.body)
    assert "back" in [item["id"] for item in reply.parts[-1].body["items"]]


def ask_whether_refused(desk: Desk) -> str:
    """Refuse the pledge; return what is asked then, its options remembered."""
    desk.applicant.fill(until="pledge")
    assert desk.aid.form.takes(desk.hear("不同意"))
    objection, events = desk.run("validate_aid_form", "give_detail", "aid_form")
    assert slot_of(events, "aid_complete") is None
    asked, _ = desk.run("action_ask_aid_complete", "give_detail", "aid_form")
    items = asked[0].parts[-1].body["items"]
    options = tuple((item["id"], item["label"]) for item in items)
    desk.applicant.conversations.remember(desk.applicant.conversation_id, Context(options=options))
    return words_of([*objection, *asked])


def test_refusing_the_pledge_is_asked_about_once_and_then_nothing_is_submitted(desk: Desk) -> None:
    said = ask_whether_refused(desk)
    assert "确定不提交吗" in said
    assert "第六十四条" not in said
    assert desk.aid.form.takes(desk.hear("是的"))
    _, events = desk.run("validate_aid_form", "give_detail", "aid_form")
    assert slot_of(events, "aid_complete") is True
    replies, events = desk.run("action_submit_aid", "give_detail")
    assert "没有提交" in words_of(replies)
    assert loop_of(events) is None
    draft = desk.applicant.service.draft(desk.applicant.conversation_id)
    assert draft is not None
    assert not draft.active
    assert draft.values["name"] == "张小明"


@pytest.mark.parametrize(
    ("words", "option"),
    [("同意", None), ("同意并提交", "aid.refusal.agree"), ("同意", "aid.pledge.agree")],
)
def test_who_agrees_after_all_submits(desk: Desk, words: str, option: str | None) -> None:
    ask_whether_refused(desk)
    assert desk.aid.form.takes(desk.hear(words, option))
    _, events = desk.run("validate_aid_form", "give_detail", "aid_form")
    assert slot_of(events, "aid_complete") is True
    assert "FY20261123-0001-6" in words_of(desk.run("action_submit_aid", "give_detail")[0])


def test_an_unclear_word_about_the_refusal_asks_it_again(desk: Desk) -> None:
    ask_whether_refused(desk)
    assert desk.aid.form.takes(desk.hear("我想想"))
    objection, _ = desk.run("validate_aid_form", "give_detail", "aid_form")
    asked, _ = desk.run("action_ask_aid_complete", "give_detail", "aid_form")
    assert "确定不提交" in words_of(objection)
    assert "确定不提交吗" in words_of(asked)


def test_a_second_application_in_the_matter_is_told_the_first(desk: Desk) -> None:
    number = desk.applicant.apply().number
    desk.applicant.fill()
    desk.hear("同意")
    replies, events = desk.run("action_submit_aid", "give_detail")
    said = words_of(replies)
    assert number in said
    assert "已提交" in said
    assert "已经申请过" in said
    assert loop_of(events) is None


def test_a_second_application_by_somebody_else_names_no_number(
    desk: Desk, clock: FixedClock
) -> None:
    number = make_applicant(desk.store, clock).apply().number
    desk.applicant.fill(phone="13900139000")
    desk.hear("同意")
    said = words_of(desk.run("action_submit_aid", "give_detail")[0])
    assert number not in said
    assert "核对身份" in said


def test_a_complaint_puts_the_application_aside_without_its_question(desk: Desk) -> None:
    desk.applicant.fill(until="facts")
    desk.hear("我要投诉")
    replies, events = desk.run("action_ask_aid_complete", "complain", "aid_form")
    assert "第 5 步" not in words_of(replies)
    assert "保留" in words_of(replies)
    assert {"event": "active_loop", "name": None, "timestamp": None} in events
    assert desk.run("action_submit_aid", "complain")[0] == []
    assert not desk.aid.is_open(desk.applicant.conversation_id)


def test_a_wrong_answer_is_explained_and_asked_again(desk: Desk) -> None:
    desk.applicant.fill(until="id_number")
    desk.hear("110105194912310021")
    objection, events = desk.run("validate_aid_form", "give_detail", "aid_form")
    question, _ = desk.run("action_ask_aid_complete", "give_detail", "aid_form")
    assert slot_of(events, "aid_complete") is None
    said = words_of([*objection, *question])
    assert "校验位" in said
    assert "第 4 步" in said


def test_an_interruption_is_left_to_the_rules(desk: Desk) -> None:
    desk.applicant.fill(until="facts")
    turn = desk.hear("仲裁时效多久")
    assert not desk.aid.form.takes(turn)
    replies, events = desk.run("validate_aid_form", "ask_legal", "aid_form")
    assert (replies, events) == ([], [])


def test_choices_are_taken_by_button_and_offered_with_back_and_cancel(desk: Desk) -> None:
    desk.applicant.fill(until="matter")
    desk.hear("我自己")
    replies, _ = desk.run("action_ask_aid_complete", "give_detail", "aid_form")
    ids = [item["id"] for item in replies[0].parts[-1].body["items"]]
    assert ids[0] == "aid.matter.wages"
    assert ids[-2:] == ["back", "cancel"]
    assert desk.aid.form.takes(desk.hear("工伤", "aid.matter.injury"))
    desk.run("validate_aid_form", "give_detail", "aid_form")
    draft = desk.applicant.service.draft(desk.applicant.conversation_id)
    assert draft is not None
    assert draft.values["matter"] == "工伤"


def test_a_form_that_rasa_forgot_is_opened_again_by_the_next_answer(desk: Desk) -> None:
    desk.applicant.fill(until="phone")
    turn = desk.hear("13800138000")
    assert desk.aid.form.takes(turn)
    _, events = desk.run("action_stop_form", "give_detail")
    assert loop_of(events) == "aid_form"
    assert slot_of(events, "aid_complete") is None
    draft = desk.applicant.service.draft(desk.applicant.conversation_id)
    assert draft is not None
    assert draft.values["phone"] == "13800138000"


def test_an_answer_to_no_form_at_all_gets_a_sentence(desk: Desk) -> None:
    desk.hear("〔已填写〕")
    replies, events = desk.run("action_stop_form", "give_detail")
    assert "没有正在填写" in words_of(replies)
    assert events == []


def test_a_submission_without_answers_opens_the_form_again(desk: Desk) -> None:
    desk.applicant.fill(until="group")
    desk.hear("你好")
    replies, events = desk.run("action_submit_aid", "give_detail", aid_complete=True)
    assert replies == []
    assert loop_of(events) == "aid_form"
    assert slot_of(events, "aid_complete") is None


def test_a_slot_left_true_does_not_skip_the_next_form(desk: Desk) -> None:
    desk.hear("我想申请法律援助")
    _, events = desk.run("validate_aid_form", "start_aid", aid_complete=True)
    assert slot_of(events, "aid_complete") is None


def test_all_answered_but_not_submitted_asks_for_the_pledge_again(desk: Desk) -> None:
    desk.applicant.fill()
    desk.hear("继续申请法律援助")
    replies, _ = desk.run("action_ask_aid_complete", "start_aid", "aid_form")
    assert f"第 {len(ANSWERS)} 步" in words_of(replies)
    assert desk.aid.form.takes(desk.hear("同意"))
    _, events = desk.run("validate_aid_form", "give_detail", "aid_form")
    assert slot_of(events, "aid_complete") is True


def test_correcting_goes_back_one_question(desk: Desk) -> None:
    desk.applicant.fill(until="place")
    assert not desk.aid.form.takes(desk.hear("改一下上一个"))
    replies, events = desk.run("action_correct_last", "correct_last", "aid_form")
    question, _ = desk.run("action_ask_aid_complete", "correct_last", "aid_form")
    assert "手机号" in words_of(replies)
    assert "第 5 步" in words_of(question)
    assert events == []


@pytest.mark.parametrize(
    ("words", "key"),
    [("改手机号", "phone"), ("我想改一下身份证", "id_number"), ("修改对方", "opponent")],
)
def test_any_earlier_answer_can_be_corrected(desk: Desk, words: str, key: str) -> None:
    desk.applicant.fill(until="group")
    assert desk.aid.form.takes(desk.hear(words))
    objection, events = desk.run("validate_aid_form", "give_detail", "aid_form")
    asked, _ = desk.run("action_ask_aid_complete", "give_detail", "aid_form")
    assert objection == []
    assert slot_of(events, "aid_complete") is None
    form = desk.applicant.service.form
    assert form.field_of(key).question.strip() in words_of(asked)
    desk.applicant.fill(until="group")
    draft = desk.applicant.service.draft(desk.applicant.conversation_id)
    assert draft is not None
    assert draft.values[key] == ANSWERS[key]


def test_a_story_that_begins_like_a_correction_stays_a_story(desk: Desk) -> None:
    desk.applicant.fill(until="facts")
    desk.hear("改合同的时候老板把工资改少了，拖欠两万元一直没给。")
    desk.run("validate_aid_form", "give_detail", "aid_form")
    draft = desk.applicant.service.draft(desk.applicant.conversation_id)
    assert draft is not None
    assert draft.values["facts"].startswith("改合同")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (("公司或单位",), "公民个人"),
        (("我的未成年孩子", "刑事辩护"), "办案机关应当通知"),
        (
            (
                "被关押的家人",
                "刑事辩护",
                "公安或检察院在办",
                "没有请律师",
                "精神或智力障碍，不能完全辨认自己行为",
            ),
            "通知",
        ),
    ],
)
def test_where_nothing_is_to_be_applied_for_the_reason_is_told(
    desk: Desk, answers: tuple[str, ...], said: str
) -> None:
    desk.hear("我想申请法律援助")
    desk.run("action_ask_aid_complete", "start_aid", "aid_form")
    for words in answers:
        desk.hear(words)
        _, events = desk.run("validate_aid_form", "give_detail", "aid_form")
    assert slot_of(events, "aid_complete") is True
    replies, events = desk.run("action_submit_aid", "give_detail")
    assert said in words_of(replies)
    assert "没有登记申请" in words_of(replies)
    assert loop_of(events) is None
    # Whoever chose wrongly goes on at that very question.
    desk.hear("继续申请法律援助")
    asked, _ = desk.run("action_ask_aid_complete", "start_aid", "aid_form")
    assert f"第 {len(answers)} 步" in words_of(asked)


def test_correcting_opens_a_form_that_rasa_forgot(desk: Desk) -> None:
    desk.applicant.fill(until="matter")
    desk.hear("改一下上一个")
    _, events = desk.run("action_correct_last", "correct_last")
    assert loop_of(events) == "aid_form"


def test_cancelling_keeps_the_draft_and_restarting_deletes_it(desk: Desk) -> None:
    desk.applicant.fill(until="matter")
    desk.hear("算了")
    assert "保留" in words_of(desk.run("action_cancel", "cancel", "aid_form")[0])
    assert desk.applicant.service.draft(desk.applicant.conversation_id) is not None
    desk.hear("重新开始")
    desk.run("action_restart_dialogue", "restart_dialogue")
    assert desk.applicant.service.draft(desk.applicant.conversation_id) is None


def test_cancelling_nothing_gets_a_sentence(desk: Desk) -> None:
    desk.hear("算了")
    replies, _ = desk.run("action_cancel", "cancel")
    assert replies[0].route == "smalltalk"


def test_after_a_hand_over_messages_are_no_answers(desk: Desk) -> None:
    desk.applicant.fill(until="facts")
    words = "去年三月到六月在城东工地干活，老板拖欠工资。"
    assert desk.aid.form.takes(Turn(desk.applicant.conversation_id, words, Context()))
    after = Turn(desk.applicant.conversation_id, words, Context(last_route="lawyer"))
    assert not desk.aid.form.takes(after)


def test_the_progress_is_shown_as_a_card(desk: Desk) -> None:
    number = desk.applicant.apply().number
    desk.hear("我的申请到哪了")
    replies, _ = desk.run("action_aid_status", "ask_aid_status")
    assert replies[0].route == "aid_status"
    assert number in words_of(replies)
    assert "已提交" in words_of(replies)


@pytest.mark.parametrize(
    "words",
    [
        "月薪5000能申请法律援助吗", "房产纠纷能申请法援吗", "我符合法律援助条件吗",
        "看看我够不够格申请援助", "我这种情况能申请法律援助不", "想請法援可以嗎？",
    ],
)  # fmt: skip
def test_who_asks_whether_is_answered_before_the_first_question(desk: Desk, words: str) -> None:
    desk.hear(words)
    replies, _ = desk.run("action_ask_aid_complete", "start_aid", "aid_form")
    said = words_of(replies)
    assert said.index("由法律援助机构审查决定，一般看三样") < said.index("第 1 步")
    assert "第三十一条" in said


@pytest.mark.parametrize("words", ["我想申请法律援助", "继续填法律援助申请", "给我派个律师吧"])
def test_who_wants_to_apply_is_asked_at_once(desk: Desk, words: str) -> None:
    desk.hear(words)
    replies, _ = desk.run("action_ask_aid_complete", "start_aid", "aid_form")
    assert "一般看三样" not in words_of(replies)
    assert "第 1 步" in words_of(replies)


def test_an_unknown_sender_such_as_rasa_shell_is_told_where_to_apply(desk: Desk) -> None:
    reply = desk.aid.ask(Turn("default", "申请法律援助", Context()), opening=True)
    assert "网页" in words_of([reply])


# --- guided consultations ---------------------------------------------------------------------


def test_a_consultation_is_walked_to_its_outcome(desk: Desk) -> None:
    assert "第 1 步，共 5 步" in words_of(begin(desk))
    for words in ("没有", "不同意", "有，两岁以上", "有房子"):
        assert answer(desk, words) is None
    assert answer(desk, "1") is True
    replies, events = desk.run("action_finish_guided", "give_detail")
    assert "最有利于未成年子女" in words_of(replies)
    assert slot_of(events, "guided_complete") is None
    assert desk.context.guided == ""
    assert desk.context.answer_id == "divorce-child-custody"


def test_an_urgent_answer_ends_the_consultation_at_once(desk: Desk) -> None:
    begin(desk)
    assert answer(desk, "有，现在也怕再发生", "guided.divorce.0.0") is True
    replies, _ = desk.run("action_finish_guided", "give_detail")
    assert replies[0].parts[0].body["kind"] == "warning"
    assert "110" in words_of(replies)
    assert desk.context.offered == "risk"


def test_without_a_name_the_consultations_are_listed_and_picked(desk: Desk) -> None:
    replies = begin(desk, "你一步一步问我吧")
    items = replies[0].parts[-1].body["items"]
    assert "guided.pick.wage-arrears" in [item["id"] for item in items]
    offered = tuple((item["id"], item["label"]) for item in items)
    desk.applicant.conversations.remember(desk.applicant.conversation_id, Context(options=offered))
    assert not desk.guided.form.takes(desk.hear("离婚后孩子的抚养费应该怎么算"))
    assert answer(desk, "欠薪引导咨询", "guided.pick.wage-arrears") is None
    assert desk.context.guided == "wage-arrears"


def test_an_unfitting_answer_is_asked_again(desk: Desk) -> None:
    begin(desk)
    desk.hear("看情况")
    objection, events = desk.run("validate_guided_form", "give_detail", "guided_form")
    assert "点一个选项" in words_of(objection)
    assert slot_of(events, "guided_complete") is None
    assert desk.context.guided_answers == ()


def test_the_introduction_is_said_once(desk: Desk) -> None:
    assert "随时可以说" in words_of(begin(desk))
    desk.hear("看情况")
    desk.run("validate_guided_form", "give_detail", "guided_form")
    replies, _ = desk.run("action_ask_guided_complete", "give_detail", "guided_form")
    said = words_of(replies)
    assert "第 1 步" in said
    assert "随时可以说" not in said
    assert len(replies[0].parts) == 2


def test_a_complaint_ends_the_consultation_without_its_question(desk: Desk) -> None:
    begin(desk)
    assert not desk.guided.form.takes(desk.hear("我要投诉"))
    replies, events = desk.run("action_ask_guided_complete", "complain", "guided_form")
    assert replies[0].parts == ()
    assert {"event": "active_loop", "name": None, "timestamp": None} in events
    assert desk.run("action_finish_guided", "complain")[0] == []
    assert desk.context.guided == ""


def test_a_consultation_can_go_back_one_question(desk: Desk) -> None:
    begin(desk)
    answer(desk, "没有")
    desk.hear("改一下上一个")
    desk.run("action_correct_last", "correct_last", "guided_form")
    replies, _ = desk.run("action_ask_guided_complete", "correct_last", "guided_form")
    assert "第 1 步" in words_of(replies)


def test_an_interruption_keeps_the_context_of_its_answer(desk: Desk) -> None:
    begin(desk)
    turn = desk.hear("仲裁时效多久？")
    assert not desk.guided.form.takes(turn)
    replies, _ = desk.run("action_ask_guided_complete", "ask_legal", "guided_form")
    assert replies[0].context is None


def test_a_consultation_that_rasa_forgot_goes_on(desk: Desk) -> None:
    begin(desk)
    turn = desk.hear("没有")
    assert desk.guided.form.takes(turn)
    _, events = desk.run("action_stop_form", "give_detail")
    assert loop_of(events) == "guided_form"
    assert desk.context.guided_answers == (("safety", "none"),)
    # The form that is opened again looks at the same message; it answers no second question.
    objections, _ = desk.run("validate_guided_form", "give_detail", "guided_form")
    assert objections == []
    assert desk.context.guided_answers == (("safety", "none"),)


def test_beginning_the_other_form_leaves_the_first(desk: Desk) -> None:
    desk.applicant.fill(until="facts")
    desk.hear("开始离婚引导咨询")
    replies, _ = desk.run("action_stop_form", "start_guided", "aid_form")
    assert "保留" in words_of(replies)
    begin(desk)
    desk.hear("我要申请法律援助")
    desk.run("action_stop_form", "start_aid", "guided_form")
    desk.run("action_ask_aid_complete", "start_aid", "aid_form")
    assert desk.context.guided == ""
    assert desk.aid.is_open(desk.applicant.conversation_id)


def test_leaving_a_consultation_clears_it(desk: Desk) -> None:
    begin(desk)
    desk.hear("算了")
    desk.run("action_cancel", "cancel", "guided_form")
    assert desk.context.guided == ""
