"""The work beside the application goes on whatever goes wrong in one of its tasks."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError
from structlog.testing import capture_logs

from bot.bus import InProcessBus
from bot.dialogue.rasa_tracker import RasaTracker
from bot.dialogue.repository import ConversationRepository
from bot.errors import StorageUnavailable
from bot.jobs import dispatch, housekeeping
from bot.jobs.dispatch import Dispatch
from bot.jobs.housekeeping import Housekeeping
from bot.roster.schemas import hours_from_json
from bot.store.crypto import Cipher
from bot.store.outbox import OutboxRunner, enqueue
from bot.store.unit import Store
from tests.conftest import FixedClock

PATIENCE_S = 20.0


class Signal:
    """Something that happens in a worker thread and is waited for in the loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def give(self) -> None:
        self._loop.call_soon_threadsafe(self._event.set)

    async def comes(self, running: asyncio.Task[None]) -> bool:
        """Say whether it happens before the job ends."""
        waiting = asyncio.create_task(self._event.wait())
        both = {running, waiting}
        await asyncio.wait(both, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return self._event.is_set()


class NoMatters:
    def forget_by_hand(self, before: dt.datetime) -> int:
        return 0


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OUTBOX_PAUSE_S", "FORGET_PAUSE_S", "REMIND_PAUSE_S"):
        monkeypatch.setattr(housekeeping, name, 0.001)
    monkeypatch.setattr(dispatch, "PAUSE_S", 0.001)


def keeping(
    store: Store,
    clock: FixedClock,
    handlers: Mapping[str, Callable[[Mapping[str, Any]], None]],
    reminders: Callable[[], int] = lambda: 0,
) -> Housekeeping:
    return Housekeeping(
        ConversationRepository(store, clock),
        OutboxRunner(store, clock, handlers),
        clock,
        retention=dt.timedelta(days=180),
        rasa_retention=dt.timedelta(hours=24),
        rasa_tracker=RasaTracker(None),
        matters=NoMatters(),
        corrections=lambda: 0,
        expired=(),
        reminders=reminders,
    )


async def ended(running: asyncio.Task[None]) -> None:
    """Cancel a job as the application does when it stops; it must end by that alone."""
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, PATIENCE_S)


def once(error: Exception, then: Callable[[], None]) -> Callable[[], int]:
    """Return work that fails the first time and after that calls ``then``."""
    failing = [error]

    def work() -> int:
        if failing:
            raise failing.pop()
        then()
        return 0

    return work


def a_bad_row() -> ValidationError:
    with pytest.raises(ValidationError) as found:
        hours_from_json('{"weekly": "张小明 13812345678"}')
    return found.value


@pytest.mark.parametrize(
    "error", [a_bad_row(), KeyError("张小明"), StorageUnavailable()], ids=lambda e: type(e).__name__
)
def test_a_task_of_housekeeping_that_fails_goes_on_and_says_nothing_personal(
    sqlite_store: Store, clock: FixedClock, error: Exception
) -> None:
    async def scene() -> list[Any]:
        again = Signal()
        jobs = keeping(sqlite_store, clock, {}, once(error, again.give))
        with capture_logs() as lines:
            running = asyncio.create_task(jobs.run())
            assert await again.comes(running)
            await ended(running)
        return list(lines)

    lines = asyncio.run(scene())
    failures = [line for line in lines if line["event"] == "housekeeping_failed"]
    assert [(line["task"], line["error"]) for line in failures] == [
        ("remind", type(error).__name__)
    ]
    assert "张小明" not in str(lines)


def test_an_unreadable_row_of_the_outbox_holds_up_no_other(store: Store, clock: FixedClock) -> None:
    stranger = Cipher([Fernet.generate_key().decode()], "another")
    with store.write() as connection:
        for key, cipher in (("unreadable", stranger), ("readable", store.cipher)):
            enqueue(connection, cipher, clock.now(), "news", key, {"key": key})

    async def scene() -> list[str]:
        delivered = Signal()
        heard: list[str] = []

        def deliver(payload: Mapping[str, Any]) -> None:
            heard.append(payload["key"])
            delivered.give()

        running = asyncio.create_task(keeping(store, clock, {"news": deliver}).run())
        assert await delivered.comes(running)
        await ended(running)
        return heard

    assert asyncio.run(scene()) == ["readable"]


@pytest.mark.parametrize(
    "error", [a_bad_row(), StorageUnavailable()], ids=lambda e: type(e).__name__
)
def test_a_round_of_the_dispatch_that_fails_ends_neither_the_others_nor_itself(
    sqlite_store: Store, error: Exception
) -> None:
    async def scene() -> list[Any]:
        again, others = Signal(), Signal()

        def assign() -> Sequence[dispatch.Change]:
            failing()
            return ()

        def sweep() -> Sequence[dispatch.Change]:
            others.give()
            return ()

        failing = once(error, again.give)
        rounds = (assign, sweep)
        with capture_logs() as lines:
            job = Dispatch(sqlite_store, InProcessBus(), rounds).run()
            running = asyncio.create_task(_whole(job))
            assert await others.comes(running)
            assert await again.comes(running)
            await ended(running)
        return list(lines)

    lines = asyncio.run(scene())
    assert [line["error"] for line in lines if line["event"] == "dispatch_failed"] == [
        type(error).__name__
    ]
    assert "张小明" not in str(lines)


async def _whole(job: Coroutine[Any, Any, None]) -> None:
    """Run a job in a group, as the application does."""
    async with asyncio.TaskGroup() as group:
        group.create_task(job)
