"""Load on ``jpegqf serve``: throughput beside that of ``jpegqf scan`` on the same files, answers, memory.

python -m bench.load --workers 1 2 --csv docs/load.csv

64 clients send images for 60 s over kept connections on this machine, each the next as soon as it has its answer; a
scan of the same files with as many workers is timed before and after. Without --images, 120 JPEGs are made from images
that scikit-image ships.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the commands do: a scan from here is theirs

import argparse
import asyncio
import io
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from pathlib import Path

import psutil
from PIL import Image

import jpegqf
from bench.summary import write_rows

SCAN_SECONDS = 20.0
WARM_SECONDS = 10.0
"""Memory is first read after this: caches and buffers have their size by then."""
MADE = 120


@dataclass
class Seen:
    """What the clients saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    """MiB of server and workers, every second."""


@dataclass(frozen=True)
class Row:
    """One run. Rates in images per second, memory in MiB of server and workers together, times in ms.

    ``cpu_ms`` and ``scan_cpu_ms``: CPU time an image costs server and workers, or scan and workers; unlike rates they
    hardly depend on what else the machine does.
    """

    workers: int
    clients: int
    seconds: float
    files: int
    mean_kilobytes: float
    mean_megapixels: float
    ok: int
    busy_429: int
    unavailable_503: int
    other: int
    rate: float
    scan_rate: float
    ratio: float
    cpu_ms: float
    scan_cpu_ms: float
    median_ms: float
    p99_ms: float
    memory_10s: float
    memory_end: float
    cores: int
    machine: str
    version: str


def make_files(folder: Path) -> None:
    """JPEGs of different sizes and qualities."""
    import skimage.data

    scenes = [getattr(skimage.data, name)() for name in ("astronaut", "chelsea", "coffee", "camera", "rocket")]
    for i in range(MADE):
        image = Image.fromarray(scenes[i % len(scenes)])
        image.save(folder / f"{i:03}.jpg", quality=20 + i * 79 // MADE, progressive=i % 7 == 0)


def cpu_seconds(process: psutil.Process) -> float:
    """Of a process and its children that live."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def scan_rate(paths: list[Path], workers: int) -> tuple[float, float]:
    """Images per second of a scan, from its first rows on, and its CPU seconds an image: starting is not counted."""
    records = jpegqf.scan(islice(cycle(paths), 100_000), jobs=workers, timeout=60.0)
    for _ in islice(records, 8 * workers):
        pass
    begun, spent, count = time.monotonic(), cpu_seconds(psutil.Process()), 0
    for _ in records:
        count += 1
        if time.monotonic() - begun > SCAN_SECONDS:
            break
    rate, cpu = count / (time.monotonic() - begun), (cpu_seconds(psutil.Process()) - spent) / count
    records.close()  # type: ignore[attr-defined]  # a generator: its workers end
    return rate, cpu


@contextmanager
def server(workers: int, clients: int) -> Iterator[tuple[str, int, psutil.Process]]:
    """Host, port and process of a server that takes as many requests at once as there are clients."""
    flags = ["--port", "0", "--workers", str(workers), "--max-requests", str(clients)]
    command = [sys.executable, "-m", "jpegqf", "serve", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr  # noqa: S101 - a pipe was asked for
            found = re.search(r"http://([\d.]+):(\d+)/", process.stderr.readline())
            assert found, "the server did not start"  # noqa: S101 - nothing to measure without
            yield found[1], int(found[2]), psutil.Process(process.pid)
        finally:
            process.terminate()


async def client(host: str, port: int, bodies: "Iterator[bytes]", until: float, seen: Seen) -> None:
    """One client on one connection: the next image as soon as the answer is there."""
    reader, writer = await asyncio.open_connection(host, port)
    while time.monotonic() < until:
        body = next(bodies)
        head = f"POST /v1/inspect HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n\r\n"
        begun = time.monotonic()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer)
        await reader.readexactly(int(length[1]) if length else 0)
        seen.statuses[int(answer[9:12])] += 1
        seen.seconds.append(time.monotonic() - begun)
    writer.close()


async def watch(process: psutil.Process, until: float, seen: Seen) -> None:
    """Memory every second."""
    while time.monotonic() < until:
        family = [process, *process.children(recursive=True)]
        seen.memory.append(sum(one.memory_info().rss for one in family) / 2**20)
        await asyncio.sleep(1.0)


async def load(
    host: str, port: int, process: psutil.Process, bodies: list[bytes], clients: int, seconds: float
) -> Seen:
    """What ``clients`` see in that time."""
    seen, turn, until = Seen(), cycle(bodies), time.monotonic() + seconds
    await asyncio.gather(*(client(host, port, turn, until, seen) for _ in range(clients)), watch(process, until, seen))
    return seen


def measure(paths: list[Path], workers: int, clients: int, seconds: float) -> Row:
    """One row: scan, load, scan."""
    bodies = [path.read_bytes() for path in paths]
    before, cpu_before = scan_rate(paths, workers)
    with server(workers, clients) as (host, port, process):
        asyncio.run(load(host, port, process, bodies, 2 * workers, 3.0))
        begun, spent = time.monotonic(), cpu_seconds(process)
        seen = asyncio.run(load(host, port, process, bodies, clients, seconds))
        lasted, spent = time.monotonic() - begun, cpu_seconds(process) - spent
    after, cpu_after = scan_rate(paths, workers)
    scanned = (before + after) / 2
    rate = seen.statuses[200] / lasted
    pixels = [Image.open(io.BytesIO(body)).size for body in bodies]
    return Row(
        workers=workers,
        clients=clients,
        seconds=round(lasted, 1),
        files=len(bodies),
        mean_kilobytes=round(statistics.mean(map(len, bodies)) / 1000, 1),
        mean_megapixels=round(statistics.mean(width * height for width, height in pixels) / 1e6, 3),
        ok=seen.statuses[200],
        busy_429=seen.statuses[429],
        unavailable_503=seen.statuses[503],
        other=sum(count for status, count in seen.statuses.items() if status not in (200, 429, 503)),
        rate=round(rate, 1),
        scan_rate=round(scanned, 1),
        ratio=round(rate / scanned, 3),
        cpu_ms=round(1000 * spent / max(1, sum(seen.statuses.values())), 2),
        scan_cpu_ms=round(500 * (cpu_before + cpu_after), 2),
        median_ms=round(1000 * statistics.median(seen.seconds)),
        p99_ms=round(1000 * statistics.quantiles(seen.seconds, n=100)[98]),
        memory_10s=round(seen.memory[min(int(WARM_SECONDS), len(seen.memory) - 1)], 1),
        memory_end=round(seen.memory[-1], 1),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0,
        machine=platform.machine(),
        version=jpegqf.__version__,
    )


def main() -> None:
    """Measure for each number of workers, print and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, help="folder of JPEGs; without, some are made")
    parser.add_argument("--workers", type=int, nargs="+", default=[1])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.images or Path(scratch)
        if not asked.images:
            make_files(folder)
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
        rows = []
        for workers in asked.workers:
            rows.append(asdict(measure(paths, workers, asked.clients, asked.seconds)))
            print(rows[-1], flush=True)
    if asked.csv:
        write_rows(asked.csv, list(rows[0]), rows)


if __name__ == "__main__":
    main()
