"""One file of each kind of container and samples: which are judged, which skipped and why; docs/scan.md counts them."""

import io
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from images import whole_images
from PIL import Image, ImageDraw, features

from conftest import REPOSITORY
from jpegqf.inspection.inspector import inspect
from jpegqf.record import Status

SIDE = 96
INSTALLED = {
    "HEIF": "lossy.heic" in whole_images(),
    "JXL": "lossy.jxl" in whole_images(),
    "AVIF": features.check("avif"),
    "JPEG2000": features.check("jpg_2000"),
}
Make = Callable[[Image.Image], bytes]


def as_file(kind: str, mode: str = "RGB", **options: Any) -> Make:
    """What saves an image of this mode in a container of Pillow."""

    def make(image: Image.Image) -> bytes:
        if kind in INSTALLED and not INSTALLED[kind]:
            pytest.skip(f"{kind} is not installed")
        out = io.BytesIO()
        several = {"append_images": [image.rotate(90)]} if options.get("save_all") else {}
        image.convert(mode).save(out, kind, **options, **several)
        return out.getvalue()

    return make


def wide(kind: str, factor: int, noise: int = 0) -> Make:
    """What saves gray of 16 bits: the 8 bits times ``factor``, with ``noise`` added."""

    def make(image: Image.Image) -> bytes:
        chance = np.random.default_rng(0)
        samples = np.asarray(image.convert("L")).astype(np.uint16) * factor
        samples += chance.integers(0, noise + 1, samples.shape).astype(np.uint16)
        return as_file(kind, "I;16", **({"lossless": True} if kind == "JXL" else {}))(Image.fromarray(samples))

    return make


def wide_colours(image: Image.Image) -> bytes:
    """A PNG of red, green and blue of 16 bits."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in np.asarray(image.convert("RGB")) * np.uint16(257))
    made = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", *image.size, 16, 2, 0, 0, 0)
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        made += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return made


def drawing(_: Image.Image) -> bytes:
    """A PNG with a palette that holds all the colours of a drawing."""
    image = Image.new("RGB", (200, 200), (10, 200, 30))
    draw = ImageDraw.Draw(image)
    for i in range(40):
        left, top = i * 5, i * 37 % 150
        draw.rectangle((left, top, left + 40, top + 30), fill=(i * 53 % 256, i * 91 % 256, i * 17 % 256))
    return as_file("PNG", "P")(image.quantize(45))


def reduced(kind: str) -> Make:
    """What saves a photograph whose colours were reduced to 64."""
    return lambda image: as_file(kind, "P")(image.quantize(64))


def only_bytes(start: bytes) -> Make:
    return lambda _: start + bytes(100)


JUDGED: dict[str, Make] = {
    "JPEG": as_file("JPEG"),
    "progressive JPEG": as_file("JPEG", progressive=True),
    "gray JPEG": as_file("JPEG", "L"),
    "CMYK JPEG": as_file("JPEG", "CMYK"),
    "MPO": as_file("MPO", save_all=True),
    **{f"{kind}, {mode}": as_file(kind, mode) for kind, mode in (("PNG", "RGB"), ("PNG", "L"), ("PNG", "RGBA"))},
    "PNG, gray palette": lambda image: as_file("PNG", "P")(image.convert("L")),
    "PNG, palette of a drawing": drawing,
    "PNG, 16 bits of 8": wide("PNG", 257),
    "PNG, RGB of 16 bits": wide_colours,
    "APNG": as_file("PNG", save_all=True),
    "BMP": as_file("BMP"),
    "PPM": as_file("PPM"),
    "PGM": as_file("PPM", "L"),
    "gray GIF": as_file("GIF", "L"),
    "animated GIF": as_file("GIF", "L", save_all=True),
    "lossless WebP": as_file("WEBP", lossless=True),
    "lossy WebP": as_file("WEBP"),
    "animated WebP": as_file("WEBP", save_all=True),
    "TIFF": as_file("TIFF"),
    "gray TIFF": as_file("TIFF", "L"),
    "BigTIFF": as_file("TIFF", big_tiff=True),
    "TIFF, LZW": as_file("TIFF", compression="tiff_lzw"),
    "TIFF, Deflate": as_file("TIFF", compression="tiff_adobe_deflate"),
    "TIFF, JPEG": as_file("TIFF", compression="jpeg"),
    "TIFF, JPEG of CMYK": as_file("TIFF", "CMYK", compression="jpeg"),
    "TIFF of pages": as_file("TIFF", save_all=True),
    "AVIF": as_file("AVIF"),
    "animated AVIF": as_file("AVIF", save_all=True),
    "HEIF": as_file("HEIF"),
    "HEIF of several": as_file("HEIF", save_all=True),
    "lossy JPEG XL": as_file("JXL"),
    "lossless JPEG XL": as_file("JXL", lossless=True),
    "lossy JPEG 2000": as_file("JPEG2000", irreversible=True),
    "lossless JPEG 2000": as_file("JPEG2000"),
    "JPEG 2000 codestream": as_file("JPEG2000", no_jp2=True),
}
SKIPPED: dict[str, tuple[str, Make]] = {
    "PNG, one bit": ("reduced_colours", as_file("PNG", "1")),
    "PBM": ("reduced_colours", as_file("PPM", "1")),
    "TIFF, fax": ("reduced_colours", as_file("TIFF", "1", compression="group4")),
    "PNG, palette of a photograph": ("reduced_colours", reduced("PNG")),
    "GIF of a photograph": ("reduced_colours", reduced("GIF")),
    "PNG, gray of 16 bits": ("not_8_bit", wide("PNG", 250, 200)),
    "TIFF, gray of 16 bits": ("not_8_bit", wide("TIFF", 250, 200)),
    "JPEG XL, gray of 16 bits": ("not_8_bit", wide("JXL", 250, 200)),
    "JPEG 2000, gray of 16 bits": ("not_8_bit", wide("JPEG2000", 250, 200)),
    "PFM": ("not_8_bit", as_file("PPM", "F")),
    "TIFF of floats": ("not_8_bit", as_file("TIFF", "F")),
    "TIFF, CMYK": ("not_8_bit", as_file("TIFF", "CMYK")),
    "TIFF, LAB": ("not_8_bit", lambda image: as_file("TIFF", "LAB")(Image.merge("LAB", image.split()))),
    **{
        name: ("unsupported", only_bytes(start))
        for name, start in (
            ("PSD", b"8BPS\0\1"), ("ICO", b"\0\0\1\0"), ("OpenEXR", b"v/1\1"),
            ("DDS", b"DDS "), ("QOI", b"qoif"), ("ICNS", b"icns"),
        )
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def square(photo: Image.Image) -> Image.Image:
    return photo.crop((0, 0, SIDE, SIDE))


@pytest.mark.parametrize("kind", list(JUDGED))
def test_this_kind_is_judged(square: Image.Image, kind: str) -> None:
    row = inspect(JUDGED[kind](square))
    assert (row.status, row.reason) == (Status.OK, None)


@pytest.mark.parametrize("kind", list(SKIPPED))
def test_this_kind_is_skipped_with_its_reason(square: Image.Image, kind: str) -> None:
    reason, make = SKIPPED[kind]
    row = inspect(make(square))
    assert (row.status, row.reason) == (Status.SKIPPED, reason)
    assert len((row.message or "").splitlines()) == 1


def test_the_page_on_scanning_counts_the_kinds_that_are_skipped() -> None:
    text = (REPOSITORY / "docs" / "scan.md").read_text(encoding="utf-8")
    told = re.search(r"Of (\d+) kinds of container and samples[^,]*, (\d+) are skipped", " ".join(text.split()))
    assert told is not None
    assert tuple(map(int, told.groups())) == (len(JUDGED) + len(SKIPPED), len(SKIPPED))
    rows = re.findall(r"^\| [^|]+ \| `(\w+)` \| (\d+) \|", text, re.MULTILINE)
    reasons = [reason for reason, _ in SKIPPED.values()]
    assert {reason: sum(int(count) for name, count in rows if name == reason) for reason in set(reasons)} == {
        reason: reasons.count(reason) for reason in set(reasons)
    }
