"""The platform as a whole: its accounts, its HTTP interface, and the switches that tests turn."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.platform.accounts import Account, Json
from tests.platform.api import ROUTES, Api, Fault
from tests.platform.books import Books, Clock, Push, RealClock, Registration
from tests.platform.phones import Follower
from tests.platform.pushing import deliver, query
from tests.platform.transports import Transport

FIRST_MSG_ID = 7_000_000_000_000_000_001
"""More than a double holds exactly, as the platform's ids are."""


class Platform:
    def __init__(
        self, registration: Registration, clock: Clock, patience_s: float, port: int
    ) -> None:
        self.books = Books()
        self.clock = clock
        self.patience_s = patience_s
        self.retry_pause_s = 0.0
        self.signs_anew = True
        """Whether every delivery of a message has a timestamp and a nonce of its own."""
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._msg_ids = itertools.count(FIRST_MSG_ID)
        self._transports: dict[str, Transport] = {}
        self._api = Api(self.books, clock, self._lock, port)
        self._first = registration.app_id
        self.register(registration)
        self.url = self._api.url

    def register(self, registration: Registration) -> Registration:
        """Take one more account in; one of the same AppID is registered anew."""
        account = Account(registration, self.clock, self.books.broken, self._lock)
        with self._lock:
            self._api.accounts[registration.app_id] = account
        return registration

    def connect(self, transport: Transport, registration: Registration | None = None) -> None:
        """Deliver to this product; without a registration, every account without its own."""
        self._transports["" if registration is None else registration.app_id] = transport

    def follower(self, openid: str = "", registration: Registration | None = None) -> Follower:
        """Return the person of this openid, or somebody new; nobody follows to begin with."""
        account = self.account(registration)
        openid = openid or f"o{secrets.token_urlsafe(24)[:27]}"
        with self._lock:
            if openid not in account.followers:
                account.followers[openid] = Follower(self, account, openid)
            return account.followers[openid]

    def verify(self, registration: Registration | None = None) -> bool:
        """Ask the callback whether it is ours, as the console does before it saves the address."""
        account = self.account(registration)
        echo = str(secrets.randbelow(9 * 10**18) + 10**18)
        path = f"{account.registration.path}?{query(account, echostr=echo)}"
        answer = self.transport(account).get(path, self.patience_s)
        return answer.status == 200 and answer.body == echo.encode()

    # Switches

    @property
    def whitelisted(self) -> bool:
        return self._api.whitelisted

    @whitelisted.setter
    def whitelisted(self, value: bool) -> None:
        self._api.whitelisted = value

    @property
    def unfollowed_errcode(self) -> int:
        return self.account().unfollowed_errcode

    @unfollowed_errcode.setter
    def unfollowed_errcode(self, value: int) -> None:
        for account in self._api.accounts.values():
            account.unfollowed_errcode = value

    def fail(
        self,
        endpoint: str,
        *,
        errcode: int = 0,
        status: int = 0,
        hang_s: float = 0.0,
        cut: bool = False,
        takes_effect: bool = False,
        times: int | None = 1,
    ) -> None:
        """Let the next calls of an endpoint go wrong; "*" is any, ``times`` None is for good.

        A call that hangs is dropped in the end, or answered late if it takes effect.
        """
        if endpoint != "*" and endpoint not in ROUTES:
            raise ValueError(f"no endpoint {endpoint!r}")
        if not (errcode or status or hang_s or cut):
            raise ValueError("say what goes wrong")
        with self._lock:
            self._api.faults.append(
                Fault(endpoint, errcode, status, hang_s, cut, takes_effect, times)
            )

    def heal(self) -> None:
        with self._lock:
            self._api.faults.clear()

    def token(self, registration: Registration | None = None) -> str:
        """Return the stable token in use."""
        with self._lock:
            return self.account(registration).tokens.give_stable(self.clock.now())[0]

    def expire_token(self, registration: Registration | None = None) -> None:
        """End the token in use before its time: 42001."""
        with self._lock:
            tokens = self.account(registration).tokens
            if tokens.stable:
                tokens.expiry[tokens.stable] = self.clock.now()

    def invalidate_token(self, registration: Registration | None = None) -> None:
        """Replace the token in use, as another program's forced renewal would: 40001."""
        with self._lock:
            self.account(registration).tokens.replace(self.clock.now())

    def menu(self, registration: Registration | None = None) -> Json | None:
        return self.account(registration).menu

    # For the stand-in's own modules

    def account(self, registration: Registration | None = None) -> Account:
        return self._api.accounts[self._first if registration is None else registration.app_id]

    def transport(self, account: Account) -> Transport:
        found = self._transports.get(account.registration.app_id) or self._transports.get("")
        if found is None:
            raise AssertionError("the platform is not connected: platform.connect(transport)")
        return found

    def next_msg_id(self) -> str:
        return str(next(self._msg_ids))

    def push(self, account: Account, push: Push) -> Push:
        self.books.pushes.append(push)
        deliver(self, account, push)
        return push

    def pause(self, seconds: float) -> None:
        if seconds:
            self._over.wait(seconds)

    def start(self) -> None:
        self._api.start()

    def close(self) -> None:
        self._over.set()
        self._api.close()


@contextmanager
def standing_in(
    registration: Registration | None = None,
    *,
    clock: Clock | None = None,
    patience_s: float = 5.0,
    port: int = 0,
) -> Iterator[Platform]:
    """Run a platform with one account; its HTTP interface listens on loopback meanwhile."""
    platform = Platform(registration or Registration(), clock or RealClock(), patience_s, port)
    platform.start()
    try:
        yield platform
    finally:
        platform.close()
