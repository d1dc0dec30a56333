"""Junk, damage and floods: noted, refused in one line, within bounded time."""

import time

import numpy as np
import pytest
from header_parts import EOI, GRAY, SMALL, SOI, Pipe, app, dqt, segment, sof, sos, tiff
from hypothesis import given
from hypothesis import strategies as st

from conftest import MakeJpeg
from jpegqf.errors import HeaderError, JpegqfError
from jpegqf.jpeg.header import MAX_SCANS, Header, read_header


def test_junk_before_between_and_after_is_noted_and_does_no_harm(jpeg: MakeJpeg) -> None:
    data = jpeg(80, SMALL)
    table = data.index(b"\xff\xdb")
    header = read_header(b"\r\n\0" + data[:table] + b"\0\xff\0 " + data[table:] + b"tail")
    assert (header.junk_before, header.junk_after) == (3, True)
    assert header.notes == ("3 bytes of junk before the image", "junk between segments", "bytes follow the image")
    assert header.tables == read_header(data).tables


def test_fill_bytes_before_markers_are_no_junk(jpeg: MakeJpeg) -> None:
    data = jpeg(80, SMALL)
    filled = data.replace(b"\xff\xdb", b"\xff\xff\xff\xdb").replace(b"\xff\xd9", b"\xff\xff\xff\xd9")
    assert read_header(filled) == read_header(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"hello, I am text", "not a JPEG"),
        (b"\x89PNG\r\n\x1a\n" + SOI + GRAY, "not a JPEG"),
        (b"\0\0\0\x18ftypheic" + SOI + GRAY, "not a JPEG"),
        (b" " * 5000 + SOI + GRAY, "not a JPEG"),
        (SOI + EOI, "without tables or a frame"),
        (SOI + app(0, b"JFIF\0"), "file ends before its header"),
    ],
)
def test_what_is_no_jpeg_is_told_in_one_line(data: bytes, message: str) -> None:
    with pytest.raises(HeaderError, match=message) as caught:
        read_header(data)
    assert isinstance(caught.value, JpegqfError)
    assert len(str(caught.value).splitlines()) == 1


def test_a_stream_that_fails_is_an_error_in_words() -> None:
    class Broken(Pipe):
        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(HeaderError, match="cannot be read: input/output error"):
        read_header(Broken(b""))


@pytest.mark.parametrize("progressive", [False, True])
def test_every_truncation_gives_what_was_read_or_an_error_in_words(progressive: bool, jpeg: MakeJpeg) -> None:
    data = jpeg(50, SMALL, progressive=progressive)
    first_table = data.index(b"\xff\xdb") + 2 + 67
    for end in range(len(data)):
        if end < first_table:
            with pytest.raises(HeaderError):
                read_header(data[:end])
        else:
            header = read_header(data[:end])
            assert header.truncated
            assert header.notes[-1].startswith("file ends")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (segment(0xDB, b"\0" * 40), "quantization segment is damaged"),
        (segment(0xDB, b"\x09" + b"\1" * 64), "quantization segment is damaged"),
        (dqt(1, 0), "step is 0"),
        (segment(0xC0, b"\x08\0\x10"), "frame header is damaged"),
        (b"\xff\xe3\0\1", "length is impossible"),
        (sof((1, 0x11, 0)) + sof((1, 0x22, 0)), "second frame"),
    ],
)
def test_damage_is_noted_and_passed_over(damage: bytes, words: str) -> None:
    header = read_header(SOI + damage + GRAY)
    assert words in " ".join(header.notes)
    assert header.luma is not None
    assert set(header.luma.values) == {7}


def test_counts_are_capped_and_capping_is_noted() -> None:
    scans = read_header(SOI + GRAY[:-2] + sos(1) * 3000 + EOI)
    assert scans.scans == MAX_SCANS
    assert "more than 1000 scans" in scans.notes[-1]
    segments = read_header(SOI + dqt(0, 7) + app(3, b"x") * 20_000 + GRAY)
    assert len(segments.apps) == 256
    assert "more than 10000 segments" in segments.notes[-1]


@pytest.mark.parametrize("filler", [b"\xff", b"\0", b"\xff\0", b"\xff\xd0", b"\xff\xe0\0\2", b"\xff\xd8", b"\xff\x01"])
def test_floods_take_bounded_time(filler: bytes) -> None:
    flood = filler * (4_000_000 // len(filler))
    start = time.perf_counter()
    for data in (SOI + dqt(0, 7) + flood, SOI + GRAY[:-2] + flood, Pipe(SOI + GRAY[:-2] + flood, 2**16)):
        read_header(data)
    assert time.perf_counter() - start < 10


def outcome(data: bytes, scans: bool = True) -> Header | str:
    """What came of reading, which for any bytes is a Header or a HeaderError of one line."""
    try:
        header = read_header(data, scans)
    except HeaderError as error:
        assert str(error).splitlines() == [str(error)]
        return str(error)
    assert all(0 <= step < 2**16 for table in header.tables for step in table.values)
    assert header.color in (None, "gray", "YCbCr", "RGB", "CMYK", "YCCK")
    assert header.chroma is None or header.luma is not header.chroma or header.frame is not None
    if header.frame:
        assert header.frame.subsampling
    return header


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_random_bytes_never_break_it(data: bytes, start: bool, scans: bool) -> None:
    given_bytes = SOI + b"\xff" + data if start else data
    assert outcome(given_bytes, scans) == stream_outcome(given_bytes, scans)


def stream_outcome(data: bytes, scans: bool) -> Header | str:
    try:
        return read_header(Pipe(data, 13), scans)
    except HeaderError as error:
        return str(error)


@pytest.fixture(scope="module")
def rich(jpeg: MakeJpeg) -> bytes:
    """A small file with a bit of everything."""
    exif = b"Exif\0\0" + tiff(">", (0x010F, 2, 4, b"Abc\0"), (0x0112, 3, 1, b"\0\6\0\0"))
    photoshop = b"Photoshop 3.0\0" + b"8BIM\4\6\0\0\0\0\0\7\0\4\0\0\0\1\0\0"
    extra = app(1, exif) + app(13, photoshop) + app(12, b"Ducky\0\1\0\4\0\0\0\x3c\0\0") + app(14, b"Adobe\0d\0\0\0\0\1")
    extra += app(2, b"MPF\0" + tiff("<", (0xB001, 4, 1, b"\2\0\0\0")))
    return SOI + extra + jpeg(60, SMALL, progressive=True, comment="hello", restart_marker_blocks=1)[2:]


@given(st.data())
def test_flipped_bits_never_break_it(rich: bytes, data: st.DataObject) -> None:
    damaged = np.frombuffer(rich, np.uint8).copy()
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(rich) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert outcome(damaged.tobytes())


@given(st.data())
def test_cut_and_spliced_files_never_break_it(rich: bytes, data: st.DataObject) -> None:
    ends = st.integers(0, len(rich))
    start, stop, at = (data.draw(ends) for _ in range(3))
    assert outcome(rich[:at] + rich[start:stop] + rich[at:])


def test_every_byte_of_a_rich_file_may_be_0_or_255(rich: bytes) -> None:
    header_end = rich.index(b"\xff\xda")
    for at in range(header_end):
        for value in (b"\0", b"\xff"):
            assert outcome(rich[:at] + value + rich[at + 1 :])
