"""Slow checks of what docs/reliability.md promises: kill, interrupt or feed a scan for long, and count what is left.

python bench/soak.py kill --times 50       # SIGKILL at random moments, --resume, no row lost or doubled
python bench/soak.py interrupt --times 30  # Ctrl-C at random moments: seconds until it has ended
python bench/soak.py memory --images 200000  # memory of the process that writes, over a long scan
"""

import argparse
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image

from jpegqf.outputs.formats import whole_rows
from jpegqf.outputs.results import read_records

OUTPUTS = ("a.csv", "a.jsonl", "a.db")
SCAN = [sys.executable, "-m", "jpegqf", "scan", "in", "--quiet"]
STARTUP_SECONDS = 1.0
"""Roughly what a scan needs until it writes rows; moments are drawn from zero to some way beyond it."""


@contextmanager
def pictures(count: int) -> Iterator[Path]:
    """A folder to work in, with ``count`` names of a few small JPEGs under ``in``."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "in").mkdir()
        for i in range(count):
            kind = folder / "in" / f"{i // 20_000:04d}.0.jpg"  # a file can only have so many names
            if not kind.exists():
                out = io.BytesIO()
                Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(out, "JPEG", quality=75)
                kind.write_bytes(out.getvalue())
            else:
                os.link(kind, folder / "in" / f"{i // 20_000:04d}.{i:09d}.jpg")
        yield folder


def command(*more: str) -> list[str]:
    """A scan of headers into every output that can be continued."""
    return [*SCAN, "--only", "header", *more, *[word for name in OUTPUTS for word in ("-o", name)]]


def kill(times: int, images: int, seed: int) -> None:
    """SIGKILL the whole group at random moments, go on, compare every output with the names."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    with pictures(images) as folder:
        for turn in range(times):
            with subprocess.Popen(command("--resume"), cwd=folder, start_new_session=True) as scan:
                time.sleep(chance.uniform(0, 2 * STARTUP_SECONDS))
                os.killpg(scan.pid, signal.SIGKILL)
            print(turn + 1, [whole_rows(str(folder / name)).rows for name in OUTPUTS], flush=True)
        subprocess.run(command("--resume"), cwd=folder, check=True)
        names = sorted(f"in/{name}" for name in os.listdir(folder / "in"))
        for name in OUTPUTS:
            found = [record.path for record in read_records(str(folder / name))]
            if found != names:
                raise SystemExit(f"{name}: rows were lost or doubled")
    print(f"killed {times} times: {images} rows in each of {len(OUTPUTS)} outputs, none lost, none doubled")


def interrupt(times: int, images: int, seed: int) -> None:
    """SIGINT to the whole group at random moments; how long it takes to end, and what is said."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    longest = 0.0
    with pictures(images) as folder:
        for turn in range(times):
            call = [word for word in command("--overwrite") if word != "--quiet"]
            with subprocess.Popen(call, cwd=folder, start_new_session=True, stderr=subprocess.PIPE, text=True) as scan:
                delay = chance.uniform(0.05, 2 * STARTUP_SECONDS)
                while turn % 2 and scan.poll() is None and not whole_rows(str(folder / OUTPUTS[0])).rows:
                    time.sleep(0.01)  # every other time in the middle of the rows
                time.sleep(delay if turn % 2 == 0 else delay / 4)
                sent = time.monotonic()
                os.killpg(scan.pid, signal.SIGINT)
                _, said = scan.communicate(timeout=60)
            took = time.monotonic() - sent
            longest = max(longest, took)
            rows = {whole_rows(str(folder / name)).rows for name in OUTPUTS}
            for name in OUTPUTS:
                with suppress(FileNotFoundError):
                    (folder / name).unlink()
            print(
                f"after {delay:.2f} s: {took:.3f} s, exit code {scan.returncode}, rows {rows}: {said.strip()}",
                flush=True,
            )
    print(f"longest of {times}: {longest:.3f} s")


def memory(images: int, jobs: int) -> None:
    """Scan ``images`` names, watching the resident memory of the process that writes."""
    with pictures(images) as folder:
        begun = time.monotonic()
        with subprocess.Popen(command("--jobs", str(jobs)), cwd=folder) as scan:
            status = Path(f"/proc/{scan.pid}/status")
            peaks: list[int] = []
            while scan.poll() is None:
                words = status.read_text().split()
                peaks.append(int(words[words.index("VmRSS:") + 1]) // 1024 if "VmRSS:" in words else 0)
                time.sleep(0.5)
        seconds = time.monotonic() - begun
        rows = whole_rows(str(folder / "a.csv")).rows
    tenths = [max(peaks[len(peaks) * i // 10 : len(peaks) * (i + 1) // 10 + 1]) for i in range(10)]
    print(f"{rows} rows in {seconds:.0f} s, {rows / seconds:.0f} a second; MiB by tenths of the time: {tenths}")


def main() -> None:
    """Run one of the checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=("kill", "interrupt", "memory"))
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.check == "memory":
        return memory(arguments.images, arguments.jobs)
    return {"kill": kill, "interrupt": interrupt}[arguments.check](arguments.times, arguments.images, arguments.seed)


if __name__ == "__main__":
    main()
