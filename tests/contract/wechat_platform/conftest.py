"""A stand-in of the platform, a product that wechatpy would make, and a follower."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from wechatpy import WeChatClient

from tests.conftest import FixedClock
from tests.contract.wechat_platform.wechatpy_side import (
    OURS,
    Product,
    client_of,
)
from tests.platform import (
    Follower,
    Platform,
    standing_in,
)


@pytest.fixture
def platform(clock: FixedClock) -> Iterator[Platform]:
    with standing_in(clock=clock) as running:
        yield running


@pytest.fixture
def product(platform: Platform) -> Product:
    found = Product(OURS)
    platform.connect(found)
    return found


@pytest.fixture
def fan(platform: Platform, product: Product) -> Follower:
    return platform.follower()


@pytest.fixture
def client(platform: Platform) -> WeChatClient:
    return client_of(platform, platform.token())
