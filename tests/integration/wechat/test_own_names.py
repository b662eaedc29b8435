"""Accounts of several bureaus at one product: each speaks in its own name, for its own office."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from bot.domain.people import Role, Staff
from bot.domain.roster import ALWAYS
from bot.roster.centres import scene_of
from bot.roster.repository import Office, RosterRepository
from bot.store.wechat_tables import wechat_followers
from tests.conftest import FixedClock
from tests.integration.desk.whole import Whole, open_whole
from tests.integration.wechat.conftest import PATIENCE_S, PUBLIC, QUICK, Town, settings_of
from tests.integration.wechat.county import QUIET
from tests.platform import ClientTransport, Follower, Registration, standing_in

MAIN = Registration()
YUELU = Registration(
    "wx0000000000000002", "s" * 32, "token-two", "b" * 43, "gh_2", path="/wechat/yuelu"
)
TIANXIN = QUIET
"""Its office is not in use."""
GREETING = "这里是{}公共法律服务助手"


def set_up(name: str, whole: Whole, *, active: bool = True) -> int:
    """Set an office up; return its id."""
    core, admin = whole.core, Staff(1, "admin", "管理员", "", Role.ADMIN)
    wanted = Office(0, name, "0731-1234567", ALWAYS, active)
    return RosterRepository(core.store, core.clock).save_office(admin, wanted)


def fan_of(city: Town, registration: Registration) -> Follower:
    return city.platform.follower(registration=registration)


def offices_of(city: Town, registration: Registration, fan: Follower) -> tuple[int | None, ...]:
    """Return where the follower and where the conversation belongs."""
    core = city.whole.core
    session = Town(city.whole, city.platform, registration).citizen(fan).session
    query = select(wechat_followers.c.office_id).where(
        wechat_followers.c.conversation_id == session
    )
    with core.store.read() as connection:
        mine = connection.execute(query).scalar_one()
    return mine, core.conversations.get(session).office_id


def sentence_at_desk(city: Town, registration: Registration) -> str:
    """Return what a lawyer reads above the conversation with a follower of this account."""
    fan = fan_of(city, registration)
    fan.say("老板拖欠我三个月工资")
    fan.say("转人工")
    citizen = Town(city.whole, city.platform, registration).citizen(fan)
    lawyer = city.whole.lawyer("wang")
    lawyer.does(citizen, "claim")
    shown = lawyer.client.get(f"/api/desk/conversations/{citizen.session}").json()
    return str(shown["channel_state"]["sentence"])


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    clock = FixedClock()
    with standing_in(MAIN, clock=clock) as platform:
        platform.patience_s = PATIENCE_S
        yuelu, tianxin = platform.register(YUELU), platform.register(TIANXIN)
        url = platform.url
        more = {
            "yuelu": settings_of(yuelu, url, bureau="岳麓区司法局", office=1),
            "quiet": settings_of(tianxin, url, bureau="天心区司法局", office=2),
        }
        with open_whole(
            tmp_path_factory.mktemp("city"),
            QUICK,
            clock,
            wechat=settings_of(MAIN, url),
            wechat_more=more,
            public_url=PUBLIC,
            bureau="长沙市司法局",
        ) as whole:
            platform.connect(ClientTransport(whole.first))
            whole.citizen().tell("老板拖欠工资怎么办")
            set_up("岳麓区法律援助中心", whole)
            set_up("天心区法律援助中心", whole, active=False)
            yield Town(whole, platform, MAIN)
    assert platform.books.broken == []


@pytest.mark.parametrize(
    ("registration", "bureau"),
    [(MAIN, "长沙市司法局"), (YUELU, "岳麓区司法局"), (TIANXIN, "天心区司法局")],
    ids=["main", "yuelu", "tianxin"],
)
def test_each_account_greets_in_the_name_of_its_bureau(
    city: Town, registration: Registration, bureau: str
) -> None:
    fan = fan_of(city, registration)
    fan.follow()
    assert fan.wait_for(GREETING.format(bureau)) is fan.seen[0]


def test_newcomers_belong_to_the_office_of_their_account(city: Town) -> None:
    for registration, office in ((MAIN, None), (YUELU, 1)):
        fan = fan_of(city, registration)
        fan.say("老板拖欠我三个月工资")
        assert offices_of(city, registration, fan) == (office, office)


def test_an_office_that_is_not_in_use_gets_nobody(city: Town) -> None:
    fan = fan_of(city, TIANXIN)
    assert GREETING.format("天心区司法局") in fan.follow().text
    assert offices_of(city, TIANXIN, fan) == (None, None)


def test_a_code_that_was_scanned_leads_elsewhere(city: Town) -> None:
    elsewhere = set_up("开福区法律援助中心", city.whole)
    fan = fan_of(city, YUELU)
    fan.follow(scene_of(elsewhere))
    fan.wait_for("已为您接通开福区法律援助中心")
    assert offices_of(city, YUELU, fan) == (elsewhere, elsewhere)


def test_the_desk_says_from_which_account_somebody_writes(city: Town) -> None:
    assert sentence_at_desk(city, MAIN).startswith("长沙市司法局的微信：对方")
    assert sentence_at_desk(city, YUELU).startswith("岳麓区司法局的微信：对方")


def test_the_desk_of_a_single_account_need_not_say_it(town: Town) -> None:
    assert sentence_at_desk(town, town.registration).startswith("微信：")
