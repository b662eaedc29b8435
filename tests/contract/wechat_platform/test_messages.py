"""What the stand-in allows to be sent to a follower, and when."""

from __future__ import annotations

import io
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from wechatpy import WeChatClient

from tests.conftest import FixedClock
from tests.contract.wechat_platform.wechatpy_side import (
    PNG,
    TEMPLATE,
    Product,
    client_of,
    posted,
    refused,
    web,
)
from tests.platform import (
    Follower,
    Platform,
    Registration,
    standing_in,
)

# Customer-service messages


def test_a_message_allows_five_for_48_hours(
    platform: Platform, fan: Follower, client: WeChatClient, clock: FixedClock
) -> None:
    assert refused(lambda: client.message.send_text("nobody", "你好")) == 40003
    fan.say("在吗")
    clock.advance(hours=47, minutes=59)
    later = client_of(platform, platform.token())
    for number in range(5):
        later.message.send_text(fan.openid, f"第{number}条")
    assert refused(lambda: later.message.send_text(fan.openid, "第六条")) == 45047
    assert fan.texts == [f"第{number}条" for number in range(5)]
    assert {one.how for one in fan.seen} == {"service"}
    clock.advance(minutes=1)
    assert refused(lambda: later.message.send_text(fan.openid, "太晚")) == 45015


def test_a_new_message_allows_five_again(fan: Follower, client: WeChatClient) -> None:
    fan.say("一")
    for _ in range(3):
        client.message.send_text(fan.openid, "答")
    assert fan.said_left == 2
    fan.say("二")
    assert fan.said_left == 5


@pytest.mark.parametrize(
    "act",
    [Follower.follow, lambda fan: fan.click("k"), lambda fan: fan.scan("hall")],
    ids=["follow", "click", "scan"],
)
def test_following_a_menu_and_a_scan_allow_three_for_a_minute(
    act: Callable[[Follower], object], fan: Follower, client: WeChatClient, clock: FixedClock
) -> None:
    fan.following = True
    act(fan)
    for _ in range(3):
        client.message.send_text(fan.openid, "答")
    assert refused(lambda: client.message.send_text(fan.openid, "答")) == 45047
    clock.advance(minutes=1)
    assert refused(lambda: client.message.send_text(fan.openid, "答")) == 45015


def test_what_a_minute_allows_is_used_before_what_48_hours_allow(
    fan: Follower, client: WeChatClient, clock: FixedClock
) -> None:
    fan.say("在吗")
    fan.click("k")
    client.message.send_text(fan.openid, "答")
    assert (fan.said_left, fan.acted_left) == (5, 2)
    clock.advance(minutes=1)
    assert (fan.said_left, fan.acted_left) == (5, 0)


@pytest.mark.parametrize(
    "act",
    [
        lambda fan: fan.view("https://example.cn"),
        lambda fan: fan.locate(30.5, 114.3),
        lambda fan: fan.accept(TEMPLATE),
    ],
    ids=["view", "locate", "accept"],
)
def test_other_events_allow_nothing(
    act: Callable[[Follower], object], fan: Follower, client: WeChatClient
) -> None:
    fan.following = True
    act(fan)
    assert refused(lambda: client.message.send_text(fan.openid, "答")) == 45015


def test_who_has_left_is_not_reached(
    platform: Platform, fan: Follower, client: WeChatClient
) -> None:
    fan.say("在吗")
    fan.unfollow()
    assert refused(lambda: client.message.send_text(fan.openid, "答")) == 43004
    platform.unfollowed_errcode = 45015
    assert refused(lambda: client.message.send_text(fan.openid, "答")) == 45015
    fan.follow()
    assert (fan.said_left, fan.acted_left) == (0, 3)


def test_an_unverified_account_may_not_send(clock: FixedClock) -> None:
    poor = Registration(has_customer_service=False)
    with standing_in(poor, clock=clock) as platform:
        platform.connect(Product(poor))
        fan = platform.follower()
        fan.say("在吗")
        client = client_of(platform, platform.token())
        assert refused(lambda: client.message.send_text(fan.openid, "答")) == 48001
        assert refused(client.customservice.get_accounts) == 48001
        assert platform.books.broken == []


def test_a_text_has_2048_bytes(platform: Platform, fan: Follower, client: WeChatClient) -> None:
    fan.say("在吗")
    client.message.send_text(fan.openid, "字" * 682 + "ab")
    assert platform.books.broken == []
    assert refused(lambda: client.message.send_text(fan.openid, "字" * 682 + "abc")) == 45002
    assert platform.books.broken == ["message/custom/send: a text of 2049 bytes"]
    assert fan.said_left == 4


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"not json", 47001),
        (b"[]", 47001),
        (b'{"msgtype":"text"}', 47001),
        (b'{"msgtype":"text","text":{"content":"\\u4f60"}}', 40033),
        (b'{"msgtype":"text","text":{"content":"\xff"}}', 40033),
        (b'{"msgtype":"text","text":{"content":""}}', 44004),
        (b'{"msgtype":"dance","dance":{}}', 40008),
        (b'{"msgtype":"msgmenu","msgmenu":{"list":[]}}', 47003),
        (b'{"msgtype":"msgmenu","msgmenu":{"list":[{"id":1,"content":"a"}]}}', 47003),
        (b'{"msgtype":"msgmenu","msgmenu":{"list":[{"id":"1"}]}}', 47003),
        (
            b'{"msgtype":"msgmenu","msgmenu":{"list":'
            b'[{"id":"1","content":"a"},{"id":"1","content":"b"}]}}',
            47003,
        ),
    ],
)
def test_a_message_out_of_shape_is_a_breach(
    platform: Platform, fan: Follower, body: bytes, errcode: int
) -> None:
    fan.say("在吗")
    whole = body.replace(b'{"msgtype"', f'{{"touser":"{fan.openid}","msgtype"'.encode())
    assert posted(platform, "message/custom/send", whole) == errcode
    assert len(platform.books.broken) == 1
    assert fan.seen == []


def test_escaped_ascii_and_escaped_backslashes_are_no_breach(
    platform: Platform, fan: Follower
) -> None:
    fan.say("在吗")
    body = f'{{"touser":"{fan.openid}","msgtype":"text","text":{{"content":"\\u0041\\\\u4f60"}}}}'
    assert posted(platform, "message/custom/send", body.encode()) == 0
    assert fan.texts == ["A\\u4f60"]
    assert platform.books.broken == []


def test_choices_come_back_with_their_id_when_tapped(
    fan: Follower, client: WeChatClient, product: Product, clock: FixedClock
) -> None:
    fan.say("在吗")
    menu = {
        "head_content": "解决了吗？",
        "list": [{"id": "yes", "content": "解决了"}, {"id": "no", "content": "没有"}],
        "tail_content": "谢谢",
    }
    client.message.send_msg_menu(fan.openid, menu)
    assert fan.seen[-1].kind == "msgmenu"
    assert fan.texts == ["解决了吗？\n解决了\n没有\n谢谢"]
    clock.advance(hours=48)
    fan.tap("no")
    assert product.got[-1].content == "没有"
    assert product.got[-1]._data["bizmsgmenuid"] == "no"
    assert (fan.said_left, fan.acted_left) == (0, 3)
    with pytest.raises(AssertionError):
        fan.tap("perhaps")


def test_a_choice_in_a_text_is_tapped_alike(fan: Follower, product: Product) -> None:
    link = "weixin://bizmsgmenu?msgmenucontent=转人工&msgmenuid=lawyer"
    product.answers = lambda message: f'或者<a href="{link}">转人工</a>'
    fan.say("在吗")
    fan.tap("lawyer")
    assert product.got[-1].content == "转人工"
    assert fan.seen[-1].links == []


def test_an_image_is_sent_by_its_media(
    platform: Platform, fan: Follower, client: WeChatClient, clock: FixedClock
) -> None:
    fan.say("在吗")
    media_id = client.media.upload("image", ("a.png", io.BytesIO(PNG)))["media_id"]
    client.message.send_image(fan.openid, media_id)
    assert (fan.seen[-1].kind, fan.seen[-1].media_id) == ("image", media_id)
    clock.advance(hours=73)
    fan.say("还在")
    fresh = client_of(platform, platform.token())
    assert refused(lambda: fresh.message.send_image(fan.openid, media_id)) == 40007


def test_typing_needs_a_message_of_the_last_half_minute(
    platform: Platform, fan: Follower, clock: FixedClock
) -> None:
    def typing(command: str = "Typing") -> int:
        body = f'{{"touser":"{fan.openid}","command":"{command}"}}'.encode()
        return posted(platform, "message/custom/typing", body)

    fan.follow()
    assert typing() == 45080
    fan.say("在吗")
    clock.advance(seconds=30)
    assert typing() == 0
    assert typing() == 45081
    assert typing("CancelTyping") == 0
    assert typing() == 0
    clock.advance(seconds=1)
    assert typing() == 45080
    assert len(fan.typings) == 2
    assert platform.books.broken == []
    assert typing("Sleeping") == 45072
    assert len(platform.books.broken) == 1


# Subscription messages


def test_a_consent_is_good_for_one_message(
    platform: Platform, fan: Follower, client: WeChatClient
) -> None:
    def send() -> object:
        data = {"content": {"value": "律师已回复", "color": "#000000"}}
        return client.message.send_subscribe_template(
            fan.openid, TEMPLATE, 1000, "咨询进度", data, "https://example.cn/m/1"
        )

    assert refused(send) == 43101
    back = client.message.get_subscribe_authorize_url(
        1000, TEMPLATE, "https://example.cn/back?x=1", "abc"
    )
    query = parse_qs(urlsplit(fan.subscribe_by(back)).query)
    assert query["openid"] == [fan.openid]
    assert (query["action"], query["reserved"], query["x"]) == (["confirm"], ["abc"], ["1"])
    send()
    assert refused(send) == 43101
    seen = fan.seen[-1]
    assert (seen.how, seen.title, seen.text) == ("subscription", "咨询进度", "律师已回复")
    assert seen.links == ["https://example.cn/m/1"]
    assert platform.books.broken == []


def test_a_refused_subscription_gives_no_consent(fan: Follower, client: WeChatClient) -> None:
    link = client.message.get_subscribe_authorize_url(1, TEMPLATE, "https://example.cn/", "a")
    assert "action=cancel" in fan.subscribe_by(link, accepts=False)
    assert not fan.consents[TEMPLATE]
    with pytest.raises(AssertionError):
        fan.subscribe_by(link.replace("get_confirm", "get"))


def test_a_pop_up_is_told_and_counted(
    platform: Platform, fan: Follower, client: WeChatClient, product: Product
) -> None:
    data = {"thing1": {"value": "律师已回复"}}
    fan.reject(TEMPLATE)
    send = lambda: client.message.send_subscribe_message(fan.openid, TEMPLATE, data)  # noqa: E731
    assert refused(send) == 43101
    fan.accept(TEMPLATE)
    entry = product.got[-1]._data["SubscribeMsgPopupEvent"]["List"]
    assert (entry["TemplateId"], entry["SubscribeStatusString"]) == (TEMPLATE, "accept")
    send()
    fan.accept(TEMPLATE)
    fan.withdraw(TEMPLATE)
    assert product.got[-1]._data["SubscribeMsgChangeEvent"]["List"]["TemplateId"] == TEMPLATE
    assert refused(send) == 43101
    assert platform.books.broken == []


def test_the_templates_of_the_pop_up_are_listed(platform: Platform) -> None:
    url = f"{platform.url}/wxaapi/newtmpl/gettemplate"
    [listed] = web().get(url, params={"access_token": platform.token()}).json()["data"]
    assert listed["priTmplId"] == TEMPLATE
    assert "{{thing1.DATA}}" in listed["content"]
    assert platform.books.broken == []


def test_a_subscription_message_has_its_limits(
    platform: Platform, fan: Follower, client: WeChatClient
) -> None:
    def send(
        template: str = TEMPLATE, title: str = "进度", words: str = "好", scene: int = 1
    ) -> int:
        data = {"content": {"value": words}}
        return refused(
            lambda: client.message.send_subscribe_template(fan.openid, template, scene, title, data)
        )

    assert send(template="unknown") == 40037
    assert platform.books.broken == []
    assert send(title="题" * 16) == send(words="字" * 201) == send(scene=10_001) == 47003
    assert len(platform.books.broken) == 3
