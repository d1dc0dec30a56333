import io
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from conftest import REPOSITORY, MakeJpeg
from jpegqf.errors import HeaderError, JpegqfError
from jpegqf.jpeg.app_segments import AppSegment
from jpegqf.jpeg.encoders import identify
from jpegqf.jpeg.frame import FRAMES
from jpegqf.jpeg.header import MAX_COMMENT, MAX_COMMENTS, MAX_SCANS, Header, read_header, read_start

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SMALL = Image.new("RGB", (24, 24), (9, 99, 199))


def segment(code: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(payload) + 2) + payload


def dqt(slot: int, step: int, wide: bool = False) -> bytes:
    return segment(0xDB, bytes([slot | 16 * wide]) + struct.pack(">64H" if wide else "64B", *[step] * 64))


def sof(*components: tuple[int, int, int], code: int = 0xC0, height: int = 16, precision: int = 8) -> bytes:
    parts = b"".join(bytes(part) for part in components)
    return segment(code, struct.pack(">BHHB", precision, height, 32, len(components)) + parts)


def sos(*ids: int) -> bytes:
    return segment(0xDA, bytes([len(ids)]) + b"".join(bytes([i, 0]) for i in ids) + b"\0\x3f\0") + b"\x12\xff\0\x34"


def app(number: int, payload: bytes) -> bytes:
    return segment(0xE0 + number, payload)


def tiff(order: str, *entries: tuple[int, int, int, bytes], tail: bytes = b"") -> bytes:
    """A TIFF of one directory; texts longer than four bytes lie in ``tail``, at 8 + 2 + 12 n."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    body = b"".join(struct.pack(order + "HHI", tag, kind, n) + value for tag, kind, n, value in entries)
    return head + struct.pack(order + "H", len(entries)) + body + tail


GRAY = dqt(0, 7) + sof((1, 0x11, 0)) + sos(1) + EOI


class Pipe(io.RawIOBase):
    """A stream that cannot seek, gives little at a time, and counts what it gave."""

    def __init__(self, data: bytes, at_most: int = 7) -> None:
        self.data, self.at_most, self.given = data, at_most, 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "the end was asked for"
        got = self.data[self.given : self.given + min(size, self.at_most)]
        self.given += len(got)
        return got

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("quality", [3, 50, 92, 100])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}])
def test_tables_and_frame_equal_what_pillow_reads(quality: int, options: dict[str, object], jpeg: MakeJpeg) -> None:
    data = jpeg(quality, **options)
    header = read_header(data)
    with JpegImageFile(io.BytesIO(data)) as image:
        for table in header.tables:
            assert list(table.values) == image.quantization[table.slot]
        assert header.frame is not None
        assert (header.frame.width, header.frame.height) == image.size
        assert header.frame.progressive == bool(image.info.get("progressive"))
    assert header.luma is not None
    assert header.luma.steps.shape == (8, 8)
    assert (header.truncated, header.junk_before, header.junk_after, header.notes) == (False, 0, False, ())


@pytest.mark.parametrize(("number", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_subsampling_has_its_usual_name(number: int, name: str, jpeg: MakeJpeg) -> None:
    frame = read_header(jpeg(80, SMALL, subsampling=number)).frame
    assert frame is not None
    assert frame.subsampling == name


@pytest.mark.parametrize(
    ("factors", "name"),
    [
        ([0x11], "gray"),
        ([0x22], "gray"),
        ([0x12, 0x11, 0x11], "4:4:0"),
        ([0x41, 0x11, 0x11], "4:1:1"),
        ([0x22, 0x12, 0x12], "4:2:2"),
        ([0x11, 0x22, 0x22], "1x1,2x2,2x2"),
        ([0x22, 0x11, 0x21], "2x2,1x1,2x1"),
        ([0x11, 0x00, 0x00], "1x1,0x0,0x0"),
        ([0x22, 0x11, 0x11, 0x22], "4:2:0"),
        ([0x11, 0x11], "1x1,1x1"),
    ],
)
def test_unusual_sampling_is_named_or_given_as_factors(factors: list[int], name: str) -> None:
    frame = read_header(SOI + sof(*[(i, f, 0) for i, f in enumerate(factors, 1)])).frame
    assert frame is not None
    assert frame.subsampling == name


@pytest.mark.parametrize("code", FRAMES)
def test_every_frame_type_is_named_with_its_flags(code: int) -> None:
    frame = read_header(SOI + sof((1, 0x11, 0), code=code, precision=12)).frame
    assert frame is not None
    assert (frame.kind, frame.precision) == (FRAMES[code], 12)
    assert frame.arithmetic == (0xC9 <= code <= 0xCF)
    assert frame.progressive == (code in (0xC2, 0xC6, 0xCA, 0xCE))
    assert frame.lossless == (code in (0xC3, 0xC7, 0xCB, 0xCF, 0xF7))


def test_scans_are_counted_and_huffman_tables_told_apart(jpeg: MakeJpeg) -> None:
    plain, optimized, progressive = (
        read_header(jpeg(80, **o)) for o in ({}, {"optimize": True}, {"progressive": True})
    )
    assert (plain.huffman, plain.scans) == ("standard", 1)
    assert (optimized.huffman, optimized.scans) == ("optimized", 1)
    assert (progressive.huffman, progressive.scans) == ("optimized", 10)


def test_16_bit_tables_are_read() -> None:
    header = read_header(SOI + dqt(0, 700, wide=True) + sof((1, 0x11, 0)) + sos(1) + EOI)
    assert header.luma is not None
    assert (header.luma.bits, set(header.luma.values)) == (16, {700})


def test_steps_are_taken_out_of_zigzag_order() -> None:
    header = read_header(SOI + segment(0xDB, bytes(range(65))) + sof((1, 0x11, 0)))
    assert header.luma is not None
    assert header.luma.steps[:3, :3].tolist() == [[1, 2, 6], [3, 5, 8], [4, 9, 13]]
    assert header.luma.steps[7].tolist() == [36, 37, 49, 50, 58, 59, 63, 64]


def test_a_table_redefined_between_scans_leaves_components_already_begun_as_they_were() -> None:
    parts = sof((1, 0x11, 0), (2, 0x11, 0), (3, 0x11, 0))
    data = SOI + dqt(0, 5) + parts + sos(1) + dqt(0, 9) + sos(2, 3) + EOI
    header = read_header(data)
    assert [table.values[0] for table in header.component_tables if table] == [5, 9, 9]
    assert [table.scan for table in header.tables] == [0, 1]
    assert header.notes == ("a quantization table changes between scans",)


def test_a_height_told_after_the_first_scan_is_read() -> None:
    data = SOI + dqt(0, 5) + sof((1, 0x11, 0), height=0) + sos(1) + segment(0xDC, b"\0\x63") + EOI
    whole, beginning = read_header(data).frame, read_header(data, scans=False).frame
    assert whole is not None
    assert beginning is not None
    assert (whole.height, beginning.height) == (99, 0)


def test_without_scans_nothing_is_read_beyond_the_first_scan_header(jpeg: MakeJpeg) -> None:
    data = jpeg(80)
    pipe = Pipe(data)
    header = read_header(pipe, scans=False)
    start = data.index(b"\xff\xda")
    assert pipe.given == start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    assert (header.scans, header.junk_after) == (None, None)
    assert header.component_tables == read_header(data).component_tables


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("at_most", [1, 7, 100_000])
def test_a_stream_that_cannot_seek_gives_the_same_as_bytes(at_most: int, progressive: bool, jpeg: MakeJpeg) -> None:
    data = b"junk" + jpeg(50, SMALL, progressive=progressive, comment=b"x" * 300) + b"more"
    assert read_header(Pipe(data, at_most)) == read_header(data)


def test_a_stream_is_never_held_whole() -> None:
    asked = []

    class Endless(Pipe):
        def read(self, size: int = -1) -> bytes:
            asked.append(size)
            return super().read(size)

    data = SOI + dqt(0, 5) + sof((1, 0x11, 0)) + sos(1) + b"\x55" * 3_000_000 + EOI
    assert read_header(Endless(data, 2**30)).scans == 1
    assert max(asked) <= 2**16


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


def test_rgb_and_gray_have_no_chroma_table(jpeg: MakeJpeg) -> None:
    assert read_header(jpeg(80, SMALL)).chroma is not None
    assert read_header(jpeg(80, SMALL, keep_rgb=True)).chroma is None
    assert read_header(jpeg(80, SMALL.convert("L"))).chroma is None


def test_comments_are_kept_within_bounds() -> None:
    data = SOI + segment(0xFE, b"hello\nworld\0") + segment(0xFE, b"\xe9" * 9000) * 40 + GRAY
    header = read_header(data)
    assert header.comments[0] == "hello world"
    assert len(header.comments) == MAX_COMMENTS
    assert max(map(len, header.comments)) == MAX_COMMENT


def test_restart_intervals_are_read(jpeg: MakeJpeg) -> None:
    assert read_header(jpeg(80, restart_marker_blocks=5)).restart_interval == 5
    assert read_header(jpeg(80, restart_marker_blocks=5)).scans == 1
    assert read_header(jpeg(80)).restart_interval is None


def test_a_multi_picture_file_is_told(photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "MPO", save_all=True, append_images=[SMALL])
    header = read_header(out.getvalue())
    assert header.mpo
    assert header.facts.mpf_images == 2
    assert header.frame is not None
    assert header.frame.width == 512
    assert header.notes == ("another JPEG follows the image",)


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


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "tests" / "fuzz" / "corpus" / "header").iterdir()), ids=lambda path: path.name
)
def test_what_a_files_beginning_tells_is_what_the_whole_file_tells(path: Path) -> None:
    data = path.read_bytes()
    early = read_start(data[:400])
    if early:
        whole = read_header(data)
        assert (early.frame, early.tables, early.component_tables) == (
            whole.frame,
            whole.tables[: len(early.tables)],
            whole.component_tables,
        )
        assert identify(early) == identify(whole)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}])
def test_the_beginning_of_a_sequential_file_is_enough_and_of_a_progressive_one_is_not(
    jpeg: MakeJpeg, options: dict[str, bool]
) -> None:
    data = jpeg(80, **options)
    early = read_start(data[:2000])
    assert (early is None) == ("progressive" in options)
    assert read_start(data[:300]) is None
    if early:
        assert identify(early) == identify(read_header(data))
