import io
import os
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegqf.inputs.item import Item
from jpegqf.inputs.pages import page_items
from jpegqf.inspection.inspector import Inspector, inspect
from jpegqf.record import Status, Verdict
from jpegqf.scanning.stream import scan


@pytest.fixture
def slide(tmp_path: Path, photo: Image.Image, cat: Image.Image) -> str:
    """A TIFF of three pages, each compressed as JPEG with its own tables."""
    path = str(tmp_path / "slide.tif")
    pages = [photo.convert("YCbCr"), photo.convert("L"), cat.convert("YCbCr")]
    files = []
    for quality, page in zip((72, 85, 50), pages, strict=True):
        out = io.BytesIO()
        page.save(out, "TIFF", compression="jpeg", quality=quality)
        files.append(out.getvalue())
    join(files, path)
    return path


def join(files: list[bytes], path: str) -> None:
    """One TIFF of little-endian TIFFs of one page: Pillow writes one quality into all pages of a file."""
    whole, links = b"", []
    for data in files:
        moved = bytearray(data)
        (first,) = struct.unpack_from("<I", data, 4)
        (count,) = struct.unpack_from("<H", data, first)
        for entry in range(first + 2, first + 2 + 12 * count, 12):
            tag, kind, number, value = struct.unpack_from("<HHII", data, entry)
            size = number * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind]
            if size > 4:
                struct.pack_into("<I", moved, entry + 8, value + len(whole))
            if tag == 273:  # offsets of strips
                at = value if size > 4 else entry + 8
                offsets = struct.unpack_from(f"<{number}I", data, at)
                struct.pack_into(f"<{number}I", moved, at, *(offset + len(whole) for offset in offsets))
        links.append((len(whole) + first, len(whole) + first + 2 + 12 * count))
        whole += bytes(moved) + b"\0" * (len(moved) % 2)
    out = bytearray(whole)
    for (_, link), (start, _) in pairwise(links):
        struct.pack_into("<I", out, link, start)
    Path(path).write_bytes(bytes(out))


def test_each_page_of_a_jpeg_tiff_is_a_row_with_its_own_header_and_pixels(slide: str) -> None:
    rows = list(scan([slide]))
    assert [row.path for row in rows] == [f"{slide}!{page}" for page in (1, 2, 3)]
    assert [(row.header_qf, row.pixel_qf, row.qf) for row in rows] == [(72, 72, 72), (85, 85, 85), (50, 50, 50)]
    assert {row.verdict for row in rows} == {Verdict.CONSISTENT}
    assert [(row.format, row.width, row.height, row.subsampling) for row in rows] == [
        ("TIFF", 512, 512, "4:4:4"),
        ("TIFF", 512, 512, "gray"),
        ("TIFF", 451, 300, "4:4:4"),
    ]
    assert [row.encoder for row in rows] == ["ijg"] * 3


def test_headers_alone_are_read_without_the_pixels(slide: str) -> None:
    rows = list(scan([slide], only="header"))
    assert [(row.qf, row.qf_source, row.pixel_qf) for row in rows] == [
        (72, "header", None),
        (85, "header", None),
        (50, "header", None),
    ]


def test_a_tiff_of_one_page_keeps_its_name(tmp_path: Path, photo: Image.Image) -> None:
    path = str(tmp_path / "a.tif")
    photo.convert("YCbCr").save(path, compression="jpeg", quality=64)
    (row,) = scan([path])
    assert (row.path, row.header_qf, row.qf, row.verdict) == (path, 64, 64, Verdict.CONSISTENT)


def test_pages_without_a_jpeg_are_one_row(tmp_path: Path, photo: Image.Image) -> None:
    path = str(tmp_path / "a.tif")
    photo.save(path, save_all=True, append_images=[photo.rotate(90)])
    assert list(page_items(Item(path))) == [Item(path)]


def test_red_green_and_blue_coded_themselves_have_no_chroma(photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.save(out, "TIFF", compression="jpeg", quality=72)
    row = inspect(out.getvalue())
    assert (row.header_qf, row.header_qf_chroma, row.qf) == (72, None, 72)


def test_inks_are_coded_one_by_one_and_one_of_them_is_judged(photo: Image.Image) -> None:
    out = io.BytesIO()
    photo.convert("CMYK").save(out, "TIFF", compression="jpeg", quality=72)
    row = inspect(out.getvalue())
    assert (row.status, row.header_qf, row.pixel_qf, row.verdict) == (Status.OK, 72, 72, Verdict.CONSISTENT)


def test_a_page_of_a_large_file_is_read_from_the_file(slide: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.inspection.inspector.LARGE_FILE", 1000)
    monkeypatch.setattr("jpegqf.inspection.inspector._bytes", lambda _: pytest.fail("the whole file was read"))
    assert [row.qf for row in scan([slide])] == [72, 85, 50]


def test_a_page_that_is_not_there_is_an_error_row(slide: str) -> None:
    row = Inspector().inspect(slide, page=9)
    assert (row.status, row.qf) == (Status.ERROR, None)


def test_a_page_over_the_limit_of_pixels_tells_its_header(slide: str) -> None:
    row = Inspector(max_pixels=1000).inspect(slide)
    assert (row.reason, row.width, row.header_qf, row.qf) == ("too_large", 512, 72, 72)


def test_a_pipe_named_like_a_tiff_is_not_opened(tmp_path: Path) -> None:
    path = str(tmp_path / "pipe.tif")
    os.mkfifo(path)
    assert list(page_items(Item(path))) == [Item(path)]


def test_a_tiff_cut_anywhere_gives_rows_and_no_exception(slide: str, tmp_path: Path) -> None:
    data = Path(slide).read_bytes()
    cut = tmp_path / "cut.tif"
    for end in np.linspace(0, len(data) - 1, 25).astype(int).tolist():
        cut.write_bytes(data[:end])
        rows = list(scan([cut]))
        assert 1 <= len(rows) <= 3
        assert all(row.status == Status.OK or (row.reason and row.message) for row in rows)
