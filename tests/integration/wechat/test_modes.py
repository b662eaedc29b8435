"""The three ways in which the platform and an account may agree to talk, each from end to end."""

from __future__ import annotations

import pytest

from bot.domain.conversation import Mode
from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.county import BOTH, MAIN, PLAIN, County, on_screen
from tests.live import until
from tests.pictures import JPEG
from tests.platform import Registration


@pytest.mark.parametrize("account", [PLAIN, BOTH, MAIN], ids=lambda account: account.mode)
def test_a_follower_is_served_from_the_greeting_to_the_lawyer(
    county: County, account: Registration
) -> None:
    assert county.platform.verify(account)
    fan = county.fan(account)
    fan.follow()
    greeting = fan.wait_for("公共法律服务助手")
    assert ANSWER in fan.tap(greeting.items[0][0]).text
    typed = fan.say("老板拖欠我三个月工资😡 ]]> <b>&")
    assert ANSWER in typed.text
    assert fan.redeliver(typed).text == typed.text
    assert "文件已收到" in fan.send_image(JPEG).text
    assert fan.view("https://example.cn/").text == ""
    fan.say("转人工")
    citizen = county.of(fan, account)
    assert county.whole.owner(citizen)[0] is Mode.QUEUED
    lawyer = county.whole.lawyer("wang")
    lawyer.does(citizen, "claim")
    lawyer.says(citizen, "请把 <合同> & 工资条拍照发来。")
    assert fan.wait_for("请把 <合同> & 工资条拍照发来").how == "service"
    assert fan.say("好的，马上").text == ""
    until(lambda: "好的，马上" in str(on_screen(lawyer, citizen)))
    assert fan.unfollow().text == ""


@pytest.mark.parametrize("account", [PLAIN, BOTH, MAIN], ids=lambda account: account.mode)
def test_an_answer_that_takes_long_comes_with_a_later_delivery(
    county: County, account: Registration
) -> None:
    fan = county.fan(account)
    fan.say("您好，我想咨询欠薪")
    with county.whole.rasa.thinking():
        push = fan.say("工资一直拖着")
        assert len(push.attempts) == 3
        assert not push.unavailable
    assert fan.wait_for(ANSWER, after=1).how == "service"
