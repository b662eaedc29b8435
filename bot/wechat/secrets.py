"""Links opened once and codes used once, in what is answered to a follower.

They are for the follower alone: what others read of the conversation says only that they were sent.
"""

from __future__ import annotations

import re

from bot.texts import Texts
from connectors.messages import CHAT, Part, text

_LINK = re.compile(r"https?://[^\s/]+(?:/[^\s/]+)*/m/[0-9a-f]{40,}")
_CODE = re.compile(r"(?<!\d)\d{4} ?\d{4}(?!\d)")


def for_follower(said: str, words: Texts, *, has_code: bool = False) -> Part:
    """Return a text part; ``has_code`` where eight digits in it are a code and no number."""
    shown = _LINK.sub(words.say("sent.link"), said)
    if has_code:
        shown = _CODE.sub(words.say("sent.code"), shown)
    part = text(shown)
    return part if shown == said else Part(part.type, {**part.body, CHAT: said})
