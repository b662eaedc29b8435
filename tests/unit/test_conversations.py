"""Conversations in the database: one message once, one owner at a time, order kept."""

from __future__ import annotations

import threading

import pytest

from bot.dialogue.repository import ConversationRepository
from bot.domain.conversation import MOVES, Context, HandoverReason, Mode, Sender, may_move
from bot.errors import IllegalMove, NotFound
from bot.store.unit import Store
from connectors.messages import Inbound, text
from tests.conftest import FixedClock


@pytest.fixture
def repository(store: Store, clock: FixedClock) -> ConversationRepository:
    return ConversationRepository(store, clock)


def send(repository: ConversationRepository, conversation: str, client_id: str = "m1") -> int:
    inbound = Inbound(conversation, client_id, "老板欠薪")
    return repository.receive(inbound, [text("老板欠薪")]).message_id


def test_the_same_client_id_is_the_same_message(repository: ConversationRepository) -> None:
    conversation, _ = repository.create("web", "v1")
    first = repository.receive(Inbound(conversation.id, "a", "你好"), [text("你好")])
    again = repository.receive(Inbound(conversation.id, "a", "你好"), [text("你好")])
    assert first.is_new
    assert not again.is_new
    assert again.message_id == first.message_id
    assert len(repository.after(conversation.id, 0)) == 1


def test_two_visitors_may_use_the_same_client_id(repository: ConversationRepository) -> None:
    one, _ = repository.create("web", "v1")
    two, _ = repository.create("web", "v1")
    assert send(repository, one.id) != send(repository, two.id)
    assert [m.conversation_id for m in repository.after(two.id, 0)] == [two.id]


def test_a_message_is_answered_once(repository: ConversationRepository) -> None:
    conversation, _ = repository.create("web", "v1")
    inbound = send(repository, conversation.id)
    first, _ = repository.finish(conversation.id, inbound, [[text("答")]])
    second, _ = repository.finish(conversation.id, inbound, [[text("又答")]])
    assert [m.parts for m in second] == [m.parts for m in first]
    assert len(repository.after(conversation.id, inbound)) == 1


def test_a_bot_reply_computed_before_a_claim_is_not_sent_after_it(
    repository: ConversationRepository,
) -> None:
    conversation, _ = repository.create("web", "v1")
    inbound = send(repository, conversation.id)
    repository.move(conversation.id, Mode.QUEUED, reason=HandoverReason.ASKED)
    repository.move(conversation.id, Mode.HUMAN)
    sent, mode = repository.finish(conversation.id, inbound, [[text("迟到的回答")]])
    assert sent == ()
    assert mode is Mode.HUMAN
    assert [m.sender for m in repository.after(conversation.id, 0)] == [Sender.VISITOR]


def test_handing_over_and_the_reply_are_one_transaction(
    repository: ConversationRepository,
) -> None:
    conversation, _ = repository.create("web", "v1")
    inbound = send(repository, conversation.id)
    _, mode = repository.finish(
        conversation.id, inbound, [[text("转接")]], handover=HandoverReason.ASKED
    )
    stored = repository.get(conversation.id)
    assert mode is Mode.QUEUED
    assert stored.mode is Mode.QUEUED
    assert stored.reason is HandoverReason.ASKED
    assert repository.queue_position(conversation.id) == 1


def test_the_queue_position_counts_priority_before_waiting_time(
    repository: ConversationRepository, clock: FixedClock
) -> None:
    ids = []
    for priority in (0, 0, 50):
        conversation, _ = repository.create("web", "v1")
        inbound = send(repository, conversation.id)
        repository.finish(
            conversation.id, inbound, [], handover=HandoverReason.RISK, priority=priority
        )
        ids.append(conversation.id)
        clock.advance(minutes=1)
    assert [repository.queue_position(i) for i in ids] == [2, 3, 1]


@pytest.mark.parametrize("current", list(Mode))
@pytest.mark.parametrize("to", list(Mode))
def test_only_moves_of_the_table_are_carried_out(
    repository: ConversationRepository, current: Mode, to: Mode
) -> None:
    paths = {
        Mode.BOT: [],
        Mode.QUEUED: [Mode.QUEUED],
        Mode.HUMAN: [Mode.QUEUED, Mode.HUMAN],
        Mode.RETURNED: [Mode.QUEUED, Mode.HUMAN, Mode.RETURNED],
        Mode.CLOSED: [Mode.CLOSED],
    }
    conversation, _ = repository.create("web", "v1")
    for step in paths[current]:
        repository.move(conversation.id, step)
    if may_move(current, to):
        assert repository.move(conversation.id, to) is current
        assert repository.get(conversation.id).mode is to
    else:
        with pytest.raises(IllegalMove):
            repository.move(conversation.id, to)
        assert repository.get(conversation.id).mode is current


def test_nobody_can_reach_a_person_without_the_queue() -> None:
    assert [mode for mode in Mode if Mode.HUMAN in MOVES[mode]] == [Mode.QUEUED]


def test_only_the_holder_of_the_token_finds_the_conversation(
    repository: ConversationRepository,
) -> None:
    conversation, token = repository.create("web", "v1")
    found = repository.by_token(token)
    assert found is not None
    assert found.id == conversation.id
    assert repository.by_token(token + "x") is None


def test_words_and_context_are_unreadable_in_the_tables(
    repository: ConversationRepository, store: Store
) -> None:
    conversation, _ = repository.create("wechat", "v1", "openid-of-somebody")
    repository.receive(Inbound(conversation.id, "a", "张三丰的秘密"), [text("张三丰的秘密")])
    repository.remember(conversation.id, Context(question="张三丰的秘密"))
    with store.read() as connection:
        rows = [
            repr(tuple(row))
            for table in ("messages", "conversations")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert rows
    assert not any("张三丰" in row or "openid-of-somebody" in row for row in rows)
    turn = repository.turn(conversation.id)
    assert turn is not None
    assert turn.text == "张三丰的秘密"
    assert turn.context.question == "张三丰的秘密"


def test_ids_of_one_conversation_grow_in_the_order_of_writing(
    repository: ConversationRepository,
) -> None:
    conversation, _ = repository.create("web", "v1")
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            send(repository, conversation.id, f"m{number}")
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = repository.after(conversation.id, 0)
    assert errors == []
    assert len({m.client_id for m in stored}) == 12
    assert [m.id for m in stored] == sorted(m.id for m in stored)


def test_erasing_takes_the_messages_along(repository: ConversationRepository, store: Store) -> None:
    conversation, token = repository.create("web", "v1")
    send(repository, conversation.id)
    repository.erase(conversation.id)
    assert repository.by_token(token) is None
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM messages").scalar_one() == 0
    with pytest.raises(NotFound):
        repository.get(conversation.id)
