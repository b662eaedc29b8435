"""Pictures and videos by an address that the platform tells.

A picture's comes with its message, for accounts that may not fetch media; a video's is what they
get who fetch it.
"""

from __future__ import annotations

import ipaddress

import httpx2

from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.wire import Wire

HOSTS = ("qpic.cn",)
"""Where the platform keeps pictures; nothing else is fetched, whatever a message says."""
VIDEO_HOSTS = ("qq.com", "qpic.cn")
MOST_BYTES = 10 * 1024 * 1024
WITHIN_S = 10.0
VIDEO_WITHIN_S = 30.0


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


def fetch_video(wire: Wire, url: str, hosts: tuple[str, ...] = VIDEO_HOSTS) -> bytes:
    """Return the video; of one over 10 MB, one byte more than that.

    The address leads to a host of the platform, or to the number of a machine with that host at
    the head of its path; then the host is asked, for a number may be anybody's.

    Raises:
        ApiFailed: the address is not the platform's, or nothing came.
    """
    if _is_number(_host(url)):
        url = f"http://{url.partition('://')[2].partition('/')[2]}"
    if not _is_of(_host(url), hosts):
        raise ApiFailed(Failure.OTHER)
    answer = wire.exchange("GET", url, most=MOST_BYTES, within_s=VIDEO_WITHIN_S)
    answer.check_status()
    return answer.body


def _host(url: str) -> str:
    """Return which host would be asked, empty where none would: read by who connects to it."""
    try:
        address = httpx2.URL(url)
    except httpx2.InvalidURL:
        return ""
    return address.host if address.scheme in ("http", "https") else ""


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_of(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == known or host.endswith(f".{known}") for known in hosts)
