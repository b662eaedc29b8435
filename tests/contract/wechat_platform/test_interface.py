"""The stand-in's media, QR codes, menus and OAuth codes, and its faults on demand."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException, WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

from tests.conftest import FixedClock
from tests.contract.wechat_platform.wechatpy_side import (
    OURS,
    PNG,
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

# Media and QR codes


def test_media_is_there_for_three_days(
    platform: Platform, fan: Follower, product: Product, clock: FixedClock
) -> None:
    fan.send_image(PNG)
    client = client_of(platform, platform.token())
    answer = client.media.download(product.got[-1].media_id)
    assert answer.content == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert "filename" in answer.headers["Content-Disposition"]
    clock.advance(days=3, seconds=1)
    later = client_of(platform, platform.token())
    assert refused(lambda: later.media.download(product.got[-1].media_id)) == 40007


@pytest.mark.parametrize(
    ("kind", "name", "body", "errcode"),
    [
        ("picture", "a.png", PNG, 40004),
        ("image", "a.bmp", PNG, 40005),
        ("image", "a.png", b"<html>", 40005),
        ("image", "a.png", PNG + bytes(10 * 1024 * 1024), 40006),
        ("thumb", "a.jpg", b"\xff\xd8\xff" + bytes(64 * 1024), 40006),
    ],
)
def test_media_has_its_kinds_and_sizes(
    platform: Platform, client: WeChatClient, kind: str, name: str, body: bytes, errcode: int
) -> None:
    assert refused(lambda: client.media.upload(kind, (name, io.BytesIO(body)))) == errcode
    assert len(platform.books.broken) == 1


def test_an_upload_without_a_file_is_a_breach(platform: Platform) -> None:
    assert posted(platform, "media/upload?type=image", PNG) in (40004, 41005)
    assert len(platform.books.broken) == 1


def test_a_qr_code_brings_its_scene(
    platform: Platform, fan: Follower, client: WeChatClient, product: Product, clock: FixedClock
) -> None:
    made = client.qrcode.create(
        {
            "expire_seconds": 1800,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": "hall-3"}},
        }
    )
    fan.scan(made["url"])
    assert (product.got[-1].event, product.got[-1].scene_id) == ("subscribe_scan", "hall-3")
    fan.scan(made["ticket"])
    assert (product.got[-1].event, product.got[-1].scene_id) == ("scan", "hall-3")
    clock.advance(seconds=1801)
    with pytest.raises(AssertionError, match="expired"):
        fan.scan(made["url"])
    lasting = {
        "action_name": "QR_LIMIT_STR_SCENE",
        "action_info": {"scene": {"scene_str": "hall"}},
    }
    assert "expire_seconds" not in client.qrcode.create(lasting)
    assert platform.books.broken == []
    lasting["action_info"] = {"scene": {"scene_str": "h" * 65}}
    assert refused(lambda: client.qrcode.create(lasting)) == 40053
    assert refused(lambda: client.qrcode.create({"action_name": "QR"})) == 40052


# The menu


def test_a_menu_is_kept_read_pressed_and_deleted(
    platform: Platform, fan: Follower, client: WeChatClient, product: Product
) -> None:
    assert client.menu.get() is None
    buttons = [
        {"type": "click", "name": "法律咨询", "key": "ask"},
        {
            "name": "办事",
            "sub_button": [{"type": "view", "name": "申请法律援助", "url": "https://a.cn"}],
        },
    ]
    client.menu.create({"button": buttons})
    found = client.menu.get()["menu"]
    assert found == platform.menu()
    assert found["button"][1]["sub_button"][0]["url"] == "https://a.cn"
    fan.press("法律咨询")
    assert (product.got[-1].event, product.got[-1].key) == ("click", "ask")
    fan.press("申请法律援助")
    assert (product.got[-1].event, product.got[-1].url) == ("view", "https://a.cn")
    with pytest.raises(AssertionError):
        fan.press("办事")
    client.menu.delete()
    assert platform.menu() is None
    assert platform.books.broken == []


CLICK = {"type": "click", "name": "咨询", "key": "k"}


@pytest.mark.parametrize(
    ("buttons", "errcode"),
    [
        ([], 40016),
        ([CLICK] * 4, 40016),
        ([{"name": "办事", "sub_button": [CLICK] * 6}], 40023),
        ([{"name": "办事", "sub_button": [{"name": "更", "sub_button": [CLICK]}]}], 40023),
        ([CLICK | {"type": "dance"}], 40017),
        ([CLICK | {"name": "字" * 6}], 40018),
        ([CLICK | {"key": "k" * 129}], 40019),
        ([CLICK | {"key": ""}], 40019),
        ([{"type": "view", "name": "看"}], 40020),
        ([{"type": "view", "name": "看", "url": "a.cn"}], 40055),
        ([{"name": "办事", "sub_button": [CLICK | {"type": "dance"}]}], 40024),
        ([{"name": "办事", "sub_button": [CLICK | {"name": "字" * 21}]}], 40025),
        ([{"name": "办事", "sub_button": [CLICK | {"key": "k" * 129}]}], 40026),
    ],
)
def test_a_menu_has_its_limits(
    platform: Platform, client: WeChatClient, buttons: list[dict[str, Any]], errcode: int
) -> None:
    assert refused(lambda: client.menu.create({"button": buttons})) == errcode
    assert len(platform.books.broken) == 1
    assert platform.menu() is None


def test_a_name_that_the_phone_cuts_is_taken_but_a_breach(
    platform: Platform, client: WeChatClient
) -> None:
    fitting = [
        CLICK | {"name": "法律咨询"},
        {"name": "办事", "sub_button": [CLICK | {"name": "字" * 8}]},
    ]
    client.menu.create({"button": fitting})
    assert platform.books.broken == []
    client.menu.create({"button": [CLICK | {"name": "法律咨询啊"}]})
    assert platform.menu() is not None
    assert len(platform.books.broken) == 1


# OAuth


def test_a_code_tells_the_openid_once(platform: Platform, fan: Follower, clock: FixedClock) -> None:
    oauth = WeChatOAuth(OURS.app_id, OURS.secret, "https://example.cn/m/back", state="abc")
    oauth.API_BASE_URL = f"{platform.url}/"

    def code() -> str:
        query = parse_qs(urlsplit(fan.authorise(oauth.authorize_url)).query)
        assert query["state"] == ["abc"]
        return query["code"][0]

    def errcode(word: str) -> int:
        with pytest.raises(WeChatOAuthException) as caught:
            oauth.fetch_access_token(word)
        return int(caught.value.errcode)

    first = code()
    assert oauth.fetch_access_token(first)["openid"] == fan.openid
    assert errcode(first) == 40163
    assert errcode("made-up") == 40029
    late = code()
    clock.advance(minutes=5, seconds=1)
    assert errcode(late) == 42003
    oauth.secret = "guess"
    assert errcode(code()) == 40125
    assert platform.books.broken == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("#wechat_redirect", ""),
        ("https://open", "https://opens"),
        ("snsapi_base", "snsapi_all"),
        ("state=abc", "state=a-b"),
        (OURS.app_id, "wx2"),
        ("&scope=snsapi_base&state=abc", "&state=abc&scope=snsapi_base"),
    ],
)
def test_a_wrong_oauth_link_opens_no_page(
    platform: Platform, fan: Follower, old: str, new: str
) -> None:
    oauth = WeChatOAuth(OURS.app_id, OURS.secret, "https://example.cn/", state="abc")
    with pytest.raises(AssertionError):
        fan.authorise(oauth.authorize_url.replace(old, new))
    assert len(platform.books.broken) == 1


# An account that is not verified


def test_an_unverified_account_may_only_answer(clock: FixedClock) -> None:
    poor = Registration(has_customer_service=False)
    with standing_in(poor, clock=clock) as platform:
        product = Product(poor, lambda message: "答")
        platform.connect(product)
        fan = platform.follower()
        assert fan.send_image(PNG).text == "答"
        client = client_of(platform, platform.token())
        assert client.get("getcallbackip")["ip_list"]
        scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "hall"}}}
        for call in (
            lambda: client.media.download(product.got[-1].media_id),
            lambda: client.media.upload("image", ("a.png", io.BytesIO(PNG))),
            lambda: client.menu.create({"button": [CLICK]}),
            client.menu.get,
            lambda: client.qrcode.create(scene),
            lambda: client.message.send_text(fan.openid, "答"),
            client.customservice.get_accounts,
        ):
            assert refused(call) == 48001
        oauth = WeChatOAuth(poor.app_id, poor.secret, "https://example.cn/m/back")
        oauth.API_BASE_URL = f"{platform.url}/"
        with pytest.raises(WeChatOAuthException) as caught:
            oauth.fetch_access_token(fan.oauth_code())
        assert caught.value.errcode == 48001
        assert (platform.menu(), platform.books.broken) == (None, [])
        with pytest.raises(AssertionError):
            fan.authorise(oauth.authorize_url)
        assert len(platform.books.broken) == 1


# Faults on demand


def test_an_endpoint_fails_as_often_as_told(
    platform: Platform, fan: Follower, client: WeChatClient
) -> None:
    fan.say("在吗")
    platform.fail("message/custom/send", errcode=45011, times=2)
    for _ in range(2):
        assert refused(lambda: client.message.send_text(fan.openid, "答")) == 45011
    client.message.send_text(fan.openid, "答")
    assert fan.texts == ["答"]
    assert [call.errcode for call in platform.books.called("message/custom/send")] == [
        45011
    ] * 2 + [0]


def test_any_endpoint_is_out_of_order_until_it_is_healed(
    platform: Platform, client: WeChatClient
) -> None:
    platform.fail("*", status=502, times=None)
    for _ in range(2):
        with pytest.raises(WeChatClientException) as caught:
            client.customservice.get_accounts()
        assert caught.value.response.status_code == 502
    platform.heal()
    assert client.customservice.get_accounts()


def test_only_the_answer_may_be_lost(platform: Platform, fan: Follower) -> None:
    fan.say("在吗")
    url = f"{platform.url}/cgi-bin/message/custom/send?access_token={platform.token()}"
    body = f'{{"touser":"{fan.openid}","msgtype":"text","text":{{"content":"x"}}}}'
    platform.fail("message/custom/send", cut=True)
    platform.fail("message/custom/send", cut=True, takes_effect=True)
    for shown in ([], ["x"]):
        with pytest.raises(httpx2.TransportError):
            web().post(url, content=body)
        assert fan.texts == shown


def test_a_call_hangs(platform: Platform, fan: Follower) -> None:
    fan.say("在吗")
    url = f"{platform.url}/cgi-bin/message/custom/send?access_token={platform.token()}"
    body = f'{{"touser":"{fan.openid}","msgtype":"text","text":{{"content":"x"}}}}'
    platform.fail("message/custom/send", hang_s=0.05, takes_effect=True)
    platform.fail("message/custom/send", hang_s=60)
    assert web().post(url, content=body, timeout=5).json()["errcode"] == 0
    with pytest.raises(httpx2.TimeoutException):
        web().post(url, content=body, timeout=0.05)
    assert fan.texts == ["x"]


def test_a_switch_for_nothing_is_refused(platform: Platform) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        platform.fail("message/custom/sent", errcode=45011)
    with pytest.raises(ValueError, match="goes wrong"):
        platform.fail("*")


def test_unknown_endpoints_and_wrong_methods_are_breaches(
    platform: Platform, client: WeChatClient
) -> None:
    assert refused(lambda: client.get("message/mass/send")) == 40066
    assert refused(lambda: client.get("menu/create")) == 43002
    assert refused(lambda: client.post("menu/get")) == 43001
    assert len(platform.books.broken) == 3


def test_the_answer_s_date_is_the_clock_s(platform: Platform, clock: FixedClock) -> None:
    date = web().get(f"{platform.url}/cgi-bin/get_api_domain_ip").headers["Date"]
    assert date == clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
