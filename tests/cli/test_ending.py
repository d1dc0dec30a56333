import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commands import run_here
from conftest import MakeJpeg, on_a_terminal


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(jpeg(82))
    return tmp_path


def test_folders_that_were_made_are_told_once_each_and_not_when_quiet(folder: Path) -> None:
    done = run_here("scan", "a.jpg", "-o", "new/deep/a.csv", "-o", "new/a.db", "--summary", "sums/s.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == ["1 ok, 0 skipped, 0 error", "made the folder 'new'", "made the folder 'sums'"]
    assert run_here("scan", "a.jpg", "-o", "new/b.csv").stderr == "1 ok, 0 skipped, 0 error\n"
    assert run_here("scan", "a.jpg", "-o", "other/b.csv", "--quiet").stderr == ""


def test_a_refused_call_makes_no_folder(folder: Path) -> None:
    done = run_here("scan", "absent.jpg", "-o", "new/a.csv")
    assert done.stderr == "Error: no such file or folder: 'absent.jpg'\n"
    assert not Path("new").exists()


def test_a_person_is_told_of_subfolders_that_were_not_searched(folder: Path) -> None:
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / "a.jpg").write_bytes((folder / "a.jpg").read_bytes())
    assert "the subfolders of 'in' were not searched: --recursive does" in on_a_terminal("scan", "in")
    assert "searched" not in on_a_terminal("scan", "in", "--recursive")
    assert run_here("scan", "in").stderr == ""


def test_an_interrupted_scan_without_files_says_how_one_could_go_on(folder: Path) -> None:
    many = folder / "many"
    many.mkdir()
    for number in range(2000):
        os.link(folder / "a.jpg", many / f"{number:04d}.jpg")
    command = [sys.executable, "-m", "jpegqf", "scan", "many"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as scan:
        assert scan.stdout is not None
        assert scan.stdout.readline().startswith("{")
        scan.send_signal(signal.SIGINT)
        _, said = scan.communicate(timeout=60)
    assert scan.returncode == 130
    assert said.endswith("; with -o FILE a scan can go on with --resume\n")
