"""What all results formats share: the rows, the file they are written to, and how many of its rows are complete."""

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Protocol

from jpegqf.errors import OutputError, UsageError
from jpegqf.names import printable
from jpegqf.record import COLUMN, Column

Batch = dict[str, list[Any]]
"""Values by column name: one list per requested column, all of the same length. An unknown value is None."""
UncheckedColumns = Iterable[Iterable[Any]]
"""The values of several columns as a file holds them: their types and ranges are not checked yet."""


@dataclass
class Results:
    """A results file that is read.

    ``names``: all its columns in order, those of a record and any that somebody added.
    """

    path: str
    names: tuple[str, ...]
    torn: bool = False
    """Set while reading: the last line is incomplete, as after a scan that was killed. That line is left out."""


def in_columns(rows: Iterable[Sequence[Any]], at_once: int) -> Iterator[UncheckedColumns]:
    """Turn rows into columns, ``at_once`` rows at a time; the last group may be shorter."""
    source = iter(rows)
    while some := list(itertools.islice(source, at_once)):
        yield zip(*some, strict=True)


MAX_LINE = 2**20
"""Longest line that is read, in bytes. Rows of a scan are far shorter, so a longer line is damage."""


@dataclass(frozen=True)
class Held:
    """The complete part of a results file that an earlier scan left.

    ``rows``: number of complete rows. ``end``: of a text file, the byte behind the last of them, where writing goes on.
    """

    path: str
    rows: int
    end: int = 0


class WholeLines:
    """Iterates over the complete lines of a binary file as text and stops at one without its line break.

    ``end``: bytes of the lines given so far.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.end = 0

    def __iter__(self) -> Iterator[str]:
        while (line := self._file.readline(MAX_LINE)).endswith(b"\n"):
            self.end += len(line)
            yield line.decode("utf-8", "replace")


def check_beginning(path: str, beginning: bytes) -> None:
    """Raise UsageError if a file without a complete line does not begin as a results file: it must not be emptied."""
    with open(path, "rb") as file:
        found = file.read(len(beginning))
    if not beginning.startswith(found):
        raise UsageError(f"{path!r} cannot be continued: it is not a results file")


Row = dict[str, Any]
"""The values of one record by column name."""
Columns = Mapping[str, Column]
"""The columns of a kind of rows in order, by their names: those of a record (``record.COLUMN``) or of an advice."""


class Told(Protocol):
    """A record, or another kind of row."""

    def to_dict(self) -> dict[str, Any]:
        """Its columns in order, enums as their texts, tuples as lists."""


def cells_of(columns: Columns) -> tuple[str, ...]:
    """The names of those whose values fit into a cell of a table."""
    return tuple(name for name, column in columns.items() if column.kind is not list)


def lists_of(columns: Columns) -> tuple[str, ...]:
    """The names of those whose values are lists."""
    return tuple(name for name, column in columns.items() if column.kind is list)


class Writer(Protocol):
    """Writes rows to one file. Every method raises OSError, sqlite3.Error or OutputError if that fails."""

    path: str

    def write(self, record: Told) -> None:
        """Append one row."""

    def commit(self) -> None:
        """Make the rows so far visible to readers if the format allows that. Raises OutputError if the file is gone."""

    def close(self) -> None:
        """Commit and finish the file."""


def row_of(record: Told, columns: Columns = COLUMN) -> Row:
    """A record's values by column, in order. Texts from files are made valid Unicode, which every format can store."""
    row = record.to_dict()
    for name, column in columns.items():
        if column.from_strangers and row[name] is not None:
            row[name] = printable(row[name])
    return row


class FileIdentity:
    """Remembers which file a path named, to notice that it was deleted or replaced.

    The operating system lets a process go on writing to a deleted file without an error, and the rows would be lost.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._was = self._now()

    def _now(self) -> tuple[int, int]:
        info = os.stat(self.path)
        return info.st_dev, info.st_ino

    def check(self) -> None:
        """Raise OutputError if the path names another file now, or none."""
        try:
            same = self._now() == self._was
        except OSError:
            same = False
        if not same:
            raise OutputError("the file was removed or replaced while it was written")


class AppendedFile:
    """A file to which data is appended completely or not at all, after it was cut to its first ``end`` bytes.

    So a full disk leaves no half row behind.
    """

    def __init__(self, path: str, end: int) -> None:
        self._file = open(path, "r+b" if os.path.lexists(path) else "xb", buffering=0)  # noqa: SIM115 - see close()
        self._file.truncate(end)
        self._file.seek(end)
        self.end = end
        self.place = FileIdentity(path)

    def append(self, data: bytes) -> None:
        """Append all of ``data``. If that fails, the file is cut back to its old length and OSError is raised."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self.end)
                self._file.seek(self.end)
            raise
        self.end += len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
