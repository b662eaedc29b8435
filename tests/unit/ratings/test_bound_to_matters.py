"""One rating a matter, bound to it; one a stretch with the bot alone; 没解决 calls for a person."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from bot.domain.conversation import HandoverReason, Mode
from bot.domain.matter import MatterState
from bot.ratings.repository import RatingRepository
from bot.ratings.service import RatingService
from bot.store.tables import ratings
from bot.store.unit import Store
from tests.conftest import FixedClock
from tests.unit.matters.conftest import House, build_house


@pytest.fixture
def house(store: Store, clock: FixedClock) -> House:
    return build_house(store, clock)


@pytest.fixture
def rating(house: House) -> RatingService:
    return RatingService(RatingRepository(house.store, house.clock))


def closed(house: House) -> tuple[str, int]:
    """Return a conversation that a lawyer has closed, and its matter."""
    conversation_id, _ = house.queued()
    house.clock.advance(minutes=5)
    house.claim(conversation_id, house.wang)
    house.clock.advance(minutes=5)
    matter = house.finish(conversation_id, house.wang)
    house.clock.advance(minutes=1)
    return conversation_id, matter.id


def test_the_rating_after_a_close_belongs_to_the_matter_and_its_lawyer(
    house: House, rating: RatingService
) -> None:
    conversation_id, matter_id = closed(house)
    assert rating.rate(conversation_id, 5, True, "很清楚").matter_id == matter_id
    (found,) = rating.of(conversation_id)
    assert (found.matter_id, found.lawyer_id) == (matter_id, house.wang.id)
    verdict = house.repository.verdict(matter_id)
    assert verdict is not None
    assert (verdict.solved, verdict.score, verdict.comment) == (True, 5, "很清楚")


def test_a_matter_has_one_rating_however_often_and_long_after_it_is_given(
    house: House, rating: RatingService
) -> None:
    conversation_id, matter_id = closed(house)
    rating.rate(conversation_id, 2)
    house.clock.advance(days=3)
    # Typed into the chat, which opens the conversation again.
    house.bot_answers(conversation_id, "评价 4 分", route="rate")
    rating.rate(conversation_id, 4)
    rating.rate(conversation_id, solved=True)
    (found,) = rating.of(conversation_id)
    assert (found.matter_id, found.score, found.solved) == (matter_id, 4, True)


def test_a_matter_reopened_and_closed_again_keeps_its_one_rating(
    house: House, rating: RatingService
) -> None:
    conversation_id, matter_id = closed(house)
    rating.rate(conversation_id, 1, False)
    house.ask(conversation_id, HandoverReason.DISSATISFIED)
    house.claim(conversation_id, house.li)
    house.finish(conversation_id, house.li)
    house.clock.advance(minutes=1)
    rating.rate(conversation_id, 5, True)
    (found,) = rating.of(conversation_id)
    assert (found.matter_id, found.score, found.solved) == (matter_id, 5, True)


def test_each_matter_of_a_conversation_has_its_own_rating(
    house: House, rating: RatingService
) -> None:
    conversation_id, first = closed(house)
    rating.rate(conversation_id, 5)
    second = house.ask(conversation_id).id
    house.claim(conversation_id, house.li)
    house.finish(conversation_id, house.li)
    house.clock.advance(minutes=1)
    rating.rate(conversation_id, 3)
    assert [(r.matter_id, r.score) for r in rating.of(conversation_id)] == [
        (first, 5),
        (second, 3),
    ]


def test_what_the_bot_answers_after_a_close_is_rated_apart(
    house: House, rating: RatingService
) -> None:
    conversation_id, matter_id = closed(house)
    rating.rate(conversation_id, 5)
    house.bot_answers(conversation_id, "借钱不还怎么办")
    assert rating.rate(conversation_id, 2).matter_id is None
    rating.rate(conversation_id, 1)
    assert [(r.matter_id, r.score) for r in rating.of(conversation_id)] == [
        (matter_id, 5),
        (None, 1),
    ]


def test_a_rating_of_the_bot_before_the_lawyer_came_stays_the_bots(
    house: House, rating: RatingService
) -> None:
    conversation_id = house.talk()
    rating.rate(conversation_id, 2)
    matter_id = house.ask(conversation_id).id
    house.claim(conversation_id, house.wang)
    house.give_back(conversation_id, house.wang)
    rating.rate(conversation_id, 5)
    assert [(r.matter_id, r.score) for r in rating.of(conversation_id)] == [
        (None, 2),
        (matter_id, 5),
    ]


def test_who_left_the_queue_rates_the_bot(house: House, rating: RatingService) -> None:
    conversation_id, _ = house.queued()
    house.leave(conversation_id, Mode.BOT)
    assert rating.rate(conversation_id, 3).matter_id is None


def test_a_conversation_that_only_the_bot_had_is_rated_once(
    house: House, rating: RatingService
) -> None:
    conversation_id = house.talk()
    rated = rating.rate(conversation_id, 4)
    assert (rated.matter_id, rated.reopens) == (None, False)
    rating.rate(conversation_id, 5, True)
    assert [(r.score, r.solved) for r in rating.of(conversation_id)] == [(5, True)]


def test_two_ratings_at_once_make_one(house: House, rating: RatingService) -> None:
    conversation_id, _ = closed(house)
    start, stored = threading.Barrier(4), []

    def rate(score: int) -> None:
        start.wait()
        stored.append(rating.rate(conversation_id, score))

    threads = [threading.Thread(target=rate, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.store.read() as connection:
        count = connection.execute(select(func.count()).select_from(ratings)).scalar_one()
    assert count == 1
    # None was lost on the way.
    assert len(stored) == 4


# --- 没解决


def test_not_solved_asks_the_caller_for_a_person_and_the_matter_goes_on(
    house: House, rating: RatingService
) -> None:
    conversation_id, matter_id = closed(house)
    assert rating.rate(conversation_id, 1, False).reopens
    house.conversations.move(conversation_id, Mode.QUEUED, reason=HandoverReason.DISSATISFIED)
    again = house.matter(conversation_id)
    assert (again.id, again.state) == (matter_id, MatterState.WAITING)


def test_not_solved_by_the_bot_alone_opens_a_matter(house: House, rating: RatingService) -> None:
    conversation_id = house.talk()
    assert rating.rate(conversation_id, solved=False).reopens
    house.conversations.move(conversation_id, Mode.QUEUED, reason=HandoverReason.DISSATISFIED)
    assert house.matter(conversation_id).reason == "dissatisfied"


def test_not_solved_after_being_handed_back_goes_on_with_the_matter(
    house: House, rating: RatingService
) -> None:
    conversation_id, matter = house.queued()
    house.claim(conversation_id, house.wang)
    house.give_back(conversation_id, house.wang)
    assert rating.rate(conversation_id, solved=False).reopens
    house.conversations.move(conversation_id, Mode.QUEUED, reason=HandoverReason.DISSATISFIED)
    assert house.matter(conversation_id).number == matter.number


def test_who_waits_or_has_a_lawyer_needs_no_other(house: House, rating: RatingService) -> None:
    conversation_id, _ = house.queued()
    assert not rating.rate(conversation_id, solved=False).reopens
    house.claim(conversation_id, house.wang)
    assert not rating.rate(conversation_id, solved=False).reopens


@pytest.mark.parametrize("solved", [True, None])
def test_a_low_score_alone_reopens_nothing(
    house: House, rating: RatingService, solved: bool | None
) -> None:
    conversation_id, _ = closed(house)
    assert not rating.rate(conversation_id, 1, solved).reopens
