"""Runs a plan with Ray Data: streams its shards to actors of one core each, and yields the outcome of each shard."""

import json
import logging
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any

from jpegqf.cluster.plan import Plan, describe
from jpegqf.cluster.shard_worker import ShardScanner
from jpegqf.cluster.shards import Shard
from jpegqf.cluster.storage import one_line
from jpegqf.errors import UsageError
from jpegqf.optional import missing

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is to leave these machines
try:
    import pyarrow as arrow
    import ray
    import ray.data
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask
except ImportError:
    raise missing("--engine ray", "Ray", "ray") from None

DEATHS = 20
"""Retries of a shard whose worker died. It is high because spot machines are taken away often."""
KNOCK_SECONDS = 10.0
"""Longest wait for a connection to the Ray cluster, before Ray itself connects."""
LOCAL_STORE_BYTES = 2**28
"""Bytes of shared memory of a Ray started on this machine. Only names and counts pass through it."""


class _ShardSource(Datasource):  # type: ignore[misc]  # Ray has no types
    """A Ray data source of shard descriptions, one row per block. Ray Data reads them as fast as they are processed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def estimate_inmemory_data_size(self) -> None:
        """See the base class. The size is unknown, hence None."""

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[Any]:
        """See the base class. There is a single task, which lists the sources."""
        plan = self._plan

        def blocks() -> Iterator[Any]:
            return (arrow.table({"shard": [text]}) for text in describe(plan))

        return [ReadTask(blocks, BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None))]


class _ShardActor:
    """A Ray actor that scans shards: it takes their descriptions and returns the outcome of each as JSON."""

    def __init__(self, plan: Plan) -> None:
        os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # read by the process that decodes
        with suppress(OSError):
            os.chdir(plan.folder)
        self._scanner = ShardScanner(plan.destination, plan.suffixes, plan.look, plan.timeout)

    def __call__(self, batch: Any) -> Any:
        return arrow.table({"outcome": [self._outcome(text) for text in batch["shard"].to_pylist()]})

    def _outcome(self, text: str) -> str:
        if text.startswith("{"):
            return text
        shard = Shard.from_json(text)
        outcome = self._scanner.scan(shard)
        return json.dumps({type(outcome).__name__: vars(outcome), "share": shard.share})


@dataclass(frozen=True)
class Resources:
    """The number of actors, and the share of a GPU, 0-1, that each gets."""

    actors: int
    gpus: float


@contextmanager
def connected(address: str | None, jobs: int | None, device: str) -> Iterator[Resources]:
    """Connect to the Ray cluster at ``address``, or start one on this machine; yields its resources.

    The connection ends with the context. If this process is connected to Ray already, that connection is used and
    kept. Raises UsageError if there is no such cluster, or no GPU for the device ``cuda``.
    """
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if ray.is_initialized():
        yield _resources(jobs, device)
        return
    with _messages_dropped():
        try:
            _connect(address or os.environ.get("RAY_ADDRESS"), jobs)
            yield _resources(jobs, device)
        finally:
            ray.shutdown()


@contextmanager
def _messages_dropped() -> Iterator[None]:
    """Hide the messages of Ray, which writes to the terminal whatever its settings; its log files have them all.

    Its C++ code writes to the file descriptor of standard error, its Python threads write to ``sys.stdout``. Our own
    messages on standard error still appear.
    """
    original, nothing, stderr = os.dup(2), open(os.devnull, "w"), sys.stderr  # noqa: SIM115 - closed below
    sys.stderr = os.fdopen(os.dup(original), "w", buffering=1, encoding=stderr.encoding, errors="backslashreplace")
    os.dup2(nothing.fileno(), 2)
    try:
        with redirect_stdout(nothing):
            yield
    finally:
        sys.stderr.close()
        sys.stderr = stderr
        os.dup2(original, 2)
        os.close(original)
        nothing.close()


def _connect(address: str | None, jobs: int | None) -> None:
    quiet: dict[str, Any] = {"logging_level": logging.CRITICAL, "log_to_driver": False}
    try:
        if address:
            _knock(address)
            ray.init(address, **quiet)
        else:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
            local = {"num_cpus": jobs or cores, "object_store_memory": LOCAL_STORE_BYTES, "include_dashboard": False}
            ray.init("local", **local, **quiet)
    except Exception as error:  # Ray raises many kinds, Exception itself among them
        raise UsageError(f"no Ray at {address or 'this machine'}: {one_line(error)}") from None


def _knock(address: str) -> None:
    """Raise OSError if nothing listens at ``[ray://]HOST:PORT``. Ray itself would retry for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isdecimal():
        socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def _resources(jobs: int | None, device: str) -> Resources:
    held = ray.cluster_resources()
    actors = jobs or max(1, int(held.get("CPU", 1)))
    if device != "cuda":
        return Resources(actors, 0)
    gpus = held.get("GPU", 0)
    if not gpus:
        raise UsageError("--device cuda: there is no GPU in the Ray cluster")
    return Resources(actors, min(1.0, int(1000 * gpus / actors) / 1000))


def outcomes(plan: Plan, resources: Resources) -> Iterator[dict[str, Any]]:
    """The outcomes of the shards in the order in which they are done, as dictionaries.

    For a shard: ``{"Result": ..., "share": ...}`` or ``{"Failure": ..., "share": ...}``, or nothing if its workers died
    too often. After the list of shards: ``{"end": number of shards}``, or ``{"stop": why}`` if listing them failed.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # Each shard goes on alone, as soon as it is known; one that kills its workers does not end the scan.
    context.target_max_block_size = context.target_min_block_size = 1
    context.max_errored_blocks = -1
    # Lists are read here: they may be on this machine alone.
    here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
    shards = ray.data.read_datasource(_ShardSource(plan), override_num_blocks=1, num_cpus=0, label_selector=here)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray 2.60 to 2.63 take ``max_task_retries``, and say that they will not always
        scanned = shards.map_batches(
            _ShardActor,
            batch_size=1,
            batch_format="pyarrow",
            fn_constructor_args=(plan,),
            compute=ray.data.ActorPoolStrategy(size=resources.actors, max_tasks_in_flight_per_actor=1),
            num_cpus=1,
            num_gpus=resources.gpus or None,
            max_task_retries=DEATHS,
        )
    for batch in scanned.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
        yield from map(json.loads, batch["outcome"].to_pylist())
