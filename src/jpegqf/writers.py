"""Records -> CSV, JSON Lines, SQLite and Parquet files that stay readable wherever the writing ends."""

import csv
import io
import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from jpegqf.errors import OutputError, UsageError
from jpegqf.readers import Held, kind_of, pyarrow
from jpegqf.record import COLUMN, COLUMNS, Record
from jpegqf.sinks import guard_cell, printable

if TYPE_CHECKING:
    from pyarrow import Schema, Table

ROWS_PER_GROUP = 10_000
SQL_TYPES = {str: "TEXT", int: "INTEGER", float: "REAL", bool: "INTEGER"}
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


def json_line(record: Record) -> str:
    """A record as one line of JSON."""
    return json.dumps(row_of(record), ensure_ascii=False)


class _Place:
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


class _TextFile:
    """Appends whole pieces: if one does not fit, the file ends before it."""

    def __init__(self, path: str, end: int) -> None:
        self._file = open(path, "r+b" if os.path.lexists(path) else "xb", buffering=0)  # noqa: SIM115 - see close()
        self._file.truncate(end)
        self._file.seek(end)
        self.end = end
        self.place = _Place(path)

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


class CsvWriter:
    """UTF-8 with BOM, one header row, empty cells for unknown; no cell can be taken for a formula."""

    def __init__(self, path: str, held: Held) -> None:
        self.path = path
        self._buffer = io.StringIO(newline="")
        self._csv = csv.writer(self._buffer)
        self._file = _TextFile(path, held.end)
        if not held.end:
            self._file.append(("\ufeff" + self._line(COLUMNS)).encode())

    def _line(self, cells: Any) -> str:
        self._csv.writerow(cells)
        line = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return line

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        cells = [guard_cell(cell) if isinstance(cell, str) else cell for cell in row_of(record).values()]
        self._file.append(self._line(cells).encode())

    def commit(self) -> None:
        """See :class:`Writer`."""
        self._file.place.check()

    def close(self) -> None:
        """See :class:`Writer`."""
        self._file.close()
        self._file.place.check()


class JsonLinesWriter:
    """One JSON object a line, UTF-8, null for unknown."""

    def __init__(self, path: str, held: Held) -> None:
        self.path = path
        self._file = _TextFile(path, held.end)

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        self._file.append((json_line(record) + "\n").encode())

    def commit(self) -> None:
        """See :class:`Writer`."""
        self._file.place.check()

    def close(self) -> None:
        """See :class:`Writer`."""
        self._file.close()
        self._file.place.check()


class SqliteWriter:
    """Table ``records`` behind an autoincrement ``id``, readable while it grows (WAL)."""

    def __init__(self, path: str, held: Held) -> None:
        self.path = path
        # An absolute path: ":memory:" and "file:..." are names like any other.
        self._connection = sqlite3.connect(os.path.abspath(path), isolation_level=None)
        self._place: _Place | None = None
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            columns = ", ".join(f"{name} {SQL_TYPES[COLUMN[name].kind]}" for name in COLUMNS)
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})"
            )
            self._place = _Place(path)
            self._connection.execute("BEGIN")
        except BaseException:
            self._connection.close()
            raise
        self._insert = f"INSERT INTO records ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        self._connection.execute(self._insert, tuple(row_of(record).values()))

    def commit(self) -> None:
        """See :class:`Writer`."""
        self._end_transaction()
        self._connection.execute("BEGIN")

    def _end_transaction(self) -> None:
        if self._place:
            self._place.check()
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """See :class:`Writer`."""
        try:
            self._end_transaction()
            with suppress(sqlite3.OperationalError):  # a reader holds it open: the journal beside it stays
                self._connection.execute("PRAGMA journal_mode = DELETE")
        finally:
            self._connection.close()


class ParquetWriter:
    """Row groups of ROWS_PER_GROUP; the file gets its name when it is whole."""

    def __init__(self, path: str, held: Held) -> None:
        self._arrow = pyarrow()
        self.path, self._part = path, path + ".part"
        with suppress(FileNotFoundError):
            os.remove(self._part)  # of a scan that broke off, or a link that somebody left there
        self._writer = self._arrow.parquet.ParquetWriter(self._part, arrow_schema())
        self._place = _Place(self._part)
        self._rows: list[Row] = []

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        self._rows.append(row_of(record))
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def commit(self) -> None:
        """See :class:`Writer`."""
        self._place.check()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(_rows_table(self._rows))
            self._rows = []

    def close(self) -> None:
        """See :class:`Writer`."""
        try:
            self._place.check()
            self._flush()
            self._writer.close()
            os.replace(self._part, self.path)
        except BaseException:
            with suppress(OSError, ValueError):
                self._writer.close()
            with suppress(OSError):
                os.remove(self._part)
            raise


def arrow_schema() -> "Schema":
    """The columns as an Arrow schema. Raises MissingExtraError without pyarrow."""
    arrow = pyarrow()
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    return arrow.schema([(name, types[COLUMN[name].kind]) for name in COLUMNS])


def records_table(records: Iterable[Record]) -> "Table":
    """The records as an Arrow table of that schema."""
    return _rows_table([row_of(record) for record in records])


def _rows_table(rows: list[Row]) -> "Table":
    return pyarrow().Table.from_pylist(rows, schema=arrow_schema())


WRITERS: dict[str, type[CsvWriter | JsonLinesWriter | SqliteWriter | ParquetWriter]] = {
    ".csv": CsvWriter,
    ".jsonl": JsonLinesWriter,
    ".db": SqliteWriter,
    ".sqlite": SqliteWriter,
    ".parquet": ParquetWriter,
}


def check_target(path: str, replace: bool) -> None:
    """Raise UsageError for another suffix, and for a file that exists unless it may be replaced."""
    try:
        kind_of(path)
    except UsageError as error:
        raise UsageError(f"-o {error}") from None
    if os.path.lexists(path) and not replace:
        raise UsageError(f"-o {path!r} exists; --overwrite replaces it, --resume continues it")


def open_writer(path: str, overwrite: bool = False, held: Held | None = None) -> Writer:
    """A writer for the suffix of ``path``; parents are created. With ``held``, the file is continued after that.

    Raises UsageError for another suffix, for a file that exists unless ``overwrite`` or ``held``, and for a
    place that cannot be written; MissingExtraError for Parquet without pyarrow.
    """
    check_target(path, overwrite or held is not None)
    kind = WRITERS[os.path.splitext(path)[1].lower()]
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if held is None:
            for name in (path, path + "-wal", path + "-shm") if kind is SqliteWriter else (path,):
                if os.path.lexists(name):
                    os.remove(name)
        return kind(path, held or Held(path, 0))
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"-o {path!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None
