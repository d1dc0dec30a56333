import csv
import json
from pathlib import Path

import pytest

from commands import run_here
from conftest import MakeJpeg, on_a_terminal
from jpegqf.cli.showing import progress
from jpegqf.inputs.counting import Counting
from jpegqf.outputs.results import read_records


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for quality in (75, 82):
        (tmp_path / "in" / f"{quality}.jpg").write_bytes(jpeg(quality))
    return tmp_path


def test_the_format_of_printed_rows_is_asked_for(folder: Path) -> None:
    assert [row["qf"] for row in json.loads(run_here("scan", "in", "--format", "json").stdout)] == [75, 82]
    cells = list(csv.DictReader(run_here("scan", "in", "--format", "csv").stdout.splitlines()))
    assert [row["qf"] for row in cells] == ["75", "82"]
    table = run_here("scan", "in", "--format", "table").stdout.splitlines()
    assert table[0].split() == ["image", "quality", "verdict", "evidence"]
    assert len(table) == 3


def test_advice_is_printed_in_the_same_formats(folder: Path) -> None:
    rows = json.loads(run_here("advise", "in", "--format", "json").stdout)
    assert [row["max_quality"] for row in rows] == [75, 82]


def test_rows_go_to_files_and_standard_output_together(folder: Path) -> None:
    done = run_here("scan", "in", "-o", "a.csv", "-o", "-")
    assert [json.loads(line)["qf"] for line in done.stdout.splitlines()] == [75, 82]
    assert [record.qf for record in read_records("a.csv")] == [75, 82]
    assert not Path("-").exists()


def test_a_format_where_nothing_is_printed_is_refused(folder: Path) -> None:
    done = run_here("scan", "in", "-o", "a.csv", "--format", "json")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "standard output" in done.stderr
    assert not Path("a.csv").exists()


def test_a_terminal_sees_how_many_of_the_total_are_done(folder: Path) -> None:
    told = on_a_terminal("scan", "in", "-o", "a.csv")
    assert "2/2" in told
    assert told.splitlines()[-1] == "2 ok: 2 consistent"
    assert "2/2" not in on_a_terminal("scan", "in", "-o", "b.csv", "--quiet")


@pytest.mark.parametrize(("patience", "shown"), [(0, True), (3600, False)])
def test_a_bar_below_rows_waits_until_the_scan_takes_long(
    patience: float, shown: bool, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = list(progress(iter("abc"), Counting([str(tmp_path)], frozenset(), recursive=False), 4, patience))
    assert rows == ["a", "b", "c"]
    assert ("7 images" in capfd.readouterr().err) == shown
