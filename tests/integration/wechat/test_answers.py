"""Every message gets exactly one useful answer, whatever the platform does."""

from __future__ import annotations

from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.conftest import Town


def test_a_text_is_answered_with_the_privacy_notice_for_a_newcomer(town: Town) -> None:
    fan = town.follower()
    push = fan.say("老板拖欠我三个月工资")
    assert push.answered_by == 1
    assert "同意" in push.text
    assert ANSWER in push.text
    again = fan.say("还有呢，怎么申请")
    assert "同意" not in again.text
    assert ANSWER in again.text


def test_a_follower_is_greeted_with_three_choices_to_tap(town: Town) -> None:
    fan = town.follower()
    fan.follow()
    greeting = fan.wait_for("公共法律服务助手")
    assert (greeting.how, len(greeting.items)) == ("service", 3)
    answer = fan.tap(greeting.items[0][0])
    assert ANSWER in answer.text


def test_an_unverified_account_greets_with_numbers(unverified: Town) -> None:
    fan = unverified.follower()
    push = fan.follow()
    assert "1 老板欠薪" in push.text
    assert ANSWER in fan.say("1").text
