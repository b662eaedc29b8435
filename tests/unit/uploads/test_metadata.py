"""Pictures lose what they tell and keep what they show; what cannot be shown is refused."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps

from bot.uploads import pictures as pictures_module
from bot.uploads.metadata import MOST_PIECES, MOST_SCANS, Unreadable, without_metadata
from bot.uploads.pictures import Busy, Pictures
from tests.pictures import (
    JPEG,
    PNG,
    PROFILE,
    SECRETS,
    WEBP,
    bomb,
    exif,
    png_chunk,
    saved,
    scene,
    telling_jpeg,
    telling_png,
    telling_webp,
)

TELLING: dict[str, Callable[..., bytes]] = {
    "image/jpeg": telling_jpeg,
    "image/png": telling_png,
    "image/webp": telling_webp,
}
PLAIN = {"image/jpeg": JPEG, "image/png": PNG, "image/webp": WEBP}
ORIENTATION = 0x0112

of_every_type = pytest.mark.parametrize("mime", sorted(TELLING))


def shown(body: bytes) -> list[tuple[str, bytes]]:
    """Return the mode and the pixels of every frame."""
    with Image.open(io.BytesIO(body)) as picture:
        frames = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            frames.append((picture.mode, picture.tobytes()))
        return frames


def told(body: bytes) -> dict[str, Any]:
    with Image.open(io.BytesIO(body)) as picture:
        return dict(picture.info)


# What goes


@of_every_type
@pytest.mark.parametrize("orientation", [0, 1, 6])
def test_nothing_is_told_but_how_to_turn_the_picture(mime: str, orientation: int) -> None:
    body = TELLING[mime](orientation)
    assert all(secret in body for secret in SECRETS)
    kept = without_metadata(mime, body)
    assert not any(secret in kept for secret in SECRETS)
    with Image.open(io.BytesIO(kept)) as picture:
        found = picture.getexif()
        assert dict(found) == ({ORIENTATION: orientation} if orientation > 1 else {})
        assert found.get_ifd(0x8825) == {}
        assert picture.info.keys().isdisjoint({"xmp", "comment", "photoshop", "Author", "Comment"})
        assert getattr(picture, "text", {}) == {}
    assert shown(kept) == shown(body)
    Pictures().check(mime, kept)


@of_every_type
def test_what_tells_nothing_stays_byte_for_byte(mime: str) -> None:
    assert without_metadata(mime, PLAIN[mime]) == PLAIN[mime]
    once = without_metadata(mime, TELLING[mime](8))
    assert without_metadata(mime, once) == once


def test_a_pdf_stays_as_it_came() -> None:
    body = b"%PDF-1.7\n1 0 obj\n<</Author (Planted-Author)>>\nendobj\n"
    assert without_metadata("application/pdf", body) == body


def test_the_thumbnail_of_jfif_goes_and_its_resolution_stays() -> None:
    with_dpi = saved(scene(), "JPEG", dpi=(300, 300))
    size = int.from_bytes(with_dpi[4:6])
    head = with_dpi[6:18] + b"\x01\x01" + b"\xaa\xbb\xcc"
    body = with_dpi[:4] + struct.pack(">H", len(head) + 2) + head + with_dpi[4 + size :]
    kept = without_metadata("image/jpeg", body)
    assert kept == with_dpi
    assert told(kept)["dpi"] == (300, 300)


def test_further_pictures_in_one_jpeg_go() -> None:
    private = scene(40, 40).transpose(Image.Transpose.ROTATE_180)
    body = saved(scene(), "MPO", save_all=True, append_images=[private])
    assert len(shown(body)) == 2
    kept = without_metadata("image/jpeg", body)
    assert shown(kept) == shown(body)[:1]
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.format == "JPEG"


def test_words_between_the_scans_of_a_jpeg_go() -> None:
    body = saved(scene(), "JPEG", progressive=True)
    last = body.rindex(b"\xff\xda")
    comment = b"\xff\xfe" + struct.pack(">H", 2 + len(SECRETS[2])) + SECRETS[2]
    kept = without_metadata("image/jpeg", body[:last] + comment + body[last:])
    assert kept == body


def test_what_an_unknown_program_wrote_goes() -> None:
    chunk = png_chunk(b"prVt", SECRETS[0])
    assert without_metadata("image/png", PNG[:33] + chunk + PNG[33:]) == PNG
    own = b"PRVT" + struct.pack("<I", len(SECRETS[0])) + SECRETS[0] + b"\0"
    longer = struct.pack("<I", len(WEBP) - 8 + len(own))
    assert without_metadata("image/webp", WEBP[:4] + longer + WEBP[8:] + own) == WEBP


# What stays


@of_every_type
@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_orientation_shows_the_picture_the_same_way(mime: str, orientation: int) -> None:
    body = TELLING[mime](orientation)
    kept = without_metadata(mime, body)
    with Image.open(io.BytesIO(body)) as before, Image.open(io.BytesIO(kept)) as after:
        upright = ImageOps.exif_transpose(after).convert("RGB")
        assert ImageOps.exif_transpose(before).convert("RGB").tobytes() == upright.tobytes()
    with Image.open(io.BytesIO(without_metadata(mime, TELLING[mime]()))) as unturned:
        assert upright.tobytes() != unturned.convert("RGB").tobytes()


@of_every_type
def test_the_colour_profile_stays(mime: str) -> None:
    kept = without_metadata(mime, TELLING[mime](icc_profile=PROFILE))
    assert told(kept)["icc_profile"] == PROFILE


def test_the_colours_of_a_cmyk_jpeg_stay() -> None:
    body = saved(scene(mode="CMYK"), "JPEG", exif=exif(3), quality=95)
    kept = without_metadata("image/jpeg", body)
    assert shown(kept) == shown(body)
    [(mode, _)] = shown(kept)
    assert mode == "CMYK"
    Pictures().check("image/jpeg", kept)


def test_transparency_and_palette_of_a_png_stay() -> None:
    for picture in (scene(mode="RGBA"), scene(mode="P"), scene(mode="1"), scene(mode="LA")):
        body = saved(picture, "PNG", exif=exif(5), dpi=(72, 72))
        kept = without_metadata("image/png", body)
        assert shown(kept) == shown(body)
        assert told(kept)["dpi"] == told(body)["dpi"]


def test_an_animated_webp_stays_animated() -> None:
    frames = [scene().rotate(90 * turn) for turn in range(1, 4)]
    body = saved(
        scene(), "WEBP", exif=exif(6), save_all=True, append_images=frames, duration=40, loop=3
    )
    kept = without_metadata("image/webp", body)
    assert SECRETS[0] not in kept
    assert shown(kept) == shown(body)
    assert len(shown(kept)) == 4
    with Image.open(io.BytesIO(kept)) as picture:
        picture.load()
        assert (picture.info["loop"], picture.info["duration"]) == (3, 40)
    Pictures().check("image/webp", kept)


def test_words_within_a_frame_of_an_animation_go() -> None:
    body = saved(scene(), "WEBP", save_all=True, append_images=[scene(mode="L").convert("RGB")])
    at = body.index(b"ANMF")
    size = struct.unpack_from("<I", body, at + 4)[0]
    own = b"PRVT" + struct.pack("<I", 14) + b"Planted-Phone\0"
    inside = (
        body[8 : at + 4]
        + struct.pack("<I", size + len(own))
        + body[at + 8 : at + 8 + size]
        + own
        + body[at + 8 + size :]
    )
    told_more = b"RIFF" + struct.pack("<I", len(inside)) + inside
    assert without_metadata("image/webp", told_more) == body


def test_a_transparent_webp_stays_transparent() -> None:
    picture = scene()
    picture.putalpha(Image.radial_gradient("L").resize(picture.size))
    for options in ({"lossless": True}, {"quality": 60}):
        body = saved(picture, "WEBP", exif=exif(), **options)
        kept = without_metadata("image/webp", body)
        assert shown(kept) == shown(body)
        assert shown(kept)[0][0] == "RGBA"


@settings(deadline=None, max_examples=60)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    mode=st.sampled_from(["RGB", "L", "CMYK"]),
    options=st.fixed_dictionaries(
        {
            "quality": st.integers(1, 100),
            "progressive": st.booleans(),
            "optimize": st.booleans(),
            "restart_marker_blocks": st.integers(0, 3),
        }
    ),
    orientation=st.integers(0, 9),
)
def test_no_pixel_of_a_jpeg_changes(
    size: tuple[int, int], mode: str, options: dict[str, Any], orientation: int
) -> None:
    body = saved(scene(*size, mode=mode), "JPEG", exif=exif(orientation), **options)
    kept = without_metadata("image/jpeg", body)
    with Image.open(io.BytesIO(body)) as before, Image.open(io.BytesIO(kept)) as after:
        assert after.size == before.size
        assert ImageChops.difference(before, after).getbbox() is None
    assert len(kept) <= len(body)


# How the orientation is read


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\x09\0\0",
        b"MM\0*\0\0\0\x08\0\1\x01\x12\0\4\0\0\0\1\0\0\0\x06",
        b"XX\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0",
    ],
)
def test_exif_that_makes_no_sense_turns_nothing(data: bytes) -> None:
    chunk = png_chunk(b"eXIf", data)
    assert without_metadata("image/png", PNG[:33] + chunk + PNG[33:]) == PNG


def test_both_byte_orders_are_read() -> None:
    little = b"II*\0\x08\0\0\0\1\0\x12\x01\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    kept = without_metadata("image/png", PNG[:33] + png_chunk(b"eXIf", little) + PNG[33:])
    with Image.open(io.BytesIO(kept)) as picture:
        assert dict(picture.getexif()) == {ORIENTATION: 6}


# What is refused


def refused(mime: str, body: bytes) -> str:
    with pytest.raises(Unreadable) as reason:
        Pictures().check(mime, without_metadata(mime, body))
    return str(reason.value)


@of_every_type
def test_a_file_that_is_cut_off_is_refused(mime: str) -> None:
    body = saved(scene(300, 200), {"image/jpeg": "JPEG"}.get(mime, mime[6:].upper()))
    Pictures().check(mime, without_metadata(mime, body))
    for length in (3, 12, 30, len(body) // 2, len(body) - 1):
        assert refused(mime, body[:length])


def test_a_jpeg_that_is_cut_off_before_its_end_is_refused() -> None:
    body = saved(scene(300, 200), "JPEG")
    assert refused("image/jpeg", body[: body.rindex(b"\xff\xda") + 2] + b"\xff\xd9")


@of_every_type
def test_another_type_is_refused(mime: str) -> None:
    for other, body in PLAIN.items():
        if other != mime:
            assert refused(mime, body)


def test_contents_that_only_begin_like_a_picture_are_refused() -> None:
    assert refused("image/png", PNG[:16] + bytes(64))
    assert refused("image/jpeg", JPEG[:20] + bytes(64))
    assert refused("image/webp", WEBP[:16] + bytes(len(WEBP) - 16))
    assert refused("image/png", PNG.replace(PNG[60:90], bytes(30)))


def test_a_picture_of_nine_hundred_million_pixels_is_refused() -> None:
    body = bomb()
    assert len(body) < 200_000
    assert "DecompressionBomb" in refused("image/png", body)


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    assert "81000000 pixels" in refused("image/png", saved(Image.new("1", (9000, 9000)), "PNG"))


def test_the_pixels_of_all_frames_count(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [scene().rotate(90 * turn) for turn in range(1, 4)]
    body = saved(scene(), "WEBP", save_all=True, append_images=frames)
    monkeypatch.setitem(pictures_module.MAX_PIXELS, "WEBP", 48 * 32 * 4)
    Pictures().check("image/webp", body)
    monkeypatch.setitem(pictures_module.MAX_PIXELS, "WEBP", 48 * 32 * 4 - 1)
    assert refused("image/webp", body) == "6144 pixels"


def test_a_file_of_endless_pieces_is_refused() -> None:
    assert refused("image/jpeg", JPEG[:2] + b"\xff\xfe\0\2" * MOST_PIECES + JPEG[2:])
    assert refused("image/png", PNG[:33] + png_chunk(b"prVt", b"") * MOST_PIECES + PNG[33:])
    endless = WEBP[8:] + b"PRVT\0\0\0\0" * MOST_PIECES
    assert refused("image/webp", b"RIFF" + struct.pack("<I", len(endless)) + endless)


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    body = saved(scene(), "JPEG", progressive=True)
    last = body[body.rindex(b"\xff\xda") : -2]
    assert "scans" in refused("image/jpeg", body[:-2] + last * MOST_SCANS + body[-2:])


@settings(deadline=None, max_examples=150)
@given(
    mime=st.sampled_from(sorted(TELLING)),
    hits=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
    length=st.integers(0, 2500),
)
def test_a_damaged_file_is_refused_or_shown_and_never_an_error(
    mime: str, hits: list[tuple[int, int]], length: int
) -> None:
    body = bytearray(TELLING[mime](6))
    for at, value in hits:
        body[at % len(body)] = value
    kept = b""
    with suppress(Unreadable):
        kept = without_metadata(mime, bytes(body[:length]))
        Pictures().check(mime, kept)
    if kept:
        assert without_metadata(mime, kept) == kept


# How many at once


def test_who_waits_too_long_for_a_place_is_told_so() -> None:
    pictures = Pictures(at_once=1, wait_s=0)
    with pictures.turn():
        with pytest.raises(Busy):
            pictures.check("image/png", PNG)
        pictures.check("application/pdf", b"%PDF-1.7")
    pictures.check("image/png", PNG)
    with pytest.raises(Unreadable):
        pictures.check("image/png", b"nothing")
    pictures.check("image/png", PNG)
