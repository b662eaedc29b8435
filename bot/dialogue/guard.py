"""The last check before a bot reply leaves: every citation in it must stand in the law base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client import Counter

from bot.dialogue.turn import TurnReply
from bot.texts import Texts
from connectors.messages import Part, text

log = structlog.get_logger(__name__)

WITHHELD = Counter(
    "lawbridge_citations_withheld_total", "Bot replies withheld for an unverified citation."
)


class CitationGuard:
    def __init__(self, stands: Callable[[str], bool], texts: Texts) -> None:
        """``stands`` says of a text whether every citation in it may be sent."""
        self._stands = stands
        self._texts = texts

    def checked(self, reply: TurnReply) -> TurnReply:
        """Return the reply, or the same without any part that cites law we do not hold."""
        kept = tuple(part for part in reply.parts if self._is_true(part))
        if len(kept) == len(reply.parts):
            return reply
        WITHHELD.inc()
        log.error("citation_withheld", route=reply.route, parts=len(reply.parts) - len(kept))
        return replace(reply, parts=kept or (text(self._texts.say("answer.unsure")),))

    def _is_true(self, part: Part) -> bool:
        return all(self._stands(words) for words in _strings(part.body))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
