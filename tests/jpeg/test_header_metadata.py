"""EXIF, APP segments, comments and colour as the walk tells them."""

import io
import struct

import pytest
from header_parts import GRAY, SMALL, SOI, app, segment, sof, tiff
from PIL import Image

from conftest import MakeJpeg
from jpegqf.jpeg.app_segments import AppSegment
from jpegqf.jpeg.header import MAX_COMMENT, MAX_COMMENTS, read_header


def test_a_thumbnail_in_exif_is_not_the_image(jpeg: MakeJpeg) -> None:
    thumbnail = jpeg(10, Image.new("RGB", (8, 8)))
    data = SOI + app(1, b"Exif\0\0" + tiff("<") + thumbnail) + jpeg(90, SMALL)[2:]
    header = read_header(data)
    assert header.frame is not None
    assert header.frame.width == 24
    assert header.luma == read_header(jpeg(90, SMALL)).luma
    assert header.notes == ()


def test_a_thumbnail_that_leaks_out_of_a_segment_of_wrong_length_is_passed_over(jpeg: MakeJpeg) -> None:
    data = SOI + app(1, b"Exif\0\0") + jpeg(10, Image.new("RGB", (8, 8))) + jpeg(90, SMALL)[2:]
    header = read_header(data)
    assert header.frame is not None
    assert header.frame.width == 24
    assert header.notes == ("an image inside the header was passed over",)


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_is_read_in_both_byte_orders(order: str) -> None:
    short = struct.pack(order + "HH", 6, 0)
    where = struct.pack(order + "I", 8 + 2 + 3 * 12)
    entries = ((0x010F, 2, 4, b"Abc\0"), (0x0112, 3, 1, short), (0x0131, 2, 9, where))
    header = read_header(SOI + app(1, b"Exif\0\0" + tiff(order, *entries, tail=b"Editor 1\0")) + GRAY)
    assert (header.facts.make, header.facts.orientation, header.facts.software) == ("Abc", 6, "Editor 1")


@pytest.mark.parametrize("value", [0, 9, 60000])
def test_a_nonsense_orientation_is_unknown(value: int) -> None:
    entry = (0x0112, 3, 1, struct.pack("<HH", value, 0))
    assert read_header(SOI + app(1, b"Exif\0\0" + tiff("<", entry)) + GRAY).facts.orientation is None


def test_app_segments_are_listed_with_their_usual_names() -> None:
    payloads = {
        (0, "JFIF"): b"JFIF\0\1\1\1\0\x60\0\x60\0\0",
        (1, "XMP"): b"http://ns.adobe.com/xap/1.0/\0<x/>",
        (2, "ICC"): b"ICC_PROFILE\0\1\1",
        (12, "Ducky"): b"Ducky\0\1\0\4\0\0\0\x3c\0\0",
        (13, "Photoshop"): b"Photoshop 3.0\0" + b"8BIM\4\6\0\0\0\0\0\7\0\4\0\0\0\1\0\0",
        (14, "Adobe"): b"Adobe\0\x64\0\0\0\0\1",
        (7, ""): b"\x80\x81 nobody's",
        (8, "SPIFF"): b"SPIFF\0",
    }
    header = read_header(SOI + b"".join(app(n, payload) for (n, _), payload in payloads.items()) + GRAY)
    assert header.apps == tuple(AppSegment(n, name, len(payload)) for (n, name), payload in payloads.items())
    facts = header.facts
    assert (facts.adobe_transform, facts.ducky_quality, facts.photoshop_quality) == (1, 60, 8)
    assert facts.density == (1, 96, 96)


def test_colour_is_told_as_libjpeg_tells_it(jpeg: MakeJpeg) -> None:
    rgb = [(letter, 0x11, 0) for letter in b"RGB"]
    plain = [(i, 0x11, 0) for i in range(1, 4)]
    adobe = [app(14, b"Adobe\0\x64\0\0\0\0" + bytes([transform])) for transform in range(3)]
    four = [(i, 0x11, 0) for i in range(1, 5)]
    assert read_header(jpeg(80, SMALL.convert("L"))).color == "gray"
    assert read_header(jpeg(80, SMALL)).color == "YCbCr"
    assert read_header(jpeg(80, SMALL, keep_rgb=True)).color == "RGB"
    assert read_header(jpeg(80, SMALL.convert("CMYK"))).color == "CMYK"
    assert read_header(SOI + sof(*rgb)).color == "RGB"
    assert read_header(SOI + adobe[0] + sof(*plain)).color == "RGB"
    assert read_header(SOI + adobe[1] + sof(*rgb)).color == "YCbCr"
    assert read_header(SOI + adobe[2] + sof(*four)).color == "YCCK"


def test_comments_are_kept_within_bounds() -> None:
    data = SOI + segment(0xFE, b"hello\nworld\0") + segment(0xFE, b"\xe9" * 9000) * 40 + GRAY
    header = read_header(data)
    assert header.comments[0] == "hello world"
    assert len(header.comments) == MAX_COMMENTS
    assert max(map(len, header.comments)) == MAX_COMMENT


def test_a_multi_picture_file_is_told(photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "MPO", save_all=True, append_images=[SMALL])
    header = read_header(out.getvalue())
    assert header.mpo
    assert header.facts.mpf_images == 2
    assert header.frame is not None
    assert header.frame.width == 512
    assert header.notes == ("another JPEG follows the image",)
