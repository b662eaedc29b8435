"""What the platform allows is little, and kept for what matters: a person's words."""

from __future__ import annotations

from typing import Any

from bot.domain.conversation import Mode
from tests.integration.desk.whole import Citizen, Lawyer
from tests.integration.wechat.conftest import Town
from tests.live import until
from tests.platform import Follower

NOTICES = ("subscription", "notice")


def view(lawyer: Lawyer, citizen: Citizen) -> dict[str, Any]:
    found: dict[str, Any] = lawyer.client.get(f"/api/desk/conversations/{citizen.session}").json()
    return found


def deliveries(lawyer: Lawyer, citizen: Citizen) -> list[str]:
    """Return what the desk shows of every message that has not gone out, in order."""
    shown = [message.get("delivery") for message in view(lawyer, citizen)["messages"]]
    return [one["state"] for one in shown if one and one["state"] not in ("sent", "passive")]


def notices(fan: Follower) -> int:
    return len([seen for seen in fan.seen if seen.how in NOTICES])


def loses(town: Town, citizen: Citizen, login: str) -> None:
    """Have a lawyer receive somebody and say nothing until others may."""
    town.whole.lawyer(login).does(citizen, "claim")
    until(lambda: town.rests(citizen))
    town.whole.clock.advance(minutes=30)
    until(lambda: town.whole.owner(citizen)[0] is Mode.QUEUED)
    until(lambda: town.rests(citizen))


def test_what_is_said_of_the_queue_uses_no_consent(town: Town) -> None:
    fan, citizen, _ = town.talking()
    template = town.registration.templates[0]
    fan.accept(template)
    lawyer = town.two_days_later(citizen)
    until(lambda: town.rests(citizen))
    assert deliveries(lawyer, citizen) == ["window", "window"]
    assert (notices(fan), fan.consents[template]) == (0, 1)
    assert "订阅通知" in view(lawyer, citizen)["channel_state"]["sentence"]
    lawyer.says(citizen, "请带身份证来一趟。")
    until(lambda: deliveries(lawyer, citizen) == ["window", "window", "noticed"])
    assert (notices(fan), fan.consents[template]) == (1, 0)


def test_one_notice_is_enough_until_the_follower_shows_himself(town: Town) -> None:
    fan, citizen, _ = town.talking()
    template = town.registration.templates[0]
    for _ in range(3):
        town.whole.clock.advance(seconds=1)
        fan.accept(template)
    lawyer = town.two_days_later(citizen)
    lawyer.says(citizen, "请带身份证来一趟。")
    until(lambda: "noticed" in deliveries(lawyer, citizen))
    lawyer.says(citizen, "或者委托家人来。")
    until(lambda: deliveries(lawyer, citizen)[-2:] == ["noticed", "window"])
    assert (notices(fan), fan.consents[template]) == (1, 2)
    assert "订阅通知" not in view(lawyer, citizen)["channel_state"]["sentence"]
    assert "请带身份证来一趟" in fan.say("在的").text
    again = town.two_days_later(citizen)
    again.sent = lawyer.sent
    again.says(citizen, "材料收到了吗？")
    until(lambda: deliveries(again, citizen)[-1] == "noticed")
    assert (notices(fan), fan.consents[template]) == (2, 1)


def test_lawyers_who_say_nothing_leave_room_for_the_one_who_does(town: Town) -> None:
    fan, citizen = town.waiting()
    fan.say("我在等")
    for login in ("wang", "li", "wang"):
        loses(town, citizen, login)
    assert fan.said_left == 2
    before = len(fan.seen)
    lawyer = town.whole.lawyer("li")
    lawyer.does(citizen, "claim")
    until(lambda: town.rests(citizen))
    assert len(fan.seen) == before
    # Nothing was refused, and nothing is under way: of what is held the desk says nothing.
    assert deliveries(lawyer, citizen) == []
    lawyer.says(citizen, "您好，请讲讲经过。")
    seen = fan.wait_for("请讲讲经过")
    assert seen.how == "service"
    told = "\n".join(one.text for one in fan.seen[before:])
    assert told.index("李强") < told.rindex("已接入") < told.index("请讲讲经过")
    assert fan.said_left == 1


def test_what_is_held_comes_with_the_answer_to_the_follower(town: Town) -> None:
    fan, citizen = town.waiting()
    for login in ("wang", "li"):
        loses(town, citizen, login)
    assert fan.said_left == 2
    assert "换人" in fan.say("还要等多久").text


def test_after_the_end_nothing_is_kept_back(town: Town) -> None:
    fan, citizen, lawyer = town.talking()
    fan.say("好的")
    for words in ("第一，带合同。", "第二，带工资条。", "第三，带身份证。"):
        lawyer.says(citizen, words)
        fan.wait_for(words)
    assert fan.said_left == 2
    lawyer.does(citizen, "close", outcome="advised", advice="")
    assert fan.wait_for("回复“评价”").how == "service"


def test_within_the_minute_after_a_tap_nothing_is_kept_back(town: Town) -> None:
    """What is sent then is not taken from the five."""
    fan, citizen = town.waiting()
    for login in ("wang", "li"):
        loses(town, citizen, login)
    before = len(fan.seen)
    fan.click("page:me")
    fan.wait_for("换人", after=before)
    assert fan.said_left == 2
