"""Codes that take a conversation to another device, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from bot.continuation.repository import ContinuationRepository
from bot.continuation.service import ContinuationService, draw_code
from bot.dialogue.repository import ConversationRepository
from bot.domain.matter import next_number
from bot.errors import BadContinuation, ContinuedElsewhere, NotFound, StorageUnavailable
from bot.store.tables import audit, continuations, left_tokens
from bot.store.unit import Store
from tests.conftest import FixedClock

PHONE = "phone-0123456789abcdef"
STRANGER = "stranger-0123456789ab"


@pytest.fixture
def conversations(store: Store, clock: FixedClock) -> ConversationRepository:
    return ConversationRepository(store, clock)


@pytest.fixture
def service(store: Store, clock: FixedClock) -> ContinuationService:
    return ContinuationService(ContinuationRepository(store, clock), clock)


def drawing(store: Store, clock: FixedClock, codes: Iterator[str]) -> ContinuationService:
    return ContinuationService(ContinuationRepository(store, clock), clock, lambda: next(codes))


def count(store: Store, table: object) -> int:
    with store.read() as connection:
        found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]
    return found


def test_a_code_is_eight_digits() -> None:
    codes = {draw_code() for _ in range(200)}
    assert all(len(code) == 8 and code.isascii() and code.isdigit() for code in codes)
    assert len(codes) > 190


def test_a_code_is_never_a_matters_number(monkeypatch: pytest.MonkeyPatch) -> None:
    matter = next_number(26, 0)
    drawn = iter([int(matter), 12345678])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))
    assert draw_code() == "12345678"


def test_a_code_used_up_leaves_the_token_as_it_is(
    conversations: ConversationRepository, service: ContinuationService, store: Store
) -> None:
    made, token = conversations.create("web", "v1")
    code, _ = service.issue(made.id)
    with store.write() as connection:
        assert service.whose(connection, code) == made.id
        assert service.use_up(connection, f"{code[:4]} {code[4:]}") == made.id
        assert service.use_up(connection, code) is None
        assert service.whose(connection, "1234") is None
    opened = conversations.by_token(token)
    assert opened is not None
    assert count(store, left_tokens) == 0
    with pytest.raises(BadContinuation):
        service.redeem(code, PHONE)


def test_a_revoked_code_opens_nothing(
    conversations: ConversationRepository, service: ContinuationService, store: Store
) -> None:
    made, _ = conversations.create("web", "v1")
    code, _ = service.issue(made.id)
    with store.write() as connection:
        service.revoke(connection, made.id)
    with pytest.raises(BadContinuation):
        service.redeem(code, PHONE)


def test_a_redeemed_code_changes_the_token(
    conversations: ConversationRepository, service: ContinuationService, store: Store
) -> None:
    made, old = conversations.create("web", "v1")
    code, valid = service.issue(made.id)
    assert valid.total_seconds() == 600
    conversation_id, new = service.redeem(code, PHONE)
    assert conversation_id == made.id
    assert conversations.by_token(old) is None
    assert service.is_left(old)
    opened = conversations.by_token(new)
    assert opened is not None
    assert opened.id == made.id
    assert not service.is_left(new)
    assert conversations.news(made.id, 0, new)
    with pytest.raises(ContinuedElsewhere):
        conversations.news(made.id, 0, old)
    with store.read() as connection:
        noted = connection.execute(select(audit.c.actor, audit.c.action, audit.c.subject)).all()
    assert [tuple(row) for row in noted] == [("visitor", "conversation_continued", made.id)]


@pytest.mark.parametrize("typed", ["1234 5678", "1234-5678", " 12345678 ", "１２３４　５６７８"])
def test_a_code_may_be_typed_as_it_is_read(
    conversations: ConversationRepository, store: Store, clock: FixedClock, typed: str
) -> None:
    made, _ = conversations.create("web", "v1")
    service = drawing(store, clock, iter(["12345678"]))
    service.issue(made.id)
    assert service.redeem(typed, PHONE)[0] == made.id


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "abcdefgh", "1234567٨", "%" * 8])
def test_what_is_no_code_is_refused_like_a_wrong_one(
    service: ContinuationService, typed: str
) -> None:
    with pytest.raises(BadContinuation):
        service.redeem(typed, PHONE)


def test_a_code_works_until_its_last_second(
    conversations: ConversationRepository, service: ContinuationService, clock: FixedClock
) -> None:
    made, old = conversations.create("web", "v1")
    code, _ = service.issue(made.id)
    clock.advance(minutes=10)
    with pytest.raises(BadContinuation):
        service.redeem(code, PHONE)
    assert conversations.by_token(old) is not None
    code, _ = service.issue(made.id)
    clock.advance(minutes=9, seconds=59)
    assert service.redeem(code, PHONE)[0] == made.id


def test_a_new_code_replaces_the_former_one(
    conversations: ConversationRepository, store: Store, clock: FixedClock
) -> None:
    made, _ = conversations.create("web", "v1")
    service = drawing(store, clock, iter(["11111111", "22222222"]))
    service.issue(made.id)
    service.issue(made.id)
    with pytest.raises(BadContinuation):
        service.redeem("11111111", PHONE)
    assert service.redeem("22222222", PHONE)[0] == made.id


def test_a_used_code_is_refused_to_everybody_else(
    conversations: ConversationRepository, service: ContinuationService
) -> None:
    made, _ = conversations.create("web", "v1")
    code, _ = service.issue(made.id)
    _, token = service.redeem(code, PHONE)
    with pytest.raises(BadContinuation):
        service.redeem(code, STRANGER)
    assert conversations.by_token(token) is not None


def test_a_repeat_from_the_same_device_gets_the_same_token_while_it_holds_it(
    conversations: ConversationRepository, service: ContinuationService, store: Store
) -> None:
    made, _ = conversations.create("web", "v1")
    code, _ = service.issue(made.id)
    first = service.redeem(code, PHONE)
    assert service.redeem(code, PHONE) == first
    assert count(store, left_tokens) == 1
    onward, _ = service.issue(made.id)
    service.redeem(onward, STRANGER)
    with pytest.raises(BadContinuation):
        service.redeem(code, PHONE)


def test_of_two_devices_at_once_one_gets_the_conversation(
    conversations: ConversationRepository, service: ContinuationService
) -> None:
    made, _ = conversations.create("web", "v1")
    for _ in range(5):
        code, _ = service.issue(made.id)
        told = together(lambda device, code=code: service.redeem(code, device))
        assert len(told) == 2
        assert set(told) == {"BadContinuation", made.id}


def together(redeem: Callable[[str], tuple[str, str]]) -> list[str]:
    """Redeem from two devices at the same moment; return what each was told."""
    start = threading.Barrier(2)
    told: list[str] = []

    def work(device: str) -> None:
        start.wait()
        try:
            told.append(redeem(device)[0])
        except BadContinuation as error:
            told.append(type(error).__name__)

    threads = [threading.Thread(target=work, args=(device,)) for device in (PHONE, STRANGER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_a_code_that_is_anothers_is_drawn_again(
    conversations: ConversationRepository, store: Store, clock: FixedClock
) -> None:
    one, _ = conversations.create("web", "v1")
    two, _ = conversations.create("web", "v1")
    service = drawing(store, clock, iter(["11111111", "11111111", "22222222"]))
    service.issue(one.id)
    assert service.issue(two.id)[0] == "22222222"
    assert service.redeem("11111111", PHONE)[0] == one.id


def test_a_draw_that_never_ends_well_is_said_in_words(
    conversations: ConversationRepository, store: Store, clock: FixedClock
) -> None:
    one, _ = conversations.create("web", "v1")
    two, _ = conversations.create("web", "v1")
    service = drawing(store, clock, iter(["11111111"] * 20))
    service.issue(one.id)
    with pytest.raises(StorageUnavailable):
        service.issue(two.id)


def test_erasing_takes_codes_and_left_tokens_along(
    conversations: ConversationRepository, service: ContinuationService, store: Store
) -> None:
    made, old = conversations.create("web", "v1")
    code, _ = service.issue(made.id)
    service.redeem(code, PHONE)
    code, _ = service.issue(made.id)
    conversations.erase(made.id)
    assert (count(store, continuations), count(store, left_tokens)) == (0, 0)
    assert not service.is_left(old)
    with pytest.raises(BadContinuation):
        service.redeem(code, PHONE)
    with pytest.raises(NotFound):
        service.issue(made.id)


def test_only_expired_codes_are_forgotten(
    conversations: ConversationRepository,
    service: ContinuationService,
    store: Store,
    clock: FixedClock,
) -> None:
    one, _ = conversations.create("web", "v1")
    two, _ = conversations.create("web", "v1")
    service.issue(one.id)
    clock.advance(minutes=6)
    code, _ = service.issue(two.id)
    clock.advance(minutes=5)
    assert service.forget_expired() == 1
    assert count(store, continuations) == 1
    assert service.redeem(code, PHONE)[0] == two.id


def test_neither_code_nor_token_is_stored_in_clear(
    conversations: ConversationRepository, service: ContinuationService, store: Store
) -> None:
    made, old = conversations.create("web", "v1")
    code, _ = service.issue(made.id)
    with store.read() as connection:
        kept = repr(connection.execute(select(continuations)).all())
    assert code not in kept
    _, new = service.redeem(code, PHONE)
    with store.read() as connection:
        kept = repr(connection.execute(select(left_tokens)).all())
    assert old not in kept
    assert new not in kept
