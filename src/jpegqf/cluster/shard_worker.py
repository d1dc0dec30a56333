"""Scans one shard after the other and writes the results file of each; used by a worker on any cluster."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jpegqf.cluster.results_folder import Destination, Result, identity
from jpegqf.cluster.shards import Shard, shard_items
from jpegqf.cluster.storage import one_line
from jpegqf.errors import JpegqfError, OutputError
from jpegqf.record import Record
from jpegqf.scanning.look import Look, lost_record
from jpegqf.scanning.summary import Tally
from jpegqf.workers.stream import Supervisor

PAUSES = (0.0, 2.0, 5.0)
"""Seconds before each try of a shard whose archive cannot be read or whose file cannot be written."""


@dataclass(frozen=True)
class Failure:
    """A shard that could not be scanned, by its number and its name, and why."""

    number: int
    shard: str
    message: str
    concerns: Literal["shard", "results", "call"] = "shard"
    """What failed: this shard alone, writing the results, or the whole call. The latter two end the scan."""
    passing: bool = False
    """Whether it is worth another try, as after a network error."""


class ShardScanner:
    """Scans shards one after the other. Images are decoded in one further process, which is reused.

    An image that crashes that process, or takes longer than ``timeout`` seconds, only gets a row with an error.
    """

    def __init__(self, destination: str, suffixes: frozenset[str], look: Look, timeout: float) -> None:
        self._destination, self._suffixes = Destination(destination), suffixes
        self._look, self._timeout = look, timeout
        self._supervisor: Supervisor[Record] | None = None

    def scan(self, shard: Shard) -> Result | Failure:
        """Write a shard's results file unless it exists. An error is returned as a Failure; none is raised."""
        for pause in PAUSES:
            time.sleep(pause)
            outcome = self._tried(shard)
            if isinstance(outcome, Result) or not outcome.passing:
                break
        return outcome

    def _tried(self, shard: Shard) -> Result | Failure:
        try:
            return self._destination.result(shard) or self._scan(shard)
        except OutputError as error:
            return self._failure(shard, error, "results", passing=True)
        except JpegqfError as error:
            return self._failure(shard, error, "call")
        except OSError as error:
            passing = not isinstance(error, (FileNotFoundError, PermissionError))
            return self._failure(shard, error, "shard", passing)
        except Exception as error:  # a fault of ours, or of a library, must not cost the other million shards
            return self._failure(shard, error, "shard")

    def _failure(
        self, shard: Shard, error: Exception, concerns: Literal["shard", "results", "call"], passing: bool = False
    ) -> Failure:
        self.close()  # its run was broken off
        kind = "" if isinstance(error, (JpegqfError, OSError)) else f"{type(error).__name__}: "
        return Failure(shard.number, shard.name, kind + one_line(error), concerns, passing)

    def _scan(self, shard: Shard) -> Result:
        started, tally = time.monotonic(), Tally()

        def finish() -> Result:
            seconds = round(time.monotonic() - started, 3)
            return Result(shard.number, shard.name, identity(shard), tally.rows, tally.to_dict(), seconds)

        return self._destination.write(shard, _counted(self._records(shard), tally), finish)

    def _records(self, shard: Shard) -> Iterator[Record]:
        self._supervisor = self._supervisor or Supervisor(self._look, lost_record, 1, self._timeout)
        return self._supervisor.run(shard_items(shard, self._suffixes))

    def close(self) -> None:
        """End the process that decodes."""
        if self._supervisor:
            self._supervisor.end()
            self._supervisor = None


def _counted(records: Iterator[Record], tally: Tally) -> Iterator[Record]:
    for record in records:
        tally.add(record)
        yield record
