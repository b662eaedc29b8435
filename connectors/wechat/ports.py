"""What the callback needs from the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from connectors.wechat.accounts import WeChatAccount
from connectors.wechat.incoming import WeChatMessage

Gone = Callable[[], Awaitable[bool]]
"""Says whether the platform has hung up."""


class Reception(Protocol):
    """The application's side of a delivery."""

    async def take(self, account: WeChatAccount, message: WeChatMessage, gone: Gone) -> str:
        """Return the passive reply to a delivery; empty for none.

        Returns late, when nobody listens any more, where the platform shall deliver again.

        Raises:
            Exception: the message could not be stored; the platform shall deliver again.
        """
        ...
