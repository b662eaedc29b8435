"""The whole application with an official account, and the platform's stand-in before it.

Rasa alone is a stand-in; deliveries go through the product's own callback, customer-service
messages over loopback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.domain.conversation import Mode
from bot.official import make_followers
from bot.settings import WeChatSettings
from bot.store.wechat_tables import wechat_sends
from bot.wechat.reception import Patience
from tests.conftest import FixedClock
from tests.integration.desk.whole import Citizen, Lawyer, Whole, open_whole
from tests.live import until
from tests.platform import ClientTransport, Follower, Platform, Registration, standing_in

if TYPE_CHECKING:
    from tests.integration.wechat.county import County

QUICK = Patience(answer_s=2.0, last_s=1.0, hang_up_s=3.0, look_s=0.02)
PATIENCE_S = 2.5
"""How long the platform waits in these tests: between the two."""
PUBLIC = "https://12348.example.cn"


@dataclass
class Town:
    """One product, its official account, and the platform with its followers."""

    whole: Whole
    platform: Platform
    registration: Registration

    def follower(self) -> Follower:
        return self.platform.follower()

    def citizen(self, fan: Follower) -> Citizen:
        """Return a follower as the desk's tests know visitors: by the conversation."""
        core = self.whole.core
        found = make_followers(core).find(self.registration.app_id, fan.openid)
        assert found is not None
        assert found.conversation_id is not None
        return Citizen(self.whole.browser(), "", found.conversation_id)

    def waiting(self) -> tuple[Follower, Citizen]:
        """Return a follower who has asked for a person."""
        fan = self.follower()
        fan.say("老板拖欠我三个月工资")
        fan.say("转人工")
        citizen = self.citizen(fan)
        assert self.whole.owner(citizen)[0] is Mode.QUEUED
        return fan, citizen

    def talking(self) -> tuple[Follower, Citizen, Lawyer]:
        """Return a follower whom a lawyer has received."""
        fan, citizen = self.waiting()
        lawyer = self.whole.lawyer("wang")
        lawyer.does(citizen, "claim")
        fan.wait_for("王敏")
        # What is on the screen is yet to be entered into the product's ledger.
        until(lambda: self.rests(citizen))
        return fan, citizen, lawyer

    def rests(self, citizen: Citizen) -> bool:
        """Say whether the sender has done with everything what it does now."""
        query = select(wechat_sends.c.state, wechat_sends.c.reason).where(
            wechat_sends.c.conversation_id == citizen.session
        )
        with self.whole.core.store.read() as connection:
            rows = connection.execute(query).all()
        return all(row.state in ("sent", "passive", "linked") or row.reason for row in rows)

    def two_days_later(self, citizen: Citizen) -> Lawyer:
        """Return the lawyer, signed in anew, with the conversation, after the window has closed."""
        self.whole.clock.advance(days=2, minutes=5)
        # Nobody has answered meanwhile: others may take it, and it must not be taken back later.
        until(lambda: self.whole.owner(citizen)[0] is Mode.QUEUED)
        lawyer = self.whole.lawyer("wang")
        lawyer.does(citizen, "claim")
        return lawyer


def settings_of(registration: Registration, url: str, **more: Any) -> WeChatSettings:
    return WeChatSettings(
        app_id=registration.app_id,
        token=SecretStr(registration.token),
        aes_key=SecretStr(registration.aes_key),
        secret=SecretStr(registration.secret),
        mode=registration.mode,
        customer_service=registration.has_customer_service,
        original_id=registration.original_id,
        notice_template=registration.templates[0],
        api_url=url,
        **more,
    )


@contextmanager
def open_town(folder: Path, registration: Registration, **more: Any) -> Iterator[Town]:
    """Run the product with one account before the stand-in, which must see no breach."""
    clock = FixedClock()
    with standing_in(registration, clock=clock) as platform:
        platform.patience_s = PATIENCE_S
        given = settings_of(registration, platform.url)
        more = {"wechat": given, "public_url": PUBLIC, "rasa_timeout_s": 30.0, **more}
        with open_whole(folder, QUICK, clock, **more) as whole:
            platform.connect(ClientTransport(whole.first))
            town = Town(whole, platform, registration)
            # What is read at the first message of all is no matter of the platform's patience.
            whole.citizen().tell("老板拖欠工资怎么办")
            yield town
    assert platform.books.broken == []


@pytest.fixture(scope="module")
def verified_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with open_town(tmp_path_factory.mktemp("verified"), Registration()) as town:
        yield town


@pytest.fixture(scope="module")
def plain_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """An account that may only answer."""
    registration = Registration(has_customer_service=False)
    with open_town(tmp_path_factory.mktemp("unverified"), registration) as town:
        yield town


@pytest.fixture
def town(verified_town: Town) -> Iterator[Town]:
    """The verified account; time moves on after each test, so that windows close."""
    yield verified_town
    verified_town.whole.rasa.release()
    verified_town.whole.clock.advance(days=3)


@pytest.fixture
def unverified(plain_town: Town) -> Iterator[Town]:
    yield plain_town
    plain_town.whole.rasa.release()
    plain_town.whole.clock.advance(days=3)


@pytest.fixture(scope="package")
def built_county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    from tests.integration.wechat.county import open_county  # which builds on this module

    with open_county(tmp_path_factory.mktemp("county")) as county:
        yield county


@pytest.fixture
def county(built_county: County) -> Iterator[County]:
    """One product with accounts of every kind, shared by the modules that need them."""
    yield built_county
    built_county.calm()
