"""The command writes proven JPEGs and a row for each image, and nothing else."""

import csv
import io
import json
import sqlite3
import tarfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from commands import run_here
from jpegqf.errors import Reason
from jpegqf.inputs.item import Item
from jpegqf.restoring.work import Work

pytest.importorskip("jpeglib", reason="the extra restore is not installed")


def png_of_a_jpeg(path: Path, quality: int = 75) -> None:
    file = io.BytesIO()
    Image.fromarray(skimage.data.coffee()[:128, :160] // 2 + 50).save(file, "JPEG", quality=quality)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(file).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    png_of_a_jpeg(tmp_path / "in" / "a.png")
    png_of_a_jpeg(tmp_path / "in" / "below" / "b.png", 85)
    Image.fromarray(skimage.data.coffee()[:128, :160]).save(tmp_path / "in" / "never.png")
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    return tmp_path


def run(*arguments: object) -> tuple[int, list[dict[str, object]]]:
    done = run_here("restore", *arguments)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_a_folder_gives_its_jpegs_one_row_each_and_exit_code_3(folder: Path) -> None:
    code, rows = run(folder / "in", "-r", "-o", folder / "out")
    assert code == 3
    told = {Path(str(row["path"])).name: (row["status"], row["reason"], row["quality"]) for row in rows}
    assert told["a.png"] == ("ok", None, 75)
    assert told["b.png"] == ("ok", None, 85)
    assert told["never.png"] == ("skipped", "not_a_jpeg", None)
    assert told["broken.png"][0] == "error"
    files = sorted(str(path.relative_to(folder / "out")) for path in (folder / "out").rglob("*.*"))
    assert files == ["a.jpg", "below/b.jpg"]
    for row in rows[:1]:
        pixels = np.asarray(Image.open(str(row["path"])))
        assert (np.asarray(Image.open(str(row["output"]))) == pixels).all()
        assert row["bytes_after"] == Path(str(row["output"])).stat().st_size


def test_rows_go_into_every_format(folder: Path) -> None:
    names = [folder / f"rows.{suffix}" for suffix in ("csv", "jsonl", "db")]
    code, rows = run(folder / "in" / "a.png", "-o", folder / "a.jpg", *(x for name in names for x in ("--rows", name)))
    assert (code, rows) == (0, [])
    with open(names[0], newline="", encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert (row["status"], row["proven"], row["subsampling"]) == ("ok", "True", "4:2:0")
    assert json.loads(names[1].read_text(encoding="utf-8"))["quality"] == 75
    with sqlite3.connect(names[2]) as connection:
        assert connection.execute("SELECT status, quality FROM records").fetchall() == [("ok", 75)]


def test_a_jpeg_that_exists_is_left_as_it_is(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "a.jpg").write_bytes(b"mine")
    code, rows = run(folder / "in" / "a.png", "-o", folder / "out")
    assert (code, rows[0]["reason"]) == (1, "output_exists")
    assert run(folder / "in" / "a.png", "-o", folder / "out", "--resume")[0] == 0
    assert (folder / "out" / "a.jpg").read_bytes() == b"mine"
    assert run(folder / "in" / "a.png", "-o", folder / "out", "--overwrite")[0] == 0
    assert (folder / "out" / "a.jpg").read_bytes() != b"mine"


def test_members_of_archives_stay_below_the_folder(folder: Path) -> None:
    with tarfile.open(folder / "some.tar", "w") as archive:
        archive.add(folder / "in" / "a.png", "../../x/a.png")
    code, rows = run(folder / "some.tar", "-o", folder / "out")
    assert (code, rows[0]["output"]) == (0, str(folder / "out" / "x" / "a.jpg"))


def test_a_crop_is_taken_with_its_flag_and_its_place_is_in_the_row(folder: Path) -> None:
    with Image.open(folder / "in" / "a.png") as image:
        image.crop((3, 6, 140, 121)).save(folder / "crop.png")
    code, rows = run(folder / "crop.png", "-o", folder / "out")
    assert (code, rows[0]["reason"]) == (1, "cropped")
    assert "--crop" in str(rows[0]["message"])
    code, rows = run(folder / "crop.png", "-o", folder / "out", "--crop")
    assert (code, rows[0]["status"], rows[0]["crop_x"], rows[0]["crop_y"]) == (0, "ok", 3, 6)


def test_what_is_saved_is_told_in_a_table_by_container(folder: Path) -> None:
    with Image.open(folder / "in" / "a.png") as image:
        image.save(folder / "in" / "c.bmp")
    done = run_here("restore", folder / "in", "-o", folder / "out", "-r")
    lines = [line.split() for line in done.stderr.splitlines()]
    assert lines[0] == ["3", "ok,", "1", "skipped,", "1", "error"]
    assert lines[1] == ["restored", "images", "bytes", "as", "JPEG", "saved"]
    table = {line[0]: [int(word) for word in line[1:5]] for line in lines[2:]}
    assert list(table) in ([".png", ".bmp", "all"], [".bmp", ".png", "all"])
    assert table["all"] == [table[".png"][i] + table[".bmp"][i] for i in range(4)]
    assert table[".bmp"][1] == (folder / "in" / "c.bmp").stat().st_size
    assert all(before - after == saved for _, before, after, saved in table.values())


def test_an_item_that_cannot_be_opened_keeps_its_own_reason(folder: Path) -> None:
    row = Work(str(folder / "out")).restore(Item("a.zip!b.png", problem="damaged", reason=Reason.CORRUPT))
    assert (row.status.value, row.reason, row.message) == ("error", "corrupt", "damaged")


def test_bad_calls_are_refused_with_exit_code_2(folder: Path) -> None:
    assert run(folder / "in", "-o", folder / "one.jpg")[0] == 2
    assert run(folder / "nowhere.png", "-o", folder / "out")[0] == 2
    assert run(folder / "in", "-o", folder / "out", "--resume", "--overwrite")[0] == 2


def test_a_fault_of_ours_costs_one_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr("jpegqf.coefficients.restored.restore", fail)
    row = Work(str(folder / "out")).restore(Item(str(folder / "in" / "a.png")))
    assert (row.status.value, row.reason) == ("error", "crashed")
