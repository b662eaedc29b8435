"""What followers do besides writing: follow, scan, tap the menu, agree to notices, leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from bot.domain.conversation import Mode
from bot.domain.people import Role, Staff
from bot.roster.centres import scene_of
from bot.roster.repository import RosterRepository
from bot.store.tables import messages
from bot.store.wechat_tables import wechat_consents, wechat_followers
from bot.texts import load_texts
from bot.wechat.own_menu import MENU, own_menu
from tests.integration.desk.whole import ANSWER
from tests.integration.wechat.conftest import PUBLIC
from tests.integration.wechat.county import MAIN, QUIET, County, on_screen
from tests.integration.wechat.test_hand_over import delivery_of
from tests.live import until
from tests.platform import Follower

GREETING = "公共法律服务助手"
BACK = "欢迎回来"
GONE = "这个菜单项已经换了"


def clicks() -> list[str]:
    tops = yaml.safe_load(MENU.read_text(encoding="utf-8"))["buttons"]
    buttons = [one for top in tops for one in top.get("children", [top])]
    return [one["key"] for one in buttons if one["kind"] == "click"]


def later(county: County) -> None:
    """Let a second pass: two like events in one are one to a product that de-duplicates."""
    county.whole.clock.advance(seconds=1)


def rows(county: County, table: Any) -> int:
    with county.whole.core.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def old_friend(county: County, account: Any = MAIN) -> Follower:
    """Return somebody who follows and has been greeted."""
    fan = county.fan(account)
    fan.follow()
    fan.wait_for(GREETING)
    later(county)
    return fan


def office_of(county: County, fan: Follower, account: Any = MAIN) -> int | None:
    session = county.of(fan, account).session
    return county.whole.core.conversations.get(session).office_id


# --- following --------------------------------------------------------------------------------


def test_a_newcomer_is_greeted_once_with_choices(county: County) -> None:
    fan = county.fan()
    push = fan.follow()
    fan.redeliver(push)
    greeting = fan.wait_for(GREETING)
    assert [label for _, label in greeting.items] == ["老板欠薪", "申请法律援助", "转律师"]
    assert "同意" in greeting.text
    assert ANSWER in fan.say("老板拖欠我三个月工资").text
    assert len([seen for seen in fan.seen if GREETING in seen.text]) == 1


@pytest.mark.parametrize("account", [MAIN, QUIET], ids=["verified", "unverified"])
def test_who_comes_back_is_not_greeted_like_a_stranger(county: County, account: Any) -> None:
    fan = old_friend(county, account)
    fan.unfollow()
    later(county)
    before = len(fan.seen)
    fan.follow()
    fan.wait_for(BACK, after=before)
    assert not [seen for seen in fan.seen[before:] if GREETING in seen.text]
    assert ANSWER in fan.say("老板拖欠我三个月工资").text


def test_who_comes_back_after_all_was_deleted_is_greeted_anew(county: County) -> None:
    fan = old_friend(county)
    fan.unfollow()
    county.whole.core.conversations.erase(county.of(fan).session)
    later(county)
    before = len(fan.seen)
    fan.follow()
    fan.wait_for(GREETING, after=before)
    assert not [seen for seen in fan.seen[before:] if BACK in seen.text]


def test_leaving_is_silent_and_no_stranger_is_remembered_by_it(county: County) -> None:
    fan = county.fan()
    push = fan.unfollow()
    assert (push.text, push.answered_by) == ("", 1)
    assert rows(county, wechat_followers) == 0


# --- an office's QR code ----------------------------------------------------------------------


@pytest.mark.parametrize("account", [MAIN, QUIET], ids=["verified", "unverified"])
def test_who_follows_by_an_offices_code_belongs_to_it(county: County, account: Any) -> None:
    name = f"天心区法律援助中心{account.original_id}"
    office_id = county.office(name, 28.11, 112.99)
    fan = county.fan(account)
    fan.follow(scene_of(office_id))
    fan.wait_for(f"已为您接通{name}")
    assert GREETING in "".join(fan.texts)
    assert office_of(county, fan, account) == office_id
    # The three ways in are offered all the same, and work.
    if account is MAIN:
        assert len(fan.seen[-1].items) == 3
    else:
        assert "1" in fan.seen[-1].text
    label = load_texts().get("buttons")["lawyer"]["label"]
    assert label in str(fan.seen[-1])


@pytest.fixture
def lawyers_office(county: County) -> Iterator[int]:
    """An office in which 李强 works and 王敏 does not."""
    office_id = county.office("开福区法律援助中心", 28.25, 112.98)
    elsewhere = county.office("望城区法律援助中心", 28.36, 112.81)
    admin = Staff(1, "admin", "管理员", "", Role.ADMIN)
    core = county.whole.core
    roster = RosterRepository(core.store, core.clock)
    places = {"li": office_id, "wang": elsewhere}
    for login, place in places.items():
        staff = county.whole.lawyer(login).staff
        roster.save_person(admin, staff.id, 3, (), office_id=place)
    yield office_id
    for login in places:
        staff = county.whole.lawyer(login).staff
        roster.save_person(admin, staff.id, 3, (), office_id=None)


def test_who_scans_an_offices_code_is_handed_over_there(
    county: County, lawyers_office: int
) -> None:
    fan = old_friend(county)
    push = fan.scan(scene_of(lawyers_office))
    assert "已为您接通开福区法律援助中心" in push.text
    assert office_of(county, fan) == lawyers_office
    wang, li = county.whole.lawyer("wang"), county.whole.lawyer("li")
    fan.say("转人工")
    citizen = county.of(fan)
    until(lambda: li.rings(citizen))
    assert not wang.rings(citizen)


@pytest.mark.parametrize("scene", ["promotion", "office-0", "office-999999", "office-1 OR 1", "7"])
def test_a_scene_that_is_no_office_binds_nothing(county: County, scene: str) -> None:
    fan = county.fan()
    fan.follow(scene)
    fan.wait_for(GREETING)
    assert office_of(county, fan) is None
    later(county)
    assert BACK in fan.scan(scene).text
    assert office_of(county, fan) is None


def test_an_office_out_of_use_binds_nothing(county: County) -> None:
    office_id = county.office("已撤销的工作站", 28.2, 112.9, active=False)
    fan = old_friend(county)
    assert "已为您接通" not in fan.scan(scene_of(office_id)).text
    assert office_of(county, fan) is None


def test_who_waits_already_is_told_that_a_code_changes_nothing_now(county: County) -> None:
    office_id = county.office("长沙县法律援助中心", 28.24, 113.08)
    fan, citizen = county.waiting()
    assert "还由原来的地方办" in fan.scan(scene_of(office_id)).text
    assert county.whole.owner(citizen)[0] is Mode.QUEUED
    assert office_of(county, fan) is None


# --- the menu ---------------------------------------------------------------------------------


@pytest.mark.parametrize("account", [MAIN, QUIET], ids=["verified", "unverified"])
@pytest.mark.parametrize("key", clicks())
def test_every_entry_of_the_menu_gets_a_useful_answer(
    county: County, key: str, account: Any
) -> None:
    fan = old_friend(county, account)
    push = fan.click(key)
    assert push.answered_by == 1
    assert GONE not in push.text
    assert "系统出了点问题" not in push.text
    if key.startswith("page:"):
        assert f"{PUBLIC}/m/" in push.text
        return
    button = load_texts().get("buttons")[key]
    if key == "lawyer":
        assert county.whole.owner(county.of(fan, account))[0] is Mode.QUEUED
        assert "值班律师的队列" in push.text
        return
    assert ANSWER in push.text
    wanted = f"/{button['intent']}" if "intent" in button else button["text"]
    assert county.whole.rasa.asked[-1] == wanted


@pytest.mark.parametrize("key", ["topics_taxes", "page:nowhere", "page:", "", "x" * 200, "/ask"])
def test_an_entry_that_no_longer_exists_says_so(county: County, key: str) -> None:
    fan = old_friend(county)
    asked = len(county.whole.rasa.asked)
    assert GONE in fan.click(key).text
    assert len(county.whole.rasa.asked) == asked


def test_the_menu_as_it_is_put_up_can_be_pressed(county: County) -> None:
    county.platform.account().menu = own_menu(PUBLIC)
    fan = old_friend(county)
    pushes = [fan.press(name) for name in ("算一算", "服务清单", "找服务中心")]
    assert [(push.text, push.answered_by) for push in pushes] == [("", 1)] * 3
    # The platform sends the place itself as a message of its own.
    assert "12348" in fan.send_location(28.1, 113.0, "长沙市").text


def test_a_click_while_a_lawyer_is_there_is_words_to_the_lawyer(county: County) -> None:
    fan, citizen, lawyer = county.talking()
    asked = len(county.whole.rasa.asked)
    assert fan.click("topics_wage").text == ""
    assert "老板拖欠我的工资怎么办" in str(on_screen(lawyer, citizen)[-1])
    assert len(county.whole.rasa.asked) == asked
    assert f"{PUBLIC}/m/" in fan.click("page:me").text


def test_a_click_whose_answer_takes_long_is_processed_once(county: County) -> None:
    fan = old_friend(county)
    asked = len(county.whole.rasa.asked)
    with county.whole.rasa.thinking():
        push = fan.click("topics_wage")
        assert len(push.attempts) == 3
        assert not push.unavailable
    fan.wait_for(ANSWER)
    assert len(county.whole.rasa.asked) == asked + 1
    assert len([seen for seen in fan.seen if ANSWER in seen.text]) == 1


def test_a_click_delivered_again_is_one_and_one_of_a_second_later_another(county: County) -> None:
    fan = old_friend(county)
    push = fan.click("topics_wage")
    asked = len(county.whole.rasa.asked)
    again = fan.redeliver(push)
    assert again.text == push.text
    assert fan.click("topics_wage").text == push.text
    assert len(county.whole.rasa.asked) == asked
    later(county)
    fan.click("topics_wage")
    assert len(county.whole.rasa.asked) == asked + 1


# --- notices ----------------------------------------------------------------------------------


def agreed(county: County, fan: Follower) -> int:
    """Return to how many notices the product believes that a follower agrees."""
    query = (
        select(wechat_consents.c.left)
        .join(wechat_followers, wechat_followers.c.id == wechat_consents.c.follower_id)
        .where(wechat_followers.c.conversation_id == county.of(fan).session)
    )
    with county.whole.core.store.read() as connection:
        return sum(connection.execute(query).scalars())


def test_consents_to_notices_are_counted_and_can_be_withdrawn(county: County) -> None:
    template = MAIN.templates[0]
    fan = old_friend(county)
    fan.reject(template)
    assert agreed(county, fan) == 0
    later(county)
    push = fan.accept(template)
    fan.redeliver(push)
    later(county)
    fan.accept(template)
    assert agreed(county, fan) == 2
    assert push.text == ""
    later(county)
    fan.withdraw(template)
    assert agreed(county, fan) == 0


def test_a_consent_to_another_template_is_not_ours(county: County) -> None:
    fan = old_friend(county)
    fan.accept("template-of-others")
    assert agreed(county, fan) == 0


def test_a_consent_of_a_stranger_makes_no_follower(county: County) -> None:
    county.fan().accept(MAIN.templates[0])
    assert rows(county, wechat_followers) == 0


# --- what is none of our business -------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "VIEW",
        "view_miniprogram",
        "location_select",
        "pic_weixin",
        "TEMPLATESENDJOBFINISH",
        "MASSSENDJOBFINISH",
        "subscribe_msg_sent_event",
        "user_authorization_revoke",
        "merge_events_of_tomorrow",
        "",
    ],
)
def test_other_events_are_silent_and_leave_nothing(county: County, name: str) -> None:
    push = county.fan().event(name, "https://example.cn/")
    assert (push.text, push.answered_by) == ("", 1)
    assert rows(county, wechat_followers) == 0
    assert rows(county, messages) == 0


def test_a_reported_place_is_not_kept(county: County) -> None:
    fan = old_friend(county)
    before = rows(county, messages)
    assert fan.locate(28.1, 113.0).text == ""
    assert rows(county, messages) == before


@pytest.mark.parametrize("name", ["scancode_push", "scancode_waitmsg"])
def test_a_scan_of_some_other_code_is_silent_but_opens_the_window(
    county: County, name: str
) -> None:
    fan, citizen, _ = county.talking()
    lawyer = county.two_days_later(citizen)
    before = len(fan.seen)
    lawyer.says(citizen, "材料齐了吗？")
    until(lambda: delivery_of(lawyer, citizen, "材料齐了吗") == "window")
    push = fan.event(name, "code", ScanCodeInfo="x")
    assert push.text == ""
    fan.wait_for("材料齐了吗", after=before)
