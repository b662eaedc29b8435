"""The last look at a bot reply: every citation in it must stand in the law base, and be dated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client import Counter

from bot.dialogue.turn import TurnReply
from bot.texts import Texts
from connectors.messages import Part, text
from knowledge_base.freshness import Coverage

log = structlog.get_logger(__name__)

Stands = Callable[[str, dt.date | None], bool]

WITHHELD = Counter(
    "lawbridge_citations_withheld_total", "Bot replies withheld for an unverified citation."
)


class CitationGuard:
    def __init__(self, stands: Stands, coverage: Coverage, texts: Texts) -> None:
        """``stands`` says of a text, on a day if one is given, whether it may be sent."""
        self._stands = stands
        self._coverage = coverage
        self._texts = texts

    def checked(self, reply: TurnReply) -> TurnReply:
        """Return the reply without anything that cites law we do not hold, its citations dated."""
        checked = [self._checked(part) for part in reply.parts]
        kept = tuple(self._dated(part) for part in checked if part is not None)
        if tuple(checked) == reply.parts:
            return replace(reply, parts=kept)
        WITHHELD.inc()
        log.error("citation_withheld", route=reply.route, parts=len(reply.parts) - len(kept))
        if all(part.type == "buttons" for part in kept):
            kept = (text(self._texts.say("answer.unsure")), *kept)
        return replace(reply, parts=kept)

    def _checked(self, part: Part) -> Part | None:
        """Return the part, of cards those that may be sent, or None."""
        if part.body.get("denies"):
            # It names an article to say that there is no such one, or that we do not hold it.
            return part
        if part.type != "citations":
            return part if self._is_true(part.body) else None
        items = part.body["items"]
        true = [item for item in items if self._is_true(item, _day_of(item))]
        if not true:
            return None
        return part if len(true) == len(items) else Part(part.type, {**part.body, "items": true})

    def _is_true(self, body: Mapping[str, Any], on: dt.date | None = None) -> bool:
        return all(self._stands(words, on) for words in _strings(body))

    def _dated(self, part: Part) -> Part:
        """Say up to which day the law base reaches for the kinds of law cited (法律库截至)."""
        if part.type != "citations":
            return part
        levels: dict[str, list[str]] = {}
        for level in dict.fromkeys(str(item.get("level", "")) for item in part.body["items"]):
            day = self._coverage.of({level})
            if day is not None:
                levels.setdefault(day.isoformat(), []).append(level)
        if not levels:
            return part
        dated = "，".join(
            day if len(levels) == 1 else f"{day}（{'、'.join(named)}）"
            for day, named in sorted(levels.items(), reverse=True)
        )
        return Part(part.type, {**part.body, "as_of": dated})


def _day_of(item: Mapping[str, Any]) -> dt.date | None:
    """Return the day on which a former article is to be judged; None for one of today."""
    if not item.get("in_force_until"):
        return None
    return dt.date.fromisoformat(item["in_force_until"]) - dt.timedelta(days=1)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
