"""Rows -> CSV and SQLite files, written as they come; an existing file is never touched."""

import csv
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import IO, Any, Protocol

from jpegqf.errors import UsageError
from jpegqf.names import printable
from jpegqf.outputs.cells import guard_cell, guard_path

PREDICTION_COLUMNS = ("path", "filename", "pred_qf_final")
ISSUE_COLUMNS = ("path", "filename", "issue_type", "issue_message")
SINK_COMMIT_SECONDS = 1.0


def _candidates(target: str) -> Iterator[str]:
    """``target``, then the same with a timestamp, then with a count as well."""
    yield target
    stem, suffix = os.path.splitext(target)
    stamped = f"{stem}_{datetime.now():%Y%m%d_%H%M%S}"
    yield stamped + suffix
    yield from (f"{stamped}_{count}{suffix}" for count in range(2, 10_000))


def create_new(target: str) -> str:
    """Create an empty file at ``target`` or, if that exists, at its name with a timestamp; parents too.

    Returns the name taken. Raises UsageError if the place cannot be written.
    """
    if os.path.isdir(target) or not os.path.basename(target):
        raise UsageError(f"cannot write {target!r}: it is a folder")
    try:
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        for name in _candidates(target):
            try:
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
                return name
            except FileExistsError:
                continue
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write {target!r}: {reason}") from None
    raise UsageError(f"cannot write {target!r}: too many files of that name")


def create_all_new(targets: Iterable[str]) -> list[str]:
    """:func:`create_new` for several targets; none is left behind if one of them fails."""
    created: list[str] = []
    try:
        for target in targets:
            created.append(create_new(target))
    except UsageError:
        for name in created:
            os.remove(name)
        raise
    return created


class Sink(Protocol):
    """Takes one row per image."""

    def prediction(self, path: str, quality: int) -> None:
        """An image that was judged."""

    def issue(self, path: str, kind: str, message: str) -> None:
        """An image that was not."""

    def close(self) -> None:
        """Make everything written durable."""


class CsvSink:
    """Two CSV files, UTF-8 with BOM, flushed row by row; what the files held is replaced."""

    def __init__(self, predictions: str, issues: str) -> None:
        self._files = [self._open(name) for name in (predictions, issues)]
        for file, columns in zip(self._files, (PREDICTION_COLUMNS, ISSUE_COLUMNS), strict=True):
            self._write(file, columns)

    @staticmethod
    def _open(name: str) -> IO[str]:
        return open(name, "w", newline="", encoding="utf-8-sig")

    @staticmethod
    def _write(file: IO[str], row: tuple[object, ...]) -> None:
        csv.writer(file).writerow(row)
        file.flush()

    @staticmethod
    def _names(path: str) -> tuple[str, str]:
        return guard_path(printable(path)), guard_cell(printable(os.path.basename(path)))

    def prediction(self, path: str, quality: int) -> None:
        """See :class:`Sink`."""
        self._write(self._files[0], (*self._names(path), quality))

    def issue(self, path: str, kind: str, message: str) -> None:
        """See :class:`Sink`."""
        self._write(self._files[1], (*self._names(path), kind, guard_cell(printable(message))))

    def close(self) -> None:
        """See :class:`Sink`."""
        for file in self._files:
            file.close()


class SqliteSink:
    """Tables ``predictions`` and ``issues`` in an empty file, behind an autoincrement ``id``; commits once a second."""

    def __init__(self, target: str) -> None:
        # An absolute path: ":memory:" and "file:..." are names like any other.
        self._connection = sqlite3.connect(os.path.abspath(target), isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        names = "id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, filename TEXT NOT NULL"
        self._connection.execute(f"CREATE TABLE predictions ({names}, pred_qf_final INTEGER NOT NULL)")
        self._connection.execute(
            f"CREATE TABLE issues ({names}, issue_type TEXT NOT NULL, issue_message TEXT NOT NULL)"
        )
        self._begin()

    def _begin(self) -> None:
        self._connection.execute("BEGIN")
        self._committed = time.monotonic()

    def _insert(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * len(values))
        columns = PREDICTION_COLUMNS if table == "predictions" else ISSUE_COLUMNS
        self._connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)
        if time.monotonic() - self._committed >= SINK_COMMIT_SECONDS:
            self._connection.execute("COMMIT")
            self._begin()

    def prediction(self, path: str, quality: int) -> None:
        """See :class:`Sink`."""
        self._insert("predictions", printable(path), printable(os.path.basename(path)), quality)

    def issue(self, path: str, kind: str, message: str) -> None:
        """See :class:`Sink`."""
        self._insert("issues", printable(path), printable(os.path.basename(path)), kind, printable(message))

    def close(self) -> None:
        """See :class:`Sink`."""
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()


class Sinks:
    """Several sinks as one; a context manager that closes them whatever happens."""

    def __init__(self, sinks: list[Sink]) -> None:
        self._sinks = sinks

    def prediction(self, path: str, quality: int) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.prediction(path, quality)

    def issue(self, path: str, kind: str, message: str) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.issue(path, kind, message)

    def close(self) -> None:
        """See :class:`Sink`."""
        for sink in self._sinks:
            sink.close()

    def __enter__(self) -> "Sinks":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
