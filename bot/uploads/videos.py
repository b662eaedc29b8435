"""Short videos from WeChat: which are kept, and without what they tell besides the picture.

An MP4 file is a tree of boxes (ISO/IEC 14496-12). What is not needed to play it is overwritten by
a box that means nothing, as long as before: no sample moves, nothing is decoded, and a header that
speaks of millions of samples costs nobody memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import filetype

from bot.uploads.metadata import MOST_PIECES, Unreadable

MIME = "video/mp4"
EXTENSIONS = {MIME: "mp4"}

_FILE = frozenset((b"ftyp", b"moov", b"mdat"))
_MOVIE = frozenset((b"mvhd", b"trak"))
_TRACK = frozenset((b"tkhd", b"edts", b"mdia"))
_MEDIA = frozenset((b"mdhd", b"hdlr", b"minf"))
_SHOWN = frozenset((b"vide", b"soun"))
_TIMED = frozenset((b"mvhd", b"tkhd", b"mdhd"))
"""Their first two fields say when it was made and changed."""
_HEAD, _LONG_HEAD, _VERSION = 8, 16, 4
_NOTHING = b"free"


@dataclass(frozen=True)
class _Box:
    name: bytes
    start: int
    """Where it begins, with its head."""
    inside: int
    end: int


def video_mime(body: bytes) -> str:
    """Return the type of an MP4 video, empty for other contents."""
    return MIME if filetype.guess_mime(body) == MIME else ""


def plain_video(body: bytes) -> bytes:
    """Return a video of the same length that tells nothing but what it shows and says.

    Place, device, author, times and captions are gone. How the picture is to be turned stays.

    Raises:
        Unreadable: the file is cut off, has no picture, or comes in fragments as streams do.
    """
    kept = bytearray(body)
    boxes = list(_boxes(body, 0, len(body)))
    names = [box.name for box in boxes]
    if names[:1] != [b"ftyp"] or names.count(b"moov") != 1 or b"mdat" not in names:
        raise Unreadable("no whole MP4")
    for box in boxes:
        if box.name not in _FILE:
            _blank(kept, box)
        elif box.name == b"moov":
            _movie(kept, body, box)
    return bytes(kept)


def _movie(kept: bytearray, body: bytes, movie: _Box) -> None:
    has_picture = False
    for box in _boxes(body, movie.inside, movie.end):
        if box.name == b"mvex":
            raise Unreadable("in fragments")
        kind = _kind(body, box) if box.name == b"trak" else b""
        has_picture = has_picture or kind == b"vide"
        if box.name not in _MOVIE or (box.name == b"trak" and kind not in _SHOWN):
            # A track that is neither seen nor heard says where the telephone was.
            _blank(kept, box)
            continue
        if box.name == b"mvhd":
            _untime(kept, box)
            continue
        for inner in _boxes(body, box.inside, box.end):
            _keep(kept, inner, _TRACK)
            if inner.name == b"mdia":
                for innermost in _boxes(body, inner.inside, inner.end):
                    _keep(kept, innermost, _MEDIA)
    if not has_picture:
        raise Unreadable("no picture")


def _kind(body: bytes, track: _Box) -> bytes:
    """Return what a track is for, by its handler."""
    for media in _boxes(body, track.inside, track.end):
        if media.name == b"mdia":
            for box in _boxes(body, media.inside, media.end):
                if box.name == b"hdlr":
                    at = box.inside + 8
                    return body[at : at + 4]
    return b""


def _keep(kept: bytearray, box: _Box, known: frozenset[bytes]) -> None:
    if box.name not in known:
        _blank(kept, box)
    elif box.name in _TIMED:
        _untime(kept, box)


def _untime(kept: bytearray, box: _Box) -> None:
    at = box.inside + _VERSION
    size = 16 if kept[box.inside : box.inside + 1] == b"\1" else 8
    if at + size > box.end:
        raise Unreadable("a box is cut off")
    kept[at : at + size] = bytes(size)


def _blank(kept: bytearray, box: _Box) -> None:
    kept[box.start + 4 : box.start + 8] = _NOTHING
    kept[box.inside : box.end] = bytes(box.end - box.inside)


def _boxes(body: bytes, at: int, end: int) -> Iterator[_Box]:
    """Yield the boxes side by side within these limits.

    Raises:
        Unreadable: one of them is cut off.
    """
    for _ in range(MOST_PIECES):
        if at == end:
            return
        size, name = int.from_bytes(body[at : at + 4]), body[at + 4 : at + 8]
        inside = at + _HEAD
        if size == 1:
            size, inside = int.from_bytes(body[at + 8 : at + 16]), at + _LONG_HEAD
        elif size == 0:
            # The last box of a file may leave open where it ends.
            size = end - at
        if inside > end or inside > at + size or at + size > end:
            raise Unreadable("a box is cut off")
        yield _Box(name, at, inside, at + size)
        at += size
    raise Unreadable("too many boxes")
