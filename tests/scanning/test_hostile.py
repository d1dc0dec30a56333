"""Files made to waste time or memory cost what the documented limits say, and one row."""

import io
import os
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jpegqf
from conftest import CRASHER, MakeJpeg
from jpegqf import scan
from jpegqf.inputs.find import find_items
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES
from jpegqf.record import Record, Status, Verdict

MEGABYTE = 2**20


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_png() -> bytes:
    head = struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def huge_jpeg(make: MakeJpeg) -> bytes:
    data = make(80, Image.new("RGB", (16, 16)))
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]


def huge_bmp() -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 65535, 65535, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(46)


@pytest.fixture
def bounded() -> Iterator[None]:
    """What is done under it takes seconds and megabytes, not minutes and gigabytes."""
    tracemalloc.start()
    begun = time.monotonic()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * MEGABYTE
    assert time.monotonic() - begun < 60


@pytest.mark.usefixtures("bounded")
def test_decompression_bombs_are_skipped_with_their_size_told_from_the_header(
    jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert jpegqf.inspect(huge_png()).reason == "too_large"  # Pillow's limit
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # as in the workers of a scan: ours
    for data, kind in ((huge_jpeg(jpeg), "JPEG"), (huge_png(), "PNG"), (huge_bmp(), "BMP")):
        assert len(data) < 2000
        row = jpegqf.inspect(data)
        assert (row.status, row.reason) == (Status.SKIPPED, "too_large"), kind
        assert (row.format, row.width, row.height) == (kind, 65535, 65535)


def test_a_png_over_the_limit_tells_its_size(cat: Image.Image) -> None:
    out = io.BytesIO()
    cat.save(out, "PNG")
    row = jpegqf.inspect(out.getvalue(), max_pixels=100_000)
    assert (row.reason, row.format, row.width, row.height) == ("too_large", "PNG", 451, 300)
    cut = jpegqf.inspect(out.getvalue()[:5000])
    assert (cut.reason, cut.format, cut.width, cut.height) == ("truncated", "PNG", 451, 300)


def test_max_pixels_holds_for_arrays_and_opened_images_too(cat: Image.Image) -> None:
    for source in (np.asarray(cat), np.asarray(cat.convert("L")), cat):
        assert jpegqf.inspect(source, max_pixels=100_000).reason == "too_large"


def of_many_scans(make: MakeJpeg, image: Image.Image, scans: int) -> bytes:
    """A progressive JPEG whose last refinement scan is there again and again."""
    data = make(80, image, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + b"\xff\xd9"


def test_ten_thousand_progressive_scans_cost_the_time_allowed_at_most(
    jpeg: MakeJpeg, cat: Image.Image, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(of_many_scans(jpeg, cat, 10_000))
    begun = time.monotonic()
    (row,) = scan(tmp_path, timeout=1)
    assert row.reason == "timeout"
    assert time.monotonic() - begun < 120
    header = jpegqf.inspect(tmp_path / "a.jpg", only="header")
    assert header.header_qf == 80


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xFE], ids=["EXIF", "ICC", "COM"])
def test_giant_metadata_is_walked_within_bounds(jpeg: MakeJpeg, cat: Image.Image, marker: int) -> None:
    start = {0xE1: b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", 0xE2: b"ICC_PROFILE\0\x01\xff", 0xFE: b""}[marker]
    segment = bytes((0xFF, marker)) + b"\xff\xff" + start.ljust(65533, b"\1")
    data = jpeg(80, cat)
    row = jpegqf.inspect(data[:2] + segment * 300 + data[2:])
    assert (row.header_qf, row.width) == (80, 451)


def found(*paths: Path) -> list[Item]:
    return list(find_items(map(str, paths), IMAGE_SUFFIXES, recursive=True))


def everything_near(folder: Path) -> list[Path]:
    return sorted([*folder.rglob("*"), *folder.parent.iterdir(), *folder.parent.parent.iterdir()])


def test_archives_in_archives_are_not_opened_and_members_never_leave_the_archive(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.jpg", b"deep")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("inner.jpg", inner.getvalue())
        archive.writestr("/etc/absolute.jpg", b"1")
        archive.writestr("../../up.jpg", b"2")
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        for name in ("/etc/absolute.jpg", "../../up.jpg"):
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"3"))
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    before = everything_near(tmp_path)
    names = [item.name.partition("!")[2] for item in found(tmp_path / "a.zip", tmp_path / "b.tar")]
    assert names == ["inner.jpg", "/etc/absolute.jpg", "../../up.jpg", "/etc/absolute.jpg", "../../up.jpg"]
    assert everything_near(tmp_path) == before
    rows = list(scan(tmp_path / "a.zip"))
    assert rows[0].reason == "not_an_image"


@pytest.mark.usefixtures("bounded")
def test_a_member_that_unpacks_beyond_its_limit_is_one_error_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jpegqf.inputs.archives.MAX_MEMBER_BYTES", MEGABYTE)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.jpg", bytes(50 * MEGABYTE))
        archive.writestr("next.jpg", b"next")
    bomb, after = found(tmp_path / "a.zip")
    assert "over the limit" in (bomb.problem or "")
    assert after.data == b"next"


@pytest.mark.usefixtures("bounded")
def test_a_tar_header_that_claims_gigabytes_ends_the_archive_with_one_error_row(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 8 * 2**30
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10 * MEGABYTE))
    (item,) = found(tmp_path / "a.tar")
    assert "over the limit" in (item.problem or "")


def test_a_tar_damaged_in_the_middle_tells_so_and_is_not_taken_for_a_shorter_one(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name in "abc":
            info = tarfile.TarInfo(f"{name}.jpg")
            info.size = 600
            tar.addfile(info, io.BytesIO(bytes(600)))
    data = bytearray((tmp_path / "a.tar").read_bytes())
    data[1536 + 5 : 1536 + 60] = os.urandom(55)
    (tmp_path / "a.tar").write_bytes(data)
    first, last = found(tmp_path / "a.tar")
    assert first.name.endswith("a.jpg")
    assert "cannot be read to its end" in (last.problem or "")


def test_a_codec_that_crashes_or_hangs_costs_its_one_file_one_error_row(
    tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, comment in (("a", b"fine"), ("b", b"kill me"), ("c", b"fine"), ("d", b"hang me"), ("e", b"fine")):
        (tmp_path / f"{name}.jpg").write_bytes(jpeg(80, cat, comment=comment))
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "sitecustomize.py").write_text(CRASHER)  # every new process runs it
    path = f"{tmp_path / 'code'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    monkeypatch.setenv("PYTHONPATH", path)
    rows: list[Record] = list(scan(tmp_path, timeout=3))
    assert [row.reason for row in rows] == [None, "crashed", None, "timeout", None]
    assert [row.status for row in rows] == [Status.OK, Status.ERROR, Status.OK, Status.ERROR, Status.OK]
    assert rows[1].verdict is Verdict.UNKNOWN
