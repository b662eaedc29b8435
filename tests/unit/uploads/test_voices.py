"""Voice messages: which recordings are kept, from whom, and what they do not count as."""

from __future__ import annotations

import hashlib
import io
import wave

import pytest
from sqlalchemy import Connection

from bot.errors import BadFile, InfectedFile, TooManyFiles, UncheckedFile
from bot.store.unit import Store
from bot.uploads import service as uploading
from bot.uploads import sounds
from bot.uploads.metadata import Unreadable
from bot.uploads.repository import UploadRepository
from bot.uploads.scanning import NotScanned
from bot.uploads.service import UploadService
from bot.uploads.voices import MAX_BYTES, voice_mime
from tests.conftest import FixedClock
from tests.office import Office, furnish
from tests.pictures import PNG
from tests.wechat_desk import AMR, AMR_CUT_OFF, MP3, OGG, SPEEX, speex, wav


class Scanner:
    """Finds something in everything, or cannot look."""

    def __init__(self, *, is_there: bool = True) -> None:
        self._is_there = is_there

    def signature(self, body: bytes) -> str | None:
        if not self._is_there:
            raise NotScanned("away")
        return "Test"


@pytest.fixture
def office(sqlite_store: Store, clock: FixedClock) -> Office:
    return furnish(sqlite_store, clock)


@pytest.mark.parametrize(
    ("body", "mime", "name"),
    [
        (AMR, "audio/amr", "语音.amr"),
        (MP3, "audio/mpeg", "语音.mp3"),
        (OGG, "audio/ogg", "语音.ogg"),
        (wav(), "audio/wav", "语音.wav"),
        (SPEEX, "audio/speex", "语音.spx"),
    ],
    ids=["amr", "mp3", "ogg", "wav", "speex"],
)
def test_a_recording_is_kept_as_it_came(office: Office, body: bytes, mime: str, name: str) -> None:
    conversation_id = office.queued()
    part = office.uploads.part(conversation_id, "v", "语音.bin", body, sent_as="voice")
    assert (part.body["mime"], part.body["name"]) == (mime, name)
    assert part.body["sha256"] == part.body["sent_sha256"] == hashlib.sha256(body).hexdigest()
    _, kept = office.uploads.read(conversation_id, part.body["id"])
    assert kept == body


@pytest.mark.parametrize("body", [AMR, MP3, OGG, SPEEX, wav()])
def test_what_is_uploaded_on_a_page_may_not_be_a_recording(office: Office, body: bytes) -> None:
    with pytest.raises(BadFile):
        office.uploads.keep(office.queued(), "v", "语音.amr", body)


@pytest.mark.parametrize(
    "body",
    [b"", b"#!AMR", b"RIFF\0\0\0\0AVI ", b"<html>", AMR + bytes(MAX_BYTES), PNG[:40] + bytes(40)],
    ids=["empty", "cut off", "a film", "a page", "too large", "a broken picture"],
)
def test_what_is_no_recording_is_refused_in_its_place(office: Office, body: bytes) -> None:
    with pytest.raises(BadFile):
        office.uploads.keep(office.queued(), "v", "语音.amr", body, sent_as="voice")


def test_where_a_recording_may_come_a_picture_may_too(office: Office) -> None:
    assert office.uploads.keep(office.queued(), "v", "a", PNG, sent_as="voice").mime == "image/png"


def test_a_recording_is_scanned_as_every_file(
    sqlite_store: Store, clock: FixedClock, office: Office
) -> None:
    conversation_id = office.queued()
    for scanner, refusal in ((Scanner(), InfectedFile), (Scanner(is_there=False), UncheckedFile)):
        uploads = UploadService(UploadRepository(sqlite_store, clock), scanner)
        with pytest.raises(refusal):
            uploads.keep(conversation_id, "v", "语音.amr", AMR, sent_as="voice")


def test_who_speaks_much_can_still_send_evidence(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "MAX_FILES", 1)
    monkeypatch.setattr(uploading, "MAX_VOICES", 2)
    conversation_id = office.queued()
    for number in range(2):
        office.uploads.keep(conversation_id, f"v{number}", "a", AMR, sent_as="voice")
    office.uploads.keep(conversation_id, "p0", "a", PNG)
    with pytest.raises(TooManyFiles):
        office.uploads.keep(conversation_id, "v2", "a", AMR, sent_as="voice")
    with pytest.raises(TooManyFiles):
        office.uploads.keep(conversation_id, "p1", "a", PNG)


def test_a_conversation_that_goes_on_for_weeks_takes_files_again_the_next_day(
    office: Office, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "MAX_FILES", 1)
    conversation_id = office.queued()
    office.uploads.keep(conversation_id, "p0", "a", PNG)
    with pytest.raises(TooManyFiles):
        office.uploads.keep(conversation_id, "p1", "a", PNG)
    clock.advance(hours=24)
    assert office.uploads.keep(conversation_id, "p1", "a", PNG).mime == "image/png"


def test_a_recording_is_no_paper_of_an_application(
    sqlite_store: Store, clock: FixedClock, office: Office
) -> None:
    heard: list[str] = []

    def follow(connection: Connection, conversation_id: str, file_id: str) -> None:
        heard.append(file_id)

    uploads = UploadService(UploadRepository(sqlite_store, clock, (follow,)))
    conversation_id = office.queued()
    uploads.keep(conversation_id, "v", "a", AMR, sent_as="voice")
    assert heard == []
    assert [uploads.keep(conversation_id, "p", "a", PNG).id] == heard


@pytest.mark.parametrize(("mime", "body"), [("audio/mpeg", MP3), ("audio/wav", wav())])
def test_what_browsers_play_is_left_as_it_is(mime: str, body: bytes) -> None:
    assert sounds.playable(mime, body) == (mime, body)


FRAME = bytes((0x3C, *range(31)))
"""20 ms of AMR; the first byte says how long it is (RFC 4867, 5.3)."""


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        (AMR[:-10], 39),
        (AMR + b"\xff", 40),
        (b"#!AMR\n" + FRAME * 20 + b"\x44" + bytes(5) + FRAME * 20, 41),
        (b"#!AMR\n" + FRAME * 20 + b"\x7c" + FRAME * 20, 41),
    ],
    ids=["cut off", "a byte too many", "comfort noise", "no data"],
)
def test_a_broken_frame_costs_no_more_than_itself(body: bytes, frames: int) -> None:
    with wave.open(io.BytesIO(sounds.playable("audio/amr", body)[1])) as sound:
        assert sound.getnframes() == pytest.approx(frames * 160, abs=160)


def test_speex_is_heard_at_the_rates_of_telephones() -> None:
    assert voice_mime(speex(8000)) == "audio/speex"
    with wave.open(io.BytesIO(sounds.playable("audio/speex", speex(8000))[1])) as sound:
        assert sound.getframerate() == 8000
        assert sound.getnframes() > 0
    for rate in (0, 10**9, 2**31 - 1):
        with pytest.raises(Unreadable):
            sounds.playable("audio/speex", speex(rate))


def test_what_another_codec_holds_is_no_speex() -> None:
    """The name stands among the lengths of nine segments, where no header is."""
    lengths = b"Speex   "
    disguised = b"OggS\0\x02" + bytes(20) + bytes([len(lengths) + 1, 1]) + lengths + bytes(900)
    assert disguised[28:36] == lengths
    assert voice_mime(disguised) != "audio/speex"


def test_a_file_of_nothing_but_tiny_broken_frames_takes_no_more_than_its_time() -> None:
    body = b"#!AMR\n" + FRAME + b"\x7c" * 200_000 + FRAME
    with wave.open(io.BytesIO(sounds.playable("audio/amr", body)[1])) as sound:
        assert sound.getnframes() <= sounds.LONGEST_S * 8000


def test_a_recording_of_hours_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds, "LONGEST_S", 0.5)
    _, body = sounds.playable("audio/amr", AMR)
    with wave.open(io.BytesIO(body)) as sound:
        assert sound.getnframes() == 4000


@pytest.mark.parametrize(
    ("mime", "body"),
    [
        ("audio/amr", AMR_CUT_OFF),
        ("audio/amr", b""),
        ("audio/amr", SPEEX),
        ("audio/amr", wav()),
        ("audio/speex", SPEEX),
        ("audio/speex", AMR),
        ("audio/speex", OGG),
    ],
)
def test_what_cannot_be_decoded_is_unreadable(mime: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        sounds.playable(mime, body)
