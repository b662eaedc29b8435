"""Calls to the platform: what arrives, what a refusal turns into, and what never leaves."""

from __future__ import annotations

import datetime as dt
import json
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.store.unit import Store
from bot.wechat.token_repository import DatabaseTokens
from bot.wechat.tokens import DirectTokens, TokenKeeper
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.client import MOST_MEDIA_BYTES, Tokens, WeChatApi, fetch_stable_token
from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.wire import AddressRefused
from tests.conftest import FixedClock, free_port
from tests.pictures import saved, scene
from tests.platform import Follower, Platform, Registration, standing_in

TEMPLATE = "template-of-ours"
PICTURE = saved(scene(), "JPEG")
WORDS = "我叫张三"


class CountedTokens:
    """Tokens that the platform never gave."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def token(self, account: WeChatAccount) -> str:
        self.given.append("made-up-1")
        return "made-up-1"

    def renew(self, account: WeChatAccount, bad: str) -> str:
        self.given.append(f"instead of {bad}")
        return "made-up-2"


@pytest.fixture
def platform(clock: FixedClock) -> Iterator[Platform]:
    with standing_in(clock=clock) as found:
        yield found
        assert found.books.broken == []


def account_at(url: str, registration: Registration | None = None) -> WeChatAccount:
    known = registration or Registration()
    return WeChatAccount("", known.app_id, known.token, secret=known.secret, api_url=url)


@contextmanager
def calling(url: str, tokens: Tokens | None = None, timeout_s: float = 5.0) -> Iterator[WeChatApi]:
    api = WeChatApi(account_at(url), tokens or DirectTokens(), timeout_s)
    try:
        yield api
    finally:
        api.close()


@pytest.fixture
def api(platform: Platform) -> Iterator[WeChatApi]:
    with calling(platform.url) as found:
        yield found


@pytest.fixture
def fan(platform: Platform) -> Follower:
    return following(platform)


def following(platform: Platform) -> Follower:
    platform.connect(Deaf())
    fan = platform.follower()
    fan.follow()
    fan.say("在吗")
    return fan


class Deaf:
    """A product that takes every message and answers none."""

    def post(self, path: str, body: bytes, patience_s: float) -> Took:
        return Took()

    def get(self, path: str, patience_s: float) -> Took:
        return Took()


class Took:
    status = 200
    body = b"success"


def test_what_is_sent_is_what_the_follower_reads(api: WeChatApi, fan: Follower) -> None:
    api.send_text(fan.openid, '欠薪可以投诉，拨打 12333。\n<a href="https://a.cn">看全文</a>')
    api.send_choices(fan.openid, "请选一项", [("wage", "老板欠薪"), ("loan", "借钱不还")], "都不是")
    text, choices = fan.seen[-2:]
    assert text.text == '欠薪可以投诉，拨打 12333。\n<a href="https://a.cn">看全文</a>'
    assert choices.items == (("wage", "老板欠薪"), ("loan", "借钱不还"))
    assert choices.text == "请选一项\n老板欠薪\n借钱不还\n都不是"


def test_a_picture_is_uploaded_and_shown(api: WeChatApi, fan: Follower) -> None:
    media_id = api.upload_image("photo.jpg", PICTURE)
    api.send_image(fan.openid, media_id)
    assert (fan.seen[-1].kind, fan.seen[-1].media_id) == ("image", media_id)


def test_a_token_that_another_program_ended_is_renewed_once(
    platform: Platform, api: WeChatApi, fan: Follower
) -> None:
    api.send_text(fan.openid, "一")
    platform.invalidate_token()
    api.send_text(fan.openid, "二")
    platform.expire_token()
    api.send_text(fan.openid, "三")
    assert fan.texts == ["一", "二", "三"]
    assert [call.errcode for call in platform.books.called("message/custom/send")] == [
        0, 40001, 0, 42001, 0,
    ]  # fmt: skip


def test_an_upload_is_whole_when_it_is_repeated(
    platform: Platform, api: WeChatApi, fan: Follower
) -> None:
    api.typing(fan.openid)
    platform.invalidate_token()
    media_id = api.upload_image("photo.jpg", PICTURE)
    assert api.download(media_id) == (PICTURE, "image/jpeg")


def test_a_token_refused_for_good_costs_two_calls(platform: Platform, fan: Follower) -> None:
    tokens = CountedTokens()
    with calling(platform.url, tokens) as api, pytest.raises(ApiFailed) as failed:
        api.send_text(fan.openid, "一")
    assert failed.value.failure is Failure.TOKEN
    assert tokens.given == ["made-up-1", "instead of made-up-1"]
    assert len(platform.books.called("message/custom/send")) == 2


def test_a_token_that_is_refused_though_it_is_current_is_replaced_by_force(
    platform: Platform, sqlite_store: Store, clock: FixedClock
) -> None:
    keeper = TokenKeeper(DatabaseTokens(sqlite_store), clock)
    with calling(platform.url, keeper) as api:
        api.menu()
        platform.fail("menu/get", errcode=40001)
        assert api.menu() is None
    assert [call.errcode for call in platform.books.called("menu/get")] == [46003, 40001, 46003]
    assert len(platform.books.called("stable_token")) == 3
    assert keeper.token(account_at(platform.url)) == platform.token()


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (-1, Failure.BUSY),
        (40003, Failure.NO_FOLLOWER),
        (43004, Failure.NO_FOLLOWER),
        (45002, Failure.TOO_LONG),
        (45009, Failure.DAILY),
        (45011, Failure.MINUTE),
        (45015, Failure.WINDOW),
        (45047, Failure.QUOTA),
        (48001, Failure.UNAUTHORISED),
        (40037, Failure.OTHER),
    ],
)
def test_a_refusal_is_told_by_its_kind_and_is_not_repeated(
    platform: Platform, api: WeChatApi, fan: Follower, code: int, failure: Failure
) -> None:
    platform.fail("message/custom/send", errcode=code)
    with pytest.raises(ApiFailed) as failed:
        api.send_text(fan.openid, "一")
    assert (failed.value.failure, failed.value.code) == (failure, code)
    assert fan.texts == []


@pytest.mark.parametrize(
    "go_wrong",
    [
        lambda platform: platform.fail("message/custom/send", status=502),
        lambda platform: platform.fail("message/custom/send", cut=True),
        lambda platform: platform.fail("message/custom/send", hang_s=20),
        lambda platform: platform.fail("message/custom/send", errcode=45015),
    ],
    ids=["502", "cut", "silent", "refused"],
)
def test_a_failure_names_neither_the_follower_nor_the_words_nor_the_token(
    platform: Platform, fan: Follower, go_wrong: Callable[[Platform], None]
) -> None:
    go_wrong(platform)
    with calling(platform.url, timeout_s=0.3) as api, pytest.raises(ApiFailed) as failed:
        api.send_text(fan.openid, WORDS)
    told = "".join(traceback.format_exception(failed.value)) + repr(failed.value)
    cause: BaseException | None = failed.value
    while cause is not None:
        told += repr(vars(cause)) + repr(cause.args)
        cause = cause.__cause__ or cause.__context__
    for secret in (fan.openid, WORDS, platform.token(), Registration().secret):
        assert secret not in told
    assert failed.value.failure in (Failure.BUSY, Failure.WINDOW)


def test_a_platform_that_is_not_there_is_busy() -> None:
    with calling(f"http://127.0.0.1:{free_port()}") as api, pytest.raises(ApiFailed) as failed:
        api.menu()
    assert failed.value.failure is Failure.BUSY


def test_proxies_of_the_environment_are_not_used(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with calling(platform.url) as api:
        assert api.menu() is None


def test_an_address_that_is_not_listed_is_named(platform: Platform) -> None:
    platform.whitelisted = False
    with pytest.raises(AddressRefused) as failed:
        fetch_stable_token(account_at(platform.url))
    assert (failed.value.failure, failed.value.address) == (Failure.ADDRESS, "127.0.0.1")


def test_without_a_secret_nothing_is_asked_for(platform: Platform) -> None:
    with pytest.raises(ApiFailed) as failed:
        fetch_stable_token(WeChatAccount("", "wx0000000000000001", "t", api_url=platform.url))
    assert failed.value.failure is Failure.UNAUTHORISED
    assert platform.books.calls == []


def test_typing_that_is_not_shown_is_no_failure(
    api: WeChatApi, fan: Follower, clock: FixedClock
) -> None:
    assert api.typing(fan.openid)
    assert not api.typing(fan.openid)
    clock.advance(minutes=5)
    assert not api.typing(fan.openid)
    assert len(fan.typings) == 1


def test_typing_that_is_not_allowed_is_one(platform: Platform, api: WeChatApi) -> None:
    platform.fail("message/custom/typing", errcode=48001)
    with pytest.raises(ApiFailed) as failed:
        api.typing("somebody")
    assert failed.value.failure is Failure.UNAUTHORISED


def test_one_notice_may_be_sent_for_one_consent(api: WeChatApi, fan: Follower) -> None:
    back = "https://12348.example.cn/m/agreed"
    returned = fan.subscribe_by(api.subscribe_url(7, TEMPLATE, back, "reserved7"))
    assert returned.startswith(back)
    content = {"content": {"value": "律师已回复，请点开查看"}}
    api.send_subscription(
        fan.openid, TEMPLATE, 7, "律师回复", content, "https://12348.example.cn/m/x"
    )
    notice = fan.seen[-1]
    assert (notice.how, notice.title) == ("subscription", "律师回复")
    assert notice.url == "https://12348.example.cn/m/x"
    with pytest.raises(ApiFailed) as failed:
        api.send_subscription(fan.openid, TEMPLATE, 7, "律师回复", content)
    assert failed.value.failure is Failure.REFUSED


def test_a_menu_is_as_it_was_set(api: WeChatApi) -> None:
    assert api.menu() is None
    api.set_menu({"button": [{"type": "click", "name": "转律师", "key": "lawyer"}]})
    menu = api.menu()
    assert menu is not None
    assert menu["button"][0]["name"] == "转律师"
    assert menu["button"][0]["key"] == "lawyer"


def test_a_qr_code_carries_its_scene_for_good(platform: Platform, api: WeChatApi) -> None:
    url = api.make_qr("office-3")
    code = platform.account().codes[0]
    assert (code.url, code.scene, code.ends_at) == (url, "office-3", None)


@pytest.mark.parametrize("allowed", [True, False])
def test_whether_messages_may_be_pushed_is_asked(clock: FixedClock, allowed: bool) -> None:
    registration = Registration(has_customer_service=allowed)
    with standing_in(registration, clock=clock) as platform, calling(platform.url) as api:
        assert api.has_customer_service() is allowed


def test_the_templates_of_the_pop_up_are_read_with_their_fields(api: WeChatApi) -> None:
    [(template, content)] = api.notice_templates().items()
    assert template == Registration().templates[0]
    assert "{{thing1.DATA}}" in content


def test_who_comes_back_from_the_platforms_page_is_known_once(
    api: WeChatApi, fan: Follower
) -> None:
    code = fan.oauth_code()
    assert api.oauth_openid(code) == fan.openid
    with pytest.raises(ApiFailed) as failed:
        api.oauth_openid(code)
    assert failed.value.code == 40163


def test_the_platforms_clock_is_read(api: WeChatApi, clock: FixedClock) -> None:
    assert api.server_time() == clock.now()


# --- media --------------------------------------------------------------------------------------


def test_what_a_follower_sent_is_fetched_with_its_type(
    platform: Platform, api: WeChatApi, fan: Follower
) -> None:
    fan.send_image(PICTURE)
    [media_id] = platform.account().media
    assert api.download(media_id) == (PICTURE, "image/jpeg")


def test_media_that_is_gone_is_a_refusal(api: WeChatApi) -> None:
    with pytest.raises(ApiFailed) as failed:
        api.download("no-such-media")
    assert failed.value.code == 40007


class Odd(BaseHTTPRequestHandler):
    """Answers as its server's ``says`` has it, after a token."""

    says: Callable[[Odd], None]

    def do_POST(self) -> None:
        self._answer(b'{"access_token": "t", "expires_in": 7200}')

    def do_GET(self) -> None:
        type(self).says(self)

    def _answer(self, body: bytes, status: int = 200, mime: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def odd(says: Callable[[Odd], None], timeout_s: float = 5.0) -> Iterator[WeChatApi]:
    handler = type("Handler", (Odd,), {"says": says})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with calling(f"http://127.0.0.1:{server.server_port}", timeout_s=timeout_s) as api:
            yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_file_that_is_too_large_is_not_fetched_to_its_end() -> None:
    sent = 0

    def says(caller: Odd) -> None:
        nonlocal sent
        caller.send_response(200)
        caller.send_header("Content-Type", "image/jpeg")
        caller.send_header("Content-Length", str(50 * 1024 * 1024))
        caller.end_headers()
        try:
            for _ in range(50):
                caller.wfile.write(bytes(1024 * 1024))
                sent += 1
        except OSError:
            return

    with odd(says) as api:
        body, mime = api.download("large")
    assert (len(body), mime) == (MOST_MEDIA_BYTES + 1, "image/jpeg")
    assert sent < 50


@pytest.mark.parametrize(
    "where",
    [
        "http://127.0.0.1/video",
        "http://qq.com.example.cn/video",
        "http://203.0.113.72/qq.com@example.cn/video",
        "http://203.0.113.72/example.cn/qq.com/video",
        "file:///qq.com/video",
        "qq.com",
        "",
        7,
    ],
)
def test_a_video_is_fetched_from_the_platform_only(
    where: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, Any]] = []
    real = socket.getaddrinfo

    def says(caller: Odd) -> None:
        caller._answer(json.dumps({"video_url": where}).encode(), mime="text/plain")

    def resolve(name: Any, service: Any, *more: Any, **named: Any) -> Any:
        asked.append((name, service))
        return real(name, service, *more, **named)

    with odd(says) as api:
        port = int(api.account.api_url.rpartition(":")[2])
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        with pytest.raises(ApiFailed) as failed:
            api.download("video")
    assert failed.value.failure is Failure.OTHER
    # The platform itself, by its number.
    assert {(str(name), int(service)) for name, service in asked} == {("127.0.0.1", port)}


@pytest.mark.parametrize("body", [b"<html>please sign in</html>", b"[]", b"", b"\xff\xfe"])
def test_what_is_not_the_platforms_is_busy(body: bytes) -> None:
    with odd(lambda caller: caller._answer(body)) as api, pytest.raises(ApiFailed) as failed:
        api.menu()
    assert failed.value.failure is Failure.BUSY


def test_a_redirect_is_not_followed() -> None:
    asked = []

    def says(caller: Odd) -> None:
        asked.append(caller.path)
        caller.send_response(302)
        caller.send_header("Location", "/elsewhere")
        caller.send_header("Content-Length", "0")
        caller.end_headers()

    with odd(says) as api, pytest.raises(ApiFailed):
        api.menu()
    assert len(asked) == 1


def test_an_answer_that_trickles_is_given_up() -> None:
    over = threading.Event()

    def says(caller: Odd) -> None:
        caller.send_response(200)
        caller.send_header("Content-Type", "application/json")
        caller.end_headers()
        try:
            while not over.wait(0.02):
                caller.wfile.write(b" ")
        except OSError:
            return

    with odd(says, timeout_s=0.2) as api:
        began = dt.datetime.now(dt.UTC)
        with pytest.raises(ApiFailed) as failed:
            api.menu()
        over.set()
    assert failed.value.failure is Failure.BUSY
    assert dt.datetime.now(dt.UTC) - began < dt.timedelta(seconds=5)
