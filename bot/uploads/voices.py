"""Voice messages: which recordings are kept, told by their first bytes; nothing is decoded here."""

from __future__ import annotations

import filetype

MAX_BYTES = 2 * 1024 * 1024
"""A minute of speech is a tenth of it."""
MAX_VOICES = 200
"""In one conversation and a day, beside other files: who speaks instead of writing sends many."""

EXTENSIONS = {
    "audio/amr": "amr",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/speex": "spx",
    "audio/wav": "wav",
}
_SAME = {"audio/x-wav": "audio/wav"}
# RFC 3533 and the Speex manual: the header of the codec is the one packet of the first page.
_SEGMENTS = 26
_SPEEX = (b"OggS", b"Speex   ", 28)


def voice_mime(body: bytes) -> str:
    """Return the type of a recording, empty for contents that are none or too large."""
    if len(body) > MAX_BYTES:
        return ""
    kind = filetype.guess(body)
    mime = "" if kind is None else str(kind.mime)
    mime = _SAME.get(mime, mime)
    container, codec, at = _SPEEX
    is_ogg = body.startswith(container) and body[_SEGMENTS : _SEGMENTS + 1] == b"\x01"
    if is_ogg and body[at : at + len(codec)] == codec:
        mime = "audio/speex"
    return mime if mime in EXTENSIONS else ""


def is_voice(mime: str) -> bool:
    """Say whether a kept file of this type is a recording."""
    return mime in EXTENSIONS
