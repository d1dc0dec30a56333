import os
from pathlib import Path

import pytest

from jpegqf.errors import UsageError
from jpegqf.infer.images import find_images
from jpegqf.inputs.suffixes import JPEG_SUFFIXES, normalize_suffixes

JPEG = normalize_suffixes(JPEG_SUFFIXES)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(folder: Path, recursive: bool = False) -> list[str]:
    return [os.path.relpath(path, folder) for path in find_images(str(folder), JPEG, recursive)]


def test_a_folder_gives_its_images_sorted_by_path_and_nothing_else(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.jpeg", "c.png", "d.jfif", "notes.txt", "sub/e.jpg")
    assert names(tmp_path) == ["a.jpeg", "b.JPG", "d.jfif"]


def test_recursive_descends_and_sorts_whole_paths(tmp_path: Path) -> None:
    touch(tmp_path, "z.jpg", "sub/deep/b.jpe", "sub/a.jpg")
    assert names(tmp_path, recursive=True) == ["sub/a.jpg", "sub/deep/b.jpe", "z.jpg"]


def test_a_folder_named_like_an_image_is_listed_not_lost(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    os.symlink("nowhere", tmp_path / "broken.jpg")
    assert names(tmp_path) == ["broken.jpg", "folder.jpg"]


def test_a_linked_folder_named_like_an_image_is_listed_with_recursive_too(tmp_path: Path) -> None:
    touch(tmp_path, "sub/a.jpg")
    os.symlink("sub", tmp_path / "link.jpg")
    assert names(tmp_path) == ["link.jpg"]
    assert names(tmp_path, recursive=True) == ["link.jpg", "sub/a.jpg"]


def test_a_subfolder_that_cannot_be_read_is_listed_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg", "locked/b.jpg")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert names(tmp_path, recursive=True) == ["a.jpg", "locked"]


def test_a_cyclic_link_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    os.symlink(tmp_path, tmp_path / "loop")
    assert names(tmp_path, recursive=True) == ["a.jpg"]


def test_suffixes_take_any_case_with_or_without_dot() -> None:
    assert normalize_suffixes(["PNG", ".Tif"]) == {".png", ".tif"}


def test_the_path_keeps_the_spelling_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "in/a.jpg")
    monkeypatch.chdir(tmp_path)
    assert find_images("./in", JPEG) == ["./in/a.jpg"]
    assert find_images("in/a.jpg", JPEG) == ["in/a.jpg"]


def test_bad_calls_say_what_is_wrong(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(UsageError, match="no such file"):
        find_images(str(tmp_path / "absent"), JPEG)
    with pytest.raises(UsageError, match="--exts"):
        find_images(str(tmp_path / "a.png"), JPEG)
    with pytest.raises(UsageError, match="no image with suffix"):
        find_images(str(tmp_path), JPEG)
    for wrong in ([], [""], ["."]):
        with pytest.raises(UsageError, match="suffix"):
            normalize_suffixes(wrong)
