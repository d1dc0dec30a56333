import json
from pathlib import Path

import pytest
from PIL import Image

from commands import run_here
from conftest import MakeJpeg
from jpegqf.cli import main
from jpegqf.front_door import MOST_STORIES


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(jpeg(82, cat))
    with Image.open(tmp_path / "in" / "a.jpg") as image:
        image.save(tmp_path / "in" / "b.png")
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    return tmp_path


def test_a_file_without_a_command_is_told_in_eight_plain_lines(folder: Path) -> None:
    done = run_here("in/a.jpg")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "in/a.jpg, JPEG 451x300"
    assert lines[1] == "  Header and pixels say 82"
    assert lines[2].split()[:2] == ["quality", "82"]
    assert len(lines) == 8
    assert "\033" not in done.stdout


def test_several_files_are_told_one_after_the_other_and_the_exit_code_is_that_of_a_scan(folder: Path) -> None:
    done = run_here("in/b.png", "broken.jpg")
    assert done.returncode == 3
    assert "PNG whose pixels were a JPEG at 82" in done.stdout
    assert "broken.jpg\n  Unreadable: " in done.stdout
    assert run_here("broken.jpg").returncode == 1


@pytest.mark.parametrize("call", [["in"], ["in/*"], ["in/a.jpg"] * (MOST_STORIES + 1)])
def test_folders_globs_and_many_files_are_scanned(folder: Path, call: list[str]) -> None:
    rows = [json.loads(line) for line in run_here(*call).stdout.splitlines()]
    assert {row["qf"] for row in rows} == {82}
    assert len(rows) == max(2, len(call))


def test_bytes_on_standard_input_are_scanned(folder: Path) -> None:
    done = run_here("-", stdin=Path("in/a.jpg").read_bytes())
    assert json.loads(done.stdout)["qf"] == 82


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["-dash.jpg"], "write ./-dash.jpg"),
        (["scan", "-dash.jpg"], "write ./-dash.jpg"),
        (["explain", "-dash.jpg"], "write ./-dash.jpg"),
        (["scna"], "did you mean 'scan'?"),
        (["frobnicate"], "No such command or file: 'frobnicate'"),
        (["in/absent.jpg"], "no such file or folder: 'in/absent.jpg'"),
        (["in", "--recursive"], "--recursive is a flag of a command"),
    ],
)
def test_what_is_no_call_is_explained_in_one_line(
    folder: Path, call: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("-dash.jpg").write_bytes(Path("in/a.jpg").read_bytes())
    with pytest.raises(SystemExit) as ended:
        main(call, prog_name="jpegqf")
    said = capfd.readouterr().err
    assert ended.value.code == 2
    assert words in said
    assert len(said.splitlines()) == 1


def test_a_file_after_two_dashes_may_begin_with_a_dash(folder: Path) -> None:
    Path("-dash.jpg").write_bytes(Path("in/a.jpg").read_bytes())
    assert run_here("--", "-dash.jpg").stdout.startswith("-dash.jpg, JPEG")


def test_a_command_wins_over_a_file_of_its_name(folder: Path) -> None:
    Path("header").write_bytes(Path("in/a.jpg").read_bytes())
    assert "Missing argument" in run_here("header").stderr
