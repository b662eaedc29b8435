"""The official accounts that the settings name."""

from __future__ import annotations

from bot.settings import Settings, WeChatSettings
from connectors.wechat.accounts import WeChatAccount


def accounts_of(settings: Settings) -> tuple[WeChatAccount, ...]:
    """Return every account with a token, the main one first."""
    named = [("", settings.wechat), *sorted(settings.wechat_more.items())]
    given = ((name, one) for name, one in named if one.token.get_secret_value())
    return tuple(_account(name, one, one.bureau or settings.bureau) for name, one in given)


def _account(name: str, given: WeChatSettings, bureau: str) -> WeChatAccount:
    return WeChatAccount(
        name,
        given.app_id,
        given.token.get_secret_value(),
        given.aes_key.get_secret_value(),
        given.secret.get_secret_value(),
        given.original_id,
        given.mode,
        given.customer_service,
        given.oauth,
        given.subscribe_template,
        given.notice_template,
        given.notice_field,
        given.api_url,
        bureau,
        given.office or None,
    )
