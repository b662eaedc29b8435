"""Pictures by the address that comes with a message: for accounts that may not fetch media."""

from __future__ import annotations

import httpx2

from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.wire import Wire

HOSTS = ("qpic.cn",)
"""Where the platform keeps pictures; nothing else is fetched, whatever a message says."""
MOST_BYTES = 10 * 1024 * 1024
WITHIN_S = 10.0


def fetch_picture(wire: Wire, url: str, hosts: tuple[str, ...] = HOSTS) -> bytes:
    """Return the picture; of one over 10 MB, one byte more than that.

    Raises:
        ApiFailed: the address is not the platform's, or nothing came.
    """
    if not _is_of(_host(url), hosts):
        raise ApiFailed(Failure.OTHER)
    answer = wire.exchange("GET", url, most=MOST_BYTES, within_s=WITHIN_S)
    answer.check_status()
    return answer.body


def _host(url: str) -> str:
    """Return which host would be asked, empty where none would: read by who connects to it."""
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL:
        return ""
    return address.host if address.scheme in ("http", "https") else ""


def _is_of(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == known or host.endswith(f".{known}") for known in hosts)
