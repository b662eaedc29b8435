"""The malware check of uploads: a ClamAV daemon reads the contents before they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import BoundedSemaphore
from typing import Protocol

from clamdpy import ClamdNetworkSocket, ClamdUnixSocket
from clamdpy.exceptions import ClamdException

TIMEOUT_S = 30.0
"""For each step of an exchange; the longest is the wait for the verdict."""
AT_ONCE = 8
"""A daemon that hangs must not hold every thread of the application."""
CHUNK_BYTES = 64 * 1024


class NotScanned(Exception):
    """There is no verdict; the message says why, for the log."""


class Scanner(Protocol):
    """Judges contents."""

    def signature(self, body: bytes) -> str | None:
        """Return the name of the malware found, or None for contents that are clean.

        Raises:
            NotScanned: the contents could not be judged.
        """
        ...


class ClamavScanner:
    """Satisfies ``Scanner``; every method blocks."""

    def __init__(self, address: str, timeout_s: float = TIMEOUT_S) -> None:
        """Take ``host:port`` or the path of a Unix socket; nothing is connected yet."""
        self._daemon = _daemon(address, timeout_s)
        self._free = BoundedSemaphore(AT_ONCE)

    def signature(self, body: bytes) -> str | None:
        if not self._free.acquire(blocking=False):
            raise NotScanned(f"{AT_ONCE} files are being scanned already")
        try:
            with _failures():
                verdict = self._daemon.instream(BytesIO(body))
        finally:
            self._free.release()
        if verdict.status == "FOUND":
            return verdict.reason or "unnamed"
        if verdict.status == "OK" and verdict.reason is None:
            return None
        raise NotScanned(f"the daemon answers {verdict.status}: {verdict.reason}")

    def version(self) -> str:
        """Return what a daemon that answers says of its program and its signatures.

        Raises:
            NotScanned: it does not answer.
        """
        with _failures():
            if self._daemon.ping() != "PONG":
                raise NotScanned("what answers is no ClamAV daemon")
            return self._daemon.version(raw=True)


def open_scanner(address: str) -> ClamavScanner | None:
    """Return the scanner at an address, none for no address."""
    return ClamavScanner(address) if address else None


def _daemon(address: str, timeout_s: float) -> ClamdNetworkSocket:
    if address.startswith("/"):
        return ClamdUnixSocket(address, timeout_s, CHUNK_BYTES)
    host, _, port = address.rpartition(":")
    return ClamdNetworkSocket(host, int(port), timeout_s, CHUNK_BYTES)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn whatever the exchange may end in into NotScanned."""
    try:
        yield
    except (ClamdException, OSError, ValueError) as error:
        # ValueError: what was answered is not UTF-8.
        raise NotScanned(f"{type(error).__name__}: {error}") from error
