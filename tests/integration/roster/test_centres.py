"""The nearest offices as they are told, and the office that a QR code leads to."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import update

from bot.domain.conversation import Mode
from bot.domain.people import Role
from bot.domain.points import Point
from bot.domain.roster import OfficeHours
from bot.roster.centres import Centres, scene_of
from bot.roster.repository import Office, RosterRepository
from bot.store.tables import offices
from tests.integration.roster.conftest import WEEKDAYS, World, at

HERE = (24.88, 102.83)
GARBAGE = [(math.nan, 102.83), (91.0, 102.83), (None, None), (24.88, None), (0.0, 0.0)]


@pytest.fixture
def centres(world: World) -> Centres:
    return Centres(RosterRepository(world.store, world.clock), world.clock)


def put(
    world: World,
    name: str,
    point: Point | None,
    *,
    phone: str = "",
    address: str = "",
    hours: OfficeHours = WEEKDAYS,
    active: bool = True,
) -> int:
    boss = world.people.get("boss") or world.hire("boss", Role.SUPERVISOR, present=False)
    office = Office(0, name, phone, hours, active, (), address, point)
    return world.roster.service.save_office(boss, office)


def test_the_three_nearest_offices_in_use_are_told_nearest_first(
    world: World, centres: Centres
) -> None:
    put(world, "最远", Point(25.1, 102.83))
    put(world, "第二", Point(24.92, 102.83))
    put(world, "第三", Point(24.97, 102.83))
    put(world, "停用", Point(24.88, 102.83), active=False)
    put(world, "没有坐标", None)
    put(world, "最近", Point(24.8908, 102.83), phone="0871-63111234", address="人民路 1 号")
    world.clock.moment = at(10)
    assert centres.nearest(*HERE) == "\n".join(
        (
            "离您最近的法律服务地点（直线距离）：",
            "1. 最近，约 1.2 公里",
            "地址：人民路 1 号",
            "电话：0871-63111234",
            "今天 9:00–17:00，现在开着",
            "2. 第二，约 4.4 公里",
            "今天 9:00–17:00，现在开着",
            "3. 第三，约 10 公里",
            "今天 9:00–17:00，现在开着",
            "去之前可以先打电话问一下；也可以随时拨打 12348 公共法律服务热线。",
        )
    )


def test_a_closed_office_says_when_it_opens(world: World, centres: Centres) -> None:
    put(world, "城东站", Point(*HERE))
    world.clock.moment = at(18)
    assert "今天 9:00–17:00，现在没开，明天（周二）9:00开门" in centres.nearest(*HERE)
    world.clock.moment = at(10, day=28)
    assert "今天 休息，现在没开，11月30日（周一）9:00开门" in centres.nearest(*HERE)
    put(world, "不开的站", Point(*HERE), hours=OfficeHours({}))
    assert "今天 休息，近期不开" in centres.nearest(*HERE)


@pytest.mark.parametrize(("latitude", "longitude"), GARBAGE)
def test_a_position_that_is_none_lists_offices_without_distances(
    world: World, centres: Centres, latitude: float | None, longitude: float | None
) -> None:
    put(world, "城东站", Point(*HERE), phone="0871-63111234")
    told = centres.nearest(latitude, longitude)
    assert told.startswith("没有收到能用的位置")
    assert "1. 城东站\n电话：0871-63111234" in told
    assert "12348" in told
    assert "公里" not in told


def test_offices_without_coordinates_are_listed_and_it_is_said_why(
    world: World, centres: Centres
) -> None:
    put(world, "城东站", None, phone="0871-63111234")
    told = centres.nearest(*HERE)
    assert told.startswith("还没有登记各法律服务地点的位置")
    assert "城东站\n电话：0871-63111234" in told
    assert "12348" in told


@pytest.mark.parametrize(("latitude", "longitude"), [HERE, *GARBAGE])
def test_without_any_office_there_is_still_the_hotline(
    world: World, centres: Centres, latitude: float | None, longitude: float | None
) -> None:
    put(world, "停用", Point(*HERE), active=False)
    told = centres.nearest(latitude, longitude)
    assert "停用" not in told
    assert "12348" in told


def test_an_office_keeps_its_place_through_the_database(world: World) -> None:
    office_id = put(world, "城东站", Point(24.8801, 102.8329), address="人民路 1 号")
    found = world.roster.service.office(office_id)
    assert (found.address, found.point) == ("人民路 1 号", Point(24.8801, 102.8329))


def test_coordinates_that_are_no_place_in_china_count_as_none(world: World) -> None:
    office_id = put(world, "城东站", Point(*HERE))
    for values in ({"latitude": 91.0}, {"latitude": None}):
        with world.store.write() as connection:
            connection.execute(update(offices).where(offices.c.id == office_id).values(values))
        assert world.roster.service.office(office_id).point is None


# --- the code on the wall -------------------------------------------------------------------------


def test_a_scene_leads_to_its_office_while_that_is_in_use(world: World, centres: Centres) -> None:
    used = put(world, "城东站", None)
    unused = put(world, "停用", None, active=False)
    assert centres.office_of_scene(scene_of(used)) == (used, "城东站")
    assert centres.office_of_scene(scene_of(unused)) is None
    assert centres.office_of_scene(scene_of(unused + 1)) is None


@pytest.mark.parametrize(
    "scene",
    ["", "office", "office-", "office-0", "office-01", "office--1", "office-1 ", "Office-1",
     "qrscene_office-1", "office-1\n", "office-１", "office-1;2", "office-9999999999", "1"],
)  # fmt: skip
def test_any_other_scene_leads_nowhere(world: World, centres: Centres, scene: str) -> None:
    put(world, "城东站", None)
    assert centres.office_of_scene(scene) is None


def test_a_conversation_is_bound_while_nobody_waits_in_it(world: World) -> None:
    east, west = put(world, "城东站", None), put(world, "城西站", None)
    conversation, _ = world.conversations.create("wechat", "v1")
    assert world.conversations.set_office(conversation.id, east)
    assert world.conversation(conversation.id).office_id == east
    assert world.conversations.set_office(conversation.id, west)
    waiting = world.queue(office_id=east)
    talk = world.talk(world.hire("wang"))
    for taken in (waiting, talk, "0" * 32):
        assert not world.conversations.set_office(taken, west)
    assert world.conversation(waiting).office_id == east
    assert world.conversation(talk).office_id is None
    world.conversations.move(waiting, Mode.CLOSED)
    assert world.conversations.set_office(waiting, west)


def test_who_scanned_at_a_station_without_lawyers_is_offered_to_others(world: World) -> None:
    east, station = put(world, "城东站", None), put(world, "村里的站", None)
    wang = world.hire("wang")
    world.set_staff(wang, office_id=east)
    waiting = world.queue(office_id=station)
    assert world.roster.duty.words(waiting) == ""
    world.assign()
    assert world.offered(waiting) == wang.id
    # With a lawyer of its own, only that one is asked, there or not.
    li = world.hire("li", present=False)
    world.set_staff(li, office_id=station)
    later = world.queue(office_id=station)
    world.assign()
    assert world.offered(later) is None
