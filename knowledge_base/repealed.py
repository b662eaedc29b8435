"""Laws that no longer hold and what took their place, so that nobody is told "unknown"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).parent / "lexicon" / "repealed.yml"


@dataclass(frozen=True)
class Repealed:
    """A law that was replaced: by which law, and from which day."""

    by: str
    since: dt.date


@cache
def load_repealed() -> Mapping[str, Repealed]:
    """Return the replaced laws by short name."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {law: Repealed(entry["by"], entry["since"]) for law, entry in data.items()}
