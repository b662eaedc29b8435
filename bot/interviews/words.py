"""The sentences and word lists of guided consultations, read from texts.yml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from bot.texts import Texts


@dataclass(frozen=True)
class Side:
    """A bare yes or no: the words for it, and how options that mean it begin."""

    words: frozenset[str]
    begins: tuple[str, ...]


@cache
def own_texts() -> Texts:
    file = Path(__file__).with_name("texts.yml")
    return Texts(yaml.safe_load(file.read_text(encoding="utf-8")))


@cache
def sides() -> tuple[Side, Side]:
    """Return yes and no."""
    yes, no = (own_texts().get(name) for name in ("yes", "no"))
    return (
        Side(frozenset(yes["words"]), tuple(yes["begins"])),
        Side(frozenset(no["words"]), tuple(no["begins"])),
    )


@cache
def unsure() -> tuple[str, ...]:
    """Return how options begin that mean neither yes nor no."""
    return tuple(own_texts().get("unsure"))


@cache
def skips() -> frozenset[str]:
    """Return how somebody says that a figure is not known or does not apply."""
    return frozenset(own_texts().get("skips"))
