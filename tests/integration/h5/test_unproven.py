"""A conversation that a follower only hears of: number, state and next step, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.apply.session import COOKIE as APPLY_COOKIE
from bot.domain.aid import AidState
from bot.domain.conversation import HandoverReason, Mode
from bot.domain.follower import Follower
from bot.store.crypto import token_hash
from bot.store.wechat_tables import passes, wechat_bindings
from tests.integration.h5.conftest import PAGES, House, Phone, Phones

SECRETS = ("他打我", "张小明", "11010519491231002X", "城东建筑公司", "出警记录")
PLACES = (*PAGES, "/m/export", "/m/export?show=1", "/apply", "/apply/status", "/apply/later")


@dataclass
class Heard:
    """What a follower hears of."""

    follower: Follower
    home: str
    number: str
    matter: str
    message: int


@pytest.fixture
def heard(house: House) -> Heard:
    follower = house.follow()
    home = house.on_the_web(follower, proven=False)
    message = house.ask(home, "他打我，怎么办")
    applicant = house.applicant(home)
    number = applicant.apply().number
    applicant.move(number, AidState.NEED_SUPPLEMENT, "请补交出警记录")
    house.small.conversations.move(home, Mode.QUEUED, reason=HandoverReason.ASKED)
    return Heard(follower, home, number, house.matters.spoken(home), message)


def own_pass(house: House, heard: Heard, key: str) -> None:
    """Give a browser what opens the conversation once it is proven."""
    with house.store.write() as connection:
        connection.execute(
            passes.insert().values(
                token_hash=token_hash(key),
                conversation_id=heard.home,
                follower_id=heard.follower.id,
                expires_at=house.clock.now() + house.links.pass_valid,
            )
        )


def test_number_state_and_next_step_are_all_that_is_shown(
    house: House, heard: Heard, phone: Phone
) -> None:
    for path in ("/m/me", "/m/progress"):
        words = phone.get(path).words
        assert heard.number in words
        assert heard.matter in words
        assert "等律师接" in words
        assert "材料还不齐" in words
        assert "要用接续码" in words
        assert "绑定的咨询" not in words
        assert "交材料" not in words
        assert "劳动报酬" not in words
        assert not [secret for secret in SECRETS if secret in words]


def test_no_other_page_knows_of_it(house: House, heard: Heard, phone: Phone) -> None:
    for path in PLACES:
        text = phone.get(path).page.text
        assert not [secret for secret in SECRETS if secret in text], path
        if path not in ("/m/me", "/m/progress"):
            assert heard.number not in text, path
    assert phone.get(f"/m/answer/{heard.message}").page.status_code == 404


@pytest.mark.parametrize("place", ["0", "1", "2"])
def test_there_is_no_way_to_look_at_it(
    house: House, heard: Heard, phone: Phone, place: str
) -> None:
    phone.post("/m/switch", place=place)
    assert "他打我" not in phone.page.text
    assert phone.get("/m/talk").page.status_code == 200
    assert "他打我" not in phone.words


@pytest.mark.parametrize("target", ["talk", "me", "progress", "apply", "rate", "upload", "answer"])
def test_a_link_for_it_opens_his_own(
    house: House, heard: Heard, phones: Phones, target: str
) -> None:
    wanted = f"answer:{heard.message}" if target == "answer" else target
    phone = phones(house).open(house.link(heard.follower, wanted, heard.home))
    assert phone.path == "/m/progress"
    found = house.small.conversations.by_token(phone.key)
    assert found is not None
    assert found.id == heard.follower.conversation_id


def test_no_pass_of_it_opens_anything(house: House, heard: Heard, phones: Phones) -> None:
    phone, key = phones(house), "k" * 40
    own_pass(house, heard, key)
    phone.client.cookies.set("lawbridge_h5", key, path="/m")
    phone.client.cookies.set(APPLY_COOKIE, key, path="/apply")
    assert house.links.admit(key) is None
    assert house.small.conversations.by_token(key) is None
    for path in ("/m/me", "/m/talk", "/m/export", "/m/data"):
        assert phone.get(path).page.status_code == 401
    for path in ("/apply", "/apply/status", "/apply/done", "/apply/later", "/apply/q/1"):
        text = phone.get(path).page.text
        assert heard.number not in text
        assert not [secret for secret in SECRETS if secret in text]
    for path in ("/m/erase", "/m/rate", "/m/upload", "/apply/begin", "/apply/submit"):
        phone.post(path, score="5")
    kept = house.small.conversations.get(heard.home)
    assert kept.mode is Mode.QUEUED


def test_erasing_his_own_leaves_it(house: House, heard: Heard, phone: Phone) -> None:
    phone.post("/m/erase")
    assert phone.path == "/m/erased"
    assert house.small.conversations.get(heard.home).id == heard.home


def test_once_it_is_proven_all_of_it_is_there(house: House, heard: Heard, phone: Phone) -> None:
    with house.store.write() as connection:
        connection.execute(wechat_bindings.update().values(is_proven=True))
    assert "他打我" in phone.get(house.link(heard.follower, "talk", heard.home)).words
    assert "只收进度" not in phone.get("/m/me").words
