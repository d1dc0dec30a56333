"""Runs a scan on many machines and collects the outcomes: counts, interruption, resumption, failures."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jpegqf.cluster.on_ray import DEATHS, connected, outcomes
from jpegqf.cluster.plan import Plan
from jpegqf.cluster.progress import Progress
from jpegqf.cluster.results_folder import Destination, Result
from jpegqf.cluster.shard_worker import Failure
from jpegqf.cluster.shards import check_sources
from jpegqf.cluster.storage import is_url
from jpegqf.errors import OutputError, UsageError
from jpegqf.scanning.request import ScanRequest
from jpegqf.scanning.stopping import Stop, Stopped
from jpegqf.scanning.summary import Tally

NOTE_SECONDS, NOTE_SHARDS = 15.0, 1000
"""Finished shards are listed after so many seconds or shards. A resumed scan finds unlisted ones by their files."""
MOST_FAILURES_LISTED = 5
"""Failed shards that are named; further ones are only counted."""


@dataclass
class ClusterScan:
    """A scan on many machines. ``tally`` holds the counts so far, while it runs and after an error too."""

    request: ScanRequest
    tally: Tally = field(default_factory=Tally)
    stopped_by: int = 0
    started: float = field(default_factory=time.monotonic)

    def run(self, tell: Callable[[str], None] | None = None) -> None:
        """Scan all shards; ``tell`` is called with a line of progress now and then.

        Returns early after Ctrl-C or SIGTERM, with the signal in ``stopped_by``. Raises UsageError for a bad call or a
        changed input, OutputError if the folder of results cannot be written or the listing of sources died. A failed
        shard raises nothing: it is counted in ``tally``.
        """
        plan = self._plan()
        check_sources(plan.sources)
        destination = Destination(plan.destination)
        destination.check(plan.settings(), self.request.resume, self.request.overwrite)
        with connected(self.request.address, self.request.jobs, self.request.device) as resources:
            destination.begin(plan.settings(), self.request.resume)
            if self.request.resume:
                self._take_over(destination)
            stop = Stop()
            with stop.listening():
                try:
                    self._collect(outcomes(plan, resources), destination, stop, Progress(tell))
                except Stopped:
                    pass
                finally:
                    self.stopped_by = stop.signal
            destination.sweep()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def _plan(self) -> Plan:
        asked = self.request
        if len(asked.outputs) != 1:
            raise UsageError("--engine ray needs one -o: a folder, here or in an object store")
        (output,) = asked.outputs
        return Plan(
            asked.paths,
            asked.suffixes,
            asked.recursive,
            asked.shard_images,
            output if is_url(output) else os.path.abspath(output),
            asked.look,
            asked.timeout,
            asked.resume,
            os.getcwd(),
        )

    def _take_over(self, destination: Destination) -> None:
        """Count the shards that an earlier run listed as finished. Unlisted ones are found by their files later."""
        seen = set()
        for result in destination.noted():
            if result.number not in seen:
                seen.add(result.number)
                self.tally.take(result.tally)
        self.tally.shards["resumed"] = len(seen)
        self.tally.resumed = self.tally.rows

    def _collect(
        self, outcomes_done: Iterator[dict[str, Any]], destination: Destination, stop: Stop, progress: Progress
    ) -> None:
        done: list[Result] = []
        noted = time.monotonic()
        end = None
        try:
            while (outcome := _next(outcomes_done, stop)) is not None:
                end = outcome.get("end", end)
                if result := self._take(outcome):
                    done.append(result)
                if len(done) >= NOTE_SHARDS or (done and time.monotonic() - noted >= NOTE_SECONDS):
                    destination.note(done)
                    done, noted = [], time.monotonic()
                progress.show(self.tally, outcome.get("share", 0.0))
        finally:
            if done:
                destination.note(done)
        self._check_complete(end)

    def _take(self, outcome: dict[str, Any]) -> Result | None:
        if "stop" in outcome:
            raise UsageError(outcome["stop"])
        if "Failure" in outcome:
            failure = Failure(**outcome["Failure"])
            if failure.concerns != "shard":
                raise (OutputError if failure.concerns == "results" else UsageError)(failure.message)
            self._fail(f"{failure.shard}: {failure.message}")
        if "Result" not in outcome:
            return None
        result = Result(**outcome["Result"])
        self.tally.take(result.tally)
        self.tally.shards["done"] += 1
        return result

    def _fail(self, words: str, shards: int = 1) -> None:
        self.tally.shards["failed"] += shards
        if len(self.tally.failed_shards) < MOST_FAILURES_LISTED:
            self.tally.failed_shards.append(words)

    def _check_complete(self, end: int | None) -> None:
        """Count shards without an outcome as failed: Ray Data leaves out those whose workers died too often.

        Raises OutputError if the list of shards broke off, UsageError if there is no shard.
        """
        if end is None:
            raise OutputError("the process that lists the sources died; --resume goes on")
        lost = end - self.tally.shards.total()
        if lost:
            self._fail(f"{lost} shards: their workers died {DEATHS} times", lost)
        if not end:
            raise UsageError(
                f"no image found in {' '.join(self.request.paths)[:200]}; "
                "--recursive descends, --exts names other suffixes, 'folder/*.tar' the archives of a folder"
            )


def _next(outcomes_done: Iterator[dict[str, Any]], stop: Stop) -> dict[str, Any] | None:
    with stop.at_once():
        return next(outcomes_done, None)
