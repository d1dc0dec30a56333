"""A broken file and a bomb of each container that is read: one row, one clear reason, little time and memory."""

import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from images import whole_images

import jpegqf
from jpegqf.record import Status

WHOLE = whole_images()
"""A small image of each container that is installed, by the name of its file."""
SIDE = 60_000
"""Pixels a side that bombs claim: gigabytes, if they were believed."""
MOST_MEMORY = 400 * 2**20
"""Bytes that a process may hold while it looks at all bombs."""
MEASURE = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs Python and prints the peak memory of the largest process, in KiB; from a small process, which counts as well."""


@pytest.mark.parametrize("name", list(WHOLE))
def test_an_image_cut_in_the_middle_is_one_row_with_one_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(WHOLE[name][: len(WHOLE[name]) // 2])
    (row,) = jpegqf.scan([tmp_path / name])
    decodes_what_is_there = name in ("lossy.jxl", "rgb.jp2")
    assert row.status != Status.OK or decodes_what_is_there
    assert row.message is None or len(row.message.splitlines()) == 1
    assert (row.reason is None) == (row.message is None) == (row.status == Status.OK)


@pytest.mark.parametrize("name", [name for name in WHOLE if not name.endswith(".pgm")])  # zeros are its samples
def test_an_image_with_nothing_behind_its_first_bytes_is_one_error_row(tmp_path: Path, name: str) -> None:
    data = WHOLE[name]
    (tmp_path / name).write_bytes(data[:16] + bytes(len(data) - 16))
    (row,) = jpegqf.scan([tmp_path / name])
    assert row.status == Status.ERROR
    assert row.reason in ("corrupt", "unsupported", "truncated", "unreadable")
    assert len((row.message or "").splitlines()) == 1


def tiff() -> bytes:
    tags = [(256, 4, SIDE), (257, 4, SIDE), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    tags += [(278, 4, SIDE), (279, 4, 8)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def jpeg_xl() -> bytes:
    """The size alone, each side in 30 bits, lowest bit first; everything else as usual."""
    bits = 0 | 3 << 1 | (SIDE - 1) << 3 | 0 << 33 | 3 << 36 | (SIDE - 1) << 38 | 1 << 68
    return b"\xff\x0a" + bits.to_bytes(9, "little") + bytes(50)


def jpeg_2000() -> bytes:
    data = WHOLE["rgb.jp2"]
    size = struct.pack(">II", SIDE, SIDE)
    header, stream = data.index(b"ihdr") + 4, data.index(b"\xff\x51") + 6
    data = data[:header] + size + data[header + 8 :]
    return data[:stream] + size + data[stream + 8 :]


def with_size_property(name: str) -> bytes:
    """An AVIF or HEIF whose property of the size is changed."""
    data = WHOLE[name]
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", SIDE, SIDE) + data[at + 8 :]


def webp() -> bytes:
    side = 16_383  # the most that its 14 bits hold
    frame = b"\x2f" + (side | side << 14).to_bytes(4, "little") + bytes(40)
    chunk = b"VP8L" + struct.pack("<I", len(frame)) + frame + bytes(len(frame) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


BOMBS: dict[str, Callable[[], bytes]] = {
    "a.tif": tiff,
    "a.gif": lambda: b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0x80, 0, 0) + bytes(6) + b"\x2c" + bytes(30),
    "a.ppm": lambda: b"P6\n%d %d\n255\n" % (SIDE, SIDE) + bytes(50),
    "a.webp": webp,
    "a.jxl": jpeg_xl,
    "a.jp2": jpeg_2000,
    "a.avif": lambda: with_size_property("lossy.avif"),
    "a.heic": lambda: with_size_property("lossy.heic"),
}
"""Small files that claim gigapixels; PNG, JPEG and BMP are in test_hostile.py, PDF and DICOM in tests/inputs."""
NEEDS = {"a.jp2": "rgb.jp2", "a.avif": "lossy.avif", "a.heic": "lossy.heic", "a.jxl": "lossy.jxl"}


def bombs() -> dict[str, bytes]:
    """Those whose container is installed here."""
    return {name: make() for name, make in BOMBS.items() if NEEDS.get(name, "gray.pgm") in WHOLE}


@pytest.mark.parametrize("name", list(bombs()))
def test_a_size_of_gigapixels_is_refused_before_anything_is_decoded(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bombs()[name])
    begun = time.monotonic()
    (row,) = jpegqf.scan([tmp_path / name])
    assert time.monotonic() - begun < 20
    assert (row.status, row.reason) in ((Status.SKIPPED, "too_large"), (Status.ERROR, "corrupt"))
    assert len((row.message or "").splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="memory of a finished process")
def test_all_bombs_together_cost_a_process_little_memory(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, data in bombs().items():
        (tmp_path / "in" / name).write_bytes(data)
    command = ["-m", "jpegqf", "scan", str(tmp_path / "in"), "-o", str(tmp_path / "rows.csv"), "--quiet"]
    done = subprocess.run([sys.executable, "-c", MEASURE, *command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) * 1024 < MOST_MEMORY
    assert len((tmp_path / "rows.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(bombs())
