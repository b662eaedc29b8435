"""Mediation and fee relief are registered through the chat interface, and aid is told of."""

from __future__ import annotations

import re

import pytest

from tests.live import LiveApp, words_of

pytestmark = pytest.mark.rasa

NUMBER = re.compile(r"工单号 (\d{4} \d{4}|\d{3} \d{3} \d{3})")


def buttons_of(reply: dict) -> dict[str, str]:
    return {
        item["id"]: item["label"]
        for message in reply["messages"]
        for part in message["parts"]
        if part["type"] == "buttons"
        for item in part["items"]
    }


def test_mediation_is_registered_from_the_answer_that_offers_it(live_app: LiveApp) -> None:
    visitor = live_app.visitor()
    offered = buttons_of(visitor.say("我想找个人民调解员帮忙调解邻居漏水的事"))
    pick = "referral.pick.refer_mediation"
    assert "能打通的电话" in words_of(visitor.tap(pick, offered[pick]))
    assert "一句话" in words_of(visitor.say("13812345678"))
    made = visitor.say("楼上漏水把我家泡了，不肯赔", client_id="about")
    again = visitor.say("楼上漏水把我家泡了，不肯赔", client_id="about")
    found = NUMBER.search(words_of(made))
    assert found is not None
    assert words_of(again) == words_of(made)
    assert made["mode"] == "bot"
    told = words_of(visitor.say(f"工单 {found[1]} 到哪了"))
    assert "转办：人民调解" in told
    assert "转办：人民调解" not in words_of(live_app.visitor().say(f"工单 {found[1]} 到哪了"))
    elsewhere = live_app.visitor().say(f"工单 {found[1]} 到哪了，尾号5678")
    assert "转办：人民调解" in words_of(elsewhere)
    assert "已经登记过" in words_of(visitor.say("帮我登记调解"))


@pytest.mark.parametrize(
    "words",
    ["我儿子17岁被刑拘了能请免费律师吗", "没钱请律师开庭怎么办", "值班律师是什么"],
)
def test_a_defendant_is_not_led_into_the_form_but_told_what_needs_no_application(
    live_app: LiveApp, words: str
) -> None:
    said = words_of(live_app.visitor().say(words))
    assert "值班律师，不用申请、不看经济状况" in said
    assert "第二十五条" in said
    assert "第三十条" in said
    assert "怎么称呼" not in said


def test_the_right_to_aid_is_told_once_in_a_conversation(live_app: LiveApp) -> None:
    visitor = live_app.visitor()
    first = visitor.say("老板拖欠我三个月工资怎么办")
    assert "第三十一条第五项" in words_of(first)
    assert {"aid", "aid_check"} <= set(buttons_of(first))
    assert "第三十一条第五项" not in words_of(visitor.say("公司一直不给工资还能要什么"))
