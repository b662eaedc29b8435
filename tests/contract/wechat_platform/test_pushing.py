"""What the stand-in delivers to a product, how often, and what a screen shows of it."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from wechatpy import WeChatClient

from tests.conftest import FixedClock
from tests.contract.wechat_platform.wechatpy_side import (
    Product,
)
from tests.platform import (
    UNAVAILABLE,
    Answer,
    ClientTransport,
    Follower,
    HttpTransport,
    Platform,
    Registration,
    standing_in,
)

# What a follower sends


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_delivery_is_signed_and_sealed_by_the_mode(mode: Any, clock: FixedClock) -> None:
    registration = Registration(mode=mode)
    with standing_in(registration, clock=clock) as platform:
        product = Product(registration, lambda message: f"答：{message.content.replace(']]>', '')}")
        platform.connect(product)
        fan = platform.follower("o" * 28)
        push = fan.say("工资]]>拖欠 <b>&</b> 😀")
        assert product.got[0].content == "工资]]>拖欠 <b>&</b> 😀"
        assert product.got[0].target == registration.original_id
        assert product.got[0].id == int(push.msg_id) > 2**53
        assert push.text == "答：工资拖欠 <b>&</b> 😀"
        assert [one.how for one in fan.seen] == ["passive"]
        query = parse_qs(urlsplit(product.paths[0]).query)
        assert ("msg_signature" in query) == (mode != "plain")
        assert query["timestamp"] == [str(int(clock.now().timestamp()))]
        assert platform.verify()
        assert platform.books.broken == []


def test_every_kind_of_message_reads_as_its_own(fan: Follower, product: Product) -> None:
    fan.speak("老板拖欠工资")
    assert product.got[-1].recognition == "老板拖欠工资"
    assert product.got[-1].format == "amr"
    fan.send_image()
    assert product.got[-1].image.startswith("http://")
    fan.send_video()
    fan.send_shortvideo()
    assert [message.type for message in product.got[-2:]] == ["video", "shortvideo"]
    fan.send_location(30.5, 114.25, "武汉市")
    assert product.got[-1].location == ("30.5", "114.25")
    assert product.got[-1].label == "武汉市"
    fan.send_link("判决书", "一审", "https://example.cn")
    assert product.got[-1].url == "https://example.cn"
    fan.send_file("合同.pdf")
    assert product.got[-1]._data["Title"] == "合同.pdf"
    assert len({message.id for message in product.got}) == len(product.got)
    assert not any(message.id == 0 for message in product.got)


def test_events_are_their_own_and_carry_no_msg_id(fan: Follower, product: Product) -> None:
    fan.follow("hall")
    assert (product.got[-1].event, product.got[-1].scene_id) == ("subscribe_scan", "hall")
    fan.unfollow()
    assert product.got[-1].event == "unsubscribe"
    fan.follow()
    assert product.got[-1].event == "subscribe"
    fan.locate(30.5, 114.25)
    assert product.got[-1].latitude == 30.5
    fan.event("kf_create_session", KfAccount="desk1")
    assert product.got[-1].account == "desk1"
    assert all("MsgId" not in message._data for message in product.got)


def test_accounts_without_recognition_send_none(clock: FixedClock) -> None:
    registration = Registration(has_recognition=False)
    with standing_in(registration, clock=clock) as platform:
        product = Product(registration)
        platform.connect(product)
        platform.follower().speak("老板拖欠工资")
        assert product.got[0].recognition is None


def test_a_second_account_has_its_own_callback(platform: Platform, product: Product) -> None:
    two = Registration(app_id="wx2", original_id="gh_2", path="/wechat/two", mode="plain")
    platform.register(two)
    other = Product(two, lambda message: "二")
    platform.connect(other, two)
    assert platform.follower(registration=two).say("在吗").text == "二"
    assert other.paths[0].startswith("/wechat/two?")
    assert product.got == []


# Deliveries


def test_who_is_silent_is_asked_once(fan: Follower, product: Product) -> None:
    for nothing in (b"", b"success"):
        product.instead = [Answer(200, nothing)]
        push = fan.say("在吗")
        assert [attempt.outcome for attempt in push.attempts] == ["silent"]
        assert (push.text, push.answered_by, push.seen) == ("", 1, [])


def test_a_late_answer_is_asked_for_again_with_the_same_id(
    platform: Platform, fan: Follower, product: Product
) -> None:
    product.answers = lambda message: "答"
    product.instead = [TimeoutError(), ConnectionResetError()]
    push = fan.say("在吗")
    assert [attempt.outcome for attempt in push.attempts] == ["late", "unreachable", "answered"]
    assert (push.answered_by, push.text) == (3, "答")
    assert len({message.id for message in product.got}) == 1
    assert len(set(product.paths)) == 3
    assert platform.books.broken == []
    platform.signs_anew = False
    product.instead = [TimeoutError()]
    fan.say("在吗")
    assert product.paths[-1] == product.paths[-2]


def test_three_deliveries_in_vain_are_told_to_the_follower(
    platform: Platform, fan: Follower, product: Product
) -> None:
    product.instead = [TimeoutError(), Answer(502, b""), ConnectionRefusedError(), Answer(200, b"")]
    push = fan.say("在吗")
    assert len(product.got) == 3
    assert (push.answered_by, push.unavailable) == (None, True)
    assert fan.texts == [UNAVAILABLE]
    assert platform.books.broken == []


def test_nobody_is_told_of_an_unheard_event(fan: Follower, product: Product) -> None:
    product.instead = [TimeoutError()] * 3
    push = fan.unfollow()
    assert len(push.attempts) == 3
    assert fan.seen == []


def test_a_message_can_be_delivered_once_more(fan: Follower, product: Product) -> None:
    push = fan.say("在吗")
    again = fan.redeliver(push)
    assert product.got[0].id == product.got[1].id
    assert (again.msg_id, again.created_at) == (push.msg_id, push.created_at)


def test_two_followers_may_have_one_msg_id(platform: Platform, product: Product) -> None:
    for _ in range(2):
        platform.follower().say("在吗", msg_id="77")
    assert [message.id for message in product.got] == [77, 77]
    assert product.got[0].source != product.got[1].source


# The screen, and the ways to the product


def test_one_waits_for_what_comes_later(fan: Follower, client: WeChatClient) -> None:
    fan.say("在吗")
    heard: list[str] = []
    fan.watch(lambda seen: heard.append(seen.text))
    worker = threading.Thread(
        target=client.message.send_text, args=(fan.openid, "律师：在，看https://example.cn/m/1。")
    )
    worker.start()
    seen = fan.wait_for("律师")
    worker.join()
    assert seen.how == "service"
    assert seen.links == ["https://example.cn/m/1"]
    assert heard == fan.texts
    with pytest.raises(AssertionError, match="waited for '律师'"):
        fan.wait_for("律师", timeout_s=0.0, after=1)


class _Client:
    """As starlette's TestClient."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def post(self, path: str, **request: Any) -> Any:
        if b"fail" in request["content"]:
            raise RuntimeError("broken")
        assert self.gate.wait(10)
        return type("Response", (), {"status_code": 200, "content": b"success"})


def test_a_test_client_stands_behind_a_transport() -> None:
    client = _Client()
    transport = ClientTransport(client)
    with pytest.raises(TimeoutError):
        transport.post("/wechat", b"x", 0.01)
    client.gate.set()
    assert transport.post("/wechat", b"x", 5.0) == Answer(200, b"success")
    assert transport.post("/wechat", b"fail", 5.0).status == 500


def test_a_connection_is_closed_when_the_patience_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = HttpTransport(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(TimeoutError):
            transport.post("/wechat?a=1", b"<xml/>", 0.05)
        caller, _ = server.accept()
        with caller:
            assert caller.recv(4096).startswith(b"POST /wechat?a=1 HTTP/1.1\r\n")
            while caller.recv(4096):
                pass
    with pytest.raises(ConnectionRefusedError):
        transport.post("/wechat", b"<xml/>", 0.05)


def test_a_connection_that_breaks_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(4096)

        worker = threading.Thread(target=hang_up)
        worker.start()
        transport = HttpTransport(f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(ConnectionError):
            transport.post("/wechat", b"<xml/>", 5.0)
        worker.join()


def test_many_followers_write_at_once(platform: Platform, product: Product) -> None:
    product.answers = lambda message: f"答：{message.content}"
    fans = [platform.follower() for _ in range(300)]
    threads = [threading.Thread(target=fan.say, args=(f"第{i}问",)) for i, fan in enumerate(fans)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [fan.texts for fan in fans] == [[f"答：第{i}问"] for i in range(300)]
    assert len({push.msg_id for push in platform.books.pushes}) == 300


def test_the_real_clock_runs() -> None:
    with standing_in() as platform:
        assert abs(platform.clock.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)
