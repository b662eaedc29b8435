"""Who fetches an access token, who waits, and when nobody does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from bot.errors import StorageUnavailable
from bot.store.unit import Store
from bot.wechat.token_repository import DatabaseTokens
from bot.wechat.tokens import (
    BACK_OFF,
    CLAIM,
    EARLY,
    FORCED_APART,
    MOST_PAUSES,
    DirectTokens,
    HeldToken,
    TokenKeeper,
)
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import ApiFailed, Failure
from tests.conftest import FixedClock

ACCOUNT = WeChatAccount("", "wx0000000000000001", "token", secret="secret")
OTHER = WeChatAccount("more", "wx0000000000000002", "token", secret="secret")
TWO_HOURS = 7200


class Platform:
    """Gives tokens as ``stable_token`` does: the same one until it ends soon, or by force."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock
        self._given: dict[str, tuple[str, dt.datetime]] = {}
        self.calls: list[str] = []
        self.failing: ApiFailed | None = None
        self.is_stubborn = False
        """Gives the same token even by force."""

    def __call__(self, account: WeChatAccount, *, force: bool = False) -> tuple[str, int]:
        self.calls.append("forced" if force else "normal")
        if self.failing is not None:
            raise self.failing
        now = self._clock.now()
        token, ends = self._given.get(account.app_id, ("", now))
        if ends - now <= EARLY or (force and not self.is_stubborn):
            token, ends = f"token-{len(self.calls)}", now + dt.timedelta(seconds=TWO_HOURS)
            self._given[account.app_id] = token, ends
        return token, int((ends - now).total_seconds())


class Waits:
    """Does something at a wait instead of sleeping."""

    def __init__(self) -> None:
        self.count = 0
        self.then: Callable[[], object] = lambda: None

    def __call__(self, seconds: float) -> None:
        self.count += 1
        assert seconds > 0
        self.then()


@pytest.fixture
def kept(sqlite_store: Store) -> DatabaseTokens:
    return DatabaseTokens(sqlite_store)


@pytest.fixture
def platform(clock: FixedClock) -> Platform:
    return Platform(clock)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def keeper(
    kept: DatabaseTokens, clock: FixedClock, platform: Platform, waits: Waits
) -> TokenKeeper:
    return TokenKeeper(kept, clock, platform, waits)


def put(kept: DatabaseTokens, clock: FixedClock, token: str) -> None:
    kept.put(ACCOUNT.app_id, HeldToken(token, clock.now() + dt.timedelta(seconds=TWO_HOURS)))


def test_one_fetch_serves_until_the_token_ends(
    keeper: TokenKeeper, platform: Platform, clock: FixedClock
) -> None:
    first = keeper.token(ACCOUNT)
    clock.advance(minutes=100)
    assert keeper.token(ACCOUNT) == first
    assert platform.calls == ["normal"]
    clock.advance(minutes=30)
    assert keeper.token(ACCOUNT) != first
    assert platform.calls == ["normal", "normal"]


def test_every_account_has_its_own(keeper: TokenKeeper, platform: Platform) -> None:
    assert keeper.token(ACCOUNT) != keeper.token(OTHER)
    assert len(platform.calls) == 2


# --- early --------------------------------------------------------------------------------------


def soon_over(clock: FixedClock) -> None:
    clock.advance(seconds=TWO_HOURS - 299)


def test_the_next_token_is_fetched_while_the_present_one_holds(
    keeper: TokenKeeper, platform: Platform, clock: FixedClock
) -> None:
    first = keeper.token(ACCOUNT)
    soon_over(clock)
    second = keeper.token(ACCOUNT)
    assert second != first
    assert keeper.token(ACCOUNT) == second
    assert len(platform.calls) == 2


def test_while_another_process_fetches_the_next_one_the_present_one_is_used(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock, waits: Waits
) -> None:
    first = keeper.token(ACCOUNT)
    soon_over(clock)
    kept.claim(ACCOUNT.app_id, clock.now(), clock.now() + CLAIM)
    assert keeper.token(ACCOUNT) == first
    assert len(platform.calls) == 1
    assert waits.count == 0


def test_a_failing_early_fetch_leaves_the_present_one_and_is_not_repeated_at_once(
    keeper: TokenKeeper, platform: Platform, clock: FixedClock
) -> None:
    first = keeper.token(ACCOUNT)
    soon_over(clock)
    platform.failing = ApiFailed(Failure.BUSY, -1)
    assert [keeper.token(ACCOUNT) for _ in range(3)] == [first] * 3
    assert len(platform.calls) == 2
    clock.advance(seconds=BACK_OFF.total_seconds())
    platform.failing = None
    assert keeper.token(ACCOUNT) != first


def test_a_platform_that_has_no_next_token_yet_is_not_asked_again_at_once(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock
) -> None:
    first = keeper.token(ACCOUNT)
    # By our clock it ends a little earlier than by the platform's.
    clock.advance(seconds=TWO_HOURS - 301)
    kept.put(ACCOUNT.app_id, HeldToken(first, clock.now() + dt.timedelta(seconds=295)))
    assert [keeper.token(ACCOUNT) for _ in range(3)] == [first] * 3
    assert len(platform.calls) == 2
    clock.advance(seconds=BACK_OFF.total_seconds())
    assert keeper.token(ACCOUNT) != first


# --- none that holds ----------------------------------------------------------------------------


def test_who_cannot_claim_waits_for_the_token_that_the_other_fetches(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock, waits: Waits
) -> None:
    kept.claim(ACCOUNT.app_id, clock.now(), clock.now() + CLAIM)
    waits.then = lambda: put(kept, clock, "theirs") if waits.count == 3 else None
    assert keeper.token(ACCOUNT) == "theirs"
    assert platform.calls == []
    assert waits.count == 3


def test_a_process_that_died_while_fetching_is_not_waited_for_longer_than_its_claim(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock, waits: Waits
) -> None:
    kept.claim(ACCOUNT.app_id, clock.now(), clock.now() + CLAIM)
    waits.then = lambda: clock.advance(seconds=1)
    assert keeper.token(ACCOUNT)
    assert platform.calls == ["normal"]
    assert waits.count == CLAIM.total_seconds()


def test_waiting_ends(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock, waits: Waits
) -> None:
    kept.claim(ACCOUNT.app_id, clock.now(), clock.now() + dt.timedelta(days=1))
    with pytest.raises(ApiFailed) as failed:
        keeper.token(ACCOUNT)
    assert failed.value.failure is Failure.BUSY
    assert waits.count == MOST_PAUSES
    assert platform.calls == []


@pytest.mark.parametrize(
    ("failure", "code"), [(Failure.ADDRESS, 40164), (Failure.OTHER, 40125), (Failure.BUSY, -1)]
)
def test_a_failing_fetch_is_told_and_not_repeated_in_a_tight_loop(
    keeper: TokenKeeper, platform: Platform, clock: FixedClock, failure: Failure, code: int
) -> None:
    platform.failing = ApiFailed(failure, code)
    for _ in range(5):
        with pytest.raises(ApiFailed) as failed:
            keeper.token(ACCOUNT)
        assert (failed.value.failure, failed.value.code) == (failure, code)
    assert len(platform.calls) == 1
    clock.advance(seconds=BACK_OFF.total_seconds())
    platform.failing = None
    assert keeper.token(ACCOUNT)


def test_a_failing_fetch_leaves_no_claim(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock
) -> None:
    platform.failing = ApiFailed(Failure.BUSY, -1)
    with pytest.raises(ApiFailed):
        keeper.token(ACCOUNT)
    assert kept.claim(ACCOUNT.app_id, clock.now(), clock.now() + CLAIM)


class Unreachable:
    """A store that is away."""

    def read(self, key: str) -> HeldToken | None:
        raise StorageUnavailable

    claim = put = release = read  # type: ignore[assignment]


def test_a_store_that_is_away_is_a_busy_platform(clock: FixedClock, platform: Platform) -> None:
    keeper = TokenKeeper(Unreachable(), clock, platform)
    for ask in (keeper.token, lambda account: keeper.renew(account, "bad")):
        with pytest.raises(ApiFailed) as failed:
            ask(ACCOUNT)
        assert failed.value.failure is Failure.BUSY
    assert platform.calls == []


# --- refused ------------------------------------------------------------------------------------


def test_what_another_process_renewed_already_is_not_renewed_again(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock
) -> None:
    bad = keeper.token(ACCOUNT)
    put(kept, clock, "theirs")
    assert keeper.renew(ACCOUNT, bad) == "theirs"
    assert platform.calls == ["normal"]


def test_a_refused_token_is_replaced_without_force_where_the_platform_has_another(
    keeper: TokenKeeper, platform: Platform, kept: DatabaseTokens, clock: FixedClock
) -> None:
    put(kept, clock, "ended by somebody")
    renewed = keeper.renew(ACCOUNT, "ended by somebody")
    assert keeper.token(ACCOUNT) == renewed
    assert platform.calls == ["normal"]


def test_force_is_used_when_the_refused_token_is_given_out_again(
    keeper: TokenKeeper, platform: Platform
) -> None:
    bad = keeper.token(ACCOUNT)
    renewed = keeper.renew(ACCOUNT, bad)
    assert renewed != bad
    assert keeper.token(ACCOUNT) == renewed
    assert platform.calls == ["normal", "normal", "forced"]


def test_force_is_used_sparingly_by_all_processes_together(
    keeper: TokenKeeper, kept: DatabaseTokens, platform: Platform, clock: FixedClock, waits: Waits
) -> None:
    keeper.renew(ACCOUNT, keeper.token(ACCOUNT))
    another = TokenKeeper(kept, clock, platform, waits)
    with pytest.raises(ApiFailed) as failed:
        another.renew(ACCOUNT, another.token(ACCOUNT))
    assert failed.value.failure is Failure.TOKEN
    assert platform.calls.count("forced") == 1
    clock.advance(seconds=FORCED_APART.total_seconds())
    assert another.renew(ACCOUNT, another.token(ACCOUNT))
    assert platform.calls.count("forced") == 2
    assert dt.timedelta(days=1) / FORCED_APART < 20


def test_a_platform_that_gives_nothing_else_by_force_either_has_refused(
    keeper: TokenKeeper, platform: Platform
) -> None:
    platform.is_stubborn = True
    with pytest.raises(ApiFailed) as failed:
        keeper.renew(ACCOUNT, keeper.token(ACCOUNT))
    assert failed.value.failure is Failure.TOKEN


# --- commands -----------------------------------------------------------------------------------


def test_a_command_asks_once_and_never_by_force(platform: Platform) -> None:
    tokens = DirectTokens(platform)
    first = tokens.token(ACCOUNT)
    assert tokens.token(ACCOUNT) == first
    with pytest.raises(ApiFailed):
        tokens.renew(ACCOUNT, first)
    assert platform.calls == ["normal", "normal"]


def test_a_command_goes_on_with_the_token_that_is_new(
    platform: Platform, clock: FixedClock
) -> None:
    tokens = DirectTokens(platform)
    first = tokens.token(ACCOUNT)
    clock.advance(hours=3)
    second = tokens.renew(ACCOUNT, first)
    assert second != first
    assert tokens.token(ACCOUNT) == second
