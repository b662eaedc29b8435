"""What the audit page shows, and what its filter holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Filter:
    """The filter as it was typed."""

    actor: str = ""
    subject: str = ""
    day: str = ""


@dataclass(frozen=True)
class Line:
    at: str
    actor: str
    action: str
    subject: str
    why: str


@dataclass(frozen=True)
class TrailPage:
    lines: tuple[Line, ...]
    older: int | None
    """Number of the last row, when there are more behind it."""
