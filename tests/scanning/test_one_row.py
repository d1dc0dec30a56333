"""Every input item gives exactly one row, whatever it is."""

import io
import os
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from conftest import MakeJpeg
from jpegqf import scan
from jpegqf.errors import Reason
from jpegqf.inputs.item import Item
from jpegqf.inspection.inspector import Inspector
from jpegqf.record import Record, Status
from jpegqf.scanning.look import inspect_item

HEADER = Inspector(only="header")
ALL = Inspector()
REASONS = {reason.value for reason in Reason} - {"crashed", "timeout"}
FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM", "GIF")
RELAXED = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def small(kind: str) -> bytes:
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize((17, 16))
    (image if kind in ("GIF", "PPM") else image.convert("RGB")).save(out, kind)
    return out.getvalue()


def row_of(data: bytes, inspector: Inspector = ALL) -> Record:
    return inspect_item(inspector, Item("a.jpg", data))


def is_sound(row: Record) -> bool:
    """Named, and with a reason exactly if it is not ok; a fault of ours would be the reason "crashed"."""
    known = row.reason is None if row.status is Status.OK else row.reason in REASONS
    return row.path == "a.jpg" and known


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_at_any_byte_gives_one_row(kind: str) -> None:
    data = small(kind)
    step = 1 + len(data) // 300
    for end in range(0, len(data), step):
        assert is_sound(row_of(data[:end]))


@settings(RELAXED, max_examples=80)
@given(st.sampled_from(FORMATS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 7)), min_size=1, max_size=20))
def test_flipped_bits_give_one_row(kind: str, flips: list[tuple[int, int]]) -> None:
    data = bytearray(small(kind))
    for at, bit in flips:
        data[at % len(data)] ^= 1 << bit
    assert is_sound(row_of(bytes(data)))


@settings(RELAXED, max_examples=60)
@given(st.sampled_from(FORMATS), st.sampled_from(FORMATS), st.integers(0, 900), st.integers(0, 900))
def test_spliced_files_give_one_row(first: str, second: str, end: int, start: int) -> None:
    assert is_sound(row_of(small(first)[:end] + small(second)[start:]))


@settings(RELAXED, max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_after_a_start_of_image_give_one_row(data: bytes) -> None:
    assert is_sound(row_of(b"\xff\xd8" + data, HEADER))
    assert is_sound(row_of(b"\xff\xd8\xff" + data, ALL))


def test_a_fault_of_ours_is_one_error_row_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.inspection.inspector.read_header", lambda data: 1 // 0)
    row = inspect_item(HEADER, Item("a.jpg", b"\xff\xd8"))
    assert (row.status, row.reason) == (Status.ERROR, "crashed")
    assert row.message == "internal error: ZeroDivisionError: integer division or modulo by zero"


@pytest.fixture
def zoo(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of everything that can have the name of an image."""
    if os.name != "posix":
        pytest.skip("FIFOs, sockets and links")
    folder = tmp_path / "zoo"
    (folder / "folder.jpg").mkdir(parents=True)
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder)  # a socket's path must be short
    good = jpeg(80, cat)
    Path("good.jpg").write_bytes(good)
    Path("sub/good.jpg").write_bytes(good)
    Path("empty.jpg").touch()
    os.mkfifo("fifo.jpg")
    Path("shut.jpg").write_bytes(good)
    Path("shut.jpg").chmod(0)
    os.symlink("nowhere", "broken.jpg")
    os.symlink("cycle.jpg", "cycle.jpg")
    os.symlink("/dev/zero", "device.jpg")
    for name in (b"caf\xe9.jpg", b"line\nbreak.jpg", b"=1+1.jpg", b" .jpg", b"x" * 250 + b".jpg"):
        Path(os.fsdecode(name)).write_bytes(good)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")
        yield folder


def test_whatever_is_named_like_an_image_gives_one_row_in_any_number_of_processes(zoo: Path) -> None:
    names = [os.path.join("zoo", name) for name in sorted(os.listdir("."))]
    os.chdir("..")
    rows = list(scan("zoo", recursive=True, only="header"))
    wanted = [name for name in names if not name.endswith(("sub", "folder.jpg"))] + ["zoo/sub/good.jpg"]
    assert [row.path for row in rows] == wanted
    said = {os.path.basename(row.path): row.reason for row in rows[:-1]}
    assert said["good.jpg"] is None
    assert said["empty.jpg"] == "empty"
    for name in ("fifo.jpg", "socket.jpg", "device.jpg", "broken.jpg", "cycle.jpg"):
        assert said[name] == "unreadable", name
    flat = list(scan("zoo", only="header"))
    assert [row.path for row in flat] == [name for name in names if name != "zoo/sub"]
    assert list(scan("zoo", recursive=True, only="header", jobs=2, timeout=60)) == rows


def test_unreadable_files_and_folders_give_one_row(zoo: Path) -> None:
    if os.access("shut.jpg", os.R_OK):
        pytest.skip("this user reads everything")
    Path("sub").chmod(0)
    rows = {row.path: row.reason for row in scan(".", recursive=True, only="header")}
    Path("sub").chmod(0o700)
    assert rows["./shut.jpg"] == rows["./sub"] == "unreadable"


def test_files_deleted_during_the_scan_give_one_row(tmp_path: Path, jpeg: MakeJpeg) -> None:
    for i in range(5):
        (tmp_path / f"{i}.jpg").write_bytes(jpeg(70))
    rows = []
    for row in scan(tmp_path, only="header"):
        rows.append(row)
        (tmp_path / "3.jpg").unlink(missing_ok=True)
    assert [row.reason for row in rows] == [None, None, None, "unreadable", None]


def test_a_file_that_grows_during_the_scan_gives_one_row(tmp_path: Path, jpeg: MakeJpeg) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(70)[:2000])
    done = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not done.wait(0.001):
                file.write(bytes(1000))

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        rows = list(scan([path] * 20, only="header"))
    finally:
        done.set()
        writer.join()
    assert [row.header_qf for row in rows] == [70] * 20


def test_two_files_of_one_name_give_two_rows(tmp_path: Path, jpeg: MakeJpeg) -> None:
    for folder, quality in (("a", 60), ("b", 90)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.jpg").write_bytes(jpeg(quality))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for folder in ("a", "b"):
            with pytest.warns(UserWarning, match="Duplicate") if folder == "b" else open(os.devnull):
                archive.write(tmp_path / folder / "x.jpg", "x.jpg")
    paths = [tmp_path / "a", tmp_path / "b", tmp_path / "b", tmp_path / "two.zip"]
    assert [row.header_qf for row in scan(paths, only="header")] == [60, 90, 90, 60, 90]


def test_folders_nested_deeper_than_python_recurses_are_walked(
    tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    Path("a.jpg").write_bytes(jpeg(70))
    rows = list(scan(tmp_path, recursive=True, only="header"))
    Path("a.jpg").unlink()
    for _ in range(1500):  # pytest could not clear this away
        os.chdir("..")
        os.rmdir("d")
    assert [row.header_qf for row in rows] == [70]
