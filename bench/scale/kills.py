"""Kill workers, nodes and the driver of a scan on Ray at random moments; count rows lost and doubled.

python -m bench.scale.kills --kills 20 --csv docs/scale-kills.csv   # nodes are simulated on this machine
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.scale.shared import processes, write_csv, write_shards

SCAN = (sys.executable, "-m", "jpegqf", "scan", "--engine", "ray", "--quiet")
SHARDS, IMAGES = 40, 25
PAUSE = (2.0, 12.0)
"""Seconds between kills: from inside the restart of what was killed to several shards later."""
LIMIT = 1800.0


class Nodes:
    """A Ray cluster of several nodes on this machine."""

    def __init__(self, nodes: int) -> None:
        from ray.cluster_utils import Cluster

        store = 100 * 2**20
        self.cluster: Any = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "object_store_memory": store, "include_dashboard": False},
        )
        self._store = store
        self.nodes = [self.add() for _ in range(nodes)]

    def add(self) -> Any:
        """A node of one core."""
        return self.cluster.add_node(num_cpus=1, object_store_memory=self._store, wait=True)

    @property
    def address(self) -> str:
        """For ``--address``."""
        return str(self.cluster.address)

    def workers(self) -> list[int]:
        """Processes of actors that scan."""
        raylets = {process.process.pid for node in self.nodes for process in node.all_processes["raylet"]}
        return [pid for pid, parent, name in processes() if parent in raylets and name.startswith("ray::MapWorker")]

    def kill_worker(self, chance: random.Random) -> bool:
        """End an actor as the kernel does when memory runs out."""
        found = self.workers()
        if found:
            os.kill(chance.choice(found), signal.SIGKILL)
        return bool(found)

    def kill_node(self, chance: random.Random) -> bool:
        """End a node with all that runs on it; another one joins."""
        node = chance.choice(self.nodes)
        self.nodes.remove(node)
        self.cluster.remove_node(node, allow_graceful=False)
        self.nodes.append(self.add())
        return True


@contextmanager
def _driver(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([*SCAN, *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True) as driver:
        try:
            yield driver
        finally:
            if driver.poll() is None:
                os.killpg(driver.pid, signal.SIGKILL)


def _kill_driver(driver: "subprocess.Popen[str]") -> bool:
    os.killpg(driver.pid, signal.SIGKILL)
    return True


def scan_under_fire(
    arguments: tuple[str, ...], kill: Callable[["subprocess.Popen[str]"], bool], chance: random.Random, most: int
) -> list[float]:
    """Run a scan to its end while ``kill`` is called now and then; the moments, in seconds since its start."""
    started, moments = time.monotonic(), list[float]()
    while time.monotonic() - started < LIMIT:
        with _driver(*arguments, "--resume") as driver:
            while driver.poll() is None:
                try:
                    driver.wait(chance.uniform(*PAUSE))
                except subprocess.TimeoutExpired:
                    if len(moments) < most and kill(driver):
                        moments.append(round(time.monotonic() - started, 1))
            if driver.returncode == 0:
                return moments
            if driver.returncode != -signal.SIGKILL:
                raise SystemExit(f"the scan ended with {driver.returncode}: {driver.communicate()[1]}")
    raise SystemExit("the scan did not come to its end")


def lost_and_doubled(output: str, sources: list[Path]) -> tuple[int, int, int]:
    """Rows in all, of images that have none, and beyond the first."""
    import pyarrow.dataset as ds

    found = Counter(ds.dataset(output).to_table(["path"])["path"].to_pylist())
    wanted = set()
    for source in sources:
        with tarfile.open(source) as archive:
            wanted |= {f"{source}!{name}" for name in archive.getnames()}
    if set(found) - wanted:
        raise SystemExit("rows of images that do not exist")
    return found.total(), len(wanted - set(found)), found.total() - len(found)


def measure(kinds: list[str], kills: int, seed: int) -> Iterator[dict[str, object]]:
    """One row per scan: what was killed and when, and what its results lack or have twice."""
    chance = random.Random(seed)  # noqa: S311 - moments of a test
    with tempfile.TemporaryDirectory() as scratch:
        shards = write_shards(Path(scratch), SHARDS, IMAGES)
        nodes = Nodes(2)
        ways: dict[str, Callable[[subprocess.Popen[str]], bool]] = {
            "worker": lambda driver: nodes.kill_worker(chance),
            "node": lambda driver: nodes.kill_node(chance),
            "driver": _kill_driver,
        }
        for kind in kinds:
            done = scans = 0
            while done < kills:
                output = f"{scratch}/{kind}-{scans}"
                call = (*map(str, shards), "-o", output, "--address", nodes.address, "--jobs", "2")
                moments = scan_under_fire(call, ways[kind], chance, kills - done)
                done, scans = done + len(moments), scans + 1
                rows, lost, doubled = lost_and_doubled(output, shards)
                yield {
                    "killed": kind, "scan": scans, "kills": len(moments), "seconds": " ".join(map(str, moments)),
                    "rows": rows, "lost": lost, "doubled": doubled,
                }  # fmt: skip
        nodes.cluster.shutdown()


def main() -> None:
    """See the first lines of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each kind")
    parser.add_argument("--kinds", nargs="+", default=["worker", "node", "driver"])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    rows = []
    for row in measure(arguments.kinds, arguments.kills, arguments.seed):
        print(row, flush=True)
        rows.append(row)
    if arguments.csv:
        write_csv(arguments.csv, rows)


if __name__ == "__main__":
    main()
