"""What the platform brings back: who opens a link, and who agreed to a notice. None is believed
without the sign that we sent that browser, or that follower, there."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from bot.h5.session import COOKIE, WAY
from bot.store.wechat_tables import passes, wechat_consents, wechat_links
from tests.integration.h5.conftest import (
    ACCOUNT,
    OPENID,
    OTHER_OPENID,
    SITE,
    House,
    Phone,
    Phones,
    location,
    path_of,
    sent_off,
)

TEMPLATE = "template-0001"


@pytest.fixture
def certified(house: House) -> House:
    """An account that may ask the platform who opens a page."""
    house.platform.oauth = True
    house.platform.openids = {"code-of-somebody": OPENID, "code-of-another": OTHER_OPENID}
    return house


def used(house: House) -> bool:
    with house.store.read() as connection:
        return connection.execute(select(wechat_links.c.used_at)).scalar_one() is not None


def test_the_platform_says_who_it_is_and_no_button_is_pressed(
    certified: House, phones: Phones
) -> None:
    link = certified.link(certified.follow(), "progress")
    phone = phones(certified)
    wanted = sent_off(phone, link)
    assert wanted["appid"] == ACCOUNT
    assert wanted["redirect_uri"] == f"{SITE}/m/oauth"
    assert (wanted["response_type"], wanted["scope"]) == ("code", "snsapi_base")
    # The platform brings back no other characters.
    assert wanted["state"].isalnum()
    assert len(wanted["state"]) <= 128
    assert not used(certified)
    phone.get(f"/m/oauth?code=code-of-somebody&state={wanted['state']}")
    assert phone.path == "/m/progress"
    assert used(certified)
    assert WAY not in phone.client.cookies


def test_another_follower_cannot_open_the_link(certified: House, phones: Phones) -> None:
    follower = certified.follow()
    certified.follow(OTHER_OPENID)
    certified.ask(certified.talk_of(follower), "老板拖欠工资")
    phone = phones(certified)
    state = sent_off(phone, certified.link(follower, "talk"))["state"]
    phone.get(f"/m/oauth?code=code-of-another&state={state}")
    assert phone.page.status_code == 403
    assert "另一位用户" in phone.words
    assert "工资" not in phone.words
    assert COOKIE not in phone.client.cookies
    assert not used(certified)


def test_who_follows_no_account_of_ours_cannot_open_the_link(
    certified: House, phones: Phones
) -> None:
    phone = phones(certified)
    state = sent_off(phone, certified.link(certified.follow()))["state"]
    phone.get(f"/m/oauth?code=code-of-another&state={state}")
    assert phone.page.status_code == 403


def test_a_forged_state_is_refused_before_the_platform_is_asked(
    certified: House, phones: Phones
) -> None:
    phone = phones(certified)
    state = sent_off(phone, certified.link(certified.follow()))["state"]
    flipped = ("1" if state[-1] != "1" else "2").join([state[:-1], ""])
    for forged in ("", "0" * 64, flipped, state.upper() + "x", "状态"):
        phone.get("/m/oauth", params={"code": "code-of-somebody", "state": forged})
        assert phone.page.status_code == 403
        assert "重新点" in phone.words
        # The cookie is gone after a failure; the attacker may have set it anew.
        phone.client.cookies.clear()
        sent_off(phone, certified.link(certified.follow()))
    assert "code-of-somebody" in certified.platform.openids


def test_an_answer_of_the_platform_for_another_browser_is_refused(
    certified: House, phones: Phones
) -> None:
    """Who lures a victim onto his own return address must not log the victim in as himself."""
    attacker, victim = phones(certified), phones(certified)
    link = certified.link(certified.follow())
    state = sent_off(attacker, link)["state"]
    victim.get(f"/m/oauth?code=code-of-somebody&state={state}")
    assert victim.page.status_code == 403
    sent_off(victim, link)
    victim.get(f"/m/oauth?code=code-of-somebody&state={state}")
    assert victim.page.status_code == 403
    assert COOKIE not in victim.client.cookies


def test_the_button_is_no_way_round_the_platform(certified: House, phones: Phones) -> None:
    phone = phones(certified)
    link = certified.link(certified.follow())
    answer = phone.client.post(path_of(link), data={"device": "0" * 32}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, path_of(link))
    assert COOKIE not in phone.client.cookies
    assert not used(certified)


def test_while_the_platform_is_down_the_link_stays_good(certified: House, phones: Phones) -> None:
    link = certified.link(certified.follow())
    phone = phones(certified)
    certified.platform.is_down = True
    state = sent_off(phone, link)["state"]
    phone.get(f"/m/oauth?code=code-of-somebody&state={state}")
    assert phone.page.status_code == 503
    assert path_of(link) in phone.page.text
    certified.platform.is_down = False
    state = sent_off(phone, link)["state"]
    assert phone.get(f"/m/oauth?code=code-of-somebody&state={state}").path == "/m/me"


def test_a_used_link_is_not_sent_to_the_platform(certified: House, phones: Phones) -> None:
    link = certified.link(certified.follow())
    first, second = phones(certified), phones(certified)
    state = sent_off(first, link)["state"]
    first.get(f"/m/oauth?code=code-of-somebody&state={state}")
    assert second.get(link).page.status_code == 410


# --- notices --------------------------------------------------------------------------------------


def asked(phone: Phone) -> str:
    """Go and agree; return what the platform will bring back."""
    status, to = location(phone, "/m/notify/ask")
    assert status == 303
    assert to.startswith("https://mp.weixin.qq.com/")
    reserved = parse_qs(urlsplit(to).query)["reserved"][0]
    # The platform brings back no other characters.
    assert reserved.isalnum()
    assert len(reserved) <= 128
    return reserved


def came_back(phone: Phone, reserved: str, **other: str) -> Phone:
    given = {
        "openid": OPENID,
        "template_id": TEMPLATE,
        "action": "confirm",
        "scene": "1",
        "reserved": reserved,
        **other,
    }
    return phone.get("/m/notified", params=given)


def consents(house: House) -> list[tuple[str, int]]:
    with house.store.read() as connection:
        rows = connection.execute(
            select(wechat_consents.c.template_id, wechat_consents.c.left)
        ).all()
    return [(row.template_id, row.left) for row in rows]


@pytest.fixture
def noticing(house: House, phones: Phones) -> Phone:
    house.platform.template = TEMPLATE
    return phones(house).open(house.link(house.follow(), "notify"))


def test_a_consent_counts_once(house: House, noticing: Phone) -> None:
    reserved = asked(noticing)
    came_back(noticing, reserved)
    assert "好了" in noticing.words
    assert "/m/notify/ask" not in noticing.page.text
    assert consents(house) == [(TEMPLATE, 1)]
    came_back(noticing, reserved)
    assert "没有订上" in noticing.words
    assert consents(house) == [(TEMPLATE, 1)]


def test_what_was_sent_can_be_agreed_to_again(house: House, noticing: Phone) -> None:
    for _ in range(2):
        reserved = asked(noticing)
        came_back(noticing, reserved)
        assert house.followers.use_consent(house.follow().id, TEMPLATE)
        came_back(noticing, reserved)
        assert consents(house) == [(TEMPLATE, 0)]


def test_the_address_that_names_the_follower_does_not_stay(noticing: Phone) -> None:
    came_back(noticing, asked(noticing))
    assert noticing.path == "/m/notify"
    assert OPENID not in str(noticing.page.url)
    assert OPENID not in noticing.page.text


@pytest.mark.parametrize(
    "other",
    [
        {"action": "cancel"}, {"openid": OTHER_OPENID}, {"openid": ""},
        {"template_id": "template-0002"}, {"template_id": ""},
    ],
)  # fmt: skip
def test_nothing_else_counts_as_a_consent(
    house: House, noticing: Phone, other: dict[str, str]
) -> None:
    house.follow(OTHER_OPENID)
    came_back(noticing, asked(noticing), **other)
    assert "没有订上" in noticing.words
    assert consents(house) == []


def test_a_consent_that_nobody_was_asked_for_is_not_counted(house: House, noticing: Phone) -> None:
    follower = house.follow()
    page = path_of(house.link(follower)).removeprefix("/m/")
    late = asked(noticing)
    house.clock.advance(minutes=30)
    for forged in ("", "a" * 46, page, late):
        came_back(noticing, forged)
    assert consents(house) == []


def test_what_the_platform_brings_back_opens_no_page(
    house: House, noticing: Phone, phones: Phones
) -> None:
    reserved = asked(noticing)
    stranger = phones(house).get(f"/m/{reserved}")
    assert stranger.page.status_code == 404
    assert stranger.post(f"/m/{reserved}", device="0" * 32).page.status_code == 404
    with house.store.read() as connection:
        assert len(connection.execute(select(passes)).all()) == 1


def test_an_account_without_a_template_asks_for_nothing(house: House, phones: Phones) -> None:
    phone = phones(house).open(house.link(house.follow(), "notify"))
    assert "没有开通通知" in phone.words
    assert phone.get("/m/notify/ask").page.status_code == 404
