"""The same person on the web and in WeChat, through the whole product."""

from __future__ import annotations

import html
import re

import pytest
from fastapi.testclient import TestClient

from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.conftest import PUBLIC, Town
from tests.live import until

LINK = re.compile(rf"{re.escape(PUBLIC)}(/m/[\w-]+)")


class Phone:
    """The browser inside WeChat."""

    def __init__(self, town: Town) -> None:
        self.client: TestClient = town.whole.browser()
        self.client.follow_redirects = True
        self.page = ""
        self.status = 0

    def open(self, text: str) -> Phone:
        """Open the link in a message and press its one button."""
        found = LINK.search(text)
        assert found is not None, text
        asked = self.client.get(found[1], headers={"Accept": "text/html"})
        button = re.search(r'<form method="post" action="(/m/[^"]+)"', asked.text)
        if button is None:
            self.status, self.page = asked.status_code, asked.text
            return self
        device = re.search(r'name="device" value="([^"]*)"', asked.text)
        assert device is not None
        shown = self.client.post(button[1], data={"device": device[1]})
        self.status, self.page = shown.status_code, shown.text
        return self

    def get(self, path: str) -> Phone:
        shown = self.client.get(path, headers={"Accept": "text/html"})
        self.status, self.page = shown.status_code, shown.text
        return self

    @property
    def words(self) -> str:
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.page)).split())


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
