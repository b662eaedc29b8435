"""The way to the product's callback: over the network, or straight into an ASGI test client."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Transport(Protocol):
    def post(self, path: str, body: bytes, patience_s: float) -> Answer:
        """Deliver to a path with its query.

        Raises:
            OSError: no answer in time (TimeoutError), or no connection.
        """
        ...

    def get(self, path: str, patience_s: float) -> Answer: ...


class HttpTransport:
    """A connection for each delivery, closed when the patience ends."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("a callback of the stand-in starts with http://")
        self._host, self._port = parts.hostname, parts.port or 80

    def post(self, path: str, body: bytes, patience_s: float) -> Answer:
        return self._ask("POST", path, body, patience_s)

    def get(self, path: str, patience_s: float) -> Answer:
        return self._ask("GET", path, None, patience_s)

    def _ask(self, method: str, path: str, body: bytes | None, patience_s: float) -> Answer:
        ends = time.monotonic() + patience_s
        line = http.client.HTTPConnection(self._host, self._port, timeout=patience_s)
        try:
            line.connect()
            connection = line.sock
            line.request(method, path, body, {"Content-Type": "text/xml", "Connection": "close"})
            connection.settimeout(max(0.001, ends - time.monotonic()))
            response = line.getresponse()
            if not response.isclosed():
                connection.settimeout(max(0.001, ends - time.monotonic()))
            found = response.read()
        except http.client.HTTPException as error:
            raise ConnectionError(type(error).__name__) from error
        finally:
            line.close()
        if time.monotonic() > ends:
            raise TimeoutError
        return Answer(response.status, found)


class ClientTransport:
    """Calls a test client (anything with its ``post`` and ``get``); what comes late is dropped.

    The product works on after the patience, as a server does whose caller has gone.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def post(self, path: str, body: bytes, patience_s: float) -> Answer:
        headers = {"Content-Type": "text/xml"}
        return self._within(
            patience_s, lambda: self._client.post(path, content=body, headers=headers)
        )

    def get(self, path: str, patience_s: float) -> Answer:
        return self._within(patience_s, lambda: self._client.get(path))

    def _within(self, patience_s: float, ask: Callable[[], Any]) -> Answer:
        came: queue.SimpleQueue[Answer] = queue.SimpleQueue()

        def work() -> None:
            try:
                found = ask()
                came.put(Answer(found.status_code, found.content))
            except Exception as error:  # noqa: BLE001 - a product that fails is one that says 500
                came.put(Answer(500, repr(error).encode()))

        threading.Thread(target=work, daemon=True).start()
        try:
            return came.get(timeout=patience_s)
        except queue.Empty:
            raise TimeoutError from None
