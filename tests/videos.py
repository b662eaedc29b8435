"""Made-up MP4 videos, plain ones and such that tell where and by whom they were made."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from tests.pictures import scene

TOLD = (b"Planted-Place", b"Planted-Title", b"2026-11-24")


def video(*, first: bool = False, sound: bool = False, codec: str = "mpeg4", **told: str) -> bytes:
    """Return five frames of a scene, with these things told of them.

    With ``first`` what describes them comes before them, as for streaming; with ``sound`` somebody
    is silent beside them.
    """
    options = {"movflags": "use_metadata_tags" + ("+faststart" if first else "")}
    with TemporaryDirectory() as folder:
        # To put the description first, the file is read again.
        path = Path(folder) / "video.mp4"
        with av.open(path, "w", format="mp4", options=options) as out:
            out.metadata.update(told)
            stream = out.add_stream(codec, rate=5)
            stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
            heard = out.add_stream("aac", rate=8000) if sound else None
            for number in range(5):
                frame = av.VideoFrame.from_image(scene())
                frame.pts, frame.time_base = number, Fraction(1, 5)
                out.mux(stream.encode(frame))
            out.mux(stream.encode())
            if heard is not None:
                said = av.AudioFrame("fltp", "mono", 1024)
                said.rate, said.pts = 8000, 0
                said.planes[0].update(bytes(4 * 1024))
                out.mux(heard.encode(said))
                out.mux(heard.encode())
        return path.read_bytes()


def telling_video(*, first: bool = False) -> bytes:
    when = f"{TOLD[2].decode()}T08:00:00Z"
    place, title = (word.decode() for word in TOLD[:2])
    return video(first=first, title=title, location=place, creation_time=when)


MP4 = video()
