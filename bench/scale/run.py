"""What a scan on Ray costs: against the plain engine, with two workers against one, and in memory over many shards.

python -m bench.scale overhead workers memory --csv docs/scale.csv --shard-csv docs/scale-shards.csv

Every figure is a ratio within one run, taken several times; the medians count. The machine may be busy with other
things: both engines work at the same time, or in turn, and rates are per second of processor time. The images are
photographs that scikit-image ships, cut, scaled and compressed at random, in tar shards on a local disk.
"""

import argparse
import os

# One BLAS thread, as the command has it; and Ray's workers give way to all else unless told, the plain engine does not.
os.environ.update({"OPENBLAS_NUM_THREADS": "1", "RAY_worker_niceness": "0"})

import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.scale.shared import processes, write_csv, write_shards

Row = dict[str, object]
OVERHEAD_SHARDS, OVERHEAD_IMAGES, OVERHEAD_SIDE = 2, 1000, 128
"""Small images are the hard case: what a shard costs beside its images is shared by less work."""
WORKERS_SHARDS, WORKERS_IMAGES, WORKERS_SIDE = 4, 100, 1024
WARM_UP = 20
"""Images of the shards that come first and are not counted: processes start and load the model meanwhile."""
SIDES = (256, 512, 1024)
RATE_IMAGES = 60
"""Pixels of the squares whose rate is measured for docs/scale.md, and how many of each."""
MEMORY_SHARDS = (10, 50, 100, 250, 500)


SHARD_SECONDS: list[Row] = []


@dataclass(frozen=True)
class Done:
    """One shard: when it began and ended, by this process's clock."""

    begin: float
    end: float
    rows: int


def on_ray(sources: list[Path], workers: int, scratch: str) -> Iterator[Done]:
    """Shards as they come back, warm-up included."""
    from jpegqf.cluster.on_ray import Resources, outcomes
    from jpegqf.cluster.plan import Plan
    from jpegqf.cluster.results_folder import Destination
    from jpegqf.inputs.suffixes import IMAGE_SUFFIXES
    from jpegqf.scanning.look import Look

    output = tempfile.mkdtemp(dir=scratch)
    paths = tuple(map(str, sources))
    plan = Plan(paths, IMAGE_SUFFIXES, False, 1000, output, Look(), 60.0, False, os.getcwd())
    Destination(output).begin(plan.settings(), False)
    for told in outcomes(plan, Resources(workers, 0)):
        if "Failure" in told:
            raise SystemExit(f"a shard failed: {told}")
        if result := told.get("Result"):
            now = time.monotonic()
            yield Done(now - result["seconds"], now, result["rows"])


def counted(done: Iterator[Done]) -> list[Done]:
    """Those behind the warm-up; how long each took is kept for the simulation."""
    kept = [shard for shard in done if shard.rows > WARM_UP]
    SHARD_SECONDS.extend({"images": shard.rows, "seconds": shard.end - shard.begin} for shard in kept)
    return kept


def rate(done: list[Done]) -> float:
    """Images a second from the first of these shards' begin to the last one's end."""
    return sum(shard.rows for shard in done) / (max(shard.end for shard in done) - min(shard.begin for shard in done))


class Plain:
    """The plain engine with one worker process, as ``jpegqf scan`` uses it, over the same images again and again."""

    def __init__(self, sources: list[Path]) -> None:
        self.moments: list[float] = []
        """When each image was done."""
        self._sources, self._stop = sources, False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Plain":
        self._thread.start()
        return self

    def _run(self) -> None:
        from jpegqf import scan

        with closing(cast(Generator[object, None, None], scan(self._sources * 100, jobs=1, timeout=60.0))) as rows:
            for _ in rows:
                self.moments.append(time.monotonic())
                if self._stop:
                    return

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join()


def overhead(scratch: Path, turns: int) -> Iterator[Row]:
    """Plain engine and Ray at the same time, a worker each: images done while Ray goes from shard end to shard end."""
    warm = made(scratch / "warm", 1, WARM_UP, OVERHEAD_SIDE)
    sources = made(scratch / "shards", OVERHEAD_SHARDS, OVERHEAD_IMAGES, OVERHEAD_SIDE)
    for turn in range(turns):
        with Plain(sources) as plain:
            first, *rest = counted(on_ray(warm + sources, 1, str(scratch)))
            ray = sum(shard.rows for shard in rest)
            meanwhile = sum(first.end < moment <= rest[-1].end for moment in plain.moments)
        yield {"measure": "overhead", "turn": turn, "base": meanwhile, "value": ray, "ratio": meanwhile / ray - 1}


def two_workers(scratch: Path, turns: int) -> Iterator[Row]:
    """One and two workers in turn, on the same shards."""
    warm = made(scratch / "warm", 4, WARM_UP, WORKERS_SIDE)
    sources = made(scratch / "shards", WORKERS_SHARDS, WORKERS_IMAGES, WORKERS_SIDE)
    for turn in range(turns):
        one, two = (rate(counted(on_ray(warm + sources, workers, str(scratch)))) for workers in (1, 2))
        yield {"measure": "workers", "turn": turn, "base": one, "value": two, "ratio": two / one}


def made(folder: Path, shards: int, images: int, side: int) -> list[Path]:
    """Shards in a folder of their own."""
    folder.mkdir()
    return write_shards(folder, shards, images, side)


def rates(scratch: Path, turns: int) -> Iterator[Row]:
    """The plain engine on images of several sizes: images in a second of processor time, and bytes of each."""
    for side in SIDES:
        warm, *sources = made(scratch / f"side{side}", 2, RATE_IMAGES, side)
        per_image = sum(path.stat().st_size for path in sources) / RATE_IMAGES
        for turn in range(turns):
            yield {"measure": f"rate {side}", "turn": turn, "base": per_image, "value": plain_rate([warm, *sources])}


def plain_rate(sources: list[Path]) -> float:
    """Images in a second of processor time, in the second of two archives: the model is loaded in the first."""
    from jpegqf import scan

    before = count = 0.0
    for record in scan(sources, jobs=1, timeout=60.0):
        if record.path.startswith(str(sources[1])):
            before = before or cpu_seconds()
            count += 1
            after = cpu_seconds()
    return (count - 1) / (after - before)


def row_bytes(scratch: Path, turns: int) -> Iterator[Row]:
    """Bytes of results for an image, in files of as many rows as the others have."""
    (shard,) = made(scratch / "shards", 1, 1000, 128)
    before = set(scratch.iterdir())
    list(on_ray([shard], 1, str(scratch)))
    (output,) = set(scratch.iterdir()) - before
    yield {
        "measure": "row bytes",
        "turn": 0,
        "base": sum(path.stat().st_size for path in output.glob("*.parquet")) / 1000,
    }


def memory(scratch: Path, turns: int) -> Iterator[Row]:
    """Resident memory of this process and of the worker's two when so many shards are done."""
    sources = made(scratch / "many", max(MEMORY_SHARDS) + 20, 10, 64)  # at the last count workers are still at work
    first: float | None = None
    for number, _ in enumerate(on_ray(sources, 1, str(scratch)), 1):
        if number in MEMORY_SHARDS:
            now = megabytes()
            first = first or sum(now)
            yield {"measure": "memory", "turn": number, "base": now[0], "value": now[1], "ratio": sum(now) / first}


def megabytes() -> tuple[float, float]:
    """Of this process, and of all Ray workers that scan with the processes they started."""
    workers = [pid for pid, _, name in processes() if name.startswith("ray::MapWorker")]
    children = [pid for pid, parent, _ in processes() if parent in workers]
    return resident(os.getpid()), sum(map(resident, workers + children))


def cpu_seconds() -> float:
    """Processor time so far of this process and all it started, directly or not."""
    parents = {pid: parent for pid, parent, _ in processes()}
    mine = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(map(_cpu_seconds, mine))


def _cpu_seconds(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> float:
    """Megabytes in memory that are not shared with others."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0.0
    return (int(pages[1]) - int(pages[2])) * resource.getpagesize() / 1e6


MEASURES = {"overhead": overhead, "workers": two_workers, "rates": rates, "row-bytes": row_bytes, "memory": memory}


def main() -> None:
    """See the first lines of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", metavar="|".join(MEASURES), help="all unless told")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--shard-csv", type=Path, help="how long each shard took")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.measures or MEASURES:
            for row in measured(name, Path(scratch), arguments.turns):
                print(row, flush=True)
                rows.append(row)
            for path, kept in ((arguments.csv, rows), (arguments.shard_csv, SHARD_SECONDS)):
                if path:
                    write_csv(path, kept)
    for name in dict.fromkeys(row["measure"] for row in rows):
        ratios = [float(str(row["ratio"])) for row in rows if row["measure"] == name and "ratio" in row]
        if ratios:
            print(f"{name}: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


def measured(name: str, scratch: Path, turns: int) -> Iterator[Row]:
    """Rows of one measure, with a Ray of two cores unless it needs none."""
    from jpegqf.cluster.on_ray import connected

    folder = scratch / name
    folder.mkdir()
    if name == "rates":
        yield from rates(folder, turns)
        return
    with connected(None, 2, "auto"):
        rows = list(MEASURES[name](folder, turns))
    yield from rows
