import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from commands import Done, run_here
from conftest import MakeJpeg, in_cells
from jpegqf.cli import main
from jpegqf.outputs.results import read_records
from jpegqf.record import COLUMNS


def run_process(*arguments: str) -> Done:
    command = [sys.executable, "-m", "jpegqf", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a.jpg").write_bytes(jpeg(82, cat))
    with Image.open(inside / "a.jpg") as image:
        image.save(inside / "b.png")
    (inside / "c cut.jpg").write_bytes(jpeg(50, cat)[:5000])
    (inside / "d.txt").write_text("no image")
    return tmp_path


def test_a_pipe_gets_one_json_line_per_image(folder: Path) -> None:
    done = run_process("scan", "in")
    assert (done.returncode, done.stderr) == (3, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(row) for row in rows] == [list(COLUMNS)] * 3
    assert [(row["path"], row["status"], row["qf"], row["verdict"]) for row in rows] == [
        ("in/a.jpg", "ok", 82, "consistent"),
        ("in/b.png", "ok", 82, "pixels_only"),
        ("in/c cut.jpg", "error", 50, "header_only"),
    ]
    assert rows[1]["verdict_text"] == "PNG whose pixels were a JPEG at 82"
    assert rows[2]["reason"] == "truncated"


def test_several_outputs_hold_the_same_rows_and_are_kept(folder: Path) -> None:
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    names = ["o/a.csv", "o/a.jsonl", "o/a.db", "o/a.parquet"]
    outputs = [word for name in names for word in ("-o", name)]
    done = run_here("scan", "in", *outputs)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "2 ok, 0 skipped, 1 error\nmade the folder 'o'\n")
    first, *others = [in_cells(read_records(name)) for name in names]
    assert len(first) == 3
    assert all(other == first for other in others)
    again = run_here("scan", "in", *outputs)
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    assert run_here("scan", "in", *outputs, "--overwrite", "--quiet").returncode == 3


def test_two_processes_give_the_same_rows_in_the_same_order(folder: Path) -> None:
    assert run_process("scan", "in", "--jobs", "2").stdout == run_process("scan", "in").stdout


def test_only_header_and_only_pixels_leave_the_rest_unknown(folder: Path) -> None:
    header = json.loads(run_here("scan", "in/a.jpg", "--only", "header").stdout)
    assert (header["header_qf"], header["pixel_qf"], header["qf_source"]) == (82, None, "header")
    pixels = json.loads(run_here("scan", "in/a.jpg", "--only", "pixels").stdout)
    assert (pixels["header_qf"], pixels["pixel_qf"], pixels["qf_source"]) == (None, 82, "pixels")


def test_paths_come_from_standard_input_too(folder: Path) -> None:
    done = run_here("scan", "-", stdin="in/b.png\nin/absent.jpg\n")
    assert [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["ok", "error"]


@pytest.mark.parametrize("name", ["in/a.jpg", "in/b.png"])
def test_bytes_of_an_image_on_standard_input_give_the_row_of_its_file(folder: Path, name: str) -> None:
    done = run_here("scan", "-", stdin=Path(name).read_bytes())
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = (json.loads(line) for line in done.stdout.splitlines())
    assert row == json.loads(run_here("scan", name).stdout) | {"path": "-", "filename": "-"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan"], "Missing argument"),
        (["scan", "absent"], "no such file or folder"),
        (["scan", "in", "-o", "a.xlsx"], "suffix must be one of"),
        (["scan", "in", "--only", "guess"], "guess"),
        (["scan", "in", "--jobs", "0"], "--jobs"),
        (["scan", "in", "--exts", ".bmp,.gif"], "no image found"),
        (["frobnicate"], "No such command"),
    ],
)
def test_a_bad_call_is_exit_code_2_without_traceback(
    folder: Path, arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, prog_name="jpegqf")
    said = capfd.readouterr().err
    assert ended.value.code == 2
    assert message in said
    assert "Traceback" not in said


def test_a_bad_call_ends_the_process_with_exit_code_2_without_traceback(folder: Path) -> None:
    done = run_process("frobnicate")
    assert done.returncode == 2
    assert "No such command" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupted_scan_leaves_whole_files(folder: Path, jobs: str) -> None:
    many = folder / "many"
    many.mkdir()
    for i in range(2000):
        os.link(folder / "in" / "a.jpg", many / f"{i:04d}.jpg")
    command = [sys.executable, "-m", "jpegqf", "scan", "many", "-o", "a.csv", "-o", "a.db", "--jobs", jobs]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as batch:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (Path("a.csv").exists() and Path("a.csv").stat().st_size > 3000):
            time.sleep(0.02)
        os.killpg(batch.pid, signal.SIGINT)
        _, errors = batch.communicate(timeout=30)
    assert batch.returncode == 130
    assert errors.startswith("interrupted: ")
    assert len(errors.splitlines()) == 1
    rows = list(read_records("a.csv"))
    assert 0 < len(rows) < 2000
    assert rows == in_cells(read_records("a.db"))


def test_a_refused_scan_touches_no_output(folder: Path) -> None:
    Path("keep.csv").write_text("precious")
    for call in (["absent.jpg", "-o", "keep.csv", "--overwrite"], ["in", "-o", "new.csv", "-o", "keep.csv"]):
        assert run_here("scan", *call).returncode == 2
    assert run_here("scan", "in", "-o", "twice.csv", "-o", "./twice.csv").returncode == 2
    assert Path("keep.csv").read_text() == "precious"
    assert not Path("new.csv").exists()
    assert not Path("twice.csv").exists()


def test_explain_draws_into_new_png_files_only(folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    photo = Path("in/a.jpg").read_bytes()
    for target in ("in/a.jpg", "in/b.png", "x.txt"):
        with pytest.raises(SystemExit) as ended:
            main(["explain", "in/a.jpg", "--plot", target], prog_name="jpegqf")
        assert ended.value.code == 2
    assert Path("in/a.jpg").read_bytes() == photo
    done = run_here("explain", "in/a.jpg", "--plot", "new.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path("new.png").read_bytes().startswith(b"\x89PNG")


def test_explain_replaces_a_picture_only_if_asked_and_never_the_image_itself(folder: Path) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    image = Path("in/b.png").read_bytes()
    Path("old.png").write_bytes(b"precious")
    refused = run_here("explain", "in/a.jpg", "--plot", "old.png")
    assert (refused.returncode, refused.stderr) == (2, "Error: --plot 'old.png' exists; --overwrite replaces it\n")
    assert Path("old.png").read_bytes() == b"precious"
    assert run_here("explain", "in/a.jpg", "--plot", "old.png", "--overwrite").returncode == 0
    assert Path("old.png").read_bytes().startswith(b"\x89PNG")
    assert run_here("explain", "in/b.png", "--plot", "./in/b.png", "--overwrite").returncode == 2
    assert Path("in/b.png").read_bytes() == image


def test_explain_says_when_nothing_was_drawn_and_leaves_the_old_picture(folder: Path) -> None:
    Path("old.png").write_bytes(b"precious")
    done = run_here("explain", "in/c cut.jpg", "--plot", "old.png", "--overwrite")
    assert done.returncode == 1
    assert done.stderr == "nothing was drawn: there are no judged pixels, and 'old.png' was not written\n"
    assert Path("old.png").read_bytes() == b"precious"


def test_only_header_skips_what_has_none(folder: Path) -> None:
    done = run_here("scan", "in", "--only", "header")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["status"], row["reason"]) for row in rows] == [("ok", None), ("skipped", "not_a_jpeg"), ("ok", None)]
    assert rows[0]["verdict_text"] == "header says 82; the pixels were not looked at"


def test_a_broken_archive_is_one_error_row(folder: Path) -> None:
    Path("x.tar").write_bytes(b"no archive")
    done = run_here("scan", "x.tar", "in/a.jpg")
    statuses = [json.loads(line)["status"] for line in done.stdout.splitlines()]
    assert (done.returncode, statuses) == (3, ["error", "ok"])


def test_header_prints_qualities_encoder_and_tables(folder: Path) -> None:
    done = run_here("header", "in/a.jpg", "in/d.txt")
    assert done.returncode == 3
    for words in ("451x300", "luma quality     82, exact", "chroma quality   82, exact", "IJG", "table 1: slot 1"):
        assert words in done.stdout
    assert done.stderr.startswith("in/d.txt: ")


def test_help_and_version_are_quick_to_import_nothing_heavy() -> None:
    code = "import sys, jpegqf, jpegqf.cli; print([m for m in ('numpy', 'PIL', 'torch', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
    assert run_process("--version").stdout.startswith("jpegqf, version 0.")


def test_a_summary_tells_counts_reasons_rates_and_versions(folder: Path) -> None:
    assert run_here("scan", "in", "-o", "a.csv", "--summary", "out/s.json").returncode == 3
    told = json.loads(Path("out/s.json").read_text(encoding="utf-8"))
    assert (told["outcome"], told["exit_code"], told["signal"], told["failure"]) == ("finished", 3, None, None)
    assert (told["rows"], told["resumed_rows"]) == (3, 0)
    assert told["status"] == {"ok": 2, "skipped": 0, "error": 1}
    assert told["reason"] == {"truncated": 1}
    assert told["verdict"] == {"consistent": 1, "pixels_only": 1, "header_only": 1}
    assert told["images_per_second"] > 0
    assert {"jpegqf", "python", "numpy", "pillow"} <= set(told["versions"])
    assert told["model"]
    assert run_here("scan", "in", "--summary", "out/s.json").returncode == 2
    assert run_here("scan", "in", "-o", "b.csv", "--summary", "./b.csv").returncode == 2
    again = run_here("scan", "in", "-o", "a.csv", "--resume", "--summary", "out/s.json")
    assert (again.returncode, again.stderr) == (3, "2 ok, 0 skipped, 1 error\n")
    assert json.loads(Path("out/s.json").read_text(encoding="utf-8"))["resumed_rows"] == 3


def test_exit_codes_say_how_many_were_judged(folder: Path) -> None:
    for paths, code in ((["in/a.jpg"], 0), (["in/c cut.jpg"], 1), (["in"], 3), (["absent"], 2)):
        assert run_here("scan", *paths, "--only", "pixels").returncode == code


def test_resuming_needs_outputs_and_does_not_go_with_overwriting(folder: Path) -> None:
    for more in ([], ["-o", "a.csv", "--overwrite"]):
        done = run_here("scan", "in", "--resume", *more)
        assert done.returncode == 2
        assert "--resume goes on with the files of -o" in done.stderr


def test_a_path_to_nowhere_is_told_before_anything_is_done(folder: Path) -> None:
    done = run_here("scan", "in", "absent.jpg", "-o", "a.csv")
    assert (done.returncode, done.stderr) == (2, "Error: no such file or folder: 'absent.jpg'\n")
    assert not Path("a.csv").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
@pytest.mark.parametrize("call", [["scan", "in/a.jpg"], ["header", "in/a.jpg"], ["explain", "in/a.jpg"]])
def test_a_full_standard_output_is_one_line_and_exit_code_2(folder: Path, call: list[str]) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "jpegqf", *call]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "o space left on device" in done.stderr


def test_a_full_disk_ends_a_scan_with_one_line_and_a_summary(folder: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of a process")
    many = folder / "many"
    many.mkdir()
    for i in range(300):
        os.link(folder / "in" / "a.jpg", many / f"{i:04d}.jpg")
    command = [sys.executable, "-m", "jpegqf", "scan", "many", "--only", "header", "-o", "a.csv", "--summary", "s.json"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    rows = list(read_records("a.csv"))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: 'a.csv' cannot be written any more: File too large; what was written before")
    assert len(done.stderr.splitlines()) == 1
    assert 50 < len(rows) < 300
    told = json.loads(Path("s.json").read_text(encoding="utf-8"))
    assert (told["outcome"], told["rows"]) == ("failed", len(rows))


@pytest.mark.parametrize(
    ("call", "code"),
    [("scan in/a.jpg -o x.csv >&-", 0), ("scan in/a.jpg -o x.csv 2>/dev/full", 0), ("header in/a.jpg >&-", 0),
     ("scan nowhere >&- 2>&-", 2), ("scan nowhere 2>/dev/full", 2), ("--help >&-", 0)],
)  # fmt: skip
def test_a_closed_or_full_terminal_changes_no_exit_code(folder: Path, call: str, code: int) -> None:
    line = f"{sys.executable} -m jpegqf {call}"
    assert subprocess.run(line, shell=True, timeout=120, check=False).returncode == code  # noqa: S602 - our own words


def test_what_is_no_time_is_refused(folder: Path) -> None:
    done = run_here("scan", "in", "--timeout-per-image", "nan")
    assert (done.returncode, "'nan' is no time" in done.stderr) == (2, True)
