"""Decide whether a message goes on about the last matter, and which aspect of it is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.domain.conversation import Context


@dataclass(frozen=True)
class FollowUp:
    """A message understood with the last topic; ``aspect`` is '' when none is named."""

    aspect: str
    query: str
    """The last question and this one together, for retrieval."""


class FollowUps:
    """The patterns of knowledge_base/lexicon/followups.yml, compiled once."""

    def __init__(self, path: Path, places: tuple[str, ...] = ()) -> None:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        self._longest = int(data["longest"])
        self._openers = re.compile("|".join(data["openers"]))
        self._aspects = {
            name: re.compile("|".join(patterns)) for name, patterns in data["aspects"].items()
        }
        words = sorted([*data["fillers"], *data["places"], *places], key=len, reverse=True)
        self._fillers = re.compile("|".join(re.escape(word) for word in words))

    def aspect_of(self, text: str) -> str:
        """Return the aspect asked for (deadline, cost, where, evidence, steps), or ''."""
        return next((name for name, p in self._aspects.items() if p.search(text)), "")

    def read(self, text: str, context: Context) -> FollowUp | None:
        """Return how the message continues the last question, or None if it stands alone."""
        if not context.question or len(text) > self._longest:
            return None
        aspect = self.aspect_of(text)
        opens = bool(self._openers.search(text))
        if not opens and not (aspect and self._is_bare(text, aspect)):
            return None
        return FollowUp(aspect, f"{context.question} {text}")

    def _is_bare(self, text: str, aspect: str) -> bool:
        """Say whether little but the aspect is left: "时效多久", not "借条时效多久"."""
        rest = text
        for pattern in self._aspects.values():
            rest = pattern.sub("", rest)
        return len(self._fillers.sub("", rest)) <= 1
