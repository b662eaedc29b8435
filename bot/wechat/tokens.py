"""Access tokens of the official accounts, one for all processes: who fetches, who waits.

Where a token is kept is a ``TokenStore``'s business; what is done with it is the client's.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.domain.clock import Clock
from bot.errors import StorageUnavailable
from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.client import fetch_stable_token
from connectors.wechat.failures import BUSY_CODE, ApiFailed, Failure

log = structlog.get_logger(__name__)

EARLY = dt.timedelta(minutes=5)
"""The platform gives a new token this long before the present one ends, and takes both."""
CLAIM = dt.timedelta(seconds=15)
"""Longer than a fetch takes; after that, whoever claimed is taken for dead."""
BACK_OFF = dt.timedelta(seconds=15)
"""How long a fetch that was refused, or that brought nothing new, is not repeated."""
FORCED_APART = dt.timedelta(minutes=75)
"""Twenty a day are allowed (getStableAccessToken)."""
PAUSE_S = 0.25
MOST_PAUSES = 80
"""Twenty seconds: the claim of a process that died ends before those who wait for it give up."""
REFUSED_CODE = 40001
FORCED = "#forced"


@dataclass(frozen=True, repr=False)
class HeldToken:
    token: str
    expires_at: dt.datetime


class TokenStore(Protocol):
    """Keeps one token for each key, and lets one process at a time claim its renewal.

    Every method raises StorageUnavailable where the store is out of reach.
    """

    def read(self, key: str) -> HeldToken | None: ...

    def claim(self, key: str, now: dt.datetime, until: dt.datetime) -> bool:
        """Claim a key until then, unless somebody's claim on it still holds."""
        ...

    def put(self, key: str, held: HeldToken) -> None:
        """Keep a token in place of the present one; claims stay as they are."""
        ...

    def release(self, key: str, until: dt.datetime) -> None:
        """End the claim made until then, and no other."""
        ...


class Fetch(Protocol):
    def __call__(self, account: WeChatAccount, *, force: bool = False) -> tuple[str, int]:
        """Return a token and for how many seconds it holds.

        Raises:
            ApiFailed: the platform gives none.
        """
        ...


@dataclass(frozen=True)
class _Rest:
    """Until when an account's token is not fetched again; why, if that is for a failure."""

    until: dt.datetime
    failed: ApiFailed | None = None


class TokenKeeper:
    """Satisfies the client's ``Tokens``."""

    def __init__(
        self,
        store: TokenStore,
        clock: Clock,
        fetch: Fetch = fetch_stable_token,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._fetch = fetch
        self._wait = wait
        self._rests: dict[str, _Rest] = {}

    def token(self, account: WeChatAccount) -> str:
        with _as_busy():
            now = self._clock.now()
            held = self._store.read(account.app_id)
            if held is None or now >= held.expires_at:
                return self._obtain(account, bad="")
        if now < held.expires_at - EARLY or self._rest(account, now):
            return held.token
        try:
            return self._refresh(account, held)
        except (ApiFailed, StorageUnavailable) as error:
            # The present one holds for some minutes yet.
            log.warning("wechat_token_not_refreshed", app_id=account.app_id, error=str(error))
            return held.token

    def renew(self, account: WeChatAccount, bad: str) -> str:
        with _as_busy():
            return self._obtain(account, bad)

    def _refresh(self, account: WeChatAccount, present: HeldToken) -> str:
        """Return the next token; the present one if somebody else is fetching."""
        now = self._clock.now()
        if not self._store.claim(account.app_id, now, now + CLAIM):
            return present.token
        try:
            # Whoever claimed before may have put it there since we looked.
            if other := self._other(account, present.token):
                return other
            token = self._ask(account, "")
        finally:
            self._store.release(account.app_id, now + CLAIM)
        if token == present.token:
            self._rests[account.app_id] = _Rest(now + BACK_OFF)
        return token

    def _obtain(self, account: WeChatAccount, bad: str) -> str:
        """Return a token that holds and is not the bad one, fetched here or by another process."""
        for _ in range(MOST_PAUSES):
            if other := self._other(account, bad):
                return other
            now = self._clock.now()
            rest = self._rest(account, now)
            if rest is not None and rest.failed is not None:
                raise ApiFailed(rest.failed.failure, rest.failed.code)
            if self._store.claim(account.app_id, now, now + CLAIM):
                try:
                    return self._other(account, bad) or self._ask(account, bad)
                finally:
                    self._store.release(account.app_id, now + CLAIM)
            self._wait(PAUSE_S)
        raise ApiFailed(Failure.BUSY, BUSY_CODE)

    def _other(self, account: WeChatAccount, bad: str) -> str:
        """Return the kept token, empty if that is the bad one or holds no longer."""
        held = self._store.read(account.app_id)
        if held is None or held.token == bad or self._clock.now() >= held.expires_at:
            return ""
        return held.token

    def _ask(self, account: WeChatAccount, bad: str) -> str:
        """Fetch a token, the claim being ours, and keep it."""
        now = self._clock.now()
        try:
            token, seconds = self._fetch(account)
            if token == bad:
                token, seconds = self._force(account, bad)
        except ApiFailed as failed:
            self._rests[account.app_id] = _Rest(now + BACK_OFF, failed)
            raise
        self._rests.pop(account.app_id, None)
        self._store.put(account.app_id, HeldToken(token, now + dt.timedelta(seconds=seconds)))
        return token

    def _force(self, account: WeChatAccount, bad: str) -> tuple[str, int]:
        """Have the platform replace a token that it gives out and refuses."""
        now = self._clock.now()
        # A claim that is never released counts the forced ones of all processes.
        if not self._store.claim(f"{account.app_id}{FORCED}", now, now + FORCED_APART):
            raise ApiFailed(Failure.TOKEN, REFUSED_CODE)
        log.warning("wechat_token_forced", app_id=account.app_id)
        token, seconds = self._fetch(account, force=True)
        if token == bad:
            raise ApiFailed(Failure.TOKEN, REFUSED_CODE)
        return token, seconds

    def _rest(self, account: WeChatAccount, now: dt.datetime) -> _Rest | None:
        rest = self._rests.get(account.app_id)
        return rest if rest is not None and now < rest.until else None


class DirectTokens:
    """Satisfies ``Tokens`` for a command: asks the platform itself, once, and keeps nothing.

    That ends no token of the running application, and never passes by a secret that is wrong.
    """

    def __init__(self, fetch: Fetch = fetch_stable_token) -> None:
        self._fetch = fetch
        self._found: dict[str, str] = {}

    def token(self, account: WeChatAccount) -> str:
        if account.app_id not in self._found:
            self._found[account.app_id], _ = self._fetch(account)
        return self._found[account.app_id]

    def renew(self, account: WeChatAccount, bad: str) -> str:
        token, _ = self._fetch(account)
        if token == bad:
            raise ApiFailed(Failure.TOKEN, REFUSED_CODE)
        self._found[account.app_id] = token
        return token


@contextmanager
def _as_busy() -> Iterator[None]:
    try:
        yield
    except StorageUnavailable as error:
        raise ApiFailed(Failure.BUSY, BUSY_CODE) from error
