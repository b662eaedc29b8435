"""Whose an application is by its place: the office with the narrowest area around it (38)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def office_of(place: str, areas: Mapping[int, Sequence[str]]) -> int | None:
    """Return the office whose area holds a place most narrowly (法律援助法 38); None without one.

    ``areas`` are the codes of the areas of each office in use; of two alike the older one has it.
    """
    fits = [
        (len(area), -office_id)
        for office_id, codes in areas.items()
        for area in codes
        if area and place.startswith(area)
    ]
    return -max(fits)[1] if fits else None
