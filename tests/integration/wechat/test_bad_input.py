"""The callback against whoever is not the platform, and against what the platform never sends.

After each refusal nothing is stored; nothing of anybody's is in the logs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from bot.store.tables import conversations, messages
from bot.store.wechat_tables import wechat_deliveries, wechat_followers
from connectors.wechat.codec import MOST_BYTES_IN, MOST_SKEW_S
from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.county import BOTH, MAIN, PLAIN, QUIET, County
from tests.pictures import JPEG
from tests.platform import Follower, Registration, Seal, sign
from tests.wechat_desk import AMR

SECRET = "我爱人打我，电话13812345678"
OPENID = "oSomebody_0123456789abcdefgh"
BOMB = (
    '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghi"))
    + "]><xml><FromUserName>&i;</FromUserName></xml>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Content>&e;</Content></xml>'
Body = bytes | str | Iterable[bytes]


def text_message(to: str, **fields: str) -> str:
    """Return a text message; a field set to "" is left out."""
    usual = {
        "ToUserName": to,
        "FromUserName": OPENID,
        "CreateTime": "1795395600",
        "MsgType": "text",
        "Content": SECRET,
        "MsgId": "7700000000000000001",
    } | fields
    inner = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in usual.items() if v)
    return f"<xml>{inner}</xml>"


@dataclass(frozen=True)
class Forger:
    """Somebody who knows as much of an account as its registration says."""

    county: County
    account: Registration

    @property
    def now(self) -> int:
        return int(self.county.whole.clock.now().timestamp())

    def post(self, path: str, body: Body, **query: str) -> Any:
        content = body.encode() if isinstance(body, str) else body
        return self.county.whole.first.post(f"{path}?{urlencode(query)}", content=content)

    def plainly(self, xml: Body, at: int | None = None, **changed: str) -> Any:
        """Send a message as in plain mode."""
        stamp = str(self.now if at is None else at)
        query = {"timestamp": stamp, "nonce": "n", "openid": OPENID}
        query["signature"] = sign(self.account.token, stamp, "n")
        return self.post(self.account.path, xml, **query | changed)

    def sealed(
        self, xml: str, at: int | None = None, seal: Seal | None = None, **changed: str
    ) -> Any:
        """Send a message as in safe mode."""
        stamp = str(self.now if at is None else at)
        seal = seal or Seal(self.account.aes_key, self.account.app_id)
        closed = seal.close(xml)
        query = {
            "timestamp": stamp,
            "nonce": "n",
            "openid": OPENID,
            "encrypt_type": "aes",
            "signature": sign(self.account.token, stamp, "n"),
            "msg_signature": sign(self.account.token, stamp, "n", closed),
        }
        body = f"<xml><ToUserName>x</ToUserName><Encrypt>{closed}</Encrypt></xml>"
        return self.post(self.account.path, body, **query | changed)


def stored(county: County) -> list[int]:
    tables = (wechat_deliveries, wechat_followers, conversations, messages)
    with county.whole.core.store.read() as connection:
        return [
            int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for table in tables
        ]


@pytest.fixture
def forger(county: County) -> Forger:
    return Forger(county, MAIN)


@pytest.fixture
def plain(county: County) -> Forger:
    return Forger(county, PLAIN)


@pytest.fixture(autouse=True)
def _empty(county: County) -> None:
    assert stored(county) == [0, 0, 0, 0]


def assert_refused(county: County, answer: Any, status: int, reason: str) -> None:
    assert (answer.status_code, answer.text) == (status, reason)
    assert stored(county) == [0, 0, 0, 0]


# --- who is not the platform ------------------------------------------------------------------


def test_what_is_signed_and_sealed_rightly_is_answered(forger: Forger, plain: Forger) -> None:
    """The other tests refuse for the reason they name, and for no other."""
    assert forger.sealed(text_message(MAIN.original_id)).status_code == 200
    assert plain.plainly(text_message(PLAIN.original_id)).status_code == 200
    assert stored(forger.county)[0] == 2


def test_a_wrong_signature_is_refused(county: County, forger: Forger, plain: Forger) -> None:
    xml = text_message(PLAIN.original_id)
    for wrong in ("", "0" * 40, "签名", sign("another token", str(plain.now), "n")):
        assert_refused(county, plain.plainly(xml, signature=wrong), 403, "signature")
        sealed = forger.sealed(xml, msg_signature=wrong)
        assert_refused(county, sealed, 403, "signature")


def test_the_open_signature_does_not_cover_a_sealed_message(county: County, forger: Forger) -> None:
    stamp = str(forger.now)
    answer = forger.sealed(
        text_message(MAIN.original_id), msg_signature=sign(MAIN.token, stamp, "n")
    )
    assert_refused(county, answer, 403, "signature")


@pytest.mark.parametrize("skew", [-MOST_SKEW_S - 1, MOST_SKEW_S + 1, -86_400, 10**9])
def test_an_old_or_early_callback_is_refused(county: County, forger: Forger, skew: int) -> None:
    at = forger.now + skew
    assert_refused(county, forger.sealed(text_message(MAIN.original_id), at), 403, "timestamp")


@pytest.mark.parametrize("skew", [-MOST_SKEW_S, MOST_SKEW_S])
def test_clocks_may_differ_a_little(forger: Forger, skew: int) -> None:
    at = forger.now + skew
    assert forger.sealed(text_message(MAIN.original_id), at).status_code == 200


def test_a_message_heard_on_the_way_can_be_repeated_only_as_a_delivery(
    county: County, forger: Forger
) -> None:
    xml = text_message(MAIN.original_id)
    first = forger.sealed(xml)
    counted = stored(county)
    assert forger.sealed(xml).status_code == 200
    assert stored(county) == counted
    county.whole.clock.advance(minutes=30)
    at = forger.now - 1800
    assert (forger.sealed(xml, at).status_code, first.status_code) == (403, 200)


def test_a_message_to_another_account_is_refused(
    county: County, forger: Forger, plain: Forger
) -> None:
    xml = text_message("gh_of_somebody_else")
    assert_refused(county, forger.sealed(xml), 403, "account")
    assert_refused(county, plain.plainly(xml), 403, "account")


def test_another_app_id_within_the_seal_is_refused(county: County, forger: Forger) -> None:
    seal = Seal(MAIN.aes_key, BOTH.app_id)
    answer = forger.sealed(text_message(MAIN.original_id), seal=seal)
    assert_refused(county, answer, 403, "account")


def test_a_wrong_key_is_refused(county: County, forger: Forger) -> None:
    seal = Seal("z" * 43, MAIN.app_id)
    assert_refused(county, forger.sealed(text_message(MAIN.original_id), seal=seal), 403, "key")


def test_safe_mode_takes_no_open_message(county: County, forger: Forger) -> None:
    assert_refused(county, forger.plainly(text_message(MAIN.original_id)), 403, "signature")


def test_plain_mode_takes_no_sealed_message(county: County, plain: Forger) -> None:
    assert_refused(county, plain.sealed(text_message(PLAIN.original_id)), 403, "key")


def test_an_accounts_callback_does_not_take_anothers_messages(
    county: County, forger: Forger
) -> None:
    """Whoever runs one account of the house cannot write as followers of another."""
    wrong_door = replace(MAIN, path=PLAIN.path)
    answer = Forger(county, wrong_door).plainly(text_message(PLAIN.original_id))
    assert_refused(county, answer, 403, "signature")


@pytest.mark.parametrize("name", ["nobody", "Plain", "plain%20", "x" * 200, "%2e%2e"])
def test_an_unknown_account_is_not_found(county: County, name: str) -> None:
    stranger = Forger(county, replace(MAIN, path=f"/wechat/{name}"))
    answer = stranger.sealed(text_message(MAIN.original_id))
    assert answer.status_code == 404
    assert county.whole.first.get(f"/wechat/{name}").status_code == 404
    assert stored(county) == [0, 0, 0, 0]


def test_the_consoles_question_is_answered_to_the_platform_alone(
    county: County, forger: Forger
) -> None:
    for account in (MAIN, PLAIN, BOTH, QUIET):
        assert county.platform.verify(account)
    query = {"timestamp": str(forger.now), "nonce": "n", "echostr": "<script>1</script>"}
    answer = county.whole.first.get(f"/wechat?{urlencode(query | {'signature': 'wrong'})}")
    assert (answer.status_code, answer.text) == (403, "signature")
    right = query | {"signature": sign(MAIN.token, str(forger.now), "n")}
    answer = county.whole.first.get(f"/wechat?{urlencode(right)}")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


# --- what is no message -----------------------------------------------------------------------


def test_a_body_beyond_the_limit_is_refused(county: County, plain: Forger) -> None:
    body = b"<xml>" + b"x" * MOST_BYTES_IN
    # Its length need not be said beforehand.
    pieces = (body[place : place + 1024] for place in range(0, len(body), 1024))
    for sent in (body, pieces):
        assert plain.plainly(sent).status_code == 413
        assert stored(county) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"<xml>",
        b"<html></html>",
        BOMB.encode(),
        OUTSIDE.encode(),
        b"<!DOCTYPE xml><xml/>",
        b"<xml>&e;</xml>",
        b"<a>" * 5_000 + b"</a>" * 5_000,
        text_message("gh_2", FromUserName="").encode(),
        text_message("gh_2", MsgType="").encode(),
        text_message("gh_2", FromUserName="o" * 200).encode(),
    ],
    ids=range(13),
)
def test_what_is_no_message_is_refused(
    county: County, forger: Forger, plain: Forger, body: bytes
) -> None:
    assert_refused(county, plain.plainly(body), 400, "xml")
    if body and b"\xff" not in body:
        assert_refused(county, forger.sealed(body.decode()), 400, "xml")


def test_a_query_beyond_measure_is_refused(county: County, plain: Forger) -> None:
    answer = plain.plainly(text_message(PLAIN.original_id), nonce="n" * 5_000)
    assert answer.status_code == 422
    assert stored(county) == [0, 0, 0, 0]


def test_no_call_at_all_is_refused_without_a_page(county: County) -> None:
    assert county.whole.first.post("/wechat").status_code in (400, 403)
    assert county.whole.first.get("/wechat").status_code == 403
    assert county.whole.first.put("/wechat").status_code == 405
    assert stored(county) == [0, 0, 0, 0]


# --- what the platform may send and seldom does -----------------------------------------------


def test_followers_of_two_accounts_with_one_openid_stay_apart(county: County) -> None:
    one, two = county.fan(MAIN, OPENID), county.fan(BOTH, OPENID)
    first = one.send("text", [("Content", "老板拖欠我三个月工资")], msg_id="4711")
    second = two.send("text", [("Content", "房东不退押金")], msg_id="4711")
    assert (first.answered_by, second.answered_by) == (1, 1)
    here, there = county.of(one, MAIN).session, county.of(two, BOTH).session
    assert here != there
    talks = county.whole.core.conversations
    assert "押金" not in str(talks.after(here, 0))
    assert "工资" not in str([m for m in talks.after(there, 0) if m.sender == "visitor"])


def test_one_message_id_of_two_followers_is_two_messages(county: County) -> None:
    one, two = county.fan(), county.fan()
    for fan, words in ((one, "老板拖欠我三个月工资"), (two, "房东不退押金")):
        assert fan.send("text", [("Content", words)], msg_id="4712").answered_by == 1
        assert words in str(county.whole.core.conversations.after(county.of(fan).session, 0))


def test_a_message_without_an_id_is_known_by_what_it_says(county: County) -> None:
    fan = county.fan()
    asked = len(county.whole.rasa.asked)
    first = fan.send("text", [("Content", "老板拖欠我三个月工资")], msg_id="x", created_at=1)
    again = fan.send("text", [("Content", "老板拖欠我三个月工资")], msg_id="x", created_at=1)
    assert again.text == first.text
    assert len(county.whole.rasa.asked) == asked + 1
    fan.send("text", [("Content", "房东不退押金")], msg_id="x", created_at=1)
    assert county.whole.rasa.asked[-1] == "房东不退押金"


def test_empty_words_are_asked_for(county: County) -> None:
    assert "消息是空的" in county.fan().send("text", [("Content", "")]).text


@pytest.mark.parametrize("length", [2000, 2001, 4000, 10_000])
def test_words_beyond_measure_are_refused_with_what_may_be_sent(
    county: County, length: int
) -> None:
    fan = county.fan()
    push = fan.say("老" * length)
    assert push.answered_by == 1
    if length <= 2000:
        assert ANSWER in push.text
    else:
        assert "一次最多发送 2000 字" in push.text


def test_a_key_of_any_length_is_stored(county: County) -> None:
    fan = county.fan()
    push = fan.send("text", [("Content", "老板拖欠我三个月工资")], msg_id="9" * 64)
    assert ANSWER in push.text
    assert fan.redeliver(push).text == push.text


@pytest.mark.parametrize(
    "content",
    [
        "]]><Content>x</Content><![CDATA[",
        "<xml>&amp;</xml>",
        "'; DROP TABLE messages; --",
        "{{7*7}}",
        "\x00\x08\uffff老板欠薪",
        "/restart",
        '/greet{"name": "x"}',
    ],
)
def test_hostile_words_are_only_words(county: County, content: str) -> None:
    fan = county.fan()
    push = fan.send("text", [("Content", content)])
    assert push.answered_by == 1
    assert push.text
    assert not county.whole.rasa.asked[-1:] or not county.whole.rasa.asked[-1].startswith("/")


# --- logs -------------------------------------------------------------------------------------


def all_kinds(fan: Follower) -> None:
    fan.follow()
    fan.say(SECRET)
    fan.speak(SECRET, AMR)
    fan.send_image(JPEG)
    fan.send_image(b"broken")
    fan.send_location(28.1, 113.0, SECRET)
    fan.send_link(SECRET, SECRET, f"https://example.cn/{OPENID}")
    fan.send_file(SECRET)
    fan.click("topics_wage")
    fan.event("unheard_of", SECRET)
    fan.unfollow()


def test_nothing_of_anybodys_is_in_the_logs(
    county: County, forger: Forger, plain: Forger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as entries:
        for account in (MAIN, QUIET):
            all_kinds(county.fan(account, OPENID))
        forger.plainly(text_message(MAIN.original_id))
        forger.sealed(text_message("gh_of_somebody_else"))
        forger.sealed(text_message(MAIN.original_id), seal=Seal("z" * 43, MAIN.app_id))
        plain.plainly(text_message(PLAIN.original_id), at=0)
        plain.plainly(text_message(PLAIN.original_id, FromUserName=""))
    assert {"callback_refused", "reply_sent", "file_stored"} <= {one["event"] for one in entries}
    # The callers of the tests are no part of the product.
    records = [one for one in caplog.records if not one.name.startswith("httpx")]
    told = str(entries) + "\n".join(f"{one.getMessage()} {one.exc_info}" for one in records)
    for secret in (OPENID, "我爱人", "13812345678", MAIN.token, MAIN.secret, MAIN.aes_key):
        assert secret not in told
    metrics = county.whole.first.get("/metrics").text
    assert OPENID not in metrics
