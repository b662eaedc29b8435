"""A message is processed once and answered once, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from bot.store.unit import Store
from bot.store.wechat_tables import wechat_deliveries
from bot.wechat.deliveries import Arrival, By, Decision, DeliveryRepository
from tests.conftest import FixedClock

T = TypeVar("T")
ACCOUNT = "wx0000000000000001"
QUIET = dt.timedelta(seconds=8)


@pytest.fixture
def deliveries(store: Store, clock: FixedClock) -> DeliveryRepository:
    return DeliveryRepository(store, clock)


def at_once(work: Callable[[int], T], count: int = 6) -> list[T]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def arrive(deliveries: DeliveryRepository, openid: str = "fan", key: str = "1") -> int:
    return deliveries.arrive(ACCOUNT, openid, key, {"text": "老板欠薪"}).id


def test_deliveries_of_one_message_are_counted(deliveries: DeliveryRepository) -> None:
    found = [deliveries.arrive(ACCOUNT, "fan", "1", {}) for _ in range(3)]
    assert [one.number for one in found] == [1, 2, 3]
    assert len({one.id for one in found}) == 1


def test_deliveries_at_the_same_moment_are_one_message(deliveries: DeliveryRepository) -> None:
    found = at_once(lambda _: deliveries.arrive(ACCOUNT, "fan", "1", {}))
    assert len({one.id for one in found}) == 1
    assert sorted(one.number for one in found) == [1, 2, 3, 4, 5, 6]


def test_another_follower_or_account_with_the_same_id_is_another_message(
    deliveries: DeliveryRepository,
) -> None:
    ids = {
        deliveries.arrive(account, openid, "1", {}).id
        for account in (ACCOUNT, "wx0000000000000002")
        for openid in ("one", "two")
    }
    assert len(ids) == 4


def test_one_of_many_gets_a_message_to_work_on(deliveries: DeliveryRepository) -> None:
    delivery_id = arrive(deliveries)
    assert sorted(at_once(lambda _: deliveries.claim(delivery_id))) == [False] * 5 + [True]


def test_a_message_whose_worker_died_is_taken_by_another(
    deliveries: DeliveryRepository, clock: FixedClock
) -> None:
    delivery_id = arrive(deliveries)
    assert deliveries.claim(delivery_id)
    clock.advance(seconds=9)
    assert not deliveries.claim(delivery_id)
    deliveries.go_on(delivery_id)
    clock.advance(seconds=9)
    assert not deliveries.claim(delivery_id)
    assert deliveries.left(QUIET, (ACCOUNT,)) == []
    clock.advance(seconds=2)
    assert [one.payload for one in deliveries.left(QUIET, (ACCOUNT,))] == [{"text": "老板欠薪"}]
    assert deliveries.claim(delivery_id)


def test_what_is_done_is_taken_by_nobody(deliveries: DeliveryRepository, clock: FixedClock) -> None:
    delivery_id = arrive(deliveries)
    deliveries.claim(delivery_id)
    deliveries.processed(delivery_id, None, None)
    clock.advance(minutes=5)
    assert not deliveries.claim(delivery_id)
    assert deliveries.left(QUIET, (ACCOUNT,)) == []


def test_one_of_many_answers(deliveries: DeliveryRepository) -> None:
    delivery_id = arrive(deliveries)
    ways = [By.PASSIVE, By.PUSH, By.LINK]
    decided = at_once(lambda i: (deliveries.settle(delivery_id, ways[i % 3], f"答 {i}"), i))
    winners = [i for won, i in decided if won]
    assert len(winners) == 1
    again = deliveries.arrive(ACCOUNT, "fan", "1", {})
    assert (again.answered_by, again.reply) == (ways[winners[0] % 3], f"答 {winners[0]}")


def test_what_nobody_asks_for_any_more_is_found(
    deliveries: DeliveryRepository, clock: FixedClock
) -> None:
    delivery_id = arrive(deliveries)
    deliveries.processed(delivery_id, None, None)
    assert deliveries.unanswered(QUIET) == []
    clock.advance(seconds=9)
    assert deliveries.unanswered(QUIET) == [(delivery_id, ACCOUNT)]
    deliveries.settle(delivery_id, By.NEXT)
    assert deliveries.unanswered(QUIET) == []


def test_neither_the_follower_nor_the_words_can_be_read_in_the_database(
    deliveries: DeliveryRepository,
) -> None:
    delivery_id = arrive(deliveries, openid="oABC-fan")
    deliveries.settle(delivery_id, By.PASSIVE, "可以申请仲裁")
    with deliveries.store.read() as connection:
        held = str(connection.execute(wechat_deliveries.select()).all())
    for secret in ("oABC-fan", "老板欠薪", "可以申请仲裁"):
        assert secret not in held


def test_the_words_of_what_is_done_are_kept_no_longer(deliveries: DeliveryRepository) -> None:
    delivery_id = arrive(deliveries)
    deliveries.processed(delivery_id, None, None)
    with deliveries.store.read() as connection:
        row = connection.execute(wechat_deliveries.select()).one()
    assert row.payload_enc is None


def test_old_rows_go(deliveries: DeliveryRepository, clock: FixedClock) -> None:
    deliveries.processed(arrive(deliveries), None, None)
    arrive(deliveries, key="2")
    assert deliveries.forget_old() == 0
    clock.advance(days=3)
    assert deliveries.forget_old() == 2


def test_many_are_stored_in_one_go(deliveries: DeliveryRepository) -> None:
    known = arrive(deliveries, key="2")
    arrivals = [Arrival(ACCOUNT, "fan", key, {"text": key}) for key in ("1", "2", "3", "1")]
    found = deliveries.arrive_all(arrivals)
    assert [one.number for one in found] == [1, 2, 1, 2]
    assert found[1].id == known
    assert found[0].id == found[3].id


def test_the_first_of_a_message_may_be_worked_on_at_once(
    deliveries: DeliveryRepository, clock: FixedClock
) -> None:
    arrival = Arrival(ACCOUNT, "fan", "1", {"text": "老板欠薪"})
    [first] = deliveries.arrive_all([arrival], claims=True)
    assert first.is_claimed
    [again] = deliveries.arrive_all([arrival], claims=True)
    assert again.is_claimed
    assert not deliveries.claim(first.id)
    clock.advance(seconds=11)
    known = deliveries.get(first.id)
    assert known is not None
    assert not known.is_claimed
    assert deliveries.claim(first.id)


def test_what_is_decided_together_says_what_holds(deliveries: DeliveryRepository) -> None:
    one, two = arrive(deliveries), arrive(deliveries, key="2")
    deliveries.settle(one, By.PASSIVE, "早说的")
    decided = [Decision(two, By.LINK, "后说的"), Decision(one, By.PUSH)]
    assert deliveries.settle_all(decided) == ["后说的", "早说的"]


def test_what_nobody_heard_is_taken_back_once(deliveries: DeliveryRepository) -> None:
    delivery_id = arrive(deliveries)
    deliveries.settle(delivery_id, By.PASSIVE, "可以申请仲裁")
    with deliveries.store.write() as connection:
        assert deliveries.take_back(connection, delivery_id, By.PUSH)
        assert not deliveries.take_back(connection, delivery_id, By.NEXT)
    again = deliveries.arrive(ACCOUNT, "fan", "1", {})
    assert (again.answered_by, again.reply) == (By.PUSH, "")


def test_giving_up_leaves_what_is_decided(deliveries: DeliveryRepository) -> None:
    one, two = arrive(deliveries), arrive(deliveries, key="2")
    deliveries.settle(one, By.PASSIVE, "可以")
    deliveries.give_up([one, two], By.NEXT)
    assert [deliveries.arrive(ACCOUNT, "fan", key, {}).answered_by for key in "12"] == [
        By.PASSIVE,
        By.NEXT,
    ]


def test_what_a_process_before_had_claimed_can_be_freed(deliveries: DeliveryRepository) -> None:
    claimed, done = arrive(deliveries), arrive(deliveries, key="2")
    for one in (claimed, done):
        assert deliveries.claim(one)
    deliveries.processed(done, None, None)
    assert not deliveries.claim(claimed)
    deliveries.free()
    assert deliveries.claim(claimed)
    assert not deliveries.claim(done)


def test_an_earlier_message_that_is_worked_on_is_known(
    deliveries: DeliveryRepository, clock: FixedClock
) -> None:
    first, second = arrive(deliveries), arrive(deliveries, key="2")
    another = arrive(deliveries, "somebody else", key="3")
    assert not deliveries.has_earlier(second)
    deliveries.claim(first)
    deliveries.claim(second)
    assert deliveries.has_earlier(second)
    assert not deliveries.has_earlier(first)
    assert not deliveries.has_earlier(another)
    clock.advance(seconds=11)
    # Whoever had it is no more: nobody waits for the dead.
    assert not deliveries.has_earlier(second)
    deliveries.claim(first)
    deliveries.processed(first, None, None)
    assert not deliveries.has_earlier(second)
