"""The official accounts as followers of conversations: what is said is owed, what goes is gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection

from bot.dialogue.moves import Move
from bot.wechat.followers import forget_followers
from bot.wechat.sends import SendRepository
from connectors.messages import Outbound


class WeChatFollowing:
    """Satisfies ``bot.dialogue.moves.Follower``."""

    def __init__(self, sends: SendRepository) -> None:
        self._sends = sends

    def said(self, connection: Connection, message: Outbound, in_reply_to: int | None) -> None:
        """Owe a message to whoever hears of its conversation in WeChat."""
        self._sends.said(connection, message, in_reply_to)

    def moved(self, connection: Connection, move: Move) -> None:
        """Leave it: what a move means for the visitor is said in a message."""

    def forget(
        self, connection: Connection, conversation_ids: Sequence[str], now: dt.datetime
    ) -> None:
        """Delete the followers of whom nothing is left once these conversations are gone."""
        forget_followers(connection, conversation_ids)
