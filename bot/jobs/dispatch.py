"""Every few seconds: offer who waits to lawyers, mend what is stuck, and tell open connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from bot.bus import QUEUE_TOPIC, Bus, conversation_topic
from bot.store.unit import Store

log = structlog.get_logger(__name__)

PAUSE_S = 3.0


class Change(Protocol):
    """Something that open connections should hear of."""

    @property
    def conversation_id(self) -> str: ...
    @property
    def message_id(self) -> int | None: ...


class Dispatch:
    """Runs beside the application; ``rounds`` are done one after the other, each time."""

    def __init__(
        self, store: Store, bus: Bus, rounds: Sequence[Callable[[], Sequence[Change]]]
    ) -> None:
        self._store = store
        self._bus = bus
        self._rounds = rounds

    async def run(self) -> None:
        while True:
            for once in self._rounds:
                try:
                    await self.tell(await self._store.run(once))
                except Exception as error:  # noqa: BLE001  else one bad row would end it all
                    # The type alone: a message may quote what somebody wrote.
                    log.warning("dispatch_failed", error=type(error).__name__)
            await asyncio.sleep(PAUSE_S)

    async def tell(self, changes: Sequence[Change]) -> None:
        """Publish changes to the visitors concerned and to every desk."""
        for change in changes:
            event = {"kind": "message", "conversation_id": change.conversation_id}
            if change.message_id is not None:
                event["id"] = str(change.message_id)
                await self._bus.publish(conversation_topic(change.conversation_id), event)
            await self._bus.publish(QUEUE_TOPIC, event)
