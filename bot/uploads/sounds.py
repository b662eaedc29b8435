"""Recordings as a browser can play them: what telephones record, AMR and Speex, none does.

What is stored stays as it came; it is decoded when somebody listens.
"""

from __future__ import annotations

import wave
from io import BytesIO
from threading import BoundedSemaphore

import av
from av.audio.resampler import AudioResampler

from bot.uploads.metadata import Unreadable

WAVE = "audio/wav"
LONGEST_S = 300
"""WeChat's recordings have a minute; two megabytes of the slowest AMR would be fifty."""
AT_ONCE = 2

_READERS = {"audio/amr": "amr", "audio/speex": "ogg"}
"""The one reader that is tried, so that a file cannot choose another."""
_BYTES = 2

_free = BoundedSemaphore(AT_ONCE)


def playable(mime: str, body: bytes) -> tuple[str, bytes]:
    """Return a recording and its type as browsers play it: as it is, or as 16-bit mono WAV.

    Raises:
        Unreadable: it cannot be decoded.
    """
    if mime not in _READERS:
        return mime, body
    with _free:
        try:
            return WAVE, _wave(_READERS[mime], body)
        # Its reader raises its own errors and, on some broken files, ValueError.
        except (av.FFmpegError, ValueError, IndexError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error


def _wave(reader: str, body: bytes) -> bytes:
    made = BytesIO()
    with (
        av.open(BytesIO(body), "r", format=reader, metadata_errors="ignore") as source,
        wave.open(made, "wb") as out,
    ):
        stream = source.streams.audio[0]
        to_wave = AudioResampler("s16", "mono", stream.rate)
        out.setnchannels(1)
        out.setsampwidth(_BYTES)
        out.setframerate(stream.rate)
        left = whole = round(LONGEST_S * stream.rate)
        for decoded in source.decode(stream):
            for frame in to_wave.resample(decoded):
                # Behind the samples a plane may have more, for the sake of speed.
                samples = bytes(frame.planes[0])[: frame.samples * _BYTES]
                out.writeframes(samples[: left * _BYTES])
                left -= frame.samples
            if left <= 0:
                break
        if left == whole:
            raise ValueError("no sound")
    return made.getvalue()
