import csv
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jpegqf.errors import UsageError
from jpegqf.infer.sinks import CsvSink, Sinks, SqliteSink, create_all_new, create_new
from jpegqf.names import printable
from jpegqf.outputs.cells import guard_cell, guard_path

# Any bytes that a Unix file name may have, as Python hands them over.
NAMES = st.binary(min_size=1, max_size=30).filter(lambda raw: b"/" not in raw and b"\0" not in raw)
SURROGATE_NAMES = NAMES.map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def read(path: str) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


@given(st.lists(SURROGATE_NAMES, max_size=20))
def test_every_name_comes_back_from_csv_and_sqlite_in_order(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table, database = CsvSink(f"{folder}/p.csv", f"{folder}/i.csv"), SqliteSink(f"{folder}/r.db")
        with Sinks([table, database]) as sinks:
            for number, name in enumerate(names):
                sinks.prediction("in/" + name, number % 100 + 1)
                sinks.issue(name, "error", "file is empty")
        predictions, issues = read(f"{folder}/p.csv"), read(f"{folder}/i.csv")
        assert predictions[0] == ["path", "filename", "pred_qf_final"]
        assert issues[0] == ["path", "filename", "issue_type", "issue_message"]
        shown = [printable(name) for name in names]
        assert [row[0] for row in predictions[1:]] == ["in/" + name for name in shown]
        assert [row[1] for row in predictions[1:]] == [guard_cell(name) for name in shown]
        assert [row[0] for row in issues[1:]] == [guard_path(name) for name in shown]
        connection = sqlite3.connect(f"{folder}/r.db")
        stored = connection.execute("SELECT id, path, filename, pred_qf_final FROM predictions ORDER BY id").fetchall()
        connection.close()
        assert stored == [(i + 1, "in/" + name, name, i % 100 + 1) for i, name in enumerate(shown)]


@given(SURROGATE_NAMES)
def test_no_cell_can_be_taken_for_a_formula(name: str) -> None:
    for cell in (guard_cell(printable(name)), guard_path(printable(name))):
        assert cell[0] not in "=+-@\t\r\n"


@given(SURROGATE_NAMES)
def test_the_guard_can_be_undone(name: str) -> None:
    text = printable(name)
    cell = guard_cell(text)
    assert (cell if cell == text else cell[1:]) == text
    assert guard_cell(cell) != cell or cell == text


@pytest.mark.parametrize(
    ("name", "cell"), [("=1+1.jpg", "'=1+1.jpg"), ("@a", "'@a"), ("-a", "'-a"), ("a=b", "a=b"), ("'a", "'a")]
)
def test_formula_characters_get_an_apostrophe(name: str, cell: str) -> None:
    assert guard_cell(name) == cell


def test_bytes_that_are_not_utf8_are_shown_as_escapes() -> None:
    assert printable(b"caf\xe9.jpg".decode("utf-8", "surrogateescape")) == r"caf\xe9.jpg"


def test_csv_starts_with_a_byte_order_mark(tmp_path: Path) -> None:
    CsvSink(str(tmp_path / "p.csv"), str(tmp_path / "i.csv")).close()
    assert (tmp_path / "p.csv").read_bytes().startswith(b"\xef\xbb\xbfpath,")


def test_rows_are_on_disk_as_they_come(tmp_path: Path) -> None:
    sink = CsvSink(str(tmp_path / "p.csv"), str(tmp_path / "i.csv"))
    sink.prediction("a.jpg", 92)
    assert read(str(tmp_path / "p.csv"))[1:] == [["a.jpg", "a.jpg", "92"]]
    sink.close()


def test_sqlite_commits_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jpegqf.infer.sinks.SINK_COMMIT_SECONDS", 0.0)
    sink = SqliteSink(str(tmp_path / "r.db"))
    sink.prediction("a.jpg", 92)
    other = sqlite3.connect(tmp_path / "r.db")
    assert other.execute("SELECT count(*) FROM predictions").fetchone() == (1,)
    other.close()
    sink.close()


def test_an_existing_target_is_never_touched_even_within_a_second(tmp_path: Path) -> None:
    target = str(tmp_path / "new" / "p.csv")
    taken = [create_new(target) for _ in range(5)]
    assert len(set(taken)) == 5
    assert taken[0] == target
    assert all(Path(name).parent == tmp_path / "new" and name.endswith(".csv") for name in taken)


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    for target in (str(tmp_path), f"{tmp_path}/new/"):
        with pytest.raises(UsageError, match="it is a folder"):
            create_new(target)
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_left_behind_if_another_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        create_all_new([str(tmp_path / "p.csv"), str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_names_that_sqlite_treats_specially_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sink = SqliteSink(create_new(":memory:"))
    sink.prediction("a.jpg", 92)
    sink.close()
    connection = sqlite3.connect(tmp_path / ":memory:")
    assert connection.execute("SELECT count(*) FROM predictions").fetchone() == (1,)
    connection.close()


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        create_new(str(tmp_path / "file" / "p.csv"))
