"""The article numbers one text of a law has, in a form short enough to commit: ``1..84,17-1``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Numbers:
    """A set of article numbers: whole numbers as closed ranges, 之N singly."""

    ranges: tuple[tuple[int, int], ...] = ()
    inserted: frozenset[str] = frozenset()
    """Numbers with 之N, such as ``133-1``."""

    @classmethod
    def of(cls, numbers: Iterable[str]) -> Numbers:
        """Return the set of these article numbers."""
        listed = set(numbers)
        ranges: list[tuple[int, int]] = []
        for main in sorted(int(n) for n in listed if "-" not in n):
            if ranges and ranges[-1][1] == main - 1:
                ranges[-1] = (ranges[-1][0], main)
            else:
                ranges.append((main, main))
        return cls(tuple(ranges), frozenset(n for n in listed if "-" in n))

    @classmethod
    def read(cls, written: str) -> Numbers:
        """Read what :meth:`__str__` wrote; raises ValueError for anything else."""
        ranges: list[tuple[int, int]] = []
        inserted: list[str] = []
        for part in filter(None, written.split(",")):
            if "-" in part:
                inserted.append(part)
                continue
            first, _, last = part.partition("..")
            ranges.append((int(first), int(last or first)))
        return cls(tuple(ranges), frozenset(inserted))

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, str):
            return False
        if "-" in number:
            return number in self.inserted
        main = int(number)
        return any(first <= main <= last for first, last in self.ranges)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges) + len(self.inserted)

    def __str__(self) -> str:
        spans = [f"{a}..{b}" if b > a else str(a) for a, b in self.ranges]
        return ",".join([*spans, *sorted(self.inserted, key=_order)])


def _order(number: str) -> tuple[int, ...]:
    return tuple(map(int, number.split("-")))
