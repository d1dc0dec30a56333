import shutil
import subprocess

import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.advise.coding import coding_of

SECONDS = 20.0
needs_jpegtran = pytest.mark.skipif(shutil.which("jpegtran") is None, reason="jpegtran is not installed")


@needs_jpegtran
def test_the_bytes_that_jpegtran_leaves_are_measured(jpeg: MakeJpeg) -> None:
    data = jpeg(75)
    found = coding_of(data, SECONDS)
    ways = [["jpegtran", "-copy", "all", way] for way in ("-optimize", "-progressive")]
    sizes = [len(subprocess.run(way, input=data, capture_output=True, check=True).stdout) for way in ways]
    assert found
    assert (found.size, found.smallest, found.huffman) == (len(data), min(sizes), "standard")
    assert min(sizes) < len(data)


@needs_jpegtran
def test_bytes_that_jpegtran_would_drop_are_not_counted_as_won(jpeg: MakeJpeg) -> None:
    found = coding_of(jpeg(75) + b"film" * 50_000, SECONDS)
    assert found
    assert found.smallest is None
    assert "more than one image" in found.unmeasured


@needs_jpegtran
def test_a_program_that_takes_too_long_measures_nothing(jpeg: MakeJpeg, cat: Image.Image) -> None:
    found = coding_of(jpeg(75, cat), 1e-6)
    assert found
    assert found.smallest is None


def test_without_jpegtran_the_header_alone_tells(jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = coding_of(jpeg(75, progressive=True), SECONDS)
    assert found
    assert (found.huffman, found.progressive, found.smallest) == ("optimized", True, None)
    assert found.unmeasured == "jpegtran is not installed"


@pytest.mark.parametrize("damage", [b"no image", b""])
def test_what_is_no_jpeg_has_no_coding(damage: bytes) -> None:
    assert coding_of(damage, SECONDS) is None


def test_a_broken_off_jpeg_has_no_coding(jpeg: MakeJpeg) -> None:
    assert coding_of(jpeg(75)[:9000], SECONDS) is None
