"""The roster over HTTP: who may see and change what, what is kept after an error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.templating import Jinja2Templates
from fastapi.testclient import TestClient
from httpx2 import Response

import bot.web
from bot.domain.people import Role, Staff
from bot.domain.points import Point
from bot.roster.endpoints import create_roster_router
from bot.store.unit import Store
from bot.web.http import install_error_handlers
from bot.web.staff import COOKIE, SCRIPT_HEADER, SCRIPT_VALUE, StaffGuard
from tests.conftest import FixedClock
from tests.integration.roster.conftest import World, make_world

TEMPLATES = Path(bot.web.__file__).parent / "templates"
SCRIPT = {SCRIPT_HEADER: SCRIPT_VALUE}
WEEK = ["9:00-12:00 14:00-17:00"] * 5 + ["", ""]
FOREIGN = {"Origin": "https://evil.example"}
MANY_PROVINCES = [*map(str, (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47),
                            *range(50, 55), *range(61, 66)))]  # fmt: skip


class Pages:
    """The router over a real roster; the session token is the login name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.boss = world.hire("boss", Role.SUPERVISOR, present=False)
        self.wang = world.hire("wang", present=False)
        world.hire("zhao", Role.OFFICER, present=False)
        self.app = FastAPI()
        install_error_handlers(self.app)
        self.app.include_router(
            create_roster_router(world.roster.service, StaffGuard(self), Jinja2Templates(TEMPLATES))
        )

    def session(self, token: str) -> Staff | None:
        return self.world.people.get(token)

    def of(self, login: str) -> TestClient:
        cookies = {COOKIE: login} if login else {}
        return TestClient(self.app, cookies=cookies, follow_redirects=False)

    def add_office(self, **other: object) -> Response:
        form = {"name": "城东站", "phone": "", "week": WEEK, "exceptions": "", **other}
        return self.of("boss").post("/desk/roster/offices/0", data=form)

    def add_shift(self, **other: str) -> Response:
        form = {
            "staff_id": str(self.wang.id),
            "day": "2026-11-24",
            "starts": "09:00",
            "ends": "12:00",
            **other,
        }
        return self.of("boss").post("/desk/roster/shifts", data=form)


@pytest.fixture
def pages(sqlite_store: Store, clock: FixedClock) -> Pages:
    return Pages(make_world(sqlite_store, clock))


def test_strangers_go_to_the_sign_in_page_and_officers_have_no_business_here(
    pages: Pages,
) -> None:
    for path in ("", "/clients", "/offices/new", f"/people/{pages.wang.id}"):
        assert pages.of("").get(f"/desk/roster{path}").status_code == 303
        assert pages.of("zhao").get(f"/desk/roster{path}").status_code == 403
    assert pages.of("").get("/api/desk/colleagues").status_code == 401
    assert pages.of("zhao").get("/api/desk/colleagues").status_code == 403


def test_the_plan_shows_who_is_there_with_load_and_topics(pages: Pages) -> None:
    pages.world.set_staff(pages.wang, topics="劳动,借贷", capacity=4)
    pages.world.roster.service.seen(pages.wang.id)
    pages.world.talk(pages.wang)
    page = pages.of("boss").get("/desk/roster").text
    for shown in ("律师wang", "1／4", "劳动、借贷", "在岗接待", "不限单位", "全天开放"):
        assert shown in page


def test_looking_at_the_plan_is_a_sign_of_life(pages: Pages) -> None:
    pages.of("wang").get("/desk/roster")
    assert pages.world.roster.service.colleague(pages.wang.id).present


def test_a_lawyer_sees_the_plan_without_the_forms_of_supervisors(pages: Pages) -> None:
    pages.add_office()
    pages.add_shift()
    page = pages.of("wang").get("/desk/roster").text
    assert "11月24日 周二" in page
    for hidden in ("加一个班", "照抄", "/remove", "/offices/"):
        assert hidden not in page
    for path, form in (
        ("offices/0", {"name": "城西站"}),
        ("shifts/1/remove", {}),
        ("weeks", {"monday": "2026-11-23"}),
    ):
        assert pages.of("wang").post(f"/desk/roster/{path}", data=form).status_code == 403
    assert len(pages.world.roster.service.planned()) == 1


def test_an_office_is_added_shown_and_changed(pages: Pages) -> None:
    answer = pages.add_office(exceptions="2027-01-01至2027-01-03 休")
    assert answer.headers["location"] == "/desk/roster?done=office"
    page = pages.of("boss").get("/desk/roster?done=office").text
    for shown in ("城东站", "周一至周五 9:00–12:00、14:00–17:00", "1月2日 周六 休息", "已保存单位"):
        assert shown in page
    [office] = pages.world.roster.service.offices()
    form = pages.of("boss").get(f"/desk/roster/offices/{office.id}").text
    assert 'value="9:00-12:00 14:00-17:00"' in form
    assert "2027-01-02 休" in form
    pages.of("boss").post(
        f"/desk/roster/offices/{office.id}", data={"name": "城南站", "week": WEEK, "active": "0"}
    )
    [changed] = pages.world.roster.service.offices()
    assert (changed.id, changed.name, changed.active) == (office.id, "城南站", False)


def test_after_an_error_an_office_keeps_what_was_typed(pages: Pages) -> None:
    answer = pages.add_office(week=["早上九点", *WEEK[1:]], exceptions="2027-01-01 休\n过年")
    assert answer.status_code == 422
    assert re.search(r'role="alert">周一的时间看不懂', answer.text)
    for kept in ('value="早上九点"', 'value="城东站"', "过年</textarea>"):
        assert kept in answer.text
    assert pages.world.roster.service.offices() == []
    assert pages.of("boss").get("/desk/roster/offices/999").status_code == 404


def test_the_places_of_an_office_are_typed_by_name_or_code_and_shown_by_name(
    pages: Pages,
) -> None:
    pages.add_office(areas="昆明市官渡区\n530103、昆明市")
    [office] = pages.world.roster.service.offices()
    assert office.areas == ("530111", "530103", "5301")
    page = pages.of("boss").get("/desk/roster").text
    assert "管辖地区：云南省昆明市官渡区、云南省昆明市盘龙区、云南省昆明市" in page
    form = pages.of("boss").get(f"/desk/roster/offices/{office.id}").text
    assert "云南省昆明市盘龙区\n云南省昆明市</textarea>" in form


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("火星", "没认出“火星”是哪里"),
        ("999999", "没有 999999 这个行政区划代码"),
        ("朝阳区", "北京市朝阳区、吉林省长春市朝阳区"),
        ("\n".join(MANY_PROVINCES), "最多 28 个"),
    ],
)  # fmt: skip
def test_a_place_that_is_none_or_one_of_several_is_refused_and_kept(
    pages: Pages, typed: str, says: str
) -> None:
    answer = pages.add_office(areas=typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert f"{typed}</textarea>" in answer.text
    assert pages.world.roster.service.offices() == []


def test_an_office_gets_a_place_that_its_form_shows_again(pages: Pages) -> None:
    pages.add_office(address=" 人民路 1 号\n二楼 ", point="102.8329，24.8801")
    [office] = pages.world.roster.service.offices()
    assert office.address == "人民路 1 号 二楼"
    assert office.point == Point(24.8801, 102.8329)
    assert "地址：人民路 1 号 二楼" in pages.of("boss").get("/desk/roster").text
    form = pages.of("boss").get(f"/desk/roster/offices/{office.id}").text
    for shown in ('value="24.8801, 102.8329"', "GCJ-02", f"bot wechat qr {office.id}"):
        assert shown in form
    pages.of("boss").post(
        f"/desk/roster/offices/{office.id}", data={"name": "城东站", "week": WEEK, "point": " "}
    )
    [moved] = pages.world.roster.service.offices()
    assert (moved.address, moved.point) == ("", None)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"point": "24.8801"}, "坐标看不懂"),
        ({"point": "48.8566, 2.3522"}, "不在中国境内"),
        ({"address": "路" * 121}, "地址不能超过 120 个字"),
    ],
)
def test_a_place_that_cannot_be_is_refused_and_kept(
    pages: Pages, typed: dict[str, str], says: str
) -> None:
    answer = pages.add_office(**typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert all(f'value="{words}"' in answer.text for words in typed.values())
    assert pages.world.roster.service.offices() == []


def test_a_shift_is_added_shown_by_day_and_removed(pages: Pages) -> None:
    assert pages.add_shift().headers["location"] == "/desk/roster?done=shift_added"
    assert pages.add_shift(starts="22:00", ends="06:00").status_code == 303
    page = pages.of("boss").get("/desk/roster").text
    assert "9:00–12:00" in page
    assert "22:00–次日6:00" in page
    first, second = pages.world.roster.service.planned()
    pages.of("boss").post(f"/desk/roster/shifts/{first.id}/remove")
    assert pages.world.roster.service.planned() == [second]
    again = pages.of("boss").post(f"/desk/roster/shifts/{first.id}/remove")
    assert again.status_code == 422
    assert "已经不在" in again.text


def test_after_an_error_a_shift_keeps_what_was_typed(pages: Pages) -> None:
    pages.add_shift()
    answer = pages.add_shift(ends="11:30")
    assert answer.status_code == 422
    assert 'role="alert">这位同事在这段时间已经有班了' in answer.text
    for kept in ('value="2026-11-24"', 'value="11:30"', f'value="{pages.wang.id}" selected'):
        assert kept in answer.text
    for wrong in ({"day": "明天"}, {"starts": ""}, {"staff_id": "x"}):
        assert "请填写值班的日期" in pages.add_shift(**wrong).text


def test_a_week_is_copied(pages: Pages) -> None:
    pages.add_shift()
    answer = pages.of("boss").post("/desk/roster/weeks", data={"monday": "2026-11-30"})
    page = pages.of("boss").get(answer.headers["location"]).text
    assert "新增 1 个" in page
    assert "12月1日 周二" in page
    assert pages.of("boss").post("/desk/roster/weeks", data={"monday": "x"}).status_code == 422


def test_a_lawyer_changes_capacity_and_topics_but_keeps_the_office(pages: Pages) -> None:
    pages.add_office()
    [office] = pages.world.roster.service.offices()
    pages.world.set_staff(pages.wang, office_id=office.id)
    form = pages.of("wang").get(f"/desk/roster/people/{pages.wang.id}").text
    assert 'name="office"' not in form
    pages.of("wang").post(
        f"/desk/roster/people/{pages.wang.id}",
        data={"capacity": "3", "topics": ["劳动", "借贷"], "away": "1", "office": ""},
    )
    found = pages.world.roster.service.colleague(pages.wang.id).person
    assert (found.capacity, found.topics, found.away) == (3, ("劳动", "借贷"), True)
    assert found.staff.office_id == office.id


def test_a_supervisor_moves_a_lawyer_to_an_office(pages: Pages) -> None:
    pages.add_office()
    [office] = pages.world.roster.service.offices()
    pages.of("boss").post(
        f"/desk/roster/people/{pages.wang.id}", data={"capacity": "6", "office": str(office.id)}
    )
    assert pages.world.roster.service.colleague(pages.wang.id).office == "城东站"


def test_a_wrong_capacity_is_refused_with_what_was_typed(pages: Pages) -> None:
    for typed in ("很多", "0", "31"):
        answer = pages.of("wang").post(
            f"/desk/roster/people/{pages.wang.id}", data={"capacity": typed, "topics": ["劳动"]}
        )
        assert answer.status_code == 422
        assert "1 到 30" in answer.text
        assert f'value="{typed}"' in answer.text
        assert 'value="劳动" checked' in answer.text


def test_a_lawyer_cannot_open_or_change_a_colleagues_settings(pages: Pages) -> None:
    address = f"/desk/roster/people/{pages.boss.id}"
    assert pages.of("wang").get(address).status_code == 403
    assert pages.of("wang").post(address, data={"capacity": "1"}).status_code == 403
    assert pages.world.roster.service.colleague(pages.boss.id).person.capacity == 6


def test_going_away_and_coming_back_by_form(pages: Pages) -> None:
    service = pages.world.roster.service
    pages.of("wang").post("/desk/roster/away", data={"away": "1"})
    assert service.colleague(pages.wang.id).person.away
    assert "恢复接单" in pages.of("wang").get("/desk/roster").text
    pages.of("wang").post("/desk/roster/away", data={"away": "0"})
    assert not service.colleague(pages.wang.id).person.away


def test_clients_are_recorded_without_ever_being_shown_again(pages: Pages) -> None:
    client = pages.of("wang")
    answer = client.post(
        "/desk/roster/clients", data={"names": "刘大富\n春城公司\n", "act": "record"}
    )
    page = client.get(answer.headers["location"]).text
    assert "新增 2 个" in page
    assert "您已登记 2 个" in page
    assert "只保存名字的加密指纹" in page
    assert "刘大富" not in page + answer.headers["location"]
    client.post("/desk/roster/clients", data={"names": "刘大富", "act": "remove"})
    assert "您已登记 1 个" in client.get("/desk/roster/clients").text
    wrong = client.post("/desk/roster/clients", data={"names": "刘"})
    assert wrong.status_code == 422
    assert ">刘</textarea>" in wrong.text


def test_a_form_on_another_site_changes_nothing(pages: Pages) -> None:
    for path, form in (("away", {"away": "1"}), ("clients", {"names": "刘大富"})):
        answer = pages.of("wang").post(f"/desk/roster/{path}", data=form, headers=FOREIGN)
        assert answer.status_code == 403
    found = pages.world.roster.service
    assert not found.colleague(pages.wang.id).person.away
    assert found.represented_count(pages.wang.id) == 0


def test_markup_in_a_name_is_shown_as_text(pages: Pages) -> None:
    pages.add_office(name="<b>城东</b>")
    page = pages.of("boss").get("/desk/roster").text
    assert "<b>城东" not in page
    assert "&lt;b&gt;城东" in page


def test_every_field_has_a_label_and_nothing_is_inline(pages: Pages) -> None:
    pages.add_office()
    pages.add_shift()
    [office] = pages.world.roster.service.offices()
    for path in (
        "",
        f"/offices/{office.id}",
        "/offices/new",
        f"/people/{pages.wang.id}",
        "/clients",
    ):
        page = pages.of("boss").get(f"/desk/roster{path}").text
        labelled = set(re.findall(r'<label for="([^"]+)"', page))
        for field in re.findall(r"<(?:input|select|textarea)[^>]*>", page):
            if 'type="hidden"' in field or 'type="checkbox"' in field:
                continue
            [name] = re.findall(r'\bid="([^"]+)"', field)
            assert name in labelled, field
        assert page.count('type="checkbox"') == page.count('class="check"')
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)


# --- the interface ----------------------------------------------------------------------------


def test_colleagues_come_with_presence_load_and_the_conflict_asked_about(pages: Pages) -> None:
    world = pages.world
    waiting = world.queue()
    world.roster.service.represent(pages.wang, ["刘大富"])
    world.roster.service.note_opponents(waiting, ["刘大富"])
    plain = pages.of("boss").get("/api/desk/colleagues").json()
    assert [(c["name"], c["conflict"]) for c in plain] == [
        ("律师boss", None),
        ("律师wang", None),
    ]
    asked = pages.of("boss").get("/api/desk/colleagues", params={"conversation": waiting}).json()
    assert asked[1] == {
        "id": pages.wang.id,
        "name": "律师wang",
        "role": "lawyer",
        "office": "",
        "present": False,
        "away": False,
        "load": 0,
        "capacity": 6,
        "topics": [],
        "conflict": True,
    }
    assert asked[0]["present"] is True
    wrong = pages.of("boss").get("/api/desk/colleagues", params={"conversation": "x"})
    assert wrong.status_code == 422


def test_going_away_by_script_needs_the_script_header(pages: Pages) -> None:
    client = pages.of("wang")
    assert client.post("/api/desk/away", json={"away": True}).status_code == 403
    assert client.post("/api/desk/away", json={"away": True}, headers=SCRIPT).json() == {
        "away": True
    }
    assert pages.world.roster.service.colleague(pages.wang.id).person.away


def test_opponents_are_noted_from_the_desk_and_say_who_is_barred(pages: Pages) -> None:
    world = pages.world
    waiting = world.queue()
    world.roster.service.represent(pages.wang, ["刘大富"])
    client = pages.of("wang")
    body = {"names": ["刘大富"]}
    answer = client.post(f"/api/desk/opponents?conversation={waiting}", json=body, headers=SCRIPT)
    assert answer.json() == {"conflict": True, "colleagues": [pages.wang.id]}
    other = world.talk(pages.boss)
    refused = client.post(f"/api/desk/opponents?conversation={other}", json=body, headers=SCRIPT)
    assert refused.status_code == 403
    assert "刘" not in refused.text
