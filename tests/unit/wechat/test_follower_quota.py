"""The ledger of one follower: what the platform lets an account send, and until when."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.follower import ACTED, SAID, Quota, Window
from tests.platform.allowances import Quota as PlatformQuota

NOW = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
HOURS_48 = dt.timedelta(hours=48)
MINUTE = dt.timedelta(minutes=1)
INSTANT = dt.timedelta(microseconds=1)


def spent(quota: Quota, times: int, now: dt.datetime = NOW) -> Quota:
    for _ in range(times):
        quota = quota.spend(now)
    return quota


def test_to_a_stranger_nothing_may_be_sent() -> None:
    assert Quota().left(NOW) == 0
    assert not Quota().is_open(NOW)


def test_after_a_message_five_may_follow_within_two_days() -> None:
    quota = Quota().after_message(NOW)
    assert quota.left(NOW) == 5
    assert quota.left(NOW + HOURS_48 - INSTANT) == 5
    assert quota.left(NOW + HOURS_48) == 0
    assert not quota.is_open(NOW + HOURS_48)


def test_after_a_tap_three_may_follow_within_a_minute() -> None:
    quota = Quota().after_act(NOW)
    assert quota.left(NOW) == 3
    assert quota.left(NOW + MINUTE - INSTANT) == 3
    assert quota.left(NOW + MINUTE) == 0


def test_both_add_up() -> None:
    assert Quota().after_message(NOW).after_act(NOW).left(NOW) == 8


def test_what_expires_first_is_spent_first() -> None:
    quota = spent(Quota().after_message(NOW).after_act(NOW), 3)
    assert quota.left(NOW) == quota.left(NOW + MINUTE) == 5
    # After the minute its rest is worth nothing.
    late = Quota().after_message(NOW).after_act(NOW).spend(NOW + MINUTE)
    assert late.left(NOW + MINUTE) == 4


def test_when_all_is_spent_the_window_is_open_still() -> None:
    quota = spent(Quota().after_message(NOW), 5)
    assert quota.left(NOW) == 0
    assert quota.is_open(NOW)


def test_more_than_all_cannot_be_spent() -> None:
    assert spent(Quota().after_message(NOW), 9).left(NOW) == 0
    assert spent(Quota(), 1) == Quota()


def test_a_new_message_fills_up_and_does_not_add() -> None:
    quota = spent(Quota().after_message(NOW), 4).after_message(NOW + MINUTE)
    assert quota.left(NOW) == 5
    assert quota.left(NOW + HOURS_48) == 5


def test_a_tap_leaves_the_message_s_allowance_alone() -> None:
    quota = spent(Quota().after_message(NOW), 4).after_act(NOW)
    assert quota.left(NOW + MINUTE) == 1
    assert quota.said.until == NOW + HOURS_48


def test_the_platform_is_believed_until_the_next_sign() -> None:
    full = Quota().after_message(NOW).after_act(NOW)
    used = full.used_up()
    assert (used.left(NOW), used.is_open(NOW)) == (0, True)
    closed = full.closed()
    assert (closed.left(NOW), closed.is_open(NOW)) == (0, False)
    for believed in (used, closed):
        assert believed.after_message(NOW).left(NOW) == 5
        assert believed.after_act(NOW).left(NOW) == 3


@pytest.mark.parametrize("left", [0, 1, 5])
def test_a_window_without_an_end_is_closed(left: int) -> None:
    assert Window(None, left).left_at(NOW) == 0


def test_the_rules_are_the_platforms() -> None:
    assert SAID == (HOURS_48, 5)
    assert ACTED == (MINUTE, 3)


DOINGS = st.lists(
    st.tuples(
        st.sampled_from(["message", "act", "send"]),
        st.sampled_from([0, 1, 30, 59, 60, 61, 3_600, 47 * 3_600, 48 * 3_600]),
    ),
    max_size=30,
)


@given(DOINGS)
def test_the_ledger_never_differs_from_the_platforms_own(doings: list[tuple[str, int]]) -> None:
    quota, platform, now = Quota(), PlatformQuota(), NOW
    for what, seconds in doings:
        now += dt.timedelta(seconds=seconds)
        if what == "message":
            quota = quota.after_message(now)
            platform.said(now)
        elif what == "act":
            quota = quota.after_act(now)
            platform.acted(now)
        elif quota.left(now):
            assert platform.draw(now) == 0
            quota = quota.spend(now)
        else:
            wanted = 45047 if quota.is_open(now) else 45015
            assert platform.draw(now) == wanted
        assert quota.left(now) == sum(platform.left(now))
