"""Rate limits per visitor and per address, counted in memory or in Redis."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

log = structlog.get_logger(__name__)


class Allowance:
    """Counts hits; raises what ``refuse`` makes when a limit is reached."""

    def __init__(self, redis_url: str, refuse: Callable[[], Exception]) -> None:
        uri = f"async+{redis_url}" if redis_url else "async+memory://"
        # The same client library as the bus, instead of one more.
        own = {"implementation": "redispy"} if redis_url else {}
        storage = storage_from_string(uri, wrap_exceptions=True, **own)
        assert isinstance(storage, Storage)
        # Two counters a visitor; a moving window keeps, and looks through, a list of every hit.
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._refuse = refuse

    async def take(self, limit: RateLimitItem, *who: str) -> None:
        """Count one hit of ``who``, or raise."""
        try:
            allowed = await self._limiter.hit(limit, *who)
        except StorageError as error:
            # A visitor in need is worth more than a limit that cannot be counted.
            log.warning("limits_unavailable", error=type(error).__name__)
            return
        if not allowed:
            raise self._refuse()


def limit_of(text: str) -> RateLimitItem:
    """Parse a limit such as ``60/minute``.

    Raises:
        ValueError: the text is not a limit.
    """
    return parse(text)
