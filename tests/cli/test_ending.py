import subprocess
import sys
from pathlib import Path

import pytest

from conftest import MakeJpeg


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jpegqf", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(jpeg(82))
    return tmp_path


def test_folders_that_were_made_are_told_once_each_and_not_when_quiet(folder: Path) -> None:
    done = run("scan", "a.jpg", "-o", "new/deep/a.csv", "-o", "new/a.db", "--summary", "sums/s.json")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == ["1 ok, 0 skipped, 0 error", "made the folder 'new'", "made the folder 'sums'"]
    assert run("scan", "a.jpg", "-o", "new/b.csv").stderr == "1 ok, 0 skipped, 0 error\n"
    assert run("scan", "a.jpg", "-o", "other/b.csv", "--quiet").stderr == ""


def test_a_refused_call_makes_no_folder(folder: Path) -> None:
    done = run("scan", "absent.jpg", "-o", "new/a.csv")
    assert done.stderr == "Error: no such file or folder: 'absent.jpg'\n"
    assert not Path("new").exists()
