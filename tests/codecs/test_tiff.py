import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from conftest import MakeJpeg
from jpegqf.codecs.tiff import MOST_PAGES, is_tiff, tiff_pages
from jpegqf.inspection.inspector import inspect
from jpegqf.jpeg.header import read_header
from jpegqf.record import Verdict

SIDE = 256


def tiled(tiles: list[bytes], tables: bytes | None, big: bool = False, order: str = "<") -> bytes:
    """A TIFF of 512x512 pixels in tiles of SIDE, each a JPEG of luma and chroma, sampled 2x2."""
    number, count, start = ("Q", "Q", 16) if big else ("I", "H", 8)
    room = struct.calcsize(number)
    body, offsets = b"", []
    for tile in tiles:
        offsets.append(start + len(body))
        body += tile + b"\0" * (len(tile) % 2)
    arrays: list[tuple[int, int, list[int] | bytes]] = [
        (256, 4, [512]), (257, 4, [512]), (258, 3, [8, 8, 8]), (259, 3, [7]), (262, 3, [6]), (277, 3, [3]),
        (322, 4, [SIDE]), (323, 4, [SIDE]), (324, 16 if big else 4, offsets), (325, 4, [len(tile) for tile in tiles]),
        *([(347, 7, tables)] if tables else []), (530, 3, [2, 2]),
    ]  # fmt: skip
    entries = b""
    for tag, kind, values in arrays:
        form = {3: "H", 4: "I", 16: "Q"}.get(kind)
        packed = values if isinstance(values, bytes) else struct.pack(f"{order}{len(values)}{form}", *values)
        value = packed.ljust(room, b"\0")
        if len(packed) > room:
            value = struct.pack(order + number, start + len(body))
            body += packed + b"\0" * (len(packed) % 2)
        entries += struct.pack(f"{order}HH{number}", tag, kind, len(values)) + value
    at = start + len(body)
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HHQ", 8, 0, at) if big else struct.pack(order + "I", at)
    return head + body + struct.pack(order + count, len(arrays)) + entries + struct.pack(order + number, 0)


def tiles_of(jpeg: MakeJpeg, image: Image.Image, quality: int) -> list[bytes]:
    boxes = [(x, y, x + SIDE, y + SIDE) for y in range(0, 512, SIDE) for x in range(0, 512, SIDE)]
    return [jpeg(quality, image.crop(box), subsampling=2) for box in boxes]


def abbreviated(tile: bytes) -> tuple[bytes, bytes]:
    """Tables and the rest of a JPEG, each between a start and an end of image."""
    tables, rest, at = b"", b"", 2
    while tile[at + 1] != 0xDA:
        size = 2 + int.from_bytes(tile[at + 2 : at + 4], "big")
        segment = tile[at : at + size]
        if segment[1] in (0xDB, 0xC4):
            tables += segment
        elif segment[1] != 0xE0:
            rest += segment
        at += size
    return b"\xff\xd8" + tables + b"\xff\xd9", b"\xff\xd8" + rest + tile[at:]


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("apart", [False, True])
def test_tiles_with_tables_in_them_or_apart_tell_the_header(
    jpeg: MakeJpeg, photo: Image.Image, big: bool, order: str, apart: bool
) -> None:
    tiles, tables = tiles_of(jpeg, photo, 66), None
    if apart:
        pairs = [abbreviated(tile) for tile in tiles]
        tables, tiles = pairs[0][0], [rest for _, rest in pairs]
    file = io.BytesIO(tiled(tiles, tables, big, order))
    (page,) = tiff_pages(file)
    assert (page.size, page.is_jpeg, page.coded_as_rgb, page.tables) == ((512, 512), True, False, tables)
    header = read_header(page.jpeg_start(file), scans=False)
    assert header.frame is not None
    assert (header.frame.subsampling, header.frame.width) == ("4:2:0", SIDE)
    row = inspect(file.getvalue())
    assert (row.header_qf, row.header_qf_chroma, row.subsampling, row.width) == (66, 66, "4:2:0", 512)
    if not (big and order == ">"):  # these Pillow does not read
        assert (row.pixel_qf, row.verdict) == (66, Verdict.CONSISTENT)


def test_directories_in_a_loop_end() -> None:
    directory = struct.pack("<HHHIII", 1, 256, 4, 1, 10, 8)
    assert len(list(tiff_pages(io.BytesIO(b"II*\0" + struct.pack("<I", 8) + directory)))) == 1


def test_endless_directories_end_at_the_limit() -> None:
    data = b"II*\0" + struct.pack("<I", 8)
    for number in range(3 * MOST_PAGES):
        data += struct.pack("<HI", 0, 8 + 6 * (number + 1))
    assert len(list(tiff_pages(io.BytesIO(data)))) == MOST_PAGES


@given(st.sampled_from([b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]), st.binary(max_size=400))
def test_any_bytes_after_the_start_of_a_tiff_are_pages_or_none(start: bytes, data: bytes) -> None:
    file = io.BytesIO(start + data)
    assert is_tiff(start + data)
    for page in tiff_pages(file):
        if page.is_jpeg:
            try:
                page.jpeg_start(file)
            except EOFError:
                continue


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=8))
def test_a_damaged_directory_is_read_as_far_as_it_goes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(tiled([b"\xff\xd8\xff\xd9"], b"\xff\xd8\xff\xd9"))
    for at, value in changes:
        data[at % len(data)] = value
    assert len(list(tiff_pages(io.BytesIO(bytes(data))))) <= MOST_PAGES
