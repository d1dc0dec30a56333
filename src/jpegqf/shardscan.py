"""One shard -> its file of rows and what became of it: what a worker of any cluster does, over and over."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from jpegqf.destination import Destination, Result, identity
from jpegqf.errors import JpegqfError, OutputError
from jpegqf.places import one_line
from jpegqf.record import Record
from jpegqf.scanning import Look, lost_record
from jpegqf.shards import Shard, shard_items
from jpegqf.summary import Tally
from jpegqf.workers import Supervisor

TRIES, PAUSE = 3, 2.0
"""Tries for a shard whose archive cannot be read or whose file cannot be written; seconds before the second."""


@dataclass(frozen=True)
class Failure:
    """A shard that could not be done: ``final`` if what is wrong concerns all shards."""

    number: int
    shard: str
    message: str
    final: bool = False


class ShardScanner:
    """Scans shards one after the other, images in one supervised process that is started once.

    An image that crashes or outlasts that process costs its own row; this process never decodes one.
    """

    def __init__(self, destination: str, suffixes: frozenset[str], look: Look, timeout: float) -> None:
        self._destination, self._suffixes = Destination(destination), suffixes
        self._look, self._timeout = look, timeout
        self._supervisor: Supervisor[Record] | None = None

    def scan(self, shard: Shard) -> Result | Failure:
        """Write a shard's file unless it is there."""
        for tries_left in range(TRIES - 1, -1, -1):
            try:
                return self._destination.result(shard) or self._scan(shard)
            except (OSError, OutputError) as error:
                self.close()
                if not tries_left:
                    return Failure(shard.number, shard.name, one_line(error), isinstance(error, OutputError))
                time.sleep(PAUSE * (TRIES - tries_left))
            except JpegqfError as error:
                self.close()
                return Failure(shard.number, shard.name, one_line(error), True)
        raise AssertionError

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
        """End the process."""
        if self._supervisor:
            self._supervisor.end()
            self._supervisor = None


def _counted(records: Iterator[Record], tally: Tally) -> Iterator[Record]:
    for record in records:
        tally.add(record)
        yield record
