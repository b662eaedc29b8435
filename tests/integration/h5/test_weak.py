"""What a pass got by a lasting link does not open, as the link may have been passed on unopened.

It is enough to read and to send; not to take everything along, erase, unbind, or to apply.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.apply.session import COOKIE as APPLY_COOKIE
from bot.h5.session import COOKIE
from bot.store.crypto import token_hash
from bot.store.tables import continuations, conversations
from bot.store.wechat_tables import passes
from tests.integration.h5.conftest import (
    ACCOUNT,
    OPENID,
    House,
    Phone,
    Phones,
    location,
    sent_off,
)

STRONG = ("me", "progress", "rate", "services", "notify", "upload", "bind", "apply")
HEAVY = ("/m/export", "/m/export?show=1", "/m/erase", "/m/apply", "/m/apply?to=status")
WAY_ON = "发“我的”两个字，点收到的链接再来办"


@pytest.fixture
def weak(house: House, phones: Phones) -> Phone:
    """A phone let in by the link of an answer."""
    follower = house.follow()
    asked = house.ask(house.talk_of(follower), "老板拖欠工资")
    return phones(house).open(house.link(follower, f"answer:{asked}"))


def is_strong(house: House) -> bool:
    with house.store.read() as connection:
        return connection.execute(select(passes.c.is_strong)).scalar_one()


def test_it_opens_what_there_is_to_read(house: House, weak: Phone) -> None:
    assert "老板拖欠工资" in weak.words
    for path in ("/m/talk", "/m/me", "/m/progress", "/m/data", "/m/upload", "/m/rate"):
        assert weak.get(path).page.status_code == 200, path


def test_it_takes_nothing_along_and_erases_nothing(house: House, weak: Phone) -> None:
    for path in HEAVY:
        assert weak.get(path).page.status_code == 403, path
        assert WAY_ON in weak.words
        assert "老板拖欠工资" not in weak.words
    weak.post("/m/erase")
    assert weak.page.status_code == 403
    assert WAY_ON in weak.words
    with house.store.read() as connection:
        assert len(connection.execute(select(conversations.c.id)).all()) == 1


def test_it_is_no_key_of_the_application_or_of_the_chat(house: House, weak: Phone) -> None:
    assert APPLY_COOKIE not in weak.client.cookies
    weak.client.cookies.set(APPLY_COOKIE, weak.key, path="/apply")
    assert location(weak, "/apply/export")[0] != 200
    weak.post("/apply/erase")
    weak.post("/apply/code")
    assert house.small.conversations.by_token(weak.key) is None
    bearer = {"Authorization": f"Bearer {weak.key}"}
    assert weak.client.get("/api/web/export", headers=bearer).status_code == 401
    with house.store.read() as connection:
        assert len(connection.execute(select(conversations.c.id)).all()) == 1
        assert connection.execute(select(continuations)).all() == []


@pytest.mark.parametrize("target", STRONG)
def test_a_link_of_half_an_hour_gives_the_full_right(
    light_house: House, phones: Phones, target: str
) -> None:
    phone = phones(light_house).open(light_house.link(light_house.follow(), target))
    assert is_strong(light_house)
    for path in HEAVY:
        assert phone.get(path).page.status_code == 200, path


def test_a_link_of_the_whole_talk_does_not(light_house: House, phones: Phones) -> None:
    phones(light_house).open(light_house.link(light_house.follow(), "talk"))
    assert not is_strong(light_house)


def test_a_strong_link_of_the_same_follower_makes_it_strong(house: House, weak: Phone) -> None:
    former = weak.key
    assert weak.get(house.link(house.follow())).path == "/m/me"
    assert house.links.admit(former) is None
    assert weak.get("/m/export").page.status_code == 200
    assert house.small.conversations.by_token(weak.client.cookies.get(APPLY_COOKIE) or "")


def test_a_strong_link_that_is_used_or_late_does_not(
    house: House, weak: Phone, phones: Phones
) -> None:
    follower = house.follow()
    used, late = house.link(follower), house.link(follower)
    phones(house).open(used)
    house.clock.advance(minutes=30)
    for link in (used, late):
        assert weak.get(link).path == "/m/me"
        assert weak.get("/m/export").page.status_code == 403


def test_a_strong_pass_stays_strong_by_a_link_of_an_answer(house: House, phone: Phone) -> None:
    follower = house.follow()
    web = house.on_the_web(follower)
    for home in (house.talk_of(follower), web):
        asked = house.ask(home, "欠薪")
        assert phone.get(house.link(follower, f"answer:{asked}", home)).page.status_code == 200
        assert phone.get("/m/export").page.status_code == 200


def test_another_conversation_keeps_the_lesser_right(house: House, weak: Phone) -> None:
    web = house.on_the_web(house.follow())
    weak.get("/m/me")
    weak.post("/m/switch", place=weak.value("place"))
    assert weak.path == "/m/talk"
    found = house.links.admit(weak.key)
    assert found is not None
    assert (found.conversation_id, found.is_strong) == (web, False)
    assert APPLY_COOKIE not in weak.client.cookies
    weak.post("/m/switch", place="0", to="apply")
    assert weak.page.status_code == 403
    assert WAY_ON in weak.words


def test_whom_the_platform_names_has_the_full_right(house: House, phones: Phones) -> None:
    house.platform.oauth = True
    house.platform.openids = {"code-of-somebody": OPENID}
    phone = phones(house)
    state = sent_off(phone, house.link(house.follow(OPENID, ACCOUNT), "talk"))["state"]
    phone.get(f"/m/oauth?code=code-of-somebody&state={state}")
    assert phone.path == "/m/talk"
    assert phone.get("/m/export").page.status_code == 200


def test_a_pass_of_before_keeps_its_right(house: House, phones: Phones) -> None:
    """The table's own default, which is what the passes have that were given out already."""
    follower, phone = house.follow(), phones(house)
    with house.store.write() as connection:
        connection.execute(
            passes.insert().values(
                token_hash=token_hash("k" * 40),
                conversation_id=house.talk_of(follower),
                follower_id=follower.id,
                expires_at=house.clock.now() + house.links.pass_valid,
            )
        )
    phone.client.cookies.set(COOKIE, "k" * 40, path="/m")
    assert phone.get("/m/export").page.status_code == 200
