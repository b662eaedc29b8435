"""Real pictures for tests, made by Pillow: plain ones, and ones that tell more than they show."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

SECRETS = (b"Planted-Phone", b"Planted-Author", b"Planted-Words")
"""What the metadata of every telling picture says, each at least once."""
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Artist="Planted-Author"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
PROFILE: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def scene(width: int = 48, height: int = 32, mode: str = "RGB") -> Image.Image:
    """Return a picture in which no two corners look the same."""
    return Image.merge(
        "RGB",
        (
            Image.linear_gradient("L").resize((width, height)),
            Image.linear_gradient("L").rotate(90).resize((width, height)),
            Image.radial_gradient("L").resize((width, height)),
        ),
    ).convert(mode)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def exif(orientation: int = 0) -> Image.Exif:
    """Return Exif with device, author, a place (in GPS) and, where given, an orientation."""
    found = Image.Exif()
    found[0x010F] = "Planted-Phone"
    found[0x013B] = "Planted-Author"
    found[0x010E] = "Planted-Words"
    found.get_ifd(0x8825).update({1: "N", 2: (25.0, 2.0, 11.5), 3: "E", 4: (102.0, 43.0, 6.6)})
    if orientation:
        found[0x0112] = orientation
    return found


def telling_jpeg(orientation: int = 0, **options: Any) -> bytes:
    """Return a JPEG with Exif, XMP, a comment, a thumbnail and something behind its end."""
    body = saved(
        scene(), "JPEG", exif=exif(orientation), xmp=XMP, comment=b"Planted-Words", **options
    )
    thumbnail = b"JFXX\0\x10" + saved(scene(8, 8), "JPEG", comment=b"Planted-Words")
    photoshop = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x0ePlanted-Author"
    return b"".join(
        (body[:2], _segment(0xE0, thumbnail), _segment(0xED, photoshop), body[2:], b"Planted-Words")
    )


def _segment(code: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(data) + 2) + data


def telling_png(orientation: int = 0, **options: Any) -> bytes:
    """Return a PNG with Exif, texts of all three kinds, a time and something behind its end."""
    info = PngInfo()
    info.add_text("Author", "Planted-Author")
    info.add_text("Comment", "Planted-Words", zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add(b"tIME", struct.pack(">HBBBBB", 2026, 11, 23, 9, 0, 0))
    body = saved(scene(), "PNG", exif=exif(orientation), pnginfo=info, **options)
    return body + b"Planted-Words"


def telling_webp(orientation: int = 0, **options: Any) -> bytes:
    options = {"lossless": True, **options}
    return saved(scene(), "WEBP", exif=exif(orientation), xmp=XMP, **options) + b"Planted-Words"


def bomb() -> bytes:
    """Return a PNG of some kilobytes that is 900 million pixels."""
    side = 30_000
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    packed = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = saved(scene(), "PNG")
JPEG = saved(scene(), "JPEG")
WEBP = saved(scene(), "WEBP")
