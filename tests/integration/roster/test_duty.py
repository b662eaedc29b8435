"""What those who wait are told: measured times or none, one offline text, and call-backs."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.domain.conversation import Mode
from bot.domain.roster import LEAST_MEASURED, OfficeHours, Span
from bot.errors import BadInput, IllegalMove
from tests.integration.roster.conftest import World, at

INVITES = "您可以留言，或留下电话让律师回电"


def measure(world: World, minutes: int, times: int = LEAST_MEASURED) -> None:
    """Let visitors of yesterday at this time wait this long for a lawyer."""
    world.clock.advance(days=-1)
    wang = world.people["wang"]
    for _ in range(times):
        waited = world.queue()
        world.clock.advance(minutes=minutes)
        world.claim(waited, wang)
        world.answers(waited, wang)
        world.conversations.move(waited, Mode.CLOSED, actor="wang")
        world.clock.advance(minutes=-minutes)
    world.clock.advance(days=1)


def words(world: World, conversation_id: str) -> str:
    return world.roster.duty.words(conversation_id)


def test_with_a_lawyer_there_and_waits_measured_the_visitor_is_told_how_long(
    world: World,
) -> None:
    world.hire("wang")
    measure(world, 6)
    assert words(world, world.queue()) == "按最近的情况，大约要等 6 分钟。"


def test_without_enough_waits_nothing_is_said_about_time(world: World) -> None:
    world.hire("wang")
    measure(world, 6, LEAST_MEASURED - 1)
    assert words(world, world.queue()) == ""


def test_waits_at_another_time_of_day_or_long_ago_measure_nothing(world: World) -> None:
    world.hire("wang")
    measure(world, 6)
    world.clock.advance(hours=4)
    world.see_everybody()
    assert words(world, world.queue()) == ""
    world.clock.advance(hours=-4, days=14)
    world.see_everybody()
    assert words(world, world.queue()) == ""


def test_a_claim_that_came_to_nothing_measures_nothing(world: World) -> None:
    wang = world.hire("wang")
    dropped = []
    for _ in range(LEAST_MEASURED):
        dropped.append(world.queue())
        world.claim(dropped[-1], wang)
    world.clock.advance(minutes=5)
    world.sweep()
    world.see_everybody()
    assert {world.conversation(one).mode for one in dropped} == {Mode.QUEUED}
    assert words(world, world.queue()) == ""


def test_a_long_wait_is_not_said_in_minutes(world: World) -> None:
    world.hire("wang")
    measure(world, 75)
    assert "1 小时以上" in words(world, world.queue())


def test_outside_the_hours_there_is_one_text_with_hours_next_opening_and_what_to_do(
    world: World,
) -> None:
    world.open_office()
    world.hire("wang")
    world.clock.moment = at(18)
    told = words(world, world.queue())
    assert told.startswith("现在不是值班时间（周一至周五 9:00–17:00），明天（周二）9:00开始接待。")
    assert INVITES in told
    assert "12348" in told
    assert "分钟" not in told
    world.clock.moment = at(12, day=28)
    assert "11月30日（周一）9:00开始接待" in words(world, world.queue())


def test_every_visitor_reads_the_same_offline_text(world: World) -> None:
    world.open_office()
    world.clock.moment = at(20)
    ordinary, danger = world.queue(), world.queue(priority=90, topic="婚姻家庭")
    assert words(world, ordinary) == words(world, danger) == words(world, "0" * 32)


def test_within_the_hours_but_with_nobody_there_the_offline_text_says_so(world: World) -> None:
    world.open_office()
    wang = world.hire("wang")
    measure(world, 6)
    waiting = world.queue()
    assert "分钟" in words(world, waiting)
    world.roster.service.set_away(wang, wang.id, True)
    told = words(world, waiting)
    assert told.startswith("值班律师暂时都不在线。")
    assert INVITES in told
    assert "分钟" not in told


def test_without_any_office_presence_alone_decides(world: World) -> None:
    world.clock.moment = at(3)
    waiting = world.queue()
    assert words(world, waiting).startswith("值班律师暂时都不在线。")
    world.hire("wang")
    assert words(world, waiting) == ""


def test_a_lawyer_who_may_not_take_the_case_is_no_lawyer_there(world: World) -> None:
    wang = world.hire("wang")
    waiting = world.queue()
    world.roster.service.represent(wang, ["刘老板"])
    world.roster.service.note_opponents(waiting, ["刘老板"])
    assert words(world, waiting).startswith("值班律师暂时都不在线。")


def test_the_next_opening_is_that_of_whichever_office_opens_first(world: World) -> None:
    east = world.open_office("城东站")
    from_eight = OfficeHours({day: (Span(dt.time(8), dt.time(17)),) for day in range(5)})
    world.open_office("城西站", from_eight)
    world.clock.moment = at(18)
    assert "明天（周二）8:00开始接待" in words(world, world.queue())
    assert "明天（周二）9:00开始接待" in words(world, world.queue(office_id=east))


def test_a_wish_to_be_called_back_is_kept_with_the_matter(world: World) -> None:
    waiting = world.queue()
    world.phones.opened.add(waiting)
    told = world.roster.duty.callback(waiting, "１３８ 1234 5678")
    assert world.phones.kept == {waiting: "13812345678"}
    assert "138****5678" in told
    assert "13812345678" not in told


def test_a_wrong_number_or_no_matter_keeps_nothing(world: World) -> None:
    waiting = world.queue()
    world.phones.opened.add(waiting)
    with pytest.raises(BadInput, match="11 位手机号"):
        world.roster.duty.callback(waiting, "1381234")
    with pytest.raises(IllegalMove, match="转人工"):
        world.roster.duty.callback("0" * 32, "13812345678")
    assert world.phones.kept == {}
