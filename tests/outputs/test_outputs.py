"""Outputs are whole or can be continued, wherever the writing ended."""

import csv
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from PIL import Image

from conftest import MakeJpeg
from jpegqf.errors import OutputError, UsageError
from jpegqf.outputs.formats import whole_rows
from jpegqf.outputs.results import read_records
from jpegqf.outputs.writing import COMMIT_ROWS, open_outputs
from jpegqf.record import Record, Status
from jpegqf.scanning.job import Job
from jpegqf.scanning.request import ScanRequest
from jpegqf.scanning.stream import scan_items

NAMES = ("o.csv", "o.jsonl", "o.db", "o.parquet")
CONTINUED = NAMES[:3]


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six images, one name with a line break, one that is a formula; scans run in this process."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for i, name in enumerate(("=a.jpg", "b\nb.jpg", "c.jpg", "dé.jpg", os.fsdecode(b"e\xe9.jpg"), "f.jpg")):
        (tmp_path / "in" / name).write_bytes(jpeg(70 + i, cat.resize((40, 40))))
    monkeypatch.setattr(
        "jpegqf.scanning.job.scan_items", lambda items, look, jobs, timeout: scan_items(items, look, 1, None)
    )
    return tmp_path


def run(*outputs: str, resume: bool = False, path: str = "in") -> Job:
    job = Job(ScanRequest((path,), outputs, only="header", resume=resume))
    job.run()
    return job


def rows(name: str) -> list[Record]:
    return list(read_records(name))


@pytest.mark.parametrize("name", ["o.csv", "o.jsonl"])
def test_a_text_output_cut_at_any_byte_is_continued_without_losing_or_doubling_a_row(folder: Path, name: str) -> None:
    run(name)
    whole = Path(name).read_bytes()
    for end in range(0, len(whole), 13):
        Path(name).write_bytes(whole[:end])
        run(name, resume=True)
        assert Path(name).read_bytes() == whole, end


def test_outputs_of_different_lengths_are_brought_to_one_and_continued(folder: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    run(*NAMES)
    wanted = rows("o.csv")
    assert len(wanted) == 6
    lines = Path("o.jsonl").read_bytes().splitlines(keepends=True)
    Path("o.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:30])
    Path("o.csv").write_bytes(Path("o.csv").read_bytes()[:300])
    with closing(sqlite3.connect("o.db")) as connection:
        connection.execute("DELETE FROM records WHERE id > 2")
        connection.commit()
    os.replace("o.parquet", "o.parquet.part")
    job = run(*NAMES, resume=True)
    assert (job.tally.resumed, job.tally.rows) == (4, 6)
    assert [rows(name) for name in NAMES] == [wanted] * 4
    assert not Path("o.parquet.part").exists()


@pytest.mark.parametrize("name", NAMES)
def test_an_output_that_is_complete_is_left_as_it_is(folder: Path, name: str) -> None:
    if name == "o.parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    run(name)
    wanted = rows(name)
    job = run(name, resume=True)
    assert (job.tally.resumed, job.tally.rows) == (6, 6)
    assert rows(name) == wanted


def test_without_any_output_yet_resuming_begins(folder: Path) -> None:
    assert run("o.csv", "o.db", resume=True).tally.resumed == 0
    assert rows("o.csv") == rows("o.db")


@pytest.mark.parametrize("change", ["removed", "added", "fewer"])
def test_a_changed_input_is_told_and_no_output_touched(folder: Path, change: str) -> None:
    run("o.csv", "o.db")
    before = Path("o.csv").read_bytes()
    if change == "removed":
        Path("in/c.jpg").unlink()
    elif change == "added":
        Path("in/bb.jpg").touch()
    else:
        shutil.rmtree("in")
        Path("in").mkdir()
    with pytest.raises(UsageError, match=r"the input changed since 'o.csv' was written: row [13] is"):
        run("o.csv", "o.db", resume=True)
    assert Path("o.csv").read_bytes() == before


def test_outputs_of_two_scans_are_not_mixed(folder: Path) -> None:
    run("o.csv")
    Path("other").mkdir()
    shutil.copy("in/c.jpg", "other/c.jpg")
    run("o.db", path="other")
    with pytest.raises(UsageError, match="not of one scan: row 1 differs"):
        run("o.csv", "o.db", resume=True)


FOREIGN = {
    "o.csv": [b"precious", b"a,b\r\n1,2\r\n"],
    "o.jsonl": [b"precious", b'{"a": 1}\n', b"[1]\n"],
    "o.db": [b"precious" * 1000],
    "o.parquet": [b"precious"],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_not_ours_is_never_continued(folder: Path, name: str) -> None:
    if name == "o.parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    for content in FOREIGN[name]:
        Path(name).write_bytes(content)
        with pytest.raises(UsageError, match="cannot be continued"):
            run(name, resume=True)
        assert Path(name).read_bytes() == content


def test_another_database_is_never_continued(folder: Path) -> None:
    with closing(sqlite3.connect("o.db")) as connection:
        connection.execute("CREATE TABLE mine (a)")
    with pytest.raises(UsageError, match="other columns"):
        run("o.db", resume=True)


def test_an_unfinished_parquet_alone_is_refused_with_what_helps(folder: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    Path("o.parquet.part").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match=r"cannot be continued: --overwrite starts anew; a \.csv, \.jsonl or \.db"):
        run("o.parquet", resume=True)


def record(i: int) -> Record:
    return Record(f"{i:06d}.jpg", f"{i:06d}.jpg", Status.OK, qf=50, message="x" * 100)


def write_rows(count: int, *names: str, middle: Callable[[], None] = lambda: None) -> None:
    with open_outputs(names) as outputs:
        for i in range(count):
            outputs.write(record(i))
            if i == count // 2:
                middle()


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file can grow beyond ``size`` bytes: what a full disk does, to this process alone."""
    resource = pytest.importorskip("resource", reason="limits of a process")
    earlier = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, earlier[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, earlier)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_a_clear_error_and_leaves_what_was_written_readable(folder: Path, name: str) -> None:
    if name == "o.parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    size = 3000 if name == "o.parquet" else 200_000
    with disk_of(size), pytest.raises(OutputError, match=rf"'{name}' cannot be written any more: .*before is kept"):
        write_rows(20_000, name)
    if name == "o.parquet":
        assert not os.path.lexists(name)
        return
    kept = [row.path for row in rows(name)]
    assert len(kept) >= 150
    assert kept == [f"{i:06d}.jpg" for i in range(len(kept))]
    assert whole_rows(name).end in (0, os.path.getsize(name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_an_output_folder_that_goes_away_is_told(folder: Path, name: str, how: str) -> None:
    if name == "o.parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")

    def go_away() -> None:
        shutil.rmtree("out")
        if how == "replaced":
            Path("out").mkdir()
            Path(f"out/{name}").touch()
            Path(f"out/{name}.part").touch()

    with pytest.raises(OutputError, match="removed or replaced while it was written"):
        write_rows(2 * COMMIT_ROWS, f"out/{name}", middle=go_away)


def test_one_failing_output_leaves_the_others_whole(folder: Path) -> None:
    with pytest.raises(OutputError, match=r"out/o\.csv"):
        write_rows(2 * COMMIT_ROWS, "out/o.csv", "o.jsonl", "o.db", middle=lambda: shutil.rmtree("out"))
    assert len(rows("o.db")) == len(rows("o.jsonl")) >= COMMIT_ROWS


def test_sqlite_is_readable_while_it_is_written_in_batches(folder: Path) -> None:
    with open_outputs(["o.db"]) as outputs:
        for i in range(COMMIT_ROWS + 10):
            outputs.write(record(i))
        assert len(rows("o.db")) == COMMIT_ROWS
        with closing(sqlite3.connect("o.db")) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            connection.execute("SELECT * FROM records").fetchone()  # a reader in the middle of a query
            for i in range(COMMIT_ROWS):
                outputs.write(record(i))
    assert not Path("o.db-wal").exists()


def test_text_outputs_hold_every_row_at_once_and_parquet_appears_when_it_is_whole(folder: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    with open_outputs(NAMES) as outputs:
        for i in range(3):
            outputs.write(record(i))
            assert len(rows("o.csv")) == len(rows("o.jsonl")) == i + 1
        assert not Path("o.parquet").exists()
    assert len(rows("o.parquet")) == 3


def test_parquet_is_written_in_row_groups(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    monkeypatch.setattr("jpegqf.outputs.parquet_file.ROWS_PER_GROUP", 10)
    with open_outputs(["o.parquet"]) as outputs:
        for i in range(25):
            outputs.write(record(i))
    with arrow.ParquetFile("o.parquet") as file:
        assert file.metadata.num_row_groups == 3
    assert len(rows("o.parquet")) == 25


def test_overwriting_a_database_leaves_nothing_of_the_old_one(folder: Path) -> None:
    run("o.db")
    Path("o.db-wal").write_bytes(b"old journal")
    with open_outputs(["o.db"], overwrite=True) as outputs:
        outputs.write(record(1))
    assert len(rows("o.db")) == 1


def test_csv_cells_that_a_spreadsheet_would_run_are_guarded(folder: Path) -> None:
    run("o.csv")
    Path("in/=a.jpg").rename("=a.jpg")
    run("p.csv", path="=a.jpg")
    with Path("p.csv").open(newline="", encoding="utf-8-sig") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=a.jpg" in cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_rows_of_json_are_one_line_each_whatever_the_name(folder: Path) -> None:
    run("o.jsonl")
    names = [json.loads(line)["filename"] for line in Path("o.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert names == ["=a.jpg", "b\nb.jpg", "c.jpg", "dé.jpg", "e\\xe9.jpg", "f.jpg"]


def test_a_database_whose_scan_was_killed_in_the_middle_of_a_write_is_rolled_back(folder: Path) -> None:
    """A copy of the file and its rollback journal, taken while more is written than fits into memory."""
    write_rows(3, "whole.db")
    with closing(sqlite3.connect("whole.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        for _ in range(2000):
            connection.execute("INSERT INTO records (path) VALUES (?)", ("x" * 500,))
        connection.execute("UPDATE records SET path = 'y'")
        for suffix in ("", "-journal"):
            shutil.copy(f"whole.db{suffix}", f"killed.db{suffix}")
    assert whole_rows("killed.db").rows == 3
