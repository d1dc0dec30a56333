"""A proof puts a quality beyond doubt, and its absence costs no row."""

import io
import json
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from commands import run_here

pytest.importorskip("jpeglib", reason="jpegqf[restore] is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file = io.BytesIO()
    scene = Image.fromarray(skimage.data.coffee()[:128, :160] // 2 + 50)
    scene.save(file, "JPEG", quality=78)
    (tmp_path / "d.jpg").write_bytes(file.getvalue())
    with Image.open(file) as image:
        image.save(tmp_path / "a.png")
        image.crop((5, 3, 140, 121)).save(tmp_path / "b.png")
        image.putpixel((50, 50), (9, 9, 9))
        image.save(tmp_path / "c.png")
    scene.save(tmp_path / "e.png")
    (tmp_path / "f.png").write_bytes(b"no image")
    return tmp_path


def rows(*arguments: object) -> list[dict[str, object]]:
    done = run_here("scan", *arguments)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_pixels_of_a_jpeg_are_proven_and_the_sentence_says_so(folder: Path) -> None:
    told = {str(row["filename"]): row for row in rows("--prove", folder)}
    assert {name: row["proven"] for name, row in told.items()} == {
        "a.png": True, "b.png": True, "c.png": False, "d.jpg": None, "e.png": None, "f.png": None,
    }  # fmt: skip
    assert [told[name]["qf"] for name in ("a.png", "b.png", "c.png")] == [78, 78, 78]
    assert str(told["a.png"]["verdict_text"]).endswith("; proven: a JPEG of quality 78 gives exactly these pixels")
    assert "proven" not in str(told["c.png"]["verdict_text"])


def test_nothing_is_proven_where_nobody_asks(folder: Path) -> None:
    assert [row["proven"] for row in rows(folder / "a.png")] == [None]


def test_headers_alone_cannot_be_proven(folder: Path) -> None:
    done = run_here("scan", "--prove", "--only", "header", folder)
    assert done.returncode == 2
    assert "--prove looks at pixels" in done.stderr
