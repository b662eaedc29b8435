"""A follower's pass opens its conversation as the conversation's own token does, and no longer."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import delete, insert, update

from bot.dialogue.repository import ConversationRepository
from bot.errors import ContinuedElsewhere
from bot.store.crypto import token_hash
from bot.store.unit import Store
from bot.store.wechat_tables import passes, wechat_bindings, wechat_followers
from connectors.messages import Inbound, text
from tests.conftest import FixedClock

PASS = "pass-of-a-phone"
VALID = dt.timedelta(days=30)


@pytest.fixture
def repository(store: Store, clock: FixedClock) -> ConversationRepository:
    return ConversationRepository(store, clock)


def let_in(repository: ConversationRepository, clock: FixedClock, conversation_id: str) -> None:
    store, now = repository.store, clock.now()
    with store.write() as connection:
        connection.execute(
            insert(wechat_followers).values(
                id=1, account="wx1", openid_index="i", openid_enc=b"", created_at=now
            )
        )
        connection.execute(
            insert(wechat_bindings).values(
                follower_id=1,
                conversation_id=conversation_id,
                is_own=True,
                is_proven=True,
                created_at=now,
            )
        )
        connection.execute(
            insert(passes).values(
                token_hash=token_hash(PASS),
                conversation_id=conversation_id,
                follower_id=1,
                expires_at=now + VALID,
            )
        )


def test_a_pass_opens_its_conversation_beside_the_token(
    repository: ConversationRepository, clock: FixedClock
) -> None:
    conversation, token = repository.create("wechat", "v1")
    repository.receive(Inbound(conversation.id, "a", "老板欠薪"), [text("老板欠薪")])
    let_in(repository, clock, conversation.id)
    for key in (PASS, token):
        found = repository.by_token(key)
        assert found is not None
        assert found.id == conversation.id
        heard, _ = repository.news(conversation.id, 0, key)
        assert len(heard) == 1
    assert repository.by_token(PASS + "x") is None


def test_a_pass_opens_no_other_conversation(
    repository: ConversationRepository, clock: FixedClock
) -> None:
    conversation, _ = repository.create("wechat", "v1")
    other, _ = repository.create("wechat", "v1")
    let_in(repository, clock, conversation.id)
    with pytest.raises(ContinuedElsewhere):
        repository.news(other.id, 0, PASS)


def test_a_weak_pass_is_no_token_of_the_conversation(
    repository: ConversationRepository, clock: FixedClock
) -> None:
    """Of the pages alone: whoever has it could else export and erase by the chat's own doors."""
    conversation, _ = repository.create("wechat", "v1")
    let_in(repository, clock, conversation.id)
    with repository.store.write() as connection:
        connection.execute(update(passes).values(is_strong=False))
    assert repository.by_token(PASS) is None
    with pytest.raises(ContinuedElsewhere):
        repository.news(conversation.id, 0, PASS)


def test_a_pass_ends_with_its_time(repository: ConversationRepository, clock: FixedClock) -> None:
    conversation, token = repository.create("wechat", "v1")
    let_in(repository, clock, conversation.id)
    clock.advance(seconds=VALID.total_seconds() - 1)
    assert repository.by_token(PASS) is not None
    clock.advance(seconds=1)
    assert repository.by_token(PASS) is None
    with pytest.raises(ContinuedElsewhere):
        repository.news(conversation.id, 0, PASS)
    assert repository.by_token(token) is not None


def test_a_pass_ends_with_the_binding(
    repository: ConversationRepository, clock: FixedClock
) -> None:
    conversation, _ = repository.create("wechat", "v1")
    let_in(repository, clock, conversation.id)
    with repository.store.write() as connection:
        connection.execute(delete(wechat_bindings))
    assert repository.by_token(PASS) is None
    with pytest.raises(ContinuedElsewhere):
        repository.news(conversation.id, 0, PASS)


def test_a_pass_dies_with_the_conversation(
    repository: ConversationRepository, clock: FixedClock
) -> None:
    conversation, _ = repository.create("wechat", "v1")
    let_in(repository, clock, conversation.id)
    repository.erase(conversation.id)
    assert repository.by_token(PASS) is None
