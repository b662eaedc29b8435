"""What reaches a follower who has not proven that a conversation is his.

He knows a number and its telephone, as a wife or an employer may: he is told that something goes
on, without a word of it. Notices quote reasons, papers and what lawyers write.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.aid import WrongNumber, find_number
from bot.domain.conversation import Sender
from bot.wechat.words import own_words
from connectors.messages import Outbound, Part, notice

_KINDS = frozenset({"aid", "queue"})
"""Kinds of notices about applications and matters."""


def is_progress(message: Outbound, in_reply_to: int | None) -> bool:
    """Say whether a message tells how far an application or a matter is."""
    first = message.parts[0] if message.parts else None
    return (
        message.sender == Sender.SYSTEM
        and in_reply_to is None
        and first is not None
        and first.type == "notice"
        and first.body.get("kind") in _KINDS
    )


def without_content(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Return what is said instead of such a message."""
    say = own_words().say
    try:
        number = find_number(str(parts[0].body["text"]))
    except WrongNumber:
        number = None
    what = say("progress.application", number=number) if number else say("progress.talk")
    return (notice(say("progress.news", what=what), "aid"),)
