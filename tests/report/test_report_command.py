"""The command jpegqf report: what it prints, refuses and leaves behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from report_rows import ROWS, results

from commands import run_here
from conftest import REPOSITORY, MakeJpeg
from jpegqf.cli import main as jpegqf_command
from jpegqf.cli.report import report as report_command


def test_every_flag_of_the_command_is_documented() -> None:
    text = (REPOSITORY / "docs" / "report.md").read_text(encoding="utf-8")
    for option in report_command.params:
        for flag in option.opts if option.param_type_name == "option" else ():
            assert f"`{flag}" in text, flag
    assert "--max-rows" in text


def test_the_command_reports_on_what_scan_wrote(tmp_path: Path, jpeg: MakeJpeg) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(jpeg(82))
    assert run_here("scan", "in", "-o", "rows.db", "-q", "--only", "header", cwd=tmp_path).returncode == 0
    done = run_here("report", "rows.db", "--thumbnails", "-o", "report.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"report.html: 1 image, \d\.\d MB\n", done.stderr)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "data:image/webp;base64," in text
    assert "are judged by their header alone" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["r.csv"], "Missing option '-o'"),
        (["r.csv", "-o", "r.pdf"], "the suffix must be .html"),
        (["r.csv", "-o", "there.html"], "--overwrite"),
        (["r.csv", "-o", "folder.html", "--overwrite"], "is a folder"),
        (["absent.csv", "-o", "r.html"], "no such results file: 'absent.csv'"),
        (["r.txt", "-o", "r.html"], "the suffix must be one of"),
        (["empty.csv", "-o", "r.html"], "the results are empty"),
        (["r.csv", "-o", "r.html", "--by", "class"], "--by class: 'r.csv' has no such column"),
        (["r.csv", "-o", "r.html", "--by", "folder:0"], "counts from 1"),
        (["r.csv", "-o", "r.html", "--max-rows", "100000"], "--max-rows"),
        (["r.csv", "-o", "there.html/r.html"], "cannot be written"),
    ],
)
def test_a_bad_call_is_one_line_and_exit_code_2_and_touches_nothing(
    tmp_path: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    results(tmp_path / "r.csv", ROWS[:5])
    results(tmp_path / "empty.csv", [])
    (tmp_path / "there.html").write_text("mine")
    (tmp_path / "folder.html").mkdir()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(SystemExit) as ended:
        jpegqf_command(["report", *arguments], prog_name="jpegqf")
    said = capfd.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert message in said.err
    assert "Traceback" not in said.err
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "there.html").read_text() == "mine"


def test_an_interrupted_report_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    source = results(tmp_path / "r.csv", ROWS)
    (tmp_path / "old.html").write_text("earlier")
    command = [sys.executable, "-m", "jpegqf", "report", *[source] * 2000, "--overwrite", "-o", "old.html"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(1.5)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=30)
    assert (running.returncode, errors) == (130, "interrupted\n")
    assert sorted(os.listdir(tmp_path)) == ["old.html", "r.csv"]
    assert (tmp_path / "old.html").read_text() == "earlier"
