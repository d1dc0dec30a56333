"""The answer about an image depends on the image alone: not on processes, messages, order or where it lies."""

import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import jpegqf
from conftest import MakeJpeg
from jpegqf import scan
from jpegqf.record import Record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, jpeg: MakeJpeg, cat: Image.Image, photo: Image.Image) -> Path:
    folder = tmp_path_factory.mktemp("same")
    for i, image in enumerate((cat, photo, cat.convert("L"), photo.crop((100, 100, 300, 280)))):
        (folder / f"{i}.jpg").write_bytes(jpeg(55 + 9 * i, image))
    with Image.open(folder / "0.jpg") as opened:
        opened.save(folder / "4.png")
    (folder / "5.jpg").write_bytes(jpeg(70, cat)[:4000])
    (folder / "6.jpg").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="module")
def wanted(folder: Path) -> list[Record]:
    rows = list(scan(folder))
    assert [row.qf for row in rows] == [55, 64, 73, 82, 55, 70, None]
    return rows


def nameless(rows: list[Record]) -> list[Record]:
    return [replace(row, path="", filename="") for row in rows]


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("at_once", [1, 64])
def test_any_number_of_processes_and_any_size_of_message_gives_the_same_rows(
    folder: Path, wanted: list[Record], jobs: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jpegqf.workers.stream.MOST_AT_ONCE", at_once)
    monkeypatch.setattr("jpegqf.workers.stream.QUICK_SECONDS", 60.0)
    monkeypatch.setattr("jpegqf.workers.stream.SLOW_SECONDS", 120.0)
    assert list(scan(folder, jobs=jobs, timeout=300)) == wanted


def test_any_order_of_the_input_gives_the_same_rows(folder: Path, wanted: list[Record]) -> None:
    paths = sorted(folder.iterdir(), reverse=True)
    assert list(scan(paths)) == wanted[::-1]
    assert list(scan(paths * 2)) == wanted[::-1] * 2


def test_bytes_and_members_of_archives_give_the_same_rows_as_files(folder: Path, wanted: list[Record]) -> None:
    paths = sorted(folder.iterdir())
    with zipfile.ZipFile(folder.parent / "same.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.name)
    with tarfile.open(folder.parent / "same.tar.gz", "w:gz") as tar:
        for path in paths:
            tar.add(path, path.name)
    assert nameless([jpegqf.inspect(path.read_bytes()) for path in paths]) == nameless(wanted)
    for name in ("same.zip", "same.tar.gz"):
        rows = list(scan(folder.parent / name))
        assert nameless(rows) == nameless(wanted)
        assert [row.path for row in rows] == [f"{folder.parent / name}!{path.name}" for path in paths]
