"""Callbacks as the platform sends them and as anybody else might, and replies as it reads them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from wechatpy import parse_message
from wechatpy.crypto import PrpCrypto, WeChatCrypto

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.codec import (
    MOST_BYTES_IN,
    MOST_TEXT,
    CallbackQuery,
    check,
    decode,
    encode,
)
from connectors.wechat.incoming import BadCallback, WeChatMessage

KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode().rstrip("=")
SAFE = WeChatAccount("", "wx0000000000000001", "token-of-ours", KEY)
PLAIN = replace(SAFE, mode="plain", aes_key="")
COMPATIBLE = replace(SAFE, mode="compatible")
CRYPTO = WeChatCrypto(SAFE.token, SAFE.aes_key, SAFE.app_id)
NOW = 1_700_000_000
STAMP = str(NOW)


def signed(*parts: str) -> str:
    return hashlib.sha1("".join(sorted((SAFE.token, *parts))).encode()).hexdigest()


def plain_query(timestamp: str = STAMP, **changed: str) -> CallbackQuery:
    query = CallbackQuery(signed(timestamp, "n"), timestamp=timestamp, nonce="n")
    return replace(query, **changed)


def xml(*more: str, **fields: str) -> str:
    """Return a text message; a field set to "" is left out."""
    usual = {
        "ToUserName": "gh_1",
        "FromUserName": "o-fan",
        "CreateTime": "1699999990",
        "MsgType": "text",
        "Content": "老板欠薪",
        "MsgId": "6000000000000000001",
    } | fields
    inner = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in usual.items() if v)
    return f"<xml>{inner}{''.join(more)}</xml>"


def event(name: str, *more: str, **fields: str) -> str:
    return xml(*more, MsgType="event", Event=name, Content="", MsgId="", **fields)


def body_of(sealed: str) -> bytes:
    return f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{sealed}</Encrypt></xml>".encode()


def safe_query(sealed: str, timestamp: str = STAMP) -> CallbackQuery:
    return CallbackQuery(
        signature=signed(timestamp, "n"),
        msg_signature=signed(timestamp, "n", sealed),
        timestamp=timestamp,
        nonce="n",
        encrypt_type="aes",
    )


def sealed_by_key(content: bytes, key: str = KEY) -> str:
    """Encrypt whatever bytes, as the platform never would."""
    cipher = PrpCrypto(base64.b64decode(key + "=")).cipher
    return base64.b64encode(bytes(cipher.encrypt(content))).decode()


def sealed_message(plain: str, app_id: str = SAFE.app_id, key: str = KEY) -> str:
    return str(PrpCrypto(base64.b64decode(key + "=")).encrypt(plain, app_id).decode())


def read(plain: str) -> WeChatMessage:
    return decode(PLAIN, plain.encode(), plain_query(), NOW)[0]


def read_safe(sealed: str, account: WeChatAccount = SAFE) -> WeChatMessage:
    message, encrypted = decode(account, body_of(sealed), safe_query(sealed), NOW)
    assert encrypted
    return message


def reason(account: WeChatAccount, body: bytes, query: CallbackQuery, now: float = NOW) -> str:
    with pytest.raises(BadCallback) as caught:
        decode(account, body, query, now)
    return caught.value.reason


# Modes and signatures


def test_a_text_is_read_in_each_mode() -> None:
    expected = WeChatMessage(
        "o-fan", "gh_1", "text", "6000000000000000001", 1699999990, text="老板欠薪"
    )
    assert decode(PLAIN, xml().encode(), plain_query(), NOW) == (expected, False)
    assert read_safe(sealed_message(xml())) == expected
    assert read_safe(sealed_message(xml()), COMPATIBLE) == expected


def test_what_wechatpy_encrypts_is_read() -> None:
    envelope = CRYPTO.encrypt_message(xml(), "n", STAMP)
    sealed = envelope.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    message, _ = decode(SAFE, envelope.encode(), safe_query(sealed), NOW)
    assert message.text == "老板欠薪"


def test_safe_mode_refuses_an_open_message() -> None:
    assert reason(SAFE, xml().encode(), plain_query()) == "signature"
    assert reason(SAFE, xml().encode(), plain_query(encrypt_type="raw")) == "signature"


def test_safe_mode_does_not_take_the_open_signature_for_the_encrypted_one() -> None:
    sealed = sealed_message(xml())
    query = replace(safe_query(sealed), msg_signature=signed(STAMP, "n"))
    assert reason(SAFE, body_of(sealed), query) == "signature"
    assert reason(SAFE, xml().encode(), query) == "key"


def test_compatible_mode_believes_only_the_encrypted_part() -> None:
    sealed = sealed_message(xml())
    forged = xml(f"<Encrypt>{sealed}</Encrypt>", Content="转账给我", FromUserName="o-other")
    message, _ = decode(COMPATIBLE, forged.encode(), safe_query(sealed), NOW)
    assert (message.openid, message.text) == ("o-fan", "老板欠薪")


def test_compatible_mode_refuses_a_message_without_the_encrypted_part() -> None:
    assert reason(COMPATIBLE, xml().encode(), plain_query()) == "signature"


def test_plain_mode_has_no_key_for_an_encrypted_message() -> None:
    sealed = sealed_message(xml())
    assert reason(PLAIN, body_of(sealed), safe_query(sealed)) == "key"


@pytest.mark.parametrize("given_signature", ["", "x", "签名", "\ud800", signed("1", "n"), "a" * 40])
def test_a_wrong_signature_is_refused(given_signature: str) -> None:
    query = plain_query(signature=given_signature)
    assert reason(PLAIN, xml().encode(), query) == "signature"
    sealed = sealed_message(xml())
    query = replace(safe_query(sealed), msg_signature=given_signature)
    assert reason(SAFE, body_of(sealed), query) == "signature"


@pytest.mark.parametrize("nonce", ["", "随机", "\udfff"])
def test_a_changed_nonce_breaks_the_signature(nonce: str) -> None:
    assert reason(PLAIN, xml().encode(), plain_query(nonce=nonce)) == "signature"


def test_an_account_without_a_token_believes_nobody() -> None:
    query = CallbackQuery(hashlib.sha1(f"{STAMP}n".encode()).hexdigest(), "", STAMP, "n")
    assert reason(replace(PLAIN, token=""), xml().encode(), query) == "signature"


@pytest.mark.parametrize("late", [601, -601, 10**6])
def test_an_old_or_early_callback_is_refused(late: int) -> None:
    assert reason(PLAIN, xml().encode(), plain_query(), NOW + late) == "timestamp"
    sealed = sealed_message(xml())
    assert reason(SAFE, body_of(sealed), safe_query(sealed), NOW + late) == "timestamp"


def test_a_clock_may_be_ten_minutes_off() -> None:
    for late in (600, -600):
        assert decode(PLAIN, xml().encode(), plain_query(), NOW + late)[0].text


@pytest.mark.parametrize("stamp", ["", "now", "1e9", "-1", "１７００", "9" * 400, "1_7"])
def test_a_timestamp_that_is_no_number_is_refused(stamp: str) -> None:
    assert reason(PLAIN, xml().encode(), plain_query(stamp)) == "timestamp"


def test_a_body_beyond_the_limit_is_refused_unread() -> None:
    assert reason(PLAIN, b"x" * (MOST_BYTES_IN + 1), plain_query()) == "size"
    assert reason(SAFE, b"x" * (MOST_BYTES_IN + 1), CallbackQuery()) == "size"


def test_a_message_for_another_account_is_refused() -> None:
    account = replace(PLAIN, original_id="gh_2")
    assert reason(account, xml().encode(), plain_query()) == "account"
    ours = replace(PLAIN, original_id="gh_1")
    assert decode(ours, xml().encode(), plain_query(), NOW)[0].to == "gh_1"


def test_the_handshake_is_the_platforms_in_every_mode() -> None:
    for account in (PLAIN, COMPATIBLE, SAFE):
        check(account, plain_query(), NOW)
        for query, now, why in (
            (plain_query(signature="签"), NOW, "signature"),
            (plain_query(), NOW + 601, "timestamp"),
        ):
            with pytest.raises(BadCallback) as caught:
                check(account, query, now)
            assert caught.value.reason == why


# Encryption


def test_the_app_id_of_another_account_is_refused() -> None:
    sealed = sealed_message(xml(), app_id="wx0000000000000002")
    assert reason(SAFE, body_of(sealed), safe_query(sealed)) == "account"


@pytest.mark.parametrize("key", [OTHER_KEY, "", "short", "钥" * 43, KEY + "A", "=" * 43])
def test_a_wrong_key_of_ours_is_told_as_such(key: str) -> None:
    sealed = sealed_message(xml())
    account = replace(SAFE, aes_key=key)
    assert reason(account, body_of(sealed), safe_query(sealed)) == "key"


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "A",
        "AAAA",
        "不是base64",
        sealed_message(xml())[:-5],
        sealed_message(xml())[:64],
        sealed_by_key(bytes(32)),
        sealed_by_key(b"\xff" * 32),
        sealed_by_key(b"x" * 31 + b"\x01"),
        sealed_by_key(b"x" * 16 + b"\xff\xff\xff\xff" + b"y" * 11 + b"\x01"),
        sealed_by_key(b"\x20" * 32),
        sealed_by_key(b"x" * 46 + b"\x03\x02"),
    ],
)
def test_what_cannot_be_opened_is_told_as_a_matter_of_the_key(sealed: str) -> None:
    assert reason(SAFE, body_of(sealed), safe_query(sealed)) == "key"


def framed(content: bytes) -> str:
    """Seal bytes that are no text in an otherwise correct frame."""
    plain = b"x" * 16 + len(content).to_bytes(4, "big") + content + SAFE.app_id.encode()
    padding = 32 - len(plain) % 32
    return sealed_by_key(plain + bytes([padding]) * padding)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", "<xml>老".encode()[:-1], b"no xml"])
def test_what_opens_to_no_xml_is_told_as_such(content: bytes) -> None:
    sealed = framed(content)
    assert reason(SAFE, body_of(sealed), safe_query(sealed)) == "xml"


# XML


BOMB = """<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<xml><FromUserName>&b;</FromUserName></xml>"""
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Content>&e;</Content></xml>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\xff\xfe<\x00x\x00",
        b"<xml>",
        b"<xml></xml>",
        b"<html></html>",
        b"<xml/><xml/>",
        b"{}",
        BOMB.encode(),
        OUTSIDE.encode(),
        b"<!DOCTYPE xml><xml/>",
        b"<xml>&e;</xml>",
        b"<xml>&#xD800;</xml>",
        b'<?xml version="1.0" encoding="no-such-thing"?><xml></xml>',
        b'<?xml version="9"?><xml></xml>',
        xml(FromUserName="").encode(),
        xml(ToUserName="").encode(),
        xml(MsgType="").encode(),
        xml(FromUserName="o" * 129).encode(),
        xml().encode("gb18030"),
        b"<a>" * 9_000 + b"</a>" * 9_000,
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    assert reason(PLAIN, body, plain_query()) == "xml"


@pytest.mark.parametrize(
    "plain",
    [
        "\ufeff" + xml(),
        '<?xml version="1.0" encoding="gbk"?>' + xml(),
        "<?php echo 1 ?><!-- note -->" + xml(),
        xml("<Content>另一句</Content>"),
        xml("<a>" * 3_000 + "</a>" * 3_000),
        xml(Content="\n 老板欠薪\t "),
        xml(Content="老板\x00\x08欠薪\uffff"),
        xml().replace("<![CDATA[", "").replace("]]>", ""),
        xml(Content="老板]]><!-- x --><![CDATA[欠薪"),
    ],
)
def test_oddities_of_a_message_do_no_harm(plain: str) -> None:
    assert read(plain).text == "老板欠薪"


def test_a_body_of_deep_nesting_is_read() -> None:
    assert read(xml("<a>" * 8_000 + "</a>" * 8_000)).openid == "o-fan"


def test_long_fields_are_cut() -> None:
    message = read(xml(Content="长" * 5_000, Title="题" * 5_000, PicUrl="u" * 5_000))
    assert message.text == "长" * MOST_TEXT
    assert len(message.title) < 5_000
    assert len(message.picture_url) < 5_000
    assert len(read(event("v" * 999, EventKey="k" * 5_000)).key) <= 80


@pytest.mark.parametrize("stamp", ["", "soon", "-5", "1e5", "9" * 300, "１"])
def test_a_garbled_creation_time_is_none(stamp: str) -> None:
    assert read(xml(CreateTime=stamp)).created_at == 0


# Kinds of messages


def test_a_voice_message_says_what_the_platform_recognised() -> None:
    message = read(xml(MsgType="voice", Content="", MediaId="m1", Format="AMR", Recognition="欠薪"))
    assert (message.text, message.media_id, message.format) == ("欠薪", "m1", "amr")
    assert message.is_spoken
    assert not read(xml(MsgType="voice", Content="", MediaId="m1")).is_spoken


def test_a_picture_names_its_media() -> None:
    message = read(xml(MsgType="image", Content="", MediaId="m1", PicUrl="http://p.example/1"))
    assert (message.media_id, message.picture_url) == ("m1", "http://p.example/1")


def test_a_location_is_read() -> None:
    message = read(
        xml(MsgType="location", Content="", Location_X="28.19", Location_Y="112.98", Label="长沙市")
    )
    assert (message.latitude, message.longitude, message.label) == (28.19, 112.98, "长沙市")


@pytest.mark.parametrize("value", ["", "nan", "inf", "-1e999", "north", "181"])
def test_a_garbled_location_is_none(value: str) -> None:
    message = read(xml(MsgType="location", Content="", Location_X=value, Location_Y=value))
    assert (message.latitude, message.longitude) == (None, None)


def test_a_reported_location_is_read() -> None:
    message = read(event("LOCATION", Latitude="28.1", Longitude="-112.9"))
    assert (message.event, message.latitude, message.longitude) == ("location", 28.1, -112.9)


def test_a_location_chosen_from_the_menu_is_read() -> None:
    info = (
        "<SendLocationInfo><Location_X>28.1</Location_X><Location_Y>112.9</Location_Y>"
        "<Label><![CDATA[雨花区]]></Label></SendLocationInfo>"
    )
    message = read(event("location_select", info, EventKey="nearest"))
    assert message.event_key == "nearest"
    assert (message.latitude, message.longitude, message.label) == (28.1, 112.9, "雨花区")


def test_links_and_files_are_read() -> None:
    link = read(xml(MsgType="link", Content="", Title="通知", Description="说明", Url="https://a"))
    assert (link.title, link.description, link.url) == ("通知", "说明", "https://a")
    file = read(xml(MsgType="file", Content="", Title="合同.pdf", Description="", FileKey="f"))
    assert (file.kind, file.title, file.media_id) == ("file", "合同.pdf", "")


def test_a_tapped_menu_line_brings_its_id() -> None:
    assert read(xml(bizmsgmenuid="lawyer")).menu_id == "lawyer"


def test_a_kind_of_tomorrow_is_read_as_sent() -> None:
    message = read(xml(MsgType="Hologram", Content="", MsgId="5"))
    assert (message.kind, message.key, message.is_event) == ("hologram", "5", False)


def test_scene_codes_bring_their_scene() -> None:
    first = read(event("subscribe", EventKey="qrscene_yuhua", Ticket="t"))
    again = read(event("SCAN", EventKey="yuhua", Ticket="t"))
    assert (first.event, first.event_key) == ("subscribe", "qrscene_yuhua")
    assert (again.event, again.event_key) == ("scan", "yuhua")
    assert first.is_event


def answers_xml(tag: str, *answers: tuple[str, str]) -> str:
    lists = "".join(
        f"<List><TemplateId>{template}</TemplateId>"
        f"<SubscribeStatusString>{answer}</SubscribeStatusString></List>"
        for template, answer in answers
    )
    return f"<{tag}>{lists}</{tag}>"


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent"),
        ("subscribe_msg_change_event", "SubscribeMsgChangeEvent"),
        ("subscribe_msg_sent_event", "SubscribeMsgSentEvent"),
    ],
)
def test_answers_to_a_subscription_are_read(name: str, tag: str) -> None:
    more = answers_xml(tag, ("t1", "accept"), ("t2", "REJECT"), ("t3", "ban"), ("", "accept"))
    assert read(event(name, more)).answers == (("t1", "accept"), ("t2", "reject"))


def test_an_endless_list_of_answers_is_cut() -> None:
    more = answers_xml("SubscribeMsgPopupEvent", *[("t", "accept")] * 300)
    assert len(read(event("subscribe_msg_popup_event", more)).answers) == 20


# Keys


def test_a_repeated_event_has_the_same_key_and_another_its_own() -> None:
    key = read(event("CLICK", EventKey="ask")).key
    assert key == read(event("CLICK", EventKey="ask")).key
    assert key.startswith("1699999990-click-")
    others = {
        read(event("CLICK", EventKey="help")).key,
        read(event("VIEW", EventKey="ask")).key,
        read(event("CLICK", EventKey="ask", CreateTime="1699999991")).key,
    }
    assert len({key, *others}) == 4


def test_messages_without_a_usable_id_are_told_apart_by_their_words() -> None:
    ids = ("", "x" * 200, "1 2", "一")
    keys = {read(xml(MsgId=one, Content=said)).key for one in ids for said in ("甲", "乙")}
    assert len(keys) == 8
    assert all(len(key) <= 80 for key in keys)


# Whatever bytes come


@given(st.binary(max_size=300))
@example(b"<xml><Encrypt/></xml>")
def test_random_bytes_are_refused_in_every_mode(body: bytes) -> None:
    for account, query in (
        (PLAIN, plain_query()),
        (COMPATIBLE, plain_query()),
        (SAFE, safe_query("")),
        (SAFE, plain_query()),
    ):
        with pytest.raises(BadCallback):
            decode(account, body, query, NOW)


@given(st.binary(max_size=200))
def test_random_bytes_under_the_right_key_are_refused(content: bytes) -> None:
    for sealed in (framed(content), sealed_by_key(content.ljust(208, b"\x01")[:208])):
        with pytest.raises(BadCallback):
            decode(SAFE, body_of(sealed), safe_query(sealed), NOW)


SAMPLES = (
    xml(),
    xml(MsgType="location", Content="", Location_X="28.19", Location_Y="112.98"),
    event("subscribe_msg_popup_event", answers_xml("SubscribeMsgPopupEvent", ("t1", "accept"))),
)


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 3), st.binary(max_size=4)), max_size=4),
)
def test_a_mutated_message_is_read_or_refused(
    sample: str, changes: list[tuple[int, int, bytes]]
) -> None:
    body = bytearray(sample.encode())
    for at, gone, put in changes:
        body[at : at + gone] = put
    for sealed in (framed(bytes(body)), base64.b64encode(bytes(body)).decode()):
        try:
            message = read_safe(sealed)
        except BadCallback:
            continue
        assert message.openid
        assert message.key
        assert len(message.key) <= 80
        message.text.encode()


@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_a_mutated_cipher_text_is_read_or_refused(at: int, put: bytes) -> None:
    raw = bytearray(base64.b64decode(sealed_message(xml())))
    raw[at : at + len(put)] = put
    sealed = base64.b64encode(bytes(raw)).decode()
    try:
        message = read_safe(sealed)
    except BadCallback:
        return
    assert message.openid


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_a_random_address_is_refused(one: str, two: str, stamp: str, kind: str) -> None:
    query = CallbackQuery(one, two, stamp, "n", kind)
    for account in (PLAIN, COMPATIBLE, SAFE):
        with pytest.raises(BadCallback):
            decode(account, xml().encode(), query, NOW)


# Replies


MESSAGE = WeChatMessage("o-fan", "gh_1", "text", "1", 1699999990, text="老板欠薪")


def test_nothing_to_say_is_the_platforms_empty_answer() -> None:
    for text in ("", " \n", "\x00"):
        assert encode(SAFE, MESSAGE, text, STAMP, "n", True) == "success"
        assert encode(PLAIN, MESSAGE, text, STAMP, "n", False) == "success"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("依据《劳动法》第五十条", "依据《劳动法》第五十条"),
        ("一 < 二 & 三 > 零", "一 < 二 & 三 > 零"),
        ("]]>", "]]>"),
        ("a]]]]>>]]><b>", "a]]]]>>]]><b>"),
        ("好\x00\x0b\ud800\ufffe的😀", "好的😀"),
        ("一\n二", "一\n二"),
    ],
)
def test_a_reply_is_read_back_open_and_encrypted(text: str, seen: str) -> None:
    reply = parse_message(encode(PLAIN, MESSAGE, text, STAMP, "n", False))
    assert (reply.content, reply.target, reply.source) == (seen, "o-fan", "gh_1")
    assert opened(encode(SAFE, MESSAGE, text, STAMP, "n", True)).content == seen


def opened(envelope: str):
    """Open a reply as the platform does, with wechatpy."""
    signature = envelope.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    return parse_message(CRYPTO.decrypt_message(envelope, signature, STAMP, "n"))


@given(
    st.text(
        alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        min_size=1,
    )
)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assume(text.strip())
    for reply in (
        parse_message(encode(PLAIN, MESSAGE, text, STAMP, "n", False)),
        opened(encode(SAFE, MESSAGE, text, STAMP, "n", True)),
    ):
        assert reply.content == text.strip()


@pytest.mark.parametrize("nonce", ["]]>", "\x00n", "随机<"])
def test_a_strange_nonce_does_not_break_the_reply(nonce: str) -> None:
    envelope = encode(SAFE, MESSAGE, "好的", "not a time", nonce, True)
    sealed = envelope.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    stamp = envelope.split("<TimeStamp>")[1].split("<")[0]
    assert stamp == "1699999990"
    assert signed(stamp, nonce.replace("\x00", ""), sealed) in envelope
    assert "好的" in str(PrpCrypto(CRYPTO.key).decrypt(sealed, SAFE.app_id))


def test_a_reply_cannot_be_encrypted_without_a_key() -> None:
    with pytest.raises(BadCallback) as caught:
        encode(PLAIN, MESSAGE, "好的", STAMP, "n", True)
    assert caught.value.reason == "key"
