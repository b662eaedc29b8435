"""Videos lose what they tell and keep what they show; nothing else is taken for one."""

from __future__ import annotations

import io

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import BadFile, InfectedFile
from bot.store.unit import Store
from bot.uploads.metadata import Unreadable
from bot.uploads.repository import UploadRepository
from bot.uploads.service import UploadService
from bot.uploads.videos import plain_video, video_mime
from tests.conftest import FixedClock
from tests.office import Office, furnish
from tests.pictures import PNG
from tests.unit.uploads.test_voices import Scanner
from tests.videos import MP4, TOLD, telling_video, video
from tests.wechat_desk import AMR


@pytest.fixture
def office(sqlite_store: Store, clock: FixedClock) -> Office:
    return furnish(sqlite_store, clock)


def shown(body: bytes) -> list[bytes]:
    """Return the first plane of every frame."""
    with av.open(io.BytesIO(body), format="mp4") as container:
        return [bytes(frame.planes[0]) for frame in container.decode(video=0)]


@pytest.mark.parametrize("first", [False, True])
def test_what_a_video_tells_is_gone_and_what_it_shows_is_there(first: bool) -> None:
    body = telling_video(first=first)
    assert all(word in body for word in TOLD)
    kept = plain_video(body)
    assert [word for word in TOLD if word in kept] == []
    assert len(kept) == len(body)
    assert shown(kept) == shown(body)
    with av.open(io.BytesIO(kept)) as container:
        assert {"creation_time", "location", "title"} & container.metadata.keys() == set()
        assert "creation_time" not in container.streams.video[0].metadata


def test_sound_stays() -> None:
    kept = plain_video(video(sound=True))
    with av.open(io.BytesIO(kept)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) >= 1024


def test_what_is_plain_stays_as_it_is() -> None:
    kept = plain_video(MP4)
    assert plain_video(kept) == kept


def box(name: bytes, inside: bytes) -> bytes:
    return (len(inside) + 8).to_bytes(4) + name + inside


def track(kind: bytes, *more: bytes) -> bytes:
    handler = box(b"hdlr", bytes(8) + kind + bytes(12))
    return box(b"trak", box(b"mdia", handler) + b"".join(more))


FTYP = box(b"ftyp", b"isom\0\0\0\0")
MDAT = box(b"mdat", b"picture")


def test_a_track_that_is_neither_seen_nor_heard_is_gone() -> None:
    told = track(b"meta", box(b"udta", b"Planted-Place"))
    body = FTYP + box(b"moov", track(b"vide") + told) + MDAT
    assert b"Planted" not in plain_video(body)
    assert b"picture" in plain_video(body)


def test_boxes_with_long_sizes_and_without_an_end_are_read() -> None:
    inside = b"Planted-Place"
    long_box = b"\0\0\0\1uuid" + (16 + len(inside)).to_bytes(8) + inside
    endless = b"\0\0\0\0mdatpicture"
    kept = plain_video(FTYP + long_box + box(b"moov", track(b"vide")) + endless)
    assert b"Planted" not in kept
    assert kept.endswith(b"mdatpicture")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        MP4[:-40],
        MP4[:200],
        FTYP + MDAT,
        FTYP + box(b"moov", track(b"soun")) + MDAT,
        FTYP + box(b"moov", track(b"vide")),
        FTYP + 2 * box(b"moov", track(b"vide")) + MDAT,
        FTYP + box(b"moov", track(b"vide") + box(b"mvex", b"")) + MDAT,
        FTYP + box(b"moov", box(b"mvhd", bytes(8)) + track(b"vide")) + MDAT,
        FTYP + b"\0\0\0\4moov" + MDAT,
        FTYP + b"\0\0\0\1moov\0\0",
        FTYP + box(b"moov", track(b"vide")) + MDAT + b"\0",
    ],
)
def test_a_video_that_is_broken_or_has_no_picture_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        plain_video(body)


@settings(max_examples=200)
@given(st.integers(0, len(MP4) - 1), st.binary(min_size=1, max_size=8))
def test_whatever_is_broken_is_kept_as_long_or_refused(at: int, other: bytes) -> None:
    broken = MP4[:at] + other + MP4[at + len(other) :]
    try:
        kept = plain_video(broken)
    except Unreadable:
        return
    assert len(kept) == len(broken)


def test_a_video_is_kept_only_where_one_may_come(office: Office) -> None:
    record = office.uploads.keep(office.queued(), "v", "微信视频", MP4, sent_as="video")
    assert (record.mime, record.name) == ("video/mp4", "微信视频.mp4")
    for sent_as in ("file", "voice"):
        with pytest.raises(BadFile):
            office.uploads.keep(office.queued(), "v", "视频", MP4, sent_as=sent_as)
    with pytest.raises(BadFile):
        office.uploads.keep(office.queued(), "v", "视频", AMR, sent_as="video")
    assert office.uploads.keep(office.queued(), "v", "a", PNG, sent_as="video").mime == "image/png"


def test_a_video_is_scanned_as_every_file(
    sqlite_store: Store, clock: FixedClock, office: Office
) -> None:
    uploads = UploadService(UploadRepository(sqlite_store, clock), Scanner())
    with pytest.raises(InfectedFile):
        uploads.keep(office.queued(), "v", "视频", MP4, sent_as="video")


@pytest.mark.parametrize("body", [b"", PNG, AMR, b"\0\0\0\x18ftypqt  " + bytes(8)])
def test_other_contents_are_no_video(body: bytes) -> None:
    assert video_mime(body) == ""
