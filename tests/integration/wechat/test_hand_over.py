"""A lawyer in the conversation: what is said reaches the follower, and the desk sees the truth."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.conversation import Mode
from bot.store.tables import matters
from bot.store.wechat_tables import wechat_sends
from tests.integration.desk.whole import ANSWER, Citizen, Lawyer, frame_with
from tests.integration.wechat.conftest import Town
from tests.live import until
from tests.pictures import JPEG


def view(lawyer: Lawyer, citizen: Citizen) -> dict[str, Any]:
    found: dict[str, Any] = lawyer.client.get(f"/api/desk/conversations/{citizen.session}").json()
    return found


def delivery_of(lawyer: Lawyer, citizen: Citizen, words: str) -> str:
    for message in view(lawyer, citizen)["messages"]:
        if any(words in str(part.get("text", "")) for part in message["parts"]):
            return str((message.get("delivery") or {}).get("state"))
    raise AssertionError(f"no message says {words}")


def why_waiting(town: Town, citizen: Citizen) -> list[str]:
    waiting = select(wechat_sends.c.reason).where(
        wechat_sends.c.conversation_id == citizen.session, wechat_sends.c.state == "waiting"
    )
    with town.whole.core.store.read() as connection:
        return list(connection.execute(waiting).scalars())


def test_a_lawyers_words_are_pushed_with_the_name(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    lawyer.says(citizen, "请把工资条拍照发来。")
    seen = fan.wait_for("请把工资条拍照发来")
    assert seen.how == "service"
    assert "王敏" in seen.text
    until(lambda: delivery_of(lawyer, citizen, "工资条") == "sent")


def test_words_of_a_follower_reach_the_desk_and_are_not_answered(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    assert fan.say("工资条没有，只有微信记录").text == ""
    messages = view(lawyer, citizen)["messages"]
    assert any("只有微信记录" in str(message["parts"]) for message in messages)


def test_a_number_typed_to_a_lawyer_is_no_choice(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    lawyer.says(citizen, "拖了几个月？")
    fan.say("1")
    assert town.whole.owner(citizen)[0] is Mode.HUMAN
    assert view(lawyer, citizen)["messages"][-1]["parts"][0]["text"] == "1"


def test_several_words_at_once_are_one_message(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.say("好的")
    town.platform.fail("message/custom/send", errcode=-1, times=None)
    for number in range(3):
        lawyer.says(citizen, f"第{number + 1}点：请准备材料。")
    # Refused and put off: a clock that goes on before that would put it off further.
    until(lambda: why_waiting(town, citizen) == ["busy"] * 3)
    town.platform.heal()
    town.whole.clock.advance(minutes=1)
    seen = fan.wait_for("第3点")
    assert "第1点" in seen.text
    assert "第2点" in seen.text


def test_the_last_message_allowed_leads_to_what_comes_after_it(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.say("请详细说说")
    for number in range(5):
        words = f"{number}：仲裁申请书要写清双方的名称。"
        lawyer.says(citizen, words)
        fan.wait_for(words)
    assert "https://12348.example.cn/m/" in fan.seen[-1].text
    assert "/m/" not in fan.seen[-2].text
    lawyer.says(citizen, "还要附上证据。")
    until(lambda: delivery_of(lawyer, citizen, "附上证据") == "quota")
    assert 45047 not in [call.errcode for call in town.platform.books.calls[-10:]]
    # The next words of the follower open the window again.
    assert fan.said_left == 0
    assert "还要附上证据" in fan.say("知道了").text
    lawyer.says(citizen, "那就这样，明天联系。")
    fan.wait_for("明天联系")


def test_outside_the_window_words_wait_for_the_follower(town: Town) -> None:
    fan, citizen, _ = town.talking()
    lawyer = town.two_days_later(citizen)
    before = len(fan.seen)
    state = view(lawyer, citizen)["channel_state"]
    assert state["level"] == "bad"
    assert "48" in state["sentence"]
    lawyer.says(citizen, "材料齐了请告诉我。")
    until(lambda: delivery_of(lawyer, citizen, "材料齐了") == "window")
    assert fan.seen[before:] == []
    push = fan.say("在的")
    assert "材料齐了请告诉我" in push.text
    until(lambda: delivery_of(lawyer, citizen, "材料齐了") == "passive")


def test_whoever_agreed_to_a_notice_is_told_once_when_the_window_is_closed(town: Town) -> None:
    fan, citizen, _ = town.talking()
    fan.accept(town.registration.templates[0])
    lawyer = town.two_days_later(citizen)
    lawyer.says(citizen, "请带身份证来一趟。")
    notice = fan.wait_for(lambda seen: seen.how in ("subscription", "notice"))
    assert "身份证" not in notice.text
    lawyer.says(citizen, "或者委托家人来。")
    until(lambda: delivery_of(lawyer, citizen, "委托家人") == "window")


def test_an_account_that_cannot_push_gives_the_words_with_the_next_reply(unverified: Town) -> None:
    fan = unverified.follower()
    fan.say("老板拖欠我三个月工资")
    fan.say("转人工")
    citizen = unverified.citizen(fan)
    lawyer = unverified.whole.lawyer("wang")
    lawyer.does(citizen, "claim")
    lawyer.says(citizen, "请把合同带来。")
    assert "不能主动发" in view(lawyer, citizen)["channel_state"]["sentence"]
    assert "请把合同带来" in fan.say("在吗").text


def test_who_stops_following_is_known_at_the_desk(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.unfollow()
    lawyer.says(citizen, "还在吗？")
    assert delivery_of(lawyer, citizen, "还在吗") == "unfollowed"
    assert view(lawyer, citizen)["channel_state"]["following"] is False
    assert view(lawyer, citizen)["channel_state"]["level"] == "bad"


def test_what_a_lawyer_should_know_is_not_told_to_who_comes_back(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    with lawyer.live() as desk:
        desk.send_json({"kind": "watch", "conversation_id": citizen.session, "after": 0})
        frame_with(desk, '"messages"')
        fan.unfollow()
        assert citizen.session in str(frame_with(desk, '"changed"'))
    before = len(fan.seen)
    fan.follow()
    fan.wait_for("欢迎回来", after=before)
    assert not any("取消关注" in seen.text for seen in fan.seen)


def test_a_lawyer_who_writes_is_shown_as_writing(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.say("好")
    assert lawyer.post(citizen, "typing").is_success
    until(lambda: fan.typings)


def test_a_lawyers_picture_is_sent_as_a_picture(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.say("好")
    answer = lawyer.client.post(
        f"/api/desk/conversations/{citizen.session}/files",
        data={"id": "p1"},
        files={"file": ("地图.jpg", JPEG, "image/jpeg")},
    )
    assert answer.is_success, answer.text
    assert fan.wait_for(lambda seen: seen.kind == "image").how == "service"


def test_a_greeting_of_the_claim_does_not_come_twice(town: Town) -> None:
    fan, _, _ = town.talking()
    fan.say("谢谢")
    assert len([seen for seen in fan.seen if "王敏" in seen.text]) == 1


def test_after_the_end_the_bot_answers_again_and_a_rating_is_a_word_away(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    lawyer.does(citizen, "close", outcome="advised", advice="")
    fan.wait_for("回复“评价”")
    assert "/m/" in fan.say("评价").text
    assert ANSWER in fan.say("那仲裁要多久").text


def test_what_was_said_while_somebody_had_left_comes_when_he_is_back(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.unfollow()
    lawyer.says(citizen, "材料收到了，等通知。")
    fan.follow()
    assert fan.wait_for("材料收到了，等通知").how == "service"


def test_a_picture_that_the_platform_refuses_keeps_nothing_back(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.say("好")
    town.platform.fail("media/upload", errcode=40009, times=None)
    answer = lawyer.client.post(
        f"/api/desk/conversations/{citizen.session}/files",
        data={"id": "p1"},
        files={"file": ("地图.jpg", JPEG, "image/jpeg")},
    )
    assert answer.is_success
    lawyer.says(citizen, "明天上午九点开庭。")
    fan.wait_for("明天上午九点开庭")
    town.platform.heal()
    # By another way, with the next words of the follower.
    assert "地图" in fan.say("收到").text


ERASING = [
    "删除我的数据",
    "“删除我的数据”",
    "删除我的数据。",
    "请删除我的数据",
    "刪除我的數據",
    "删除数据",
]


@pytest.mark.parametrize("words", ERASING)
def test_whoever_waits_can_have_the_data_deleted(town: Town, words: str) -> None:
    fan, _ = town.waiting()
    assert "/m/" in fan.say(words).text


@pytest.mark.parametrize("words", ["他删除了我的数据", "数据", "把聊天记录删除了怎么办"])
def test_words_about_deleting_are_for_the_lawyer(town: Town, words: str) -> None:
    fan, citizen, lawyer = town.talking()
    assert fan.say(words).text == ""
    assert words in str(view(lawyer, citizen)["messages"][-1]["parts"])


def test_old_numbers_mean_nothing_after_other_words(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    lawyer.does(citizen, "close", outcome="advised", advice="")
    fan.wait_for("回复“评价”")
    asked = len(town.whole.rasa.asked)
    fan.say("1")
    assert "取消排队" not in town.whole.rasa.asked[asked:]


def test_a_supervisor_finds_the_way_to_part_a_matter_from_a_wechat(town: Town) -> None:
    _, citizen = town.waiting()
    with town.whole.core.store.read() as connection:
        mine = matters.c.conversation_id == citizen.session
        number = connection.execute(select(matters.c.number).where(mine)).scalar_one()
    link = f'href="/desk/binding?number={number}"'
    for login, is_shown in (("zhou", True), ("wang", False)):
        client = town.whole.lawyer(login).client
        assert (link in client.get(f"/desk/matters/{number}").text) is is_shown
    shown = town.whole.lawyer("zhou").client.get("/desk/binding", params={"number": number})
    assert "不能解除" in shown.text
