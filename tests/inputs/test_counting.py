from pathlib import Path

import pytest

from jpegqf.inputs.counting import Counting
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.jpg", "in/b.txt", "in/c.png", "in/deep/d.webp", "x.jpg", "crawl.tar", "list.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    return tmp_path


def total(paths: list[str], recursive: bool = False) -> int | None:
    counting = Counting(paths, IMAGE_SUFFIXES, recursive)
    counting.go_on(60)
    return counting.total


def test_images_of_folders_globs_and_files_are_counted(folder: Path) -> None:
    assert total(["in"]) == 2
    assert total(["in"], recursive=True) == 3
    assert total(["in", "*.jpg", "x.jpg"]) == 4


@pytest.mark.parametrize("path", ["crawl.tar", "-", "@list.txt"])
def test_what_would_have_to_be_read_has_no_total(folder: Path, path: str) -> None:
    assert total(["in", path]) is None


def test_a_slice_without_time_counts_nothing_and_the_next_goes_on(folder: Path) -> None:
    counting = Counting(["in"], IMAGE_SUFFIXES, recursive=False)
    counting.go_on(0)
    assert counting.total is None
    counting.go_on(60)
    assert counting.total == 2
