"""Recordings as a browser can play them: what telephones record, AMR and Speex, none does.

What is stored stays as it came; it is decoded when somebody listens. Nothing that a file says of
itself is believed but what is one of a few values.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from threading import BoundedSemaphore

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from bot.uploads.metadata import Unreadable

WAVE = "audio/wav"
LONGEST_S = 300
"""WeChat's recordings have a minute; two megabytes of the slowest AMR would be fifty."""
AT_ONCE = 2
RATES = frozenset({8000, 16000, 32000})
"""Hz; there is no telephone, and no Speex, with others."""
FRAME_S = 0.02
"""What a frame that cannot be decoded would have said."""
_BYTES = 2


@dataclass(frozen=True)
class _Reader:
    """The one reader that is tried, and what it may find; a file cannot choose others."""

    container: str
    codecs: frozenset[str]


_READERS = {
    "audio/amr": _Reader("amr", frozenset({"amrnb", "amrwb"})),
    "audio/speex": _Reader("ogg", frozenset({"speex"})),
}

_free = BoundedSemaphore(AT_ONCE)


def playable(mime: str, body: bytes) -> tuple[str, bytes]:
    """Return a recording and its type as browsers play it: as it is, or as 16-bit mono WAV.

    Raises:
        Unreadable: nothing of it can be decoded.
    """
    if mime not in _READERS:
        return mime, body
    with _free:
        try:
            return WAVE, _wave(_READERS[mime], body)
        # Its reader raises its own errors and, on some broken files, ValueError.
        except (av.FFmpegError, ValueError, IndexError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}") from error


def _wave(reader: _Reader, body: bytes) -> bytes:
    made = BytesIO()
    with av.open(BytesIO(body), "r", format=reader.container, metadata_errors="ignore") as source:
        stream = source.streams.audio[0]
        rate = stream.rate
        if stream.codec_context.name not in reader.codecs or rate not in RATES:
            raise ValueError("no recording of a telephone")
        with wave.open(made, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(_BYTES)
            out.setframerate(rate)
            left = round(LONGEST_S * rate)
            for samples in _decoded(source, stream):
                out.writeframes(samples[: left * _BYTES])
                left -= len(samples) // _BYTES
                if left <= 0:
                    break
    return made.getvalue()


def _decoded(source: InputContainer, stream: AudioStream) -> Iterator[bytes]:
    """Return what is said, 16-bit mono; a broken frame in the middle is silence."""
    to_wave = AudioResampler("s16", "mono", stream.rate)
    silence = bytes(round(FRAME_S * stream.rate) * _BYTES)
    missing, is_heard = 0, False
    # No packet says less than a frame does: of tiny broken ones a file could hold millions.
    for packet in islice(_packets(source, stream), round(LONGEST_S / FRAME_S)):
        try:
            frames = [f for frame in packet.decode() for f in to_wave.resample(frame)]
        except av.FFmpegError:
            missing += 1
            continue
        for frame in frames:
            # Behind the samples a plane may have more, for the sake of speed.
            yield silence * missing + bytes(frame.planes[0])[: frame.samples * _BYTES]
            missing, is_heard = 0, True
    if not is_heard:
        raise ValueError("no sound")


def _packets(source: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Return the packets up to where the file is cut off."""
    packets = source.demux(stream)
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            return
