"""The desk that these tests share."""

from __future__ import annotations

import pytest

from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.office import Office, furnish


@pytest.fixture
def office(store: Store, clock: FixedClock) -> Office:
    return furnish(store, clock)
