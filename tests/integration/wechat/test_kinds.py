"""Every kind of message that a follower can send: kept, understood, or refused with a way out."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.conversation import Mode
from bot.store.outbox import PAYLOAD
from bot.store.tables import files, outbox
from bot.texts import load_texts
from bot.uploads.repository import UploadRepository
from bot.uploads.service import MAX_BYTES, MAX_FILES
from tests.clamav import VIRUS
from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.county import (
    BARE,
    DEAF,
    PICTURES,
    QUIET,
    County,
    on_screen,
    parts_of,
)
from tests.live import until
from tests.pictures import JPEG, PNG, telling_jpeg
from tests.platform import MOST_BYTES, Follower, Push
from tests.platform.media import VIDEOS
from tests.videos import MP4, TOLD, telling_video
from tests.wechat_desk import AMR

QUESTION = "老板拖欠我三个月工资"
KEPT = "文件已收到并加密保存"
LATER = "取到了、取不到都会告诉您"
UPLOAD = "/m/"


def newcomer(county: County) -> Follower:
    """Return a follower of the main account who has heard the greeting."""
    fan = county.fan()
    fan.say("您好，我想咨询欠薪")
    return fan


def files_of(county: County, fan: Follower, **account: Any) -> list[Any]:
    citizen = county.of(fan, **account)
    core = county.whole.core
    return UploadRepository(core.store, core.clock).of_conversation(citizen.session)


def said_by(county: County, fan: Follower) -> list[dict[str, Any]]:
    """Return the parts of what the follower said, in order."""
    messages = county.whole.core.conversations.after(county.of(fan).session, 0)
    return [part.to_json() for one in messages if one.sender == "visitor" for part in one.parts]


# --- text -------------------------------------------------------------------------------------


def test_a_face_alone_is_met_with_a_sentence(county: County) -> None:
    push = newcomer(county).say("😀👍🏽")
    assert load_texts().say("talk.symbols") in push.text


def test_faces_and_traditional_characters_are_kept_as_typed_and_understood(county: County) -> None:
    fan = newcomer(county)
    typed = "老闆😡拖欠我三個月工資"
    assert ANSWER in fan.say(typed).text
    assert said_by(county, fan)[-1]["text"] == typed
    assert "老板拖欠我三个月工资" in county.whole.rasa.asked


@pytest.mark.parametrize("size", [MOST_BYTES - 1, MOST_BYTES])
def test_the_longest_message_of_a_phone_is_heard_whole(county: County, size: int) -> None:
    fan = newcomer(county)
    typed = "老板欠薪" + "工" * ((size - 12) // 3) + "a" * ((size - 12) % 3)
    assert len(typed.encode()) == size
    assert ANSWER in fan.say(typed).text
    assert said_by(county, fan)[-1]["text"] == typed


def test_words_of_white_space_are_asked_for_again(county: County) -> None:
    fan = newcomer(county)
    assert "消息是空的" in fan.say(" \u3000\u200b ").text


# --- voice ------------------------------------------------------------------------------------


def test_recognised_words_are_answered_and_the_voice_can_be_heard_at_the_desk(
    county: County,
) -> None:
    fan, citizen = county.waiting()
    push = fan.speak("老板说下个月给", AMR)
    assert push.answered_by == 1
    lawyer = county.whole.lawyer("wang")
    lawyer.does(citizen, "claim")
    spoken = next(one for one in on_screen(lawyer, citizen) if "下个月给" in str(one))
    assert parts_of(spoken, "text")[0]["spoken"] is True
    [file] = parts_of(spoken, "file")
    assert file["mime"] == "audio/amr"
    heard = lawyer.client.get(file["url"])
    assert heard.content == AMR
    assert heard.headers["content-type"] == "audio/amr"


def test_spoken_words_get_an_answer_of_the_bot(county: County) -> None:
    fan = newcomer(county)
    assert ANSWER in fan.speak(QUESTION).text
    assert county.speech.heard == 0


def test_spoken_words_can_leave_the_queue(county: County) -> None:
    fan, citizen = county.waiting()
    fan.speak("取消排队")
    assert county.whole.owner(citizen)[0] is Mode.BOT


def test_a_voice_that_cannot_be_fetched_does_not_keep_its_words_waiting(county: County) -> None:
    fan = newcomer(county)
    county.platform.fail("media/get", hang_s=30)
    push = fan.speak(QUESTION, AMR)
    assert push.answered_by == 1
    assert ANSWER in push.text
    before = len(fan.seen)
    county.whole.clock.advance(minutes=1)
    until(lambda: said_by(county, fan)[-1].get("mime") == "audio/amr")
    # The follower has had the answer; that the sound is there now is no news.
    fan.say("转人工")
    assert not [seen for seen in fan.seen[before:] if "保存" in seen.text]


def test_a_voice_without_words_is_recognised_by_the_service_of_the_house(county: County) -> None:
    fan = county.fan(DEAF)
    county.speech.said = QUESTION
    push = fan.speak(body=AMR)
    assert ANSWER in push.text
    [file] = files_of(county, fan, registration=DEAF)
    assert file.mime == "audio/amr"


@pytest.mark.parametrize("status", [200, 500])
def test_what_nobody_recognises_is_asked_for_politely(county: County, status: int) -> None:
    fan = county.fan(DEAF)
    county.speech.status = status
    push = fan.speak(body=AMR)
    assert "语音已收到" in push.text
    assert "打成字" in push.text
    assert len(files_of(county, fan, registration=DEAF)) == 1


def test_a_voice_that_is_no_recording_is_asked_for_politely(county: County) -> None:
    fan = county.fan(DEAF)
    push = fan.speak(body=b"no recording at all")
    assert "没有听出您说的话" in push.text
    assert files_of(county, fan, registration=DEAF) == []


def test_a_voice_that_an_account_may_not_fetch_is_asked_for_in_words(county: County) -> None:
    fan = county.fan(QUIET)
    county.speech.said = QUESTION
    assert "没有听出您说的话" in fan.speak(body=AMR).text
    assert (county.speech.heard, files_of(county, fan, registration=QUIET)) == (0, [])
    assert [call.errcode for call in county.platform.books.called("media/get")][-1] == 48001


def test_an_account_without_secret_answers_what_the_platform_recognised(county: County) -> None:
    fan = county.fan(BARE)
    assert ANSWER in fan.speak(QUESTION).text
    assert "没有听出您说的话" in fan.speak("").text
    assert [call for call in county.platform.books.calls if call.app_id == BARE.app_id] == []


def test_words_are_answered_though_their_voice_cannot_be_checked(county: County) -> None:
    fan = newcomer(county)
    county.scanner.says = b"stream: out of order ERROR\n"
    assert ANSWER in fan.speak(QUESTION, AMR).text
    assert files_of(county, fan) == []
    county.scanner.says = None
    county.whole.clock.advance(minutes=1)
    until(lambda: files_of(county, fan))


def test_an_infected_voice_is_not_kept_and_its_words_are_answered(county: County) -> None:
    fan = newcomer(county)
    assert ANSWER in fan.speak(QUESTION, AMR + VIRUS).text
    assert files_of(county, fan) == []


# --- pictures ---------------------------------------------------------------------------------


def test_a_picture_is_kept_without_its_metadata_and_the_answer_says_so(county: County) -> None:
    fan = newcomer(county)
    sent = telling_jpeg()
    assert KEPT in fan.send_image(sent).text
    [part] = [part for part in said_by(county, fan) if part["type"] == "file"]
    assert part["sent_sha256"] == hashlib.sha256(sent).hexdigest()
    core = county.whole.core
    repository = UploadRepository(core.store, core.clock)
    body = repository.body(county.of(fan).session, part["id"])
    assert part["sha256"] == hashlib.sha256(body).hexdigest()
    assert b"Planted" not in body


def test_a_picture_delivered_again_is_one_file(county: County) -> None:
    fan = newcomer(county)
    push = fan.send_image(JPEG)
    again = fan.redeliver(push)
    assert again.text == push.text
    assert len(files_of(county, fan)) == 1
    assert len([part for part in said_by(county, fan) if part["type"] == "file"]) == 1


def test_a_picture_that_takes_three_deliveries_is_one_file(county: County) -> None:
    fan = newcomer(county)
    county.platform.fail("media/get", hang_s=3, takes_effect=True)
    push = fan.send_image(JPEG)
    assert not push.unavailable
    fan.wait_for(KEPT)
    assert len(files_of(county, fan)) == 1


@pytest.mark.parametrize(
    "fault",
    [{"status": 502}, {"cut": True}, {"errcode": -1}, {"errcode": 40001}, {"errcode": 45009}],
    ids=str,
)
def test_a_picture_that_cannot_be_fetched_is_fetched_later_and_told(
    county: County, fault: dict[str, Any]
) -> None:
    fan = newcomer(county)
    county.host.status = 502
    county.platform.fail("media/get", times=None, **fault)
    push = fan.send_image(JPEG)
    assert LATER in push.text
    assert KEPT not in push.text
    assert files_of(county, fan) == []
    county.platform.heal()
    before = len(fan.seen)
    county.whole.clock.advance(minutes=1)
    seen = fan.wait_for("刚才的照片已保存", after=before)
    assert seen.how == "service"
    # Nobody needs his own picture sent back.
    assert [one.kind for one in fan.seen[before:]] == ["text"]
    assert len(files_of(county, fan)) == 1


def test_the_work_that_is_left_does_not_name_the_follower(county: County) -> None:
    fan = newcomer(county)
    county.host.status = 502
    county.platform.fail("media/get", status=502)
    fan.send_image(JPEG)
    store = county.whole.core.store
    with store.read() as connection:
        [sealed] = connection.execute(select(outbox.c.payload_enc)).scalars()
    payload = store.cipher.decrypt_json(PAYLOAD, sealed)
    assert payload["conversation_id"] == county.of(fan).session
    assert fan.openid not in str(payload)


def test_a_token_that_has_run_out_costs_no_picture(county: County) -> None:
    fan = newcomer(county)
    county.platform.expire_token()
    assert KEPT in fan.send_image(JPEG).text


def test_a_picture_that_hangs_is_told_of_in_the_end(county: County) -> None:
    fan = newcomer(county)
    county.host.status = 502
    county.platform.fail("media/get", hang_s=30)
    push = fan.send_image(JPEG)
    assert not push.unavailable
    fan.wait_for(LATER)
    county.whole.clock.advance(minutes=1)
    fan.wait_for("刚才的照片已保存")


def test_a_picture_that_the_platform_no_longer_holds_is_asked_for_again(county: County) -> None:
    fan = newcomer(county)
    county.host.status = 502
    county.platform.fail("media/get", status=502, times=None)
    assert LATER in fan.send_image(JPEG).text
    county.whole.clock.advance(days=3, minutes=1)
    messages = county.whole.core.conversations
    session = county.of(fan).session
    until(lambda: "没能从微信取到" in str(messages.after(session, 0)))
    # The window has closed meanwhile: it is said as soon as he writes.
    assert "没能从微信取到" in fan.say("在吗").text
    assert files_of(county, fan) == []


def test_a_picture_that_was_never_checked_is_not_kept_until_it_is(county: County) -> None:
    fan = newcomer(county)
    county.scanner.says = b"stream: out of order ERROR\n"
    assert LATER in fan.send_image(JPEG).text
    assert files_of(county, fan) == []
    county.scanner.says = None
    county.whole.clock.advance(minutes=1)
    fan.wait_for("刚才的照片已保存")
    assert len(files_of(county, fan)) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"GIF89a" + bytes(60), "只支持 10 MB 以内的图片"),
        (JPEG[:100], "只支持 10 MB 以内的图片"),
        (JPEG + bytes(MAX_BYTES), "只支持 10 MB 以内的图片"),
        (JPEG + VIRUS, "没有通过病毒检查"),
    ],
    ids=["no picture we show", "cut off", "too large", "infected"],
)
def test_a_picture_that_cannot_be_kept_is_refused_in_a_plain_sentence(
    county: County, body: bytes, sentence: str
) -> None:
    fan = newcomer(county)
    push = fan.send_image(body)
    assert sentence in push.text
    assert "照片，没有保存" in str(said_by(county, fan)[-1])
    assert files_of(county, fan) == []


def test_a_conversation_that_holds_enough_files_says_so(county: County) -> None:
    fan = newcomer(county)
    session = county.of(fan).session
    core = county.whole.core
    store = UploadRepository(core.store, core.clock)
    for number in range(MAX_FILES):
        store.add(session, f"{number:032}", "p.jpg", "image/jpeg", PNG)
    assert "到了上限" in fan.send_image(JPEG).text


def image_by_address(fan: Follower, url: str) -> Push:
    return fan.send("image", [("PicUrl", url), ("MediaId", "not-for-us")])


@pytest.mark.parametrize("account", [QUIET, BARE], ids=["48001", "no secret"])
def test_an_account_that_may_not_fetch_takes_the_picture_by_its_address(
    county: County, account: Any
) -> None:
    fan = county.fan(account)
    county.host.pictures["/mmbiz_jpg/a/0"] = JPEG
    push = image_by_address(fan, f"http://{PICTURES}/mmbiz_jpg/a/0")
    assert KEPT in push.text
    assert county.host.asked == [(PICTURES, "/mmbiz_jpg/a/0")]
    assert len(files_of(county, fan, registration=account)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/secret",
        "http://localhost/secret",
        "http://[::1]/secret",
        "http://169.254.169.254/latest/meta-data",
        "http://0x7f000001/secret",
        f"http://{PICTURES}.evil.example/x",
        f"http://evil.example/{PICTURES}",
        f"http://{PICTURES}@evil.example/x",
        f"http://evil.example#@{PICTURES}/",
        f"http://{PICTURES}%2eevil.example/",
        f"http://evil{PICTURES.removeprefix('mmbiz.')}/x",
        f"ftp://{PICTURES}/x",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "http://[",
        "http://evil.example\t.qpic.cn/",
        "//mmbiz.qpic.cn/x",
        "x" * 4000,
        "",
    ],
)
def test_no_other_host_is_ever_asked_for_a_picture(county: County, url: str) -> None:
    fan = county.fan(BARE)
    push = image_by_address(fan, url)
    assert "请点这里上传" in push.text
    assert UPLOAD in push.text
    assert county.host.asked == []
    assert county.host.looked_up == []
    assert files_of(county, fan, registration=BARE) == []


def test_a_redirect_of_the_picture_host_is_not_followed(county: County) -> None:
    fan = county.fan(BARE)
    county.host.status = 302
    push = image_by_address(fan, f"http://{PICTURES}/mmbiz_jpg/a/0")
    assert "请点这里上传" in push.text
    assert len(county.host.asked) == 1


# --- what cannot be kept ----------------------------------------------------------------------


def test_a_location_is_answered_with_the_nearest_centres(county: County) -> None:
    county.office("琼海市法律援助中心", 19.25, 110.47)
    county.office("海口市法律援助中心", 20.02, 110.35)
    fan = newcomer(county)
    push = fan.send_location(20.04, 110.33, "海口市龙华区")
    assert "1. 海口市法律援助中心" in push.text
    assert "2. 琼海市法律援助中心" in push.text
    assert "12348" in push.text
    assert "海口市龙华区" in said_by(county, fan)[-1]["text"]


def test_a_location_without_a_name_says_where_it_lies(county: County) -> None:
    fan = newcomer(county)
    fan.send_location(28.11, 113.01)
    assert "28.1100" in said_by(county, fan)[-1]["text"]


def test_a_location_without_coordinates_still_lists_the_centres(county: County) -> None:
    county.office("岳麓区法律援助中心", 28.23, 112.93)
    push = newcomer(county).send("location", [("Location_X", "north"), ("Label", "家")])
    assert "没有收到能用的位置" in push.text
    assert "岳麓区法律援助中心" in push.text


UNREADABLE = [
    ("link", "链接里的内容我看不到"),
    ("file", "收不到文件本身"),
    ("hologram", "这种消息我看不懂"),
]


def send(fan: Follower, kind: str) -> Push:
    match kind:
        case "link":
            return fan.send_link("欠薪怎么办", "说明", "https://example.cn/a")
        case "file":
            return fan.send_file("劳动合同.pdf")
        case _:
            return fan.send(kind, [("Content", "x")])


@pytest.mark.parametrize(("kind", "sentence"), UNREADABLE)
def test_what_cannot_be_read_is_answered_with_another_way(
    county: County, kind: str, sentence: str
) -> None:
    fan = newcomer(county)
    asked = len(county.whole.rasa.asked)
    push = send(fan, kind)
    assert sentence in push.text
    assert len(county.whole.rasa.asked) == asked
    if kind == "file":
        assert UPLOAD in push.text


@pytest.mark.parametrize(("kind", "sentence"), UNREADABLE)
def test_whoever_waits_for_a_lawyer_gets_the_same_sentence(
    county: County, kind: str, sentence: str
) -> None:
    fan, citizen = county.waiting()
    assert sentence in send(fan, kind).text
    assert county.whole.owner(citizen)[0] is Mode.QUEUED


# --- videos -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["video", "shortvideo"])
def test_a_video_is_kept_without_what_it_tells_and_the_answer_says_so(
    county: County, kind: str
) -> None:
    fan = newcomer(county)
    county.host.film = telling_video()
    assert KEPT in fan.send_video(kind).text
    [part] = [part for part in said_by(county, fan) if part["type"] == "file"]
    assert (part["name"], part["mime"]) == ("微信视频.mp4", "video/mp4")
    assert part["sent_sha256"] == hashlib.sha256(county.host.film).hexdigest()
    core = county.whole.core
    body = UploadRepository(core.store, core.clock).body(county.of(fan).session, part["id"])
    assert [word for word in TOLD if word in body] == []
    assert county.host.looked_up == [VIDEOS]


def test_a_video_that_cannot_be_fetched_is_fetched_later_and_told(county: County) -> None:
    fan = newcomer(county)
    county.host.status = 502
    assert "视频暂时没有取到" in fan.send_video().text
    county.host.film, county.host.status = MP4, 200
    before = len(fan.seen)
    county.whole.clock.advance(minutes=1)
    fan.wait_for("刚才的视频已保存", after=before)
    assert len(files_of(county, fan)) == 1


@pytest.mark.parametrize(
    ("film", "sentence"),
    [
        (b"<html>please sign in</html>", "只收 10 MB 以内的 MP4"),
        (MP4[:-40], "只收 10 MB 以内的 MP4"),
        (MP4 + bytes(MAX_BYTES), "只收 10 MB 以内的 MP4"),
        (MP4 + VIRUS, "没有通过病毒检查"),
    ],
    ids=["a page", "cut off", "too large", "infected"],
)
def test_a_video_that_cannot_be_kept_is_refused_in_a_plain_sentence(
    county: County, film: bytes, sentence: str
) -> None:
    fan = newcomer(county)
    county.host.film = film
    push = fan.send_video()
    assert sentence in push.text
    assert "图片" not in push.text
    assert "视频，没有保存" in str(said_by(county, fan)[-1])
    assert files_of(county, fan) == []


@pytest.mark.parametrize("account", [QUIET, BARE], ids=["48001", "no secret"])
def test_an_account_that_may_not_fetch_asks_for_pictures_of_the_video(
    county: County, account: Any
) -> None:
    fan = county.fan(account)
    push = fan.send_video()
    assert "这里收不了视频" in push.text
    assert files_of(county, fan, registration=account) == []


# --- while a lawyer is in the conversation ----------------------------------------------------


def test_everything_reaches_the_lawyer_and_the_bot_says_nothing(county: County) -> None:
    fan, citizen, lawyer = county.talking()
    county.host.film = MP4
    pushes = [
        fan.say("在的😀"),
        fan.speak("老板说没钱", AMR),
        fan.send_image(JPEG),
        fan.send_image(JPEG + VIRUS),
        fan.send_video(),
        fan.send_location(28.11, 113.01, "长沙市雨花区"),
        *(send(fan, kind) for kind, _ in UNREADABLE),
    ]
    assert [push.text for push in pushes] == [""] * len(pushes)
    assert {push.answered_by for push in pushes} == {1}
    shown = on_screen(lawyer, citizen)[-len(pushes) :]
    assert {message["sender"] for message in shown} == {"visitor"}
    wanted = (
        "在的😀", "老板说没钱", "image/jpeg", "没有通过病毒检查", "video/mp4", "长沙市雨花区",
        "https://example.cn/a", "劳动合同.pdf", "公众号不支持的消息",
    )  # fmt: skip
    for message, words in zip(shown, wanted, strict=True):
        assert words in str(message["parts"])
    assert [part["mime"] for one in shown for part in parts_of(one, "file")] == [
        "audio/amr",
        "image/jpeg",
        "video/mp4",
    ]


def test_a_picture_that_comes_late_reaches_the_lawyer(county: County) -> None:
    fan, citizen, lawyer = county.talking()
    county.host.status = 502
    county.platform.fail("media/get", status=502)
    assert fan.send_image(JPEG).text == ""
    assert "照片，没有取到" in str(on_screen(lawyer, citizen)[-1])
    county.whole.clock.advance(minutes=1)
    fan.wait_for("刚才的照片已保存")
    late = [one for one in on_screen(lawyer, citizen) if parts_of(one, "file")]
    assert [one["sender"] for one in late] == ["visitor"]


def test_a_page_asked_for_is_given_though_a_lawyer_is_there(county: County) -> None:
    fan, _, _ = county.talking()
    assert "/m/" in fan.say("我的办理").text


def test_who_wants_to_bind_while_a_lawyer_is_there_hears_why_not(county: County) -> None:
    fan, _, _ = county.talking()
    assert "先不能绑定" in fan.say("绑定").text


@pytest.mark.parametrize(("words", "sentence"), [("绑定", "先不能绑定"), ("我的办理", "/m/")])
def test_who_waits_is_answered_what_was_asked(county: County, words: str, sentence: str) -> None:
    fan, citizen = county.waiting()
    assert sentence in fan.say(words).text
    assert county.whole.owner(citizen)[0] is Mode.QUEUED


def test_a_picture_of_an_erased_conversation_is_left(county: County) -> None:
    fan = newcomer(county)
    session = county.of(fan).session
    county.host.status = 502
    county.platform.fail("media/get", status=502)
    fan.send_image(JPEG)
    core = county.whole.core
    core.conversations.erase(session)
    fetched = len(county.platform.books.called("media/get"))
    county.whole.clock.advance(minutes=1)
    until(lambda: len(county.platform.books.called("media/get")) > fetched)
    with core.store.read() as connection:
        kept = connection.execute(files.select().where(files.c.conversation_id == session)).first()
    assert kept is None
