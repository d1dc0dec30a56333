"""A scan that is interrupted at any moment, or goes on for long; ``python -m pytest -m slow``."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from jpegqf.outputs.results import read_records

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc")]

OUTPUTS = ("a.csv", "a.jsonl", "a.db")
SCAN = [sys.executable, "-m", "jpegqf", "scan", "in", "--only", "header"]
SCAN += [word for name in OUTPUTS for word in ("-o", name)]
LINKS = 20_000
"""A file can only have so many names."""


def pictures(folder: Path, count: int) -> None:
    """So many names of a few small JPEGs, under ``in``."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(out, "JPEG", quality=75)
    (folder / "in").mkdir()
    for i in range(count):
        first = folder / "in" / f"{i // LINKS * LINKS:09d}.jpg"
        if i % LINKS:
            os.link(first, folder / "in" / f"{i:09d}.jpg")
        else:
            first.write_bytes(out.getvalue())


def test_a_scan_interrupted_at_random_moments_ends_soon_with_equal_outputs(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - a test's choice
    pictures(tmp_path, 5000)
    for _ in range(30):
        with subprocess.Popen(
            [*SCAN, "--overwrite"], cwd=tmp_path, start_new_session=True, stderr=subprocess.PIPE, text=True
        ) as scan:
            time.sleep(chance.uniform(0.05, 2))
            os.killpg(scan.pid, signal.SIGINT)
            begun = time.monotonic()
            scan.communicate(timeout=60)
        assert time.monotonic() - begun < 10
        there = [tmp_path / name for name in OUTPUTS if (tmp_path / name).exists()]
        rows = [[row.path for row in read_records(str(path))] for path in there]
        assert rows == rows[:1] * len(rows)
        for path in there:
            path.unlink()


def resident(process: int) -> int:
    """Megabytes in memory; 0 when it has ended."""
    words = Path(f"/proc/{process}/status").read_text().split()
    return int(words[words.index("VmRSS:") + 1]) // 1024 if "VmRSS:" in words else 0


def test_memory_of_the_process_that_writes_stays_flat(tmp_path: Path) -> None:
    pictures(tmp_path, 200_000)
    peaks: list[int] = []
    with subprocess.Popen([*SCAN, "--quiet"], cwd=tmp_path) as scan:
        while scan.poll() is None:
            peaks.append(resident(scan.pid))
            time.sleep(0.5)
    assert scan.returncode == 0
    fifth, last = max(peaks[: len(peaks) // 5]), max(peaks[-len(peaks) // 5 :])
    assert last < 1.25 * fifth + 20, peaks
