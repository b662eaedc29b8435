"""The last look at a bot reply: every citation in it must stand in the law base, and be dated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client import Counter

from bot.dialogue.turn import TurnReply
from bot.texts import Texts
from connectors.messages import Part, text
from knowledge_base.freshness import Coverage

log = structlog.get_logger(__name__)

WITHHELD = Counter(
    "lawbridge_citations_withheld_total", "Bot replies withheld for an unverified citation."
)


class CitationGuard:
    def __init__(self, stands: Callable[[str], bool], coverage: Coverage, texts: Texts) -> None:
        """``stands`` says of a text whether every citation in it may be sent."""
        self._stands = stands
        self._coverage = coverage
        self._texts = texts

    def checked(self, reply: TurnReply) -> TurnReply:
        """Return the reply without any part that cites law we do not hold, its citations dated."""
        kept = tuple(self._dated(part) for part in reply.parts if self._is_true(part))
        if len(kept) == len(reply.parts):
            return replace(reply, parts=kept)
        WITHHELD.inc()
        log.error("citation_withheld", route=reply.route, parts=len(reply.parts) - len(kept))
        return replace(reply, parts=kept or (text(self._texts.say("answer.unsure")),))

    def _dated(self, part: Part) -> Part:
        """Say up to which day the law base reaches for the kinds of law cited (法律库截至)."""
        if part.type != "citations":
            return part
        levels = {str(item.get("level", "")) for item in part.body["items"]}
        day = self._coverage.of(levels)
        return part if day is None else Part(part.type, {**part.body, "as_of": day.isoformat()})

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
