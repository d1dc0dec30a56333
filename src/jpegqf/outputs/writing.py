"""Writes several output files together: all are opened, committed and closed as one."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from types import TracebackType

from jpegqf.errors import OutputError, UsageError
from jpegqf.outputs.base import Columns, Held, Told, Writer
from jpegqf.outputs.formats import check_target, open_writer
from jpegqf.record import COLUMN

COMMIT_SECONDS = 1.0
"""Longest time between two commits while rows arrive."""
COMMIT_ROWS = 500
"""Most rows between two commits: what a killed process can lose of a SQLite file."""
FAILURES = (OSError, ValueError, sqlite3.Error, OutputError)
"""The errors that writers raise. Those of pyarrow are subclasses of OSError and ValueError."""


class Outputs:
    """A context manager that writes each record to every file. Raises OutputError if writing to one fails."""

    def __init__(self, writers: list[Writer]) -> None:
        self._writers = writers
        self._pending = 0
        self._committed = time.monotonic()

    def write(self, record: Told) -> None:
        """Append one record to every file."""
        self._append(record, self._writers)

    def _append(self, record: Told, writers: list[Writer]) -> None:
        for writer in writers:
            try:
                writer.write(record)
            except FAILURES as error:
                raise _in_words(writer, error) from None
        self._pending += 1
        if self._pending >= COMMIT_ROWS or time.monotonic() - self._committed >= COMMIT_SECONDS:
            self.commit()

    def catch_up(self, rows: Sequence[int], records: Iterator[Told]) -> None:
        """Write the missing ones of ``records`` to each file; ``rows`` counts those that each file already has."""
        first = min(rows)
        for number, record in enumerate(records):
            if number >= first:
                self._append(record, [writer for writer, has in zip(self._writers, rows, strict=True) if number >= has])
        self.commit()

    def commit(self) -> None:
        """Make all rows so far visible to readers, in every file that allows it."""
        for writer in self._writers:
            try:
                writer.commit()
            except FAILURES as error:
                raise _in_words(writer, error) from None
        self._pending, self._committed = 0, time.monotonic()

    def close(self) -> None:
        """Finish every file, even if finishing one fails; then raise OutputError for the first that failed."""
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
    """Raise UsageError if a file is named twice or cannot be an output. No file is changed."""
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        raise UsageError("-o names one file twice")
    for path in paths:
        check_target(path, replace)


def open_outputs(paths: Sequence[str], overwrite: bool = False, columns: Columns = COLUMN) -> Outputs:
    """Create the files at ``paths`` for rows of these columns.

    All are checked first: if one is refused (UsageError), none is changed.
    """
    check_outputs(paths, overwrite)
    return open_together([(path, None) for path in paths], overwrite, columns)


def open_together(wanted: list[tuple[str, Held | None]], overwrite: bool, columns: Columns = COLUMN) -> Outputs:
    """Open a writer for each path, new (None) or continued behind its rows. If one fails, the others are closed."""
    writers: list[Writer] = []
    try:
        for path, held in wanted:
            writers.append(open_writer(path, overwrite, held, columns))
    except BaseException:
        Outputs(writers).close()
        raise
    return Outputs(writers)
