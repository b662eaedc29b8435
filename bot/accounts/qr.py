"""A QR code as the path of an inline drawing: nothing is fetched, no markup is made of words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import segno

QUIET = 4
"""Modules left white around a code, without which cameras do not find it."""


@dataclass(frozen=True)
class QrCode:
    """A square drawing, one unit a module."""

    size: int
    path: str


def qr_code(words: str) -> QrCode:
    """Return the code that a telephone's camera reads as these words."""
    rows = list(segno.make_qr(words, error="m").matrix_iter(border=QUIET))
    runs = []
    for y, row in enumerate(rows):
        x = 0
        for is_dark, modules in groupby(row, bool):
            length = len(list(modules))
            if is_dark:
                runs.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return QrCode(len(rows), "".join(runs))
