"""Ctrl-C, SIGTERM and SIGKILL at any moment: whole outputs, one line, and --resume completes them."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from conftest import MakeJpeg, in_cells
from jpegqf.outputs.results import read_records

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

SCAN = (sys.executable, "-m", "jpegqf", "scan")
FILES = 12_000


@pytest.fixture
def folder(tmp_path: Path, jpeg: MakeJpeg, cat: Image.Image, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve thousand names of a few photographs."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for i in range(3):
        Path(f"in/{i:05d}.jpg").write_bytes(jpeg(60 + 10 * i, cat))
    for i in range(3, FILES):
        os.link(f"in/{i % 3:05d}.jpg", f"in/{i:05d}.jpg")
    return tmp_path


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert happened()


def stop(batch: "subprocess.Popen[str]", number: signal.Signals, seconds: float = 20) -> str:
    """Send a signal to the whole group, as a terminal does; what was on stderr, told within ``seconds``."""
    os.killpg(batch.pid, number)
    _, errors = batch.communicate(timeout=seconds)
    return errors


def started(*arguments: str, **options: object) -> "subprocess.Popen[str]":
    return subprocess.Popen([*SCAN, *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_scan_tells_so_in_one_line_and_in_its_summary(folder: Path, number: signal.Signals) -> None:
    with started("in", "-o", "a.csv", "-o", "a.db", "--summary", "s.json", "--jobs", "2") as batch:
        until(lambda: Path("a.csv").exists() and Path("a.csv").stat().st_size > 3000)
        errors = stop(batch, number)
    rows = list(read_records("a.csv"))
    assert batch.returncode == 128 + number
    assert errors == f"interrupted: {len(rows)} ok, 0 skipped, 0 error; to go on: the same call with --resume\n"
    assert in_cells(read_records("a.db")) == rows
    assert [row.path for row in rows] == [f"in/{i:05d}.jpg" for i in range(len(rows))]
    told = json.loads(Path("s.json").read_text())
    assert (told["outcome"], told["signal"], told["rows"]) == ("interrupted", number.name, len(rows))


def test_a_signal_sent_twice_at_once_is_one_request(folder: Path) -> None:
    with started("in", "-o", "a.csv", "-o", "a.db") as batch:
        until(lambda: Path("a.csv").exists() and Path("a.csv").stat().st_size > 3000)
        os.kill(batch.pid, signal.SIGTERM)  # as ``timeout`` does: to the process, ...
        errors = stop(batch, signal.SIGTERM)  # ... and to its group
    assert (batch.returncode, errors.splitlines()[0][:12]) == (143, "interrupted:")
    assert in_cells(read_records("a.db")) == list(read_records("a.csv"))
    assert sorted(os.listdir()) == ["a.csv", "a.db", "in"]


@pytest.mark.parametrize("delay", [0.1, 0.25, 0.6])
def test_an_interruption_while_it_starts_leaves_one_line_and_nothing_half_done(folder: Path, delay: float) -> None:
    with started("in", "-o", "a.csv", "--only", "header") as batch:
        until(lambda: b"jpegqf" in Path(f"/proc/{batch.pid}/cmdline").read_bytes())
        time.sleep(delay)
        errors = stop(batch, signal.SIGINT)
    # Before the first line of our code runs, Python itself answers.
    assert batch.returncode in (130, -signal.SIGINT) or "KeyboardInterrupt" in errors
    if "KeyboardInterrupt" not in errors:
        assert errors.startswith("interrupted: ")
        assert len(errors.splitlines()) == 1
    assert not Path("a.csv").exists() or list(read_records("a.csv")) is not None


def test_waiting_for_paths_is_interrupted_too(folder: Path) -> None:
    with started("-", "-o", "a.csv", stdin=subprocess.PIPE) as batch:
        assert batch.stdin
        batch.stdin.write("in/00000.jpg\n")
        batch.stdin.flush()
        time.sleep(1)
        errors = stop(batch, signal.SIGINT)
    assert batch.returncode == 130
    assert errors.startswith("interrupted: ")


def killed_and_resumed(times: int, seed: int) -> int:
    """Kill a scan at random moments until ``times`` kills were made; returns how many rows it had kept."""
    chance = random.Random(seed)  # noqa: S311 - a test's choice
    arguments = ("in", "--only", "header", "-o", "a.csv", "-o", "a.jsonl", "-o", "a.db", "--resume", "--quiet")
    kept = 0
    for _ in range(times):
        with started(*arguments) as batch:
            time.sleep(chance.uniform(0, 1.5))
            stop(batch, signal.SIGKILL)
        rows = (
            [json.loads(line)["path"] for line in Path("a.jsonl").read_bytes().split(b"\n")[:-1]]
            if Path("a.jsonl").exists()
            else []
        )
        assert len(rows) >= kept
        kept = len(rows)
    done = subprocess.run([*SCAN, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return kept


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_a_scan_killed_at_random_moments_and_resumed_loses_and_doubles_no_row(folder: Path, times: int) -> None:
    killed_and_resumed(times, seed=times)
    names = [f"in/{i:05d}.jpg" for i in range(FILES)]
    for output in ("a.csv", "a.jsonl", "a.db"):
        assert [row.path for row in read_records(output)] == names
