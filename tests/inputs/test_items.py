import io
import os
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jpegqf.errors import UsageError
from jpegqf.inputs.find import check_paths, find_items
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES


def found(*paths: str, recursive: bool = False) -> list[Item]:
    return list(find_items(paths, IMAGE_SUFFIXES, recursive))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/b.png", "in/a.JPG", "in/notes.txt", "in/sub/c.webp", "x1.jpg", "x2.jpg"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(name.encode())
    return tmp_path


def test_folders_give_their_images_sorted(folder: Path) -> None:
    assert [item.name for item in found("in")] == ["in/a.JPG", "in/b.png"]
    assert [item.name for item in found("in", recursive=True)] == ["in/a.JPG", "in/b.png", "in/sub/c.webp"]


def test_globs_files_and_lists_keep_the_order_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("list.txt").write_text("x2.jpg\n\nin/notes.txt\r\nabsent.jpg\n")
    assert [item.name for item in found("x*.jpg", "in/notes.txt")] == ["x1.jpg", "x2.jpg", "in/notes.txt"]
    assert [item.name for item in found("@list.txt")] == ["x2.jpg", "in/notes.txt", "absent.jpg"]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"one.jpg\ncaf\xe9.jpg")))
    assert [os.fsencode(item.name) for item in found("-")] == [b"one.jpg", b"caf\xe9.jpg"]


def test_archives_are_read_as_streams_of_members(folder: Path) -> None:
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        archive.add("in")
    with zipfile.ZipFile("b.zip", "w") as packed:
        packed.write("in/b.png", "../../evil.png")
        packed.write("in/notes.txt")
    names = ["a.tar.gz!in/a.JPG", "a.tar.gz!in/b.png", "a.tar.gz!in/sub/c.webp"]
    items = found("a.tar.gz", "b.zip")
    assert sorted(item.name for item in items[:3]) == names
    assert items[3] == Item("b.zip!../../evil.png", b"in/b.png")
    assert not (folder.parent / "evil.png").exists()


@pytest.mark.parametrize("name", ["c.zip", "c.tar", "c.tar.gz"])
def test_a_broken_archive_is_an_item_with_its_problem(folder: Path, name: str) -> None:
    Path(name).write_bytes(b"PK not really")
    (item,) = found(name)
    assert item.name == name
    assert "archive cannot be read" in (item.problem or "")


def test_a_tar_cut_short_gives_what_came_before(folder: Path) -> None:
    for name in ("in/a.JPG", "in/b.png"):
        Path(name).write_bytes(name.encode() * 5000)
    with tarfile.open("a.tar", "w") as archive:
        archive.add("in/a.JPG")
        archive.add("in/b.png")
    Path("a.tar").write_bytes(Path("a.tar").read_bytes()[:55_000])
    first, last = found("a.tar")
    assert first == Item("a.tar!in/a.JPG", b"in/a.JPG" * 5000)
    assert last.problem


def test_a_path_to_nowhere_is_a_bad_call(folder: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        check_paths(["x1.jpg", "nowhere*.jpg"])
    with pytest.raises(UsageError, match="cannot read list"):
        check_paths(["@nolist"])
    with pytest.raises(UsageError, match="cannot read list"):
        found("@nolist")
    check_paths(["in", "x*.jpg", "-"])


def test_a_linked_folder_is_not_entered(folder: Path) -> None:
    os.symlink("..", folder / "in" / "sub" / "loop")
    assert len(found("in", recursive=True)) == 3


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> list[Item]:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    return found("-")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM", "GIF", "JPEG2000"])
@pytest.mark.parametrize("size", [(10, 266), (700, 777), (2570, 10)])
def test_bytes_of_an_image_on_standard_input_are_one_item(
    monkeypatch: pytest.MonkeyPatch, kind: str, size: tuple[int, int]
) -> None:
    out = io.BytesIO()
    Image.new("RGB", size, (10, 13, 200)).save(out, kind)
    assert piped(monkeypatch, out.getvalue()) == [Item("-", out.getvalue())]


@pytest.mark.parametrize("names", [["BM.jpg", "GIF89a.gif", "II"], ["P6", "1.jpg"], ["RIFF", "MM.tif"], ["%PDF.pdf"]])
def test_names_that_begin_like_images_are_a_list(monkeypatch: pytest.MonkeyPatch, names: list[str]) -> None:
    more = [f"{number}.jpg" for number in range(30)]
    assert [item.name for item in piped(monkeypatch, "\n".join(names + more).encode())] == names + more


def test_other_bytes_with_zeros_are_one_item_and_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert piped(monkeypatch, b"\x7fELF\0\n\n1\n") == [Item("-", b"\x7fELF\0\n\n1\n")]


def test_standard_input_over_the_limit_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.inputs.find.MAX_MEMBER_BYTES", 1000)
    (item,) = piped(monkeypatch, b"\xff\xd8\xff" + b"\n" * 5000)
    assert (item.name, item.data) == ("-", None)
    assert "over the limit of 1000 bytes" in (item.problem or "")


@given(st.binary(max_size=300))
def test_any_bytes_on_standard_input_are_one_item_or_the_names_of_their_lines(data: bytes) -> None:
    with pytest.MonkeyPatch.context() as patched:
        items = piped(patched, data)
    if [item.data for item in items] != [data]:
        lines = [line.rstrip(b"\r") for line in data.split(b"\n")]
        assert [os.fsencode(item.name) for item in items] == [line for line in lines if line]
