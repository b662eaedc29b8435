"""Consultations whose end is worked out by the rules of law instead of being looked up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from connectors.messages import Part
from knowledge_base.consultations import Interview, Question


@dataclass(frozen=True)
class Ended:
    """What the answers came to; ``buttons`` are keys of the fixed table."""

    route: str
    parts: tuple[Part, ...]
    topic: str = ""
    items: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ("lawyer", "aid")


class Flow(Protocol):
    """Some consultations that belong together."""

    def interviews(self) -> tuple[Interview, ...]:
        """Return them with every question that may be put."""
        ...

    def next(self, interview: Interview, answers: Mapping[str, str]) -> Question | None:
        """Return the question to ask, or None when the end is reached."""
        ...

    def end(self, interview: Interview, answers: Mapping[str, str], on: dt.date) -> Ended:
        """Work out the end as of a day."""
        ...
