"""Whether a picture can be shown: it is decoded once, in bounded memory and time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import BoundedSemaphore

from PIL import Image

from bot.uploads.metadata import Unreadable

AT_ONCE = 2
"""Each may take some four hundred megabytes."""
WAIT_S = 20.0

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
MAX_PIXELS = {"JPEG": 70_000_000, "PNG": 70_000_000, "WEBP": 25_000_000}
"""Of all frames together; a telephone's 64 megapixels fit.

Decoded, a pixel takes four bytes, of a WebP sixteen: its decoder keeps several canvases.
"""
# What Pillow's readers of these three raise on broken files.
_FAILURES = (
    OSError, EOFError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError,
    struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


class Busy(Exception):
    """Too many pictures are being looked at."""


class Pictures:
    def __init__(self, at_once: int = AT_ONCE, wait_s: float = WAIT_S) -> None:
        self._free = BoundedSemaphore(at_once)
        self._wait_s = wait_s

    def check(self, mime: str, body: bytes) -> None:
        """Decode every frame of a picture; contents of other types are not looked at.

        Raises:
            Unreadable: it cannot be decoded, or has too many pixels.
            Busy: other pictures have been in the way for too long.
        """
        if mime not in _FORMATS:
            return
        with self.turn():
            try:
                _decode(_FORMATS[mime], body)
            except _FAILURES as error:
                raise Unreadable(f"{type(error).__name__}: {error}") from error

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold one of the places in which pictures are decoded.

        Raises:
            Busy: none became free in time.
        """
        if not self._free.acquire(timeout=self._wait_s):
            raise Busy
        try:
            yield
        finally:
            self._free.release()


def _decode(kind: str, body: bytes) -> None:
    # Only the format that the contents were taken for: Pillow knows many riskier ones.
    with Image.open(BytesIO(body), formats=(kind,)) as image:
        frames = getattr(image, "n_frames", 1)
        pixels = image.width * image.height * frames
        if pixels > MAX_PIXELS[kind]:
            raise Unreadable(f"{pixels} pixels")
        # A JPEG at an eighth of its size: all of the file is read, into a 64th of the memory.
        image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
        for frame in range(frames):
            image.seek(frame)
            image.load()
