"""A move of a conversation between owners, and each of its messages, as other rooms hear of it.

They are called inside the transaction that makes the move, so that a matter and the conversation
it is about can never disagree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from bot.domain.conversation import HandoverReason, Mode
from connectors.messages import Outbound

VISITOR = "visitor"
SYSTEM = "system"


@dataclass(frozen=True)
class Move:
    """Who moved which conversation from where to where, when and why."""

    conversation_id: str
    came_from: Mode
    to: Mode
    at: dt.datetime
    actor: str
    """Login name of a member of staff, ``visitor`` or ``system``."""
    staff_id: int | None = None
    """The lawyer who is in the conversation after the move, or who left it."""
    reason: HandoverReason | None = None
    note: str = ""
    """A lawyer's words to colleagues about it; personal data, to be stored encrypted."""
    outcome: str = ""
    """Code of the outcome, when a lawyer closes."""
    advice: str = ""
    """What the lawyer advised; personal data, to be stored encrypted."""


class Follower(Protocol):
    """A room that follows what happens in conversations."""

    def said(self, connection: Connection, message: Outbound, in_reply_to: int | None) -> None:
        """Do what a new message calls for, in the transaction that stores it."""
        ...

    def moved(self, connection: Connection, move: Move) -> None:
        """Change what must change with the move, in the same transaction."""
        ...

    def forget(
        self, connection: Connection, conversation_ids: Sequence[str], now: dt.datetime
    ) -> None:
        """Erase what is personal about conversations that are about to be deleted."""
        ...
