"""One exchange with the platform over HTTP: limits of time and size, and failures by their kind.

What is asked of which endpoint is the client's. No error tells an address, because addresses
carry tokens and media ids.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from connectors.wechat.failures import BUSY_CODE, ApiFailed, Failure, classify

MOST_ANSWER_BYTES = 1024 * 1024
"""The longest JSON there is, an account's menu or the list of its staff, is far shorter."""
TOO_OFTEN = 429


class AddressRefused(ApiFailed):
    """Our address is not on the account's list; ``address`` is ours as the platform sees it."""

    def __init__(self, code: int, address: str) -> None:
        super().__init__(Failure.ADDRESS, code)
        self.address = address


@dataclass(frozen=True, repr=False)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def mime(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def check_status(self) -> None:
        """Raise ApiFailed unless the exchange went well as HTTP sees it."""
        if self.status >= 500 or self.status == TOO_OFTEN:
            raise busy()
        if self.status != 200:
            raise ApiFailed(Failure.OTHER, self.status)

    def json(self) -> dict[str, Any]:
        """Return the object that was answered.

        Raises:
            ApiFailed: the platform refuses, or it was not the platform that answered.
        """
        self.check_status()
        found = self.json_or_none()
        if found is None:
            raise busy()
        check_errcode(found)
        return found

    def json_or_none(self) -> dict[str, Any] | None:
        """Return the object that was answered, None for anything else; nothing is checked."""
        try:
            # Labels that people typed into the console have been seen to hold broken letters.
            found = json.loads(self.body.decode("utf-8", "replace"), strict=False)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


class Wire:
    """Connections to the platform, kept open between calls; its methods block."""

    def __init__(self, timeout_s: float) -> None:
        """``timeout_s`` is for each step: connecting, sending, and every wait for more."""
        # The proxies of the environment would see tokens; a redirect would carry them elsewhere.
        self._http = httpx2.Client(timeout=timeout_s, trust_env=False, follow_redirects=False)
        self._timeout_s = timeout_s

    def exchange(
        self,
        method: str,
        url: str,
        *,
        most: int = MOST_ANSWER_BYTES,
        within_s: float | None = None,
        **request: Any,
    ) -> Answer:
        """Return the answer, whatever it says; of a body longer than ``most``, one byte more.

        ``within_s`` is for the whole body, by default as long as for a step.

        Raises:
            ApiFailed: no answer came in time.
        """
        body = bytearray()
        until = time.monotonic() + self._timeout_s + (within_s or self._timeout_s)
        try:
            with self._http.stream(method, url, **request) as response:
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > most:
                        break
                    if time.monotonic() > until:
                        raise busy()
                return Answer(response.status_code, response.headers, bytes(body[: most + 1]))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
            pass
        # Raised out here, so that no chain of causes names the address.
        raise busy()

    def close(self) -> None:
        self._http.close()


def busy() -> ApiFailed:
    return ApiFailed(Failure.BUSY, BUSY_CODE)


def check_errcode(found: Mapping[str, Any]) -> None:
    """Raise ApiFailed if an object says that something was refused."""
    try:
        code = int(found.get("errcode") or 0)
    except (TypeError, ValueError):
        raise busy() from None
    if code == 0:
        return
    failure = classify(code)
    if failure is Failure.ADDRESS:
        seen = re.search(r"invalid ip ([0-9A-Fa-f.:]+)", str(found.get("errmsg", "")))
        raise AddressRefused(code, seen[1] if seen else "")
    raise ApiFailed(failure, code)
