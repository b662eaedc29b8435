"""The gateway that sends short messages: one request, one answer in time, nothing logged.

What it is asked is ``POST {"phone": …, "text": …}`` with a bearer secret; any 2xx means taken.
"""

from __future__ import annotations

from typing import Protocol

import httpx2

TIMEOUT_S = 2.0
"""WeChat waits five seconds for the answer to which this belongs."""
CONNECT_S = 1.0


class Undelivered(Exception):
    """The gateway did not say that it has taken a message."""

    def __init__(self, *, may_have_gone: bool) -> None:
        super().__init__("may have gone" if may_have_gone else "not taken")
        self.may_have_gone = may_have_gone


class Gateway(Protocol):
    """What sends a short message."""

    def send(self, phone: str, text: str) -> None:
        """Have a message sent.

        Raises:
            Undelivered: it was not taken, or nothing was heard of it in time.
        """
        ...


class HttpGateway:
    """Satisfies ``Gateway``; every method blocks."""

    def __init__(self, url: str, secret: str, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._timeout = httpx2.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))

    def send(self, phone: str, text: str) -> None:
        body = {"phone": phone, "text": text}
        try:
            with (
                httpx2.Client(timeout=self._timeout, trust_env=False) as client,
                # The body of the answer is not read: it could be dripped in for minutes.
                client.stream("POST", self._url, json=body, headers=self._headers) as response,
            ):
                taken = response.is_success
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL) as error:
            raise Undelivered(may_have_gone=False) from error
        except httpx2.HTTPError as error:
            raise Undelivered(may_have_gone=True) from error
        if not taken:
            raise Undelivered(may_have_gone=False)


def open_gateway(url: str, secret: str) -> HttpGateway | None:
    """Return the gateway at an address, none for no address."""
    return HttpGateway(url, secret) if url else None
