"""Statute texts from outside, one module per source; the project runs without any of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from knowledge_base.models import Version
from knowledge_base.sources import just_laws, lawrefbook
from knowledge_base.sources.text import Advance, Law, NotASource, Problem, SourceReport

__all__ = ["SOURCES", "Law", "NotASource", "Problem", "Reader", "SourceReport", "current"]


class Reader(Protocol):
    """Reads a folder of one source; raises FileNotFoundError or NotASource."""

    def __call__(self, root: Path, advance: Advance = ..., /) -> SourceReport: ...


SOURCES: MappingProxyType[str, Reader] = MappingProxyType(
    {"lawrefbook": lawrefbook.read, "just-laws": just_laws.read}
)


def current(versions: Iterable[Version], on: dt.date) -> Version | None:
    """Return the version in force on a day: the latest one that had taken effect and not ended.

    A version without dates counts as older than any dated one; None if none held.
    """
    held = [
        v
        for v in versions
        if _effective(v) <= on and (v.in_force_until is None or v.in_force_until > on)
    ]
    return max(held, key=lambda v: (_effective(v), v.passed or dt.date.min), default=None)


def _effective(version: Version) -> dt.date:
    return version.in_force_from or version.passed or dt.date.min
