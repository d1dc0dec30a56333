"""What all results files share: rows, the file that is written, how much of it is whole."""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, Protocol

from jpegqf.errors import OutputError, UsageError
from jpegqf.names import printable
from jpegqf.record import COLUMN, Record

Batch = dict[str, list[Any]]
"""The columns asked for, each with as many values as there are rows; unknown is None."""
UncheckedColumns = Iterable[Sequence[Any]]
"""The same, not checked yet."""


@dataclass
class Results:
    """A results file: ``names`` are its columns, ours and any that others added."""

    path: str
    names: tuple[str, ...]
    torn: bool = False
    """Whether the last line turned out to be cut off, as in the output of a scan that was killed."""


def in_columns(rows: Iterable[Sequence[Any]], at_once: int) -> Iterator[UncheckedColumns]:
    """Rows -> columns of ``at_once`` rows."""
    source = iter(rows)
    while some := list(itertools.islice(source, at_once)):
        yield zip(*some, strict=True)


MAX_LINE = 2**20
"""Bytes of a line: far above any row of ours."""


@dataclass(frozen=True)
class Held:
    """What a results file holds: ``rows`` that are whole, which of a text file end at byte ``end``."""

    path: str
    rows: int
    end: int = 0


class WholeLines:
    """Whole lines of a binary file as text, with the number of bytes they took."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.end = 0

    def __iter__(self) -> Iterator[str]:
        while (line := self._file.readline(MAX_LINE)).endswith(b"\n"):
            self.end += len(line)
            yield line.decode("utf-8", "replace")


def check_beginning(path: str, beginning: bytes) -> None:
    """A file without one whole line may be cut back to nothing only if it began as ours."""
    with open(path, "rb") as file:
        found = file.read(len(beginning))
    if not beginning.startswith(found):
        raise UsageError(f"{path!r} cannot be continued: it is not a results file")


Row = dict[str, Any]


class Writer(Protocol):
    """Takes rows one by one. Methods raise OSError, sqlite3.Error or OutputError when the place fails."""

    path: str

    def write(self, record: Record) -> None:
        """Append one row."""

    def commit(self) -> None:
        """Make the rows so far visible to readers, where the format can; check that the file is still there."""

    def close(self) -> None:
        """Commit and finish the file."""


def row_of(record: Record) -> Row:
    """Columns in order, texts as Unicode that every format can hold."""
    row = record.to_dict()
    for name, column in COLUMN.items():
        if column.from_strangers and row[name] is not None:
            row[name] = printable(row[name])
    return row


class FileIdentity:
    """Tells whether the file that was opened is still the one of that name: writing to a deleted one succeeds."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._was = self._now()

    def _now(self) -> tuple[int, int]:
        info = os.stat(self.path)
        return info.st_dev, info.st_ino

    def check(self) -> None:
        """Raise OutputError if it is not."""
        try:
            same = self._now() == self._was
        except OSError:
            same = False
        if not same:
            raise OutputError("the file was removed or replaced while it was written")


class AppendedFile:
    """Appends whole pieces: if one does not fit, the file ends before it."""

    def __init__(self, path: str, end: int) -> None:
        self._file = open(path, "r+b" if os.path.lexists(path) else "xb", buffering=0)  # noqa: SIM115 - see close()
        self._file.truncate(end)
        self._file.seek(end)
        self.end = end
        self.place = FileIdentity(path)

    def append(self, data: bytes) -> None:
        """Write all of it or, raising OSError, nothing."""
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
