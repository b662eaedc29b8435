"""Lock store that lets a sender's second message wait 50 ms at a time instead of one second.

The locks live in this process: run one Sanic worker for each Rasa process.
"""

from contextlib import asynccontextmanager
from typing import AsyncGenerator, Optional

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore
from rasa.utils.endpoints import EndpointConfig

from bot.rasa_ext import action_replies

POLL_INTERVAL_S = 0.05


class FastLockStore(InMemoryLockStore):
    """In-memory lock store that polls every `POLL_INTERVAL_S`; Rasa's own default is 1 s."""

    def __init__(self, endpoint_config: Optional[EndpointConfig] = None) -> None:
        """Accept the endpoint configuration that Rasa passes; nothing in it is needed."""
        super().__init__()
        # The lock store is the one class of ours that every serving Rasa makes at its start.
        action_replies.install()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = POLL_INTERVAL_S,
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation's lock; raise `LockError` when it expires first."""
        # Rasa passes no interval, so the default above is the one that counts.
        async with super().lock(conversation_id, lock_lifetime, wait_time_in_seconds) as ticket:
            yield ticket
