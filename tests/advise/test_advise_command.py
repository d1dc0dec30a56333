import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image

import jpegqf
from commands import Done, run_here
from conftest import CRASHER, MakeJpeg
from jpegqf.advise.advice import ROWS


def run(*arguments: str, cwd: Path) -> Done:
    return run_here("advise", *arguments, cwd=cwd)


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image) -> Path:
    inside = tmp_path / "in"
    (inside / "sub").mkdir(parents=True)
    (inside / "a.jpg").write_bytes(jpeg(75, cat))
    with Image.open(inside / "a.jpg") as image:
        image.save(inside / "b.png")
        image.save(inside / "sub" / "c.jpg", quality=95)
    (inside / "d.jpg").write_bytes(jpeg(75, cat)[:3000])
    return tmp_path


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_pipe_gets_one_line_of_advice_an_image_with_or_without_workers(folder: Path) -> None:
    done = run("in", "--recursive", cwd=folder)
    assert (done.returncode, done.stderr) == (3, "")
    told = rows(done.stdout)
    assert [list(row) for row in told] == [list(ROWS.names)] * 4
    assert [(row["path"], row["status"], row["max_quality"], row["was_jpeg"]) for row in told] == [
        ("in/a.jpg", "ok", 75, None),
        ("in/b.png", "ok", 75, True),
        ("in/d.jpg", "error", None, None),
        ("in/sub/c.jpg", "ok", 75, None),
    ]
    assert told[2]["reason"] == "truncated"
    assert run("in", "-r", "-j", "2", cwd=folder).stdout == done.stdout


def test_all_formats_hold_the_same_rows(folder: Path) -> None:
    arrow = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    names = ["o/a.csv", "o/a.jsonl", "o/a.db", "o/a.parquet"]
    outputs = [word for name in names for word in ("-o", name)]
    done = run("in", "--recursive", *outputs, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "3 ok, 0 skipped, 1 error\nmade the folder 'o'\n")
    told = rows((folder / "o/a.jsonl").read_text(encoding="utf-8"))
    assert arrow.read_table(folder / "o/a.parquet").to_pylist() == told
    connection = sqlite3.connect(folder / "o/a.db")
    cells = connection.execute(f"SELECT {', '.join(ROWS.names)} FROM records ORDER BY id").fetchall()  # noqa: S608
    connection.close()
    assert [dict(zip(ROWS.names, row, strict=True)) for row in cells] == told
    with (folder / "o/a.csv").open(newline="", encoding="utf-8-sig") as file:
        texts = [["" if value is None else str(value) for value in row.values()] for row in told]
        assert [list(row.values()) for row in csv.DictReader(file)] == texts


def test_a_codec_that_crashes_costs_its_one_file_one_row(
    folder: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sitecustomize.py").write_text(CRASHER)
    monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (folder / "in" / "b.jpg").write_bytes(jpeg(75, cat) + b"kill me")
    command = [sys.executable, "-m", "jpegqf", "advise", "in"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
    told = rows(done.stdout)
    assert [(row["path"], row["reason"]) for row in told] == [
        ("in/a.jpg", None),
        ("in/b.jpg", "crashed"),
        ("in/b.png", None),
        ("in/d.jpg", "truncated"),
    ]


def test_files_that_exist_are_replaced_only_when_asked(folder: Path) -> None:
    (folder / "a.csv").write_text("mine")
    done = run("in", "-o", "a.csv", cwd=folder)
    assert (done.returncode, (folder / "a.csv").read_text()) == (2, "mine")
    assert "--overwrite" in done.stderr
    assert run("in", "-o", "a.csv", "--overwrite", cwd=folder).returncode == 3


def test_duplicates_are_grouped_and_the_best_is_told(folder: Path, jpeg: MakeJpeg, photo: Image.Image) -> None:
    pytest.importorskip("imagehash", reason="--duplicates needs imagehash")
    (folder / "in" / "other.jpg").write_bytes(jpeg(80, photo))
    told = rows(run("in", "-r", "--duplicates", cwd=folder).stdout)
    assert {row["path"]: (row["picture_group"], row["keep"]) for row in told} == {
        "in/a.jpg": (1, True),
        "in/b.png": (1, False),
        "in/d.jpg": (None, None),
        "in/other.jpg": (None, None),
        "in/sub/c.jpg": (1, False),
    }
    assert "is to be kept" in told[-1]["advice"]


def test_duplicates_without_the_library_are_one_clear_line(folder: Path) -> None:
    script = "import sys; sys.modules['imagehash'] = None; from jpegqf.cli import main; main()"
    command = [sys.executable, "-c", script, "advise", "in", "--duplicates"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == 'Error: --duplicates needs imagehash: python -m pip install ".[duplicates]" in a checkout of jpegqf\n'
    )


def test_what_restoring_saves_is_measured_where_it_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("jpeglib", reason="jpegqf[restore] is not installed")
    file, path = io.BytesIO(), tmp_path / "was.png"
    Image.fromarray(skimage.data.coffee()[:128, :160] // 2 + 50).save(file, "JPEG", quality=75)
    Image.open(file).save(path)
    told: dict[tuple[str, ...], dict[str, Any]] = {}
    for flags in ((), ("--prove",)):
        told[flags] = json.loads(run(path.name, *flags, cwd=tmp_path).stdout)
    assert (told[()]["was_jpeg"], told[()]["restore_saves"]) == (True, None)
    saved = told[("--prove",)]["restore_saves"]
    assert saved == path.stat().st_size - len(jpegqf.restore(path).jpeg)
    assert f"{saved} bytes" in told[("--prove",)]["advice"]
