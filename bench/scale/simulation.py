"""From measured rates to five billion images: what they cost, and what stragglers and failures add with 1,000 workers.

python -m bench.scale.simulation --csv docs/scale-simulation.csv   # from docs/scale.csv and docs/scale-shards.csv
"""

import argparse
import csv
import heapq
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.scale.shared import write_csv

DOCS = Path(__file__).parents[2] / "docs"
IMAGES, WORKERS = 5_000_000_000, 1000
DOLLARS_PER_CORE_HOUR = 0.04
"""About what large clouds ask for a core of a general machine on demand; interruptible ones cost a third to a half."""
REPLACED_SECONDS = 180.0
"""From the loss of a machine until another one has started, loaded the model and takes a shard."""
SLOW_SHARE, SLOWNESS = 0.01, 3.0
"""Workers that are slower for as long as they live, and how much: a bad disk, a noisy neighbour."""


@dataclass(frozen=True)
class Scene:
    """What is simulated: ``hours`` a worker lives on average."""

    images_per_shard: int
    hours: float

    @property
    def shards(self) -> int:
        """In all."""
        return IMAGES // self.images_per_shard


def per_image(side: int) -> tuple[float, float]:
    """Measured seconds of one core and bytes read."""
    rows = [row for row in _rows("scale.csv") if row["measure"] == f"rate {side}"]
    return 1 / statistics.median(float(row["value"]) for row in rows), float(rows[0]["base"])


def spread() -> list[float]:
    """Measured times of shards over the mean of their like: what one shard is slower or faster than another."""
    alike: dict[str, list[float]] = {}
    for row in _rows("scale-shards.csv"):
        alike.setdefault(row["images"], []).append(float(row["seconds"]))
    return [one / statistics.mean(seconds) for seconds in alike.values() for one in seconds]


def simulate(scene: Scene, seconds_per_image: float, ratios: list[float], seed: int = 7) -> dict[str, object]:
    """Hand shards to whichever worker is free first, until all are done; a worker lost loses its shard's time."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    mean = seconds_per_image * scene.images_per_shard
    slowness = [SLOWNESS if chance.random() < SLOW_SHARE else 1.0 for _ in range(WORKERS)]
    free = [(0.0, worker) for worker in range(WORKERS)]
    dies = [chance.expovariate(1 / (3600 * scene.hours)) for _ in range(WORKERS)]
    waiting, lost, deaths, last, drained = scene.shards, 0.0, 0, 0.0, 0.0
    while waiting:
        now, worker = heapq.heappop(free)
        end = now + mean * chance.choice(ratios) * slowness[worker]
        if dies[worker] <= end:
            lost += max(0.0, dies[worker] - now)
            deaths += 1
            begin = max(now, dies[worker]) + REPLACED_SECONDS
            slowness[worker] = SLOWNESS if chance.random() < SLOW_SHARE else 1.0
            dies[worker] = begin + chance.expovariate(1 / (3600 * scene.hours))
            heapq.heappush(free, (begin, worker))
            continue
        waiting -= 1
        drained, last = now, max(last, end)
        heapq.heappush(free, (end, worker))
    ideal = scene.shards * mean / WORKERS
    return {
        "images_per_shard": scene.images_per_shard, "hours_a_worker_lives": scene.hours, "ideal_hours": ideal / 3600,
        "hours": last / 3600, "longer_percent": 100 * (last / ideal - 1), "workers_lost": deaths,
        "work_lost_percent": 100 * lost / (ideal * WORKERS), "tail_minutes": (last - drained) / 60,
    }  # fmt: skip


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DOCS / name).open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def main() -> None:
    """See the first lines of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=512, help="of the images, in pixels")
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    seconds, _ = per_image(arguments.side)
    scenes = [Scene(count, hours) for count in (1000, 10_000) for hours in (1000.0, 24.0, 2.0)]
    rows = []
    for scene in scenes:
        rows.append({"side": arguments.side, **simulate(scene, seconds, spread())})
        print(rows[-1], flush=True)
    if arguments.csv:
        write_csv(arguments.csv, rows)


if __name__ == "__main__":
    main()
