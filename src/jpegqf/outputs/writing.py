"""Several outputs as one: opened together, continued together, committed together, closed whatever happens."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from types import TracebackType

from jpegqf.errors import OutputError, UsageError
from jpegqf.outputs.base import Held, Writer
from jpegqf.outputs.formats import check_target, open_writer
from jpegqf.record import Record

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
    return open_together([(path, None) for path in paths], overwrite)


def open_together(wanted: list[tuple[str, Held | None]], overwrite: bool) -> Outputs:
    """Files of these paths, each continued behind what it holds or new; if one fails, the others are closed."""
    writers: list[Writer] = []
    try:
        for path, held in wanted:
            writers.append(open_writer(path, overwrite, held))
    except BaseException:
        Outputs(writers).close()
        raise
    return Outputs(writers)
