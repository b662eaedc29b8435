"""The QR code that takes a secret into an authenticator."""

from __future__ import annotations

import re

import segno

from bot.accounts.qr import QUIET, qr_code
from bot.accounts.totp import link, new_secret

FINDER = ["#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"]


def drawn(words: str) -> list[str]:
    """Return what the path paints, row by row."""
    code = qr_code(words)
    rows = [["."] * code.size for _ in range(code.size)]
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", code.path)
    assert "".join(f"M{x} {y}h{n}v1h-{m}z" for x, y, n, m in runs) == code.path
    for x, y, length, back in runs:
        assert length == back
        for at in range(int(x), int(x) + int(length)):
            rows[int(y)][at] = "#"
    return ["".join(row) for row in rows]


def test_the_drawing_is_the_code_with_its_white_border() -> None:
    address = link(new_secret(), "法桥", "wang")
    rows = drawn(address)
    inner = [row[QUIET:-QUIET] for row in rows[QUIET:-QUIET]]
    matrix = segno.make_qr(address, error="m").matrix
    assert inner == ["".join(".#"[module] for module in row) for row in matrix]
    assert set("".join(rows[:QUIET] + rows[-QUIET:])) == {"."}


def test_the_three_corners_that_a_camera_looks_for_are_there() -> None:
    rows = [row[QUIET:-QUIET] for row in drawn("otpauth://totp/x")[QUIET:-QUIET]]
    assert [row[:7] for row in rows[:7]] == FINDER
    assert [row[-7:] for row in rows[:7]] == FINDER
    assert [row[:7] for row in rows[-7:]] == FINDER
