"""The work of every minute and every hour: deliver the outbox, remind, forget."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from bot.dialogue.rasa_tracker import RasaTracker
from bot.dialogue.repository import ConversationRepository
from bot.domain.clock import Clock
from bot.store.outbox import OutboxRunner

log = structlog.get_logger(__name__)

OUTBOX_PAUSE_S = 2.0
FORGET_PAUSE_S = 600.0
REMIND_PAUSE_S = 600.0


class Matters(Protocol):
    """The matters as forgetting needs them."""

    def forget_by_hand(self, before: dt.datetime) -> int:
        """Erase what is personal about matters without conversation closed before a moment."""
        ...


class Housekeeping:
    """Runs beside the application; each task survives its own failures."""

    def __init__(
        self,
        repository: ConversationRepository,
        outbox: OutboxRunner,
        clock: Clock,
        *,
        retention: dt.timedelta,
        rasa_retention: dt.timedelta,
        rasa_tracker: RasaTracker,
        matters: Matters,
        corrections: Callable[[], int],
        expired: Sequence[Callable[[], int]],
        reminders: Callable[[], int],
    ) -> None:
        """``corrections`` deletes what lawyers proposed about conversations since erased.

        ``expired`` delete codes, links and passes past their time. ``reminders`` tells
        applicants of papers that are due.
        """
        self._matters = matters
        self._corrections = corrections
        self._expired = tuple(expired)
        self._reminders = reminders
        self._repository = repository
        self._outbox = outbox
        self._clock = clock
        self._retention = retention
        self._rasa_retention = rasa_retention
        self._rasa_tracker = rasa_tracker

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat("outbox", self._outbox.run_once, OUTBOX_PAUSE_S))
            group.create_task(self._repeat("forget", self.forget, FORGET_PAUSE_S))
            group.create_task(self._repeat("remind", self.remind, REMIND_PAUSE_S))

    async def _repeat(self, task: str, work: Callable[[], int], pause_s: float) -> None:
        while True:
            try:
                await self._repository.store.run(work)
            except Exception as error:  # noqa: BLE001  else one bad row would end every task
                # The type alone: a message may quote what somebody wrote.
                log.warning("housekeeping_failed", task=task, error=type(error).__name__)
            await asyncio.sleep(pause_s)

    def remind(self) -> int:
        """Tell applicants of papers that are due; return how many were reminded."""
        return self._reminders()

    def forget(self) -> int:
        """Erase conversations and Rasa events past their retention; return how many went."""
        moment = self._clock.now() - self._retention
        old = self._repository.older_than(moment)
        for conversation_id in old:
            self._repository.erase(conversation_id)
        forgotten = len(old) + self._forget_rasa()
        forgotten += self._matters.forget_by_hand(moment) + self._corrections()
        if forgotten:
            log.info("retention_applied", erased=forgotten)
        # Not data past its retention: a code is of no use after minutes.
        for forget_expired in self._expired:
            forget_expired()
        return forgotten

    def _forget_rasa(self) -> int:
        moment = self._clock.now() - self._rasa_retention
        return self._rasa_tracker.forget_quiet_since(moment.timestamp())
