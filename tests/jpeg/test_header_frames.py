"""Tables, frames, scans and streams: what a sound header says is what the walk tells."""

import io
from pathlib import Path

import pytest
from header_parts import EOI, SMALL, SOI, Pipe, dqt, segment, sof, sos
from PIL.JpegImagePlugin import JpegImageFile

from conftest import REPOSITORY, MakeJpeg
from jpegqf.jpeg.encoders import identify
from jpegqf.jpeg.frame import FRAMES
from jpegqf.jpeg.header import read_header, read_start


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


def test_rgb_and_gray_have_no_chroma_table(jpeg: MakeJpeg) -> None:
    assert read_header(jpeg(80, SMALL)).chroma is not None
    assert read_header(jpeg(80, SMALL, keep_rgb=True)).chroma is None
    assert read_header(jpeg(80, SMALL.convert("L"))).chroma is None


def test_restart_intervals_are_read(jpeg: MakeJpeg) -> None:
    assert read_header(jpeg(80, restart_marker_blocks=5)).restart_interval == 5
    assert read_header(jpeg(80, restart_marker_blocks=5)).scans == 1
    assert read_header(jpeg(80)).restart_interval is None


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
