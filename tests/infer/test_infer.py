import csv
import io
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from conftest import REPOSITORY, MakeJpeg
from jpegqf.infer.command import main
from jpegqf.inspection.inspector import inspect


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with ``in/``: two good JPEGs, one too small, one flat, one truncated, one text."""
    monkeypatch.chdir(tmp_path)
    inside = tmp_path / "in"
    (inside / "sub").mkdir(parents=True)
    (inside / "a.jpg").write_bytes(jpeg(35, cat))
    (inside / "b.JPEG").write_bytes(jpeg(92, cat))
    (inside / "c small.jpg").write_bytes(jpeg(50, cat.crop((0, 0, 100, 300))))
    (inside / "d flat.jpg").write_bytes(jpeg(50, Image.new("RGB", (300, 300), "teal")))
    (inside / "e cut.jpg").write_bytes(jpeg(50, cat)[:5000])
    (inside / "f text.jpg").write_text("not a picture")
    (inside / "g.png").write_bytes(b"ignored: not among the suffixes")
    (inside / "sub" / "h.jpg").write_bytes(jpeg(64, cat))
    return tmp_path


def rows(path: str) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))[1:]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "infer.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


def test_single_image_prints_the_whole_documented_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "test.jpg").write_bytes((REPOSITORY / "demo" / "test.jpg").read_bytes())
    done = run("--input", "./demo/test.jpg", "--device", "cpu")
    assert (done.returncode, done.stderr) == (0, "")
    weights = done.stdout.splitlines()[6]
    assert re.fullmatch(r"\[\*\] 权重类型 / Weight type: NumPy \(\S+\)", weights)
    assert done.stdout.splitlines() == [
        "===== 结果 / Result =====",
        "图片 / Image: ./demo/test.jpg",
        "最终QF / Final QF: 92.0000",
        "[+] 成功预测CSV / Predictions CSV: ./outputs/predictions.csv",
        "[+] 问题样本CSV / Issues CSV: ./outputs/issues.csv",
        "[*] 设备 / Device: cpu",
        weights,
        "[*] 校准器 / Calibrator: 开 / on",
        "[*] 翻转增强 / TTA: 开 / on",
        "[*] 像素上限 / Pixel limit: 关 / off",
    ]
    assert rows("outputs/predictions.csv") == [["./demo/test.jpg", "test.jpg", "92"]]
    assert rows("outputs/issues.csv") == []


def test_folder_gives_each_image_one_row_in_one_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--input", "in", "--output_mode", "both"]) == 3
    out = capsys.readouterr().out.splitlines()
    assert out[:5] == [
        "===== 汇总 / Summary =====",
        "找到图片 / Found: 6",
        "成功 / OK: 2",
        "跳过 / Skipped: 2",
        "错误 / Error: 2",
    ]
    assert re.fullmatch(r"总耗时 / Total time: \d+\.\d\d s", out[5])
    assert re.fullmatch(r"速度 / Speed: \d+\.\d\d images/s", out[6])
    assert "[+] 数据库 / Database: ./outputs/results.db" in out
    assert rows("outputs/predictions.csv") == [["in/a.jpg", "a.jpg", "35"], ["in/b.JPEG", "b.JPEG", "92"]]
    issues = rows("outputs/issues.csv")
    assert [row[:3] for row in issues] == [
        ["in/c small.jpg", "c small.jpg", "skipped"],
        ["in/d flat.jpg", "d flat.jpg", "skipped"],
        ["in/e cut.jpg", "e cut.jpg", "error"],
        ["in/f text.jpg", "f text.jpg", "error"],
    ]
    words = ("too small", "too little information", "truncated", "not an image")
    assert all(word in row[3] for word, row in zip(words, issues, strict=True))
    connection = sqlite3.connect("outputs/results.db")
    assert [list(row) for row in connection.execute("SELECT path, filename, pred_qf_final FROM predictions")] == [
        ["in/a.jpg", "a.jpg", 35],
        ["in/b.JPEG", "b.JPEG", 92],
    ]
    stored = connection.execute("SELECT id, path, filename, issue_type, issue_message FROM issues ORDER BY id")
    assert [[str(cell) for cell in row] for row in stored] == [[str(i + 1), *row] for i, row in enumerate(issues)]
    connection.close()


def test_recursive_and_named_suffixes(folder: Path, cat: Image.Image) -> None:
    cat.save(folder / "in" / "sub" / "i.PNG")
    assert main(["--input", "in/sub", "--exts", "png", ".jpg", "--quiet"]) == 0
    assert [row[0] for row in rows("outputs/predictions.csv")] == ["in/sub/h.jpg", "in/sub/i.PNG"]
    assert main(["--input", "in", "--recursive", "--quiet", "--pred_csv", "p.csv", "--issue_csv", "i.csv"]) == 3
    assert [row[0] for row in rows("p.csv")] == ["in/a.jpg", "in/b.JPEG", "in/sub/h.jpg"]


def test_a_cropped_png_of_a_jpeg_gets_the_quality_that_scan_gives(folder: Path, jpeg: MakeJpeg) -> None:
    for quality in (30, 60, 90):
        with Image.open(io.BytesIO(jpeg(quality))) as image:
            image.crop((3, 5, 400, 400)).save(folder / "in" / f"{quality}.png")
    (folder / "in" / "g.png").unlink()
    assert main(["--input", "in", "--exts", ".png", "--quiet"]) == 0
    assert [row[2] for row in rows("outputs/predictions.csv")] == ["30", "60", "90"]
    assert [inspect(folder / "in" / f"{quality}.png").qf for quality in (30, 60, 90)] == [30, 60, 90]


def test_a_png_that_was_never_a_jpeg_gets_no_number(folder: Path, cat: Image.Image) -> None:
    cat.resize((200, 150)).save(folder / "in" / "g.png")
    assert main(["--input", "in/g.png", "--exts", ".png", "--quiet"]) == 1
    assert rows("outputs/predictions.csv") == []
    assert rows("outputs/issues.csv") == [
        ["in/g.png", "g.png", "skipped", "no trace of a JPEG save: never compressed, or resized or reworked since"]
    ]


def test_only_issues_is_exit_code_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--input", "in/e cut.jpg"]) == 1
    assert "[!] 错误 / Error: file is truncated" in capsys.readouterr().out


def test_quiet_leaves_out_notes_and_still_writes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--input", "in", "--quiet"]) == 3
    shown = capsys.readouterr()
    assert "[*]" not in shown.out
    assert "[+]" in shown.out
    assert shown.err == ""
    assert len(rows("outputs/predictions.csv")) == 2


def test_a_second_run_overwrites_nothing(folder: Path) -> None:
    for _ in range(3):
        main(["--input", "in/a.jpg", "--output_mode", "both", "--quiet"])
    written = sorted(os.listdir("outputs"))
    assert len(written) == 9
    assert all(rows(f"outputs/{name}") for name in written if name.startswith("predictions"))


def test_pixel_limit_skips_from_the_header_and_only_when_enabled(folder: Path) -> None:
    call = ["--input", "in/a.jpg", "--quiet", "--max_image_pixels", "1000"]
    assert main([*call, "--enable_pixel_limit", "--issue_csv", "limit.csv"]) == 1
    assert rows("limit.csv") == [
        ["in/a.jpg", "a.jpg", "skipped", "too many pixels: 451x300 = 135300, the limit is 1000"]
    ]
    assert main(call) == 0


def test_flags_that_must_not_change_the_answer(folder: Path) -> None:
    for i, flag in enumerate(("--disable_tta", "--no_calibrator")):
        assert main(["--input", "in", "--quiet", flag, "--pred_csv", f"{i}.csv"]) == 3
        assert [row[2] for row in rows(f"{i}.csv")] == ["35", "92"]


def test_the_bundled_checkpoint_by_its_name_gives_the_same_rows(folder: Path) -> None:
    assert main(["--input", "in", "--quiet", "--ckpt", str(REPOSITORY / "checkpoints" / "model.pth")]) == 3
    assert [row[2] for row in rows("outputs/predictions.csv")] == ["35", "92"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--input"),
        (["--input", "absent"], "no such file or folder"),
        (["--input", "in/g.png"], "--exts"),
        (["--input", "in", "--exts", "gif"], "no image with suffix .gif"),
        (["--input", "in", "--ckpt", "absent.pth"], "no such file"),
        (["--input", "in", "--ckpt", "old.onnx"], "no longer read; pass old.pth"),
        (["--input", "in", "--ckpt", "in/f text.jpg"], "suffix must be"),
        (["--input", "in", "--max_image_pixels", "0"], "at least 1"),
        (["--input", "in", "--max_image_pixels", "many"], "invalid int"),
        (["--input", "in", "--device", "tpu"], "invalid choice"),
        (["--input", "in", "--pred_csv", "in/a.jpg/p.csv"], "cannot write"),
        (["--input", "in", "--inputs"], "unrecognized"),
    ],
)
def test_a_bad_call_is_exit_code_2_and_one_line(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as ended:  # as argparse ends
        code = ended.code
    said = capsys.readouterr()
    assert code == 2
    assert message in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert not Path("outputs").exists() or not os.listdir("outputs")


def test_a_bad_call_ends_the_process_with_exit_code_2_and_one_line(folder: Path) -> None:
    done = run()
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "--input" in done.stderr


def test_a_stdout_that_is_full_or_gone_changes_neither_results_nor_code(folder: Path) -> None:
    command = [sys.executable, str(REPOSITORY / "infer.py"), "--input", "in/a.jpg"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [row[2] for row in rows("outputs/predictions.csv")] == ["35"]


def test_a_message_stays_one_line_whatever_the_name(folder: Path) -> None:
    done = run("--input", "in", "--ckpt", "no\npe.pth")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_help_is_in_english_and_chinese_and_names_every_flag() -> None:
    done = run("--help")
    assert done.returncode == 0
    flags = "ckpt input recursive exts output_mode pred_csv issue_csv output_db disable_tta no_calibrator device"
    for flag in [*flags.split(), "enable_pixel_limit", "max_image_pixels", "quiet", "help"]:
        assert f"--{flag}" in done.stdout
    assert "退出码" in done.stdout
    assert "exit codes" in done.stdout


def test_names_of_any_bytes_get_their_row(folder: Path) -> None:
    source = (folder / "in" / "a.jpg").read_bytes()
    strange = folder / "strange"
    strange.mkdir()
    raw = [b"=1+1.jpg", b"@x.jpg", b'a,b"c.jpg', b"line\nbreak.jpg", b"caf\xe9.jpg", "图.jpg".encode()]
    for name in raw:
        (Path(os.fsdecode(os.fsencode(strange) + b"/" + name))).write_bytes(source)
    assert main(["--input", "strange", "--quiet", "--output_mode", "both"]) == 0
    found = {row[1] for row in rows("outputs/predictions.csv")}
    assert found == {"'=1+1.jpg", "'@x.jpg", 'a,b"c.jpg', "line\nbreak.jpg", r"caf\xe9.jpg", "图.jpg"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_valid_files(folder: Path, number: signal.Signals) -> None:
    many = folder / "many"
    many.mkdir()
    for i in range(3000):
        os.link(folder / "in" / "a.jpg", many / f"{i:04d}.jpg")
    command = [sys.executable, str(REPOSITORY / "infer.py"), "--input", "many", "--output_mode", "both"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as batch:
        predictions = Path("outputs/predictions.csv")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (predictions.exists() and predictions.read_text().count("\n") > 5):
            time.sleep(0.02)
        batch.send_signal(number)
        out, err = batch.communicate(timeout=30)
    assert batch.returncode == 128 + number
    assert "Interrupted" in out
    assert err == ""
    done = rows("outputs/predictions.csv")
    assert 5 <= len(done) < 3000
    assert [row[1] for row in done] == [f"{i:04d}.jpg" for i in range(len(done))]
    connection = sqlite3.connect("outputs/results.db")
    assert connection.execute("SELECT count(*) FROM predictions").fetchone() == (len(done),)
    connection.close()
    assert not Path("outputs/results.db-wal").exists()
