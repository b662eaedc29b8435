"""How soon a matter must be taken up and finished, from targets.yml."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from bot.domain.matter import MatterState

FILE = Path(__file__).with_name("targets.yml")


@dataclass(frozen=True)
class Reply:
    """Minutes until a person answers a matter of at least this priority."""

    priority: int
    minutes: int


@dataclass(frozen=True)
class Targets:
    reply: tuple[Reply, ...]
    by_hand: int
    close: int
    reopen_days: int

    def to_take(self, since: dt.datetime, priority: int, *, is_live: bool = True) -> dt.datetime:
        """Return when somebody has to have taken it; ``is_live`` if the visitor is waiting."""
        fits = (step.minutes for step in self.reply if step.priority <= priority)
        minutes = next(fits, self.reply[-1].minutes) if is_live else self.by_hand
        return since + dt.timedelta(minutes=minutes)

    def to_close(self, since: dt.datetime) -> dt.datetime:
        """Return when it has to be closed after it was taken or dispatched."""
        return since + dt.timedelta(minutes=self.close)

    def after_taking(
        self, came_from: MatterState, due_at: dt.datetime | None, now: dt.datetime
    ) -> dt.datetime:
        """Return the time by which a matter just taken is to be closed.

        What was dispatched keeps its term: it was set by whoever dispatched it.
        """
        if came_from is MatterState.DISPATCHED and due_at is not None:
            return due_at
        return self.to_close(now)

    def is_still_fresh(self, closed_at: dt.datetime, now: dt.datetime) -> bool:
        """Say whether a visitor who says 没解决 now means the matter closed then."""
        return now - closed_at <= dt.timedelta(days=self.reopen_days)


@cache
def load_targets(path: Path = FILE) -> Targets:
    """Read targets.yml."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    return TypeAdapter(Targets).validate_python(tree)
