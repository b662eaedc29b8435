"""Which passes are valid: bearer tokens of followers' browsers, beside a conversation's own.

The one statement of the rule; how passes come to be is the business of the pages.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, exists, select

from bot.store.crypto import token_hash
from bot.store.wechat_tables import passes, wechat_bindings


def valid_pass(token: str, now: dt.datetime) -> Select[str, int]:
    """Ask for the conversation that a token opens as a pass, and for its follower.

    A pass ends with its time, and with the binding of the conversation to the follower; who has
    not proven that the conversation is his has none.
    """
    is_bound = exists().where(
        wechat_bindings.c.follower_id == passes.c.follower_id,
        wechat_bindings.c.conversation_id == passes.c.conversation_id,
        wechat_bindings.c.is_proven,
    )
    return select(passes.c.conversation_id, passes.c.follower_id).where(
        passes.c.token_hash == token_hash(token), passes.c.expires_at > now, is_bound
    )
