"""Pictures by the address that comes with a message: for accounts that may not fetch media."""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.wire import Wire

HOSTS = ("qpic.cn", "qlogo.cn")
"""Where the platform keeps pictures; nothing else is fetched, whatever a message says."""
MOST_BYTES = 10 * 1024 * 1024
WITHIN_S = 10.0


def fetch_picture(wire: Wire, url: str, hosts: tuple[str, ...] = HOSTS) -> bytes:
    """Return the picture; of one over 10 MB, one byte more than that.

    Raises:
        ApiFailed: the address is not the platform's, or nothing came.
    """
    address = urlsplit(url)
    host = address.hostname or ""
    if address.scheme not in ("http", "https") or not _is_of(host, hosts):
        raise ApiFailed(Failure.OTHER)
    answer = wire.exchange("GET", url, most=MOST_BYTES, within_s=WITHIN_S)
    answer.check_status()
    return answer.body


def _is_of(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == known or host.endswith(f".{known}") for known in hosts)
