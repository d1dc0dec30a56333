"""Several outputs as one: opened together, continued together, committed together, closed whatever happens."""

import csv
import itertools
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from jpegqf.columns import read_records
from jpegqf.errors import OutputError, UsageError
from jpegqf.items import Item
from jpegqf.readers import Held, examine, kind_of
from jpegqf.record import Record
from jpegqf.sinks import printable
from jpegqf.writers import Writer, check_target, open_writer

COMMIT_SECONDS = 1.0
COMMIT_ROWS = 500
"""Rows that a killed process can lose of SQLite at most, unless a second passed before."""
FAILURES = (OSError, ValueError, sqlite3.Error, OutputError)
"""What writers raise; pyarrow's errors are among the first two."""


class Outputs:
    """Writes each record to every file; a context manager. Raises OutputError when one of them fails."""

    def __init__(self, writers: list[Writer]) -> None:
        self._writers = writers
        self._pending = 0
        self._committed = time.monotonic()

    def write(self, record: Record) -> None:
        """Append one record to every file."""
        self._append(record, self._writers)

    def _append(self, record: Record, writers: list[Writer]) -> None:
        for writer in writers:
            try:
                writer.write(record)
            except FAILURES as error:
                raise _in_words(writer, error) from None
        self._pending += 1
        if self._pending >= COMMIT_ROWS or time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit()

    def catch_up(self, rows: Sequence[int], records: Iterator[Record]) -> None:
        """Give each file those of ``records`` that come after the ``rows`` it has."""
        first = min(rows)
        for number, record in enumerate(records):
            if number >= first:
                self._append(record, [writer for writer, has in zip(self._writers, rows, strict=True) if number >= has])
        self.commit()

    def commit(self) -> None:
        """Let readers see all rows so far."""
        for writer in self._writers:
            try:
                writer.commit()
            except FAILURES as error:
                raise _in_words(writer, error) from None
        self._pending, self._committed = 0, time.monotonic()

    def close(self) -> None:
        """Finish every file, also if one of them fails; raises for the first that does."""
        failed: OutputError | None = None
        while self._writers:
            writer = self._writers.pop(0)
            try:
                writer.close()
            except FAILURES as error:
                failed = failed or _in_words(writer, error)
        if failed:
            raise failed

    def __enter__(self) -> "Outputs":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except OutputError:
            if error is None:  # otherwise the first failure is the one to tell
                raise


def _in_words(writer: Writer, error: Exception) -> OutputError:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return OutputError(f"{writer.path!r} cannot be written any more: {words}; what was written before is kept")


def check_outputs(paths: Sequence[str], replace: bool) -> None:
    """Raise UsageError for what cannot be an output, before anything is touched."""
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        raise UsageError("-o names one file twice")
    for path in paths:
        check_target(path, replace)


def open_outputs(paths: Sequence[str], overwrite: bool = False) -> Outputs:
    """New files at ``paths``, none of which is touched if one is refused beforehand."""
    check_outputs(paths, overwrite)
    return _opened([(path, None) for path in paths], overwrite)


def _opened(wanted: list[tuple[str, Held | None]], overwrite: bool) -> Outputs:
    writers: list[Writer] = []
    try:
        for path, held in wanted:
            writers.append(open_writer(path, overwrite, held))
    except BaseException:
        Outputs(writers).close()
        raise
    return Outputs(writers)


class Resumption:
    """What an interrupted scan left in its outputs, and how to go on from there.

    The file with most rows leads: the others are brought up to it from its rows, so nothing is looked at twice.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Look at the files; changes nothing. Raises UsageError for files that cannot be continued."""
        check_outputs(paths, replace=True)
        self._held = [examine(path) for path in paths]
        self._lead = max(self._held, key=lambda held: held.rows)
        for path in paths:
            if kind_of(path) == "parquet" and not self._lead.rows and os.path.lexists(path + ".part"):
                raise UsageError(
                    f"{path!r} was not finished, and an unfinished Parquet file cannot be continued: "
                    "--overwrite starts anew; a .csv, .jsonl or .db beside it can be continued, and fills it again"
                )

    @property
    def rows(self) -> int:
        """Rows that are done."""
        return self._lead.rows

    def done(self, items: Iterator[Item]) -> Iterator[Record]:
        """The rows that are done, while ``items`` moves past their images.

        Raises UsageError if the input is not what it was, or the outputs are not of one scan.
        """
        others = [held for held in self._held if held.rows and held is not self._lead]
        ends = [(held, _last_path(held)) for held in others]
        for number, record in enumerate(_whole_records(self._lead), 1):
            item = next(items, None)
            if item is None or printable(item.name) != record.path:
                now = "ends" if item is None else f"has {printable(item.name)!r}"
                raise UsageError(
                    f"the input changed since {self._lead.path!r} was written: row {number} is {record.path!r}, "
                    f"where the input now {now}; --overwrite starts anew"
                )
            for held, path in ends:
                if held.rows == number and path != record.path:
                    raise UsageError(f"{held.path!r} and {self._lead.path!r} are not of one scan: row {number} differs")
            yield record

    def open(self, watch: Callable[[Iterator[Record]], Iterator[Record]] = iter) -> Outputs:
        """The outputs, cut back to whole rows and brought to one length, unless ``watch`` ends that early."""
        # A Parquet file is written anew beside the old one, which it replaces when it is whole.
        starts = [Held(held.path, 0) if kind_of(held.path) == "parquet" else held for held in self._held]
        outputs = _opened([(start.path, start) for start in starts], overwrite=False)
        try:
            outputs.catch_up([start.rows for start in starts], watch(_whole_records(self._lead)))
        except BaseException:
            outputs.__exit__(OutputError, OutputError(), None)
            raise
        return outputs


def _whole_records(held: Held) -> Iterator[Record]:
    """The records of a file that may have been broken off. Raises UsageError where they cannot be read."""
    if not held.rows:
        return
    try:
        yield from itertools.islice(read_records(held.path), held.rows)
    except (OSError, ValueError, TypeError, csv.Error, sqlite3.Error) as error:
        raise UsageError(f"{held.path!r} cannot be continued: {error}") from None


def _last_path(held: Held) -> str:
    last = ""
    for record in _whole_records(held):
        last = record.path
    return last
