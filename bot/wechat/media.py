"""What the platform holds of a message, by whichever way the account may have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.failures import ApiFailed, Failure
from connectors.wechat.pictures import HOSTS, fetch_picture
from connectors.wechat.wire import Wire


class Downloads(Protocol):
    def download(self, media_id: str) -> tuple[bytes, str]: ...


class PlatformMedia:
    """Satisfies ``bot.wechat.ports.Media``; ``apis`` by AppID."""

    def __init__(
        self,
        apis: Mapping[str, Downloads],
        wire: Wire,
        picture_hosts: tuple[str, ...] = HOSTS,
    ) -> None:
        self._apis = apis
        self._wire = wire
        self._picture_hosts = picture_hosts

    def fetch(self, account: WeChatAccount, media_id: str, picture_url: str) -> bytes:
        """Return a picture or voice.

        Raises:
            ApiFailed: the platform does not give it.
        """
        api = self._apis.get(account.app_id)
        refused = ApiFailed(Failure.UNAUTHORISED)
        if api is not None and media_id:
            try:
                return api.download(media_id)[0]
            except ApiFailed as failed:
                refused = failed
        if not picture_url:
            raise refused
        # An account that is not verified may not download; its pictures have an address as well.
        try:
            return fetch_picture(self._wire, picture_url, self._picture_hosts)
        except ApiFailed as failed:
            # What is worth another try is told before what is not.
            raise (failed if failed.failure is Failure.BUSY else refused) from None
