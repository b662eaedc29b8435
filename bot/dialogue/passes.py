"""Which passes are valid: bearer tokens of followers' browsers, beside a conversation's own.

The one statement of the rule; how passes come to be is the business of the pages.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Select, exists, select

from bot.store.crypto import token_hash
from bot.store.wechat_tables import passes, wechat_bindings


def valid_pass(token: str, now: dt.datetime) -> Select[str, int, bool]:
    """Ask for the conversation that a token opens as a pass like a token of its own.

    A weak pass opens the followers' pages and nothing else: it was got by a link that somebody
    may have been sent in the follower's place.
    """
    return page_pass(token, now).where(passes.c.is_strong)


def page_pass(token: str, now: dt.datetime) -> Select[str, int, bool]:
    """Ask for the conversation that a token opens on the pages, its follower, and its strength.

    A pass ends with its time, and with the binding of the conversation to the follower; who has
    not proven that the conversation is his has none.
    """
    is_bound = exists().where(
        wechat_bindings.c.follower_id == passes.c.follower_id,
        wechat_bindings.c.conversation_id == passes.c.conversation_id,
        wechat_bindings.c.is_proven,
    )
    return select(passes.c.conversation_id, passes.c.follower_id, passes.c.is_strong).where(
        passes.c.token_hash == token_hash(token), passes.c.expires_at > now, is_bound
    )
