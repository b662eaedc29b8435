"""Safety lanes: situations of danger, how people tell them, and the reviewed reply to each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from knowledge_base.reading import (
    Key,
    OptionalText,
    Read,
    Shape,
    Slug,
    Text,
    existing,
    read_entries,
    without_flaws,
)


@dataclass(frozen=True)
class SafetyLane:
    """One lane; a message that matches a pattern and none of ``unless`` gets its reply at once."""

    lane: str
    title: str
    patterns: tuple[str, ...]
    """Regular expressions over the visitor's words."""
    unless: tuple[str, ...]
    reply: str
    articles: tuple[str, ...]
    contacts: tuple[str, ...]
    offer_human: bool
    priority: int
    """The lane with the highest number wins."""
    transfer: bool = False
    """Hand over to a person at once instead of offering one."""
    answer: str = ""
    """Id of the reviewed answer that later questions ("我能见他吗") go on about."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"正则表达式有误：{error}") from None
    return pattern


Pattern = Annotated[Text, AfterValidator(_compiles)]


class SafetyLaneShape(Shape):
    lane: Slug
    title: Text
    patterns: tuple[Pattern, ...] = Field(min_length=1)
    unless: tuple[Pattern, ...] = ()
    reply: Text
    articles: tuple[Key, ...] = ()
    contacts: tuple[Text, ...] = ()
    offer_human: bool = False
    priority: int
    transfer: bool = False
    answer: OptionalText = ""


def read_safety_lanes(root: Path) -> Read[SafetyLaneShape]:
    """Read safety.yml with its flaws."""
    return read_entries(existing(root / "safety.yml"), root, SafetyLaneShape)


def load_safety_lanes(root: Path) -> tuple[SafetyLane, ...]:
    """Load the lanes, the most urgent first; raises KnowledgeError if the file is wrong."""
    lanes = (SafetyLane(**lane.model_dump()) for lane in without_flaws(read_safety_lanes(root)))
    return tuple(sorted(lanes, key=lambda lane: -lane.priority))
