"""The two forms against a running Rasa: filling, interrupting, leaving, and a dead action server.

The forms have one slot each, which Rasa never fills by itself. Rasa calls `validate_*` twice when
a form opens and once when it resumes, always with the message that led there, so a validation
must act on `give_detail` alone.
"""

from __future__ import annotations

import pytest

from tests.integration.rasa_project.action_server import ActionServer
from tests.integration.rasa_project.conftest import Rasa

pytestmark = pytest.mark.rasa

ANSWER = "〔已填写〕"
CHOICE = "〔选择〕"
APPLY = "我想申请法律援助"
GUIDE = "欠薪引导咨询"


def test_three_answers_complete_the_application(rasa: Rasa, actions: ActionServer) -> None:
    assert rasa.say("filling", APPLY) == [{"action": "action_ask_aid_complete", "question": 1}]
    assert rasa.say("filling", ANSWER) == [{"action": "action_ask_aid_complete", "question": 2}]
    assert rasa.say("filling", CHOICE) == [{"action": "action_ask_aid_complete", "question": 3}]
    assert rasa.say("filling", ANSWER) == [{"action": "action_submit_aid", "submitted": True}]
    assert rasa.open_form("filling") is None
    assert actions.drafts.submitted == [("filling", "aid_form", 3)]


def test_a_second_application_asks_from_the_first_question(
    rasa: Rasa, actions: ActionServer
) -> None:
    for text in (APPLY, ANSWER, ANSWER, ANSWER):
        rasa.say("again", text)
    assert rasa.say("again", APPLY) == [{"action": "action_ask_aid_complete", "question": 1}]
    assert len(actions.drafts.submitted) == 1


def test_the_guided_consultation_ends_with_its_own_action(
    rasa: Rasa, actions: ActionServer
) -> None:
    assert rasa.said("guided", GUIDE) == ["action_ask_guided_complete"]
    rasa.say("guided", ANSWER)
    rasa.say("guided", ANSWER)
    assert rasa.said("guided", ANSWER) == ["action_finish_guided"]
    assert rasa.open_form("guided") is None


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("公司拖欠我三个月工资怎么办", "action_answer_question"),
        ("民法典第1079条是什么", "action_lookup_statute"),
        ("有没有类似案例", "action_lookup_case"),
        ("我想找个人民调解员", "action_show_service"),
        ("法律援助中心在哪", "action_show_directory"),
        ("我的申请到哪了", "action_aid_status"),
        ("帮我算算经济补偿金多少", "action_calculate"),
        ("起诉状怎么写", "action_draft_document"),
        ("我要评价", "action_rate"),
        ("我要投诉", "action_complain"),
        ("你们怎么用我的信息", "action_privacy"),
        ("谢谢你", "action_smalltalk"),
        ("你能做什么", "action_help"),
        ("今天天气怎么样", "action_out_of_scope"),
        ("好的", "action_affirm"),
        ("不要", "action_deny"),
        ("说详细点", "action_show_more"),
        ("答非所问", "action_not_solved"),
    ],
)
def test_an_interruption_is_answered_and_the_same_question_asked_again(
    rasa: Rasa, actions: ActionServer, text: str, action: str
) -> None:
    for opening, ask in ((APPLY, "action_ask_aid_complete"), (GUIDE, "action_ask_guided_complete")):
        sender = f"{opening}-{action}"
        rasa.say(sender, opening)
        rasa.say(sender, ANSWER)
        interrupted = rasa.say(sender, text)
        assert [reply["action"] for reply in interrupted] == [action, ask]
        assert interrupted[-1]["question"] == 2
        assert rasa.say(sender, ANSWER) == [{"action": ask, "question": 3}]


def test_asking_to_apply_inside_the_application_repeats_the_question(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("eager", APPLY)
    rasa.say("eager", ANSWER)
    assert rasa.say("eager", APPLY) == [{"action": "action_ask_aid_complete", "question": 2}]


def test_cancelling_closes_the_form(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("cancelling", APPLY)
    assert rasa.said("cancelling", "算了，不填了") == ["action_cancel"]
    assert rasa.open_form("cancelling") is None
    assert rasa.said("cancelling", "押金房东赖着不退怎么办") == ["action_answer_question"]


def test_correcting_the_last_answer_goes_one_question_back(
    rasa: Rasa, actions: ActionServer
) -> None:
    for text in (APPLY, ANSWER, ANSWER):
        rasa.say("correcting", text)
    assert rasa.say("correcting", "改一下上一个") == [
        {"action": "action_correct_last"},
        {"action": "action_ask_aid_complete", "question": 2},
    ]
    assert rasa.open_form("correcting") == "aid_form"


def test_starting_over_closes_the_form(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("restarting", APPLY)
    assert rasa.said("restarting", "重新开始") == ["action_restart_dialogue"]
    assert rasa.open_form("restarting") is None


def test_asking_for_a_lawyer_closes_the_form_and_keeps_the_draft(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("handed over", APPLY)
    rasa.say("handed over", ANSWER)
    assert rasa.said("handed over", "转人工") == ["action_request_lawyer"]
    assert rasa.open_form("handed over") is None
    assert rasa.say("handed over", APPLY) == [{"action": "action_ask_aid_complete", "question": 2}]


def test_a_guided_consultation_gives_way_to_the_application(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("changing", GUIDE)
    rasa.say("changing", ANSWER)
    assert rasa.said("changing", APPLY) == ["action_stop_form", "action_ask_aid_complete"]
    assert rasa.open_form("changing") == "aid_form"
    assert rasa.say("changing", ANSWER) == [{"action": "action_ask_aid_complete", "question": 2}]


def test_an_answer_without_an_open_form_can_reopen_the_draft(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("returning", APPLY)
    rasa.say("returning", "转人工")
    assert rasa.said("returning", ANSWER) == ["action_stop_form", "action_ask_aid_complete"]
    assert rasa.open_form("returning") == "aid_form"


def test_two_senders_fill_their_forms_side_by_side(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("first", APPLY)
    rasa.say("second", APPLY)
    rasa.say("first", ANSWER)
    assert rasa.say("second", ANSWER) == [{"action": "action_ask_aid_complete", "question": 2}]
    assert rasa.say("first", ANSWER) == [{"action": "action_ask_aid_complete", "question": 3}]
    assert rasa.said("second", "算了") == ["action_cancel"]
    assert rasa.open_form("first") == "aid_form"
    assert rasa.open_form("second") is None


def test_a_form_does_not_complete_while_the_action_server_is_down(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("interrupted", APPLY)
    rasa.say("interrupted", ANSWER)
    actions.stop()
    assert rasa.say("interrupted", ANSWER) == []
    assert rasa.tracker("interrupted")["slots"]["aid_complete"] is None
    actions.start()
    assert rasa.open_form("interrupted") == "aid_form"
    assert rasa.say("interrupted", ANSWER) == [{"action": "action_ask_aid_complete", "question": 3}]
    assert actions.drafts.submitted == []


def test_a_form_does_not_open_while_the_action_server_is_down(
    rasa: Rasa, actions: ActionServer
) -> None:
    actions.stop()
    assert rasa.say("unlucky", APPLY) == []
    actions.start()
    assert rasa.tracker("unlucky")["slots"]["aid_complete"] is None
    assert rasa.say("unlucky", APPLY) == [{"action": "action_ask_aid_complete", "question": 1}]
    assert actions.drafts.submitted == []


def test_an_action_server_that_is_down_gives_an_empty_reply(
    rasa: Rasa, actions: ActionServer
) -> None:
    actions.stop()
    assert rasa.say("silence", "公司拖欠我三个月工资怎么办") == []
    actions.start()
    assert rasa.said("silence", "公司拖欠我三个月工资怎么办") == ["action_answer_question"]
