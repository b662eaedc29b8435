"""Lossless removal of what a photograph tells besides its picture.

A JPEG, PNG or WebP file is a row of pieces. The pieces that make the picture are copied byte for
byte, so that evidence looks exactly as it was sent; GPS, device, author, time, thumbnails,
comments and whatever follows the picture are left out. Nothing is decoded or encoded again here.

Own code, because libraries that do this either decode the picture again, know one format and one
kind of metadata only, or come under a licence that does not go with ours. What is kept is listed,
not what is dropped: an unknown piece goes.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator

MOST_PIECES = 20_000
"""Ten megabytes of empty pieces would keep us busy for seconds."""
MOST_SCANS = 50
"""Of a JPEG: each costs a decoder a walk over the whole picture, even where it holds nothing."""
UPRIGHT = 1


class Unreadable(Exception):
    """A picture that is broken or too much; the message says why, for the log."""


def without_metadata(mime: str, body: bytes) -> bytes:
    """Return a picture with nothing but what shows it; contents of other types unchanged.

    How the picture is to be turned stays, as the only Exif entry: turning the pixels themselves
    would mean compressing a JPEG again. Colour profile and resolution stay too.

    Raises:
        Unreadable: the file is cut off, or is not of this type at all.
    """
    strip = _STRIP.get(mime)
    return body if strip is None else strip(body)


# JPEG: ITU-T T.81 annex B, JFIF 1.02, Exif 2.32.

_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
"""The next marker, fill bytes with it; neither a stuffed zero nor a restart within a scan."""
_START = b"\xff\xd8"
_WITHOUT_LENGTH = {0x01, 0xD8}
_END, _SCAN, _APP0, _APP1, _APP2, _APP14 = 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE
_EXIF = b"Exif\0\0"


def _jpeg(body: bytes) -> bytes:
    if not body.startswith(_START):
        raise Unreadable("no JPEG")
    kept: list[bytes] = []
    orientation, scans, at = 0, 0, len(_START)
    for _ in range(MOST_PIECES):
        # As decoders do, whatever lies between two segments is passed over.
        marker = _MARKER.search(body, at)
        if marker is None:
            raise Unreadable("it has no end")
        code, at = marker[1][0], marker.end()
        if code == _END:
            kept.append(b"\xff\xd9")
            break
        if code in _WITHOUT_LENGTH:
            continue
        end = at + int.from_bytes(body[at : at + 2])
        if end < at + 2 or end > len(body):
            raise Unreadable("a segment is cut off")
        data, at = body[at + 2 : end], end
        if code == _APP1 and data.startswith(_EXIF):
            orientation = orientation or _orientation(data.removeprefix(_EXIF))
        kept += _jpeg_segment(code, data)
        if code == _SCAN:
            scans += 1
            following = _MARKER.search(body, at)
            end = len(body) if following is None else following.start()
            kept.append(body[at:end])
            at = end
    else:
        raise Unreadable("too many segments")
    if scans > MOST_SCANS:
        raise Unreadable(f"{scans} scans")
    if orientation > UPRIGHT:
        # JFIF wants to be first, and readers of Exif look behind it.
        place = 1 if kept and kept[0].startswith(b"\xff\xe0") else 0
        kept[place:place] = _jpeg_segment_of(_APP1, _EXIF + _turned(orientation))
    return b"".join([_START, *kept])


def _jpeg_segment(code: int, data: bytes) -> list[bytes]:
    """Return a segment as it is kept: none or one."""
    if code == _APP0 and data.startswith(b"JFIF\0") and len(data) >= 14:
        # Version and resolution, without the thumbnail that may follow.
        return _jpeg_segment_of(code, data[:12] + b"\0\0")
    is_profile = code == _APP2 and data.startswith(b"ICC_PROFILE\0")
    # Adobe's segment says how the colours of a CMYK picture are meant.
    is_needed = 0xC0 <= code <= 0xDF or is_profile or (code == _APP14 and data[:5] == b"Adobe")
    return _jpeg_segment_of(code, data) if is_needed else []


def _jpeg_segment_of(code: int, data: bytes) -> list[bytes]:
    return [bytes((0xFF, code)) + (len(data) + 2).to_bytes(2) + data]


# PNG: ISO/IEC 15948, third edition.

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS bKGD cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI pHYs".split()
)


def _png(body: bytes) -> bytes:
    if not body.startswith(_SIGNATURE):
        raise Unreadable("no PNG")
    kept: list[bytes] = []
    orientation, at = 0, len(_SIGNATURE)
    for _ in range(MOST_PIECES):
        end = at + 12 + int.from_bytes(body[at : at + 4])
        kind = body[at + 4 : at + 8]
        if end > len(body):
            raise Unreadable("a chunk is cut off")
        if kind == b"eXIf":
            orientation = orientation or _orientation(body[at + 8 : end - 4])
        elif kind in _PNG_KEPT:
            kept.append(body[at:end])
        at = end
        if kind == b"IEND":
            break
    else:
        raise Unreadable("too many chunks")
    if orientation > UPRIGHT:
        kept[1:1] = [_png_chunk(b"eXIf", _turned(orientation))]
    return b"".join([_SIGNATURE, *kept])


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


# WebP: RFC 9649.

_WEBP_KEPT = frozenset((b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_FRAME_KEPT = frozenset((b"VP8 ", b"VP8L", b"ALPH"))
_FRAME_HEAD = 16
_SHOWN_FLAGS = 0x20 | 0x10 | 0x02
"""Of the extended header: a colour profile, transparency, animation."""
_EXIF_FLAG = 0x08


def _webp(body: bytes) -> bytes:
    end = 8 + int.from_bytes(body[4:8], "little")
    if body[:4] != b"RIFF" or body[8:12] != b"WEBP" or end > len(body):
        raise Unreadable("no WebP, or cut off")
    kept: list[tuple[bytes, bytes]] = []
    orientation = 0
    for name, data in _riff(body[12:end]):
        if name == b"EXIF":
            orientation = orientation or _orientation(data.removeprefix(_EXIF))
        elif name == b"ANMF":
            inner = [one for one in _riff(data[_FRAME_HEAD:]) if one[0] in _FRAME_KEPT]
            kept.append((name, data[:_FRAME_HEAD] + _riff_of(inner)))
        elif name in _WEBP_KEPT:
            kept.append((name, data))
    # Without the extended header nobody looks for Exif.
    if kept and kept[0][0] == b"VP8X" and kept[0][1]:
        flags = kept[0][1][0] & _SHOWN_FLAGS
        if orientation > UPRIGHT:
            flags |= _EXIF_FLAG
            kept.append((b"EXIF", _turned(orientation)))
        kept[0] = (b"VP8X", bytes((flags,)) + kept[0][1][1:])
    inside = b"WEBP" + _riff_of(kept)
    return b"RIFF" + len(inside).to_bytes(4, "little") + inside


def _riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and contents of each chunk.

    Raises:
        Unreadable: one of them is cut off.
    """
    at = 0
    for _ in range(MOST_PIECES):
        if at >= len(data):
            return
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size
        if end > len(data):
            raise Unreadable("a chunk is cut off")
        yield data[at : at + 4], data[at + 8 : end]
        at = end + size % 2
    raise Unreadable("too many chunks")


def _riff_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(
        name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
        for name, data in chunks
    )


# Exif is a TIFF directory. Only one entry is read: a library would read them all, and a directory
# of some kilobytes can be made to stand for gigabytes.

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _SHORT = 0x0112, 3


def _orientation(tiff: bytes) -> int:
    """Return how the picture is to be turned, 1 to 8; 1 where it is not said."""
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for at in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else UPRIGHT
    except struct.error:
        # The directory is cut off.
        return UPRIGHT
    return UPRIGHT


def _turned(orientation: int) -> bytes:
    """Return a TIFF directory with this one entry."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)


_STRIP: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
}
