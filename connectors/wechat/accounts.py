"""One official account as the channel needs it. Where its settings come from is the caller's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["plain", "compatible", "safe"]


@dataclass(frozen=True)
class WeChatAccount:
    """What is agreed with the platform about one account; its secrets are never shown."""

    name: str
    """Empty for the main account, else the last piece of its endpoint."""
    app_id: str
    token: str = field(repr=False)
    aes_key: str = field(default="", repr=False)
    """43 characters; not needed in plain mode."""
    secret: str = field(default="", repr=False)
    """The AppSecret; without it the platform cannot be called, only answered."""
    original_id: str = ""
    """``gh_…``, to whom its messages are addressed; empty leaves that unchecked."""
    mode: Mode = "safe"
    has_customer_service: bool = False
    """Verified with the platform, so that messages may be pushed to followers."""
    uses_oauth: bool = False
    subscribe_template: str = ""
    """Template of the one-time subscription message, agreed to on a page; empty for none."""
    notice_template: str = ""
    """Template of the subscription notice, agreed to in the platform's pop-up; empty for none."""
    notice_field: str = "thing1"
    """The field of that template which takes our sentence."""
    api_url: str = "https://api.weixin.qq.com"
    bureau: str = ""
    """Whose account it is, as followers and lawyers are told."""
    office_id: int | None = None
    """The office to which newcomers belong whom no QR code led to another."""

    @property
    def path(self) -> str:
        return f"/wechat/{self.name}" if self.name else "/wechat"

    @property
    def can_call(self) -> bool:
        return bool(self.secret)

    @property
    def can_push(self) -> bool:
        return self.has_customer_service and self.can_call
