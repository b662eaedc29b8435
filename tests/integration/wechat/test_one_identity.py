"""The same person on the web and in WeChat, through the whole product."""

from __future__ import annotations

import re

import pytest

from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.conftest import Town
from tests.integration.wechat.phone import LINK, Phone
from tests.live import until


def test_the_link_of_an_answer_shows_the_whole_of_it_on_this_phone_alone(town: Town) -> None:
    fan = town.follower()
    fan.say("我的")
    push = fan.say("我的咨询")
    phone = Phone(town).open(push.text)
    assert phone.status == 200
    assert "我的咨询" in phone.words
    other = Phone(town).open(push.text)
    assert other.status == 410
    assert "我的咨询" not in other.words.replace("我的咨询记录", "")


def test_a_code_from_the_web_binds_without_taking_the_web_away(town: Town) -> None:
    citizen = town.whole.citizen()
    citizen.tell("房东不退押金三千元怎么办")
    code = citizen.post("/continuations").json()["code"]
    fan = town.follower()
    fan.say("您好")
    assert "绑定" in fan.say(f"绑定 {code}").text
    # The browser goes on, and both see what is said here and there.
    citizen.tell("押金条还在")
    assert ANSWER in fan.say("我在微信里接着问").text
    assert any("我在微信里接着问" in words for _, words in citizen.heard())
    talk = fan.say("我的咨询")
    phone = Phone(town).open(talk.text)
    assert "押金条还在" in phone.words


def test_what_a_lawyer_says_reaches_both(town: Town) -> None:
    citizen = town.whole.waiting()
    code = citizen.post("/continuations").json()["code"]
    fan = town.follower()
    fan.say(f"绑定 {code}")
    lawyer = town.whole.lawyer("wang")
    lawyer.does(citizen, "claim")
    lawyer.says(citizen, "请把押金条拍给我。")
    fan.wait_for("请把押金条拍给我")
    assert any("押金条拍给我" in words for words in citizen.heard_from("lawyer"))
    fan.say("这就拍")
    until(lambda: any("这就拍" in words for _, words in citizen.heard()))


def test_who_is_bound_to_two_talks_answers_the_lawyer_who_speaks(town: Town) -> None:
    wages, deposit = town.whole.citizen(), town.whole.citizen()
    fan = town.follower()
    for citizen, words in ((wages, "老板拖欠工资"), (deposit, "房东不退押金")):
        citizen.tell(words)
        code = citizen.post("/continuations").json()["code"]
        assert "绑定" in fan.say(f"绑定 {code}").text
    wages.tell("转人工")
    lawyer = town.whole.lawyer("wang")
    lawyer.does(wages, "claim")
    lawyer.says(wages, "您明天能来吗？")
    fan.wait_for("您明天能来吗")
    assert fan.say("能来，上午九点").text == ""
    assert any("上午九点" in words for _, words in wages.heard())
    assert not any("上午九点" in words for _, words in deposit.heard())
    # Once the lawyer is gone, what comes next still belongs to what was talked about last.
    lawyer.does(wages, "close", outcome="advised", advice="带上合同")
    fan.say("还想问一句")
    assert any("还想问一句" in words for _, words in wages.heard())


def test_a_link_for_the_follower_is_shown_nowhere_else(town: Town) -> None:
    citizen = town.whole.citizen()
    citizen.tell("老板拖欠工资")
    fan = town.follower()
    fan.say("绑定 " + citizen.post("/continuations").json()["code"])
    link = LINK.search(fan.say("我的").text)
    assert link is not None
    seen = citizen.get("/messages").text + citizen.get("/export").text
    assert "链接已发到微信" in seen
    assert link[1] not in seen


def test_who_ends_on_the_web_is_asked_in_wechat_as_one_answers_there(town: Town) -> None:
    citizen = town.whole.citizen()
    citizen.tell("老板拖欠工资")
    fan = town.follower()
    fan.say("绑定 " + citizen.post("/continuations").json()["code"])
    citizen.post("/end")
    seen = fan.wait_for("本次咨询已结束")
    assert "回复“评价”" in seen.text
    assert "点下面" not in seen.text
    assert any("点下面评价" in words for _, words in citizen.heard())


def test_after_unbinding_nothing_of_the_web_is_seen_in_wechat(town: Town) -> None:
    citizen = town.whole.citizen()
    citizen.tell("房东不退押金三千元怎么办")
    code = citizen.post("/continuations").json()["code"]
    fan = town.follower()
    fan.say("您好")
    fan.say(f"绑定 {code}")
    old_link = fan.say("我的咨询").text
    phone = Phone(town).open(old_link)
    assert "押金" in phone.words
    assert "解除" in fan.say("解除绑定").text
    assert phone.get("/m/talk").status in (401, 403, 410)
    assert "押金" not in phone.words
    fresh = Phone(town).open(fan.say("我的咨询").text)
    assert "押金三千" not in fresh.words
    citizen.tell("还有水电费")
    assert not any("水电费" in seen.text for seen in fan.seen)


def test_on_the_web_a_binding_is_ended_as_well(town: Town) -> None:
    citizen = town.whole.citizen()
    citizen.tell("房东不退押金三千元怎么办")
    code = citizen.post("/continuations").json()["code"]
    fan = town.follower()
    fan.say(f"绑定 {code}")
    citizen.tell("解除绑定")
    assert any("看不到这次会话" in words for words in citizen.heard_from("bot"))
    citizen.tell("还有水电费")
    assert "水电费" not in Phone(town).open(fan.say("我的咨询").text).words
    citizen.tell("解除绑定")
    assert any("不用解除" in words for words in citizen.heard_from("bot"))


def test_a_rating_is_given_on_the_page(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    lawyer.does(citizen, "close", outcome="advised", advice="")
    fan.wait_for("回复“评价”")
    phone = Phone(town).open(fan.say("评价").text)
    assert phone.status == 200
    form = re.search(r'<form[^>]*action="(/m/rate)"', phone.page)
    assert form is not None, phone.words
    shown = phone.client.post("/m/rate", data={"score": "5", "solved": "yes", "comment": "很好"})
    assert shown.status_code == 200


def test_the_application_opens_signed_in(town: Town) -> None:
    fan = town.follower()
    fan.say("我要申请法律援助")
    link = fan.click("page:me").text or next(
        seen.text for seen in reversed(fan.seen) if "/m/" in seen.text
    )
    phone = Phone(town).open(link)
    assert phone.get("/apply").status == 200
    assert "同意，开始填写" not in phone.words


@pytest.mark.parametrize(
    "path", ["/m/me", "/m/talk", "/m/progress", "/m/rate", "/m/bind", "/m/data", "/m/upload"]
)
def test_strangers_see_nothing(town: Town, path: str) -> None:
    shown = Phone(town).get(path)
    assert shown.status in (401, 403, 404)


@pytest.mark.parametrize("path", ["/apply", "/calculate", "/calculate/severance", "/services"])
def test_pages_opened_from_the_account_begin_no_other_conversation(town: Town, path: str) -> None:
    """Who asked in the official account would wait there for an answer given elsewhere."""
    fan = town.follower()
    fan.say("老板拖欠我三个月工资")
    phone = Phone(town)
    phone.get(path)
    assert "/widget.js" in phone.page
    assert "data-chat" in phone.page
    phone.open(fan.click("page:me").text or fan.wait_for("/m/").text)
    phone.get(path)
    assert "/widget.js" not in phone.page
    assert "data-chat" not in phone.page
    assert 'href="/m/me"' in phone.page
    assert "回到公众号" in phone.page
    # On the first page of the site everything is about asking.
    assert "/widget.js" in phone.get("/").page


def test_the_menu_leads_to_the_calculators_without_a_chat(town: Town) -> None:
    phone = Phone(town).get("/m/calculate")
    assert "算一算" in phone.page
    assert "/widget.js" not in phone.page
