"""Writes, continues and reads results as a SQLite database."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

from jpegqf.errors import UsageError
from jpegqf.outputs.base import (
    RECORDS,
    FileIdentity,
    Held,
    Results,
    Shape,
    Told,
    UncheckedColumns,
    in_columns,
    row_of,
)
from jpegqf.record import COLUMNS, LISTS


def sqlite_column_names(path: str) -> tuple[str, ...]:
    """The names of a file's columns, in order."""
    connection = connect_read_only(path)
    try:
        return tuple(row[1] for row in connection.execute("PRAGMA table_info(records)"))
    finally:
        connection.close()


def read_sqlite_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[UncheckedColumns]:
    """The ``wanted`` columns of a file, ``at_once`` rows at a time. Types and ranges are not checked."""
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in wanted)
    connection = connect_read_only(results.path)
    connection.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
    try:
        order = "ORDER BY id" if "id" in results.names else ""
        rows = connection.execute(f"SELECT {quoted} FROM records {order}")
        for columns in in_columns(rows, at_once):
            yield [map(_parsed, cells) if name in LISTS else cells for name, cells in zip(wanted, columns, strict=True)]
    finally:
        connection.close()


def _parsed(cell: Any) -> Any:
    """The value of a cell of a list's column. Raises ValueError for what is no JSON."""
    return json.loads(cell) if isinstance(cell, str) else cell


def connect_read_only(path: str) -> sqlite3.Connection:
    """A connection that never writes."""
    return _connect(path, "ro")


def _connect(path: str, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    """A connection to a file that exists. Characters of the path that have a meaning in URIs are escaped."""
    name = os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{name}?mode={mode}", uri=True)


def whole_sqlite_rows(path: str) -> Held:
    """The complete rows of a file that a scan may have left unfinished, which is rolled back where it was killed.

    Raises UsageError if its columns are not those of a scan.
    """
    connection = _connect(path, "rw")
    try:
        columns = tuple(row[1] for row in connection.execute("PRAGMA table_info(records)"))
        others = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if columns != ("id", *COLUMNS) and (columns or others):
            raise UsageError(f"{path!r} cannot be continued: it has other columns")
        rows = connection.execute("SELECT count(*) FROM records").fetchone()[0] if columns else 0
        return Held(path, rows)
    finally:
        connection.close()


SQL_TYPES = {str: "TEXT", int: "INTEGER", float: "REAL", bool: "INTEGER", list: "TEXT"}
"""Types of columns; lists are JSON."""


class SqliteWriter:
    """Writes the table ``records`` with a counting ``id``. Others can read it meanwhile (write-ahead log)."""

    def __init__(self, path: str, held: Held, shape: Shape = RECORDS) -> None:
        self.path, self._shape = path, shape
        # An absolute path: ":memory:" and "file:..." are names like any other.
        self._connection = sqlite3.connect(os.path.abspath(path), isolation_level=None)
        self._place: FileIdentity | None = None
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            columns = ", ".join(f"{name} {SQL_TYPES[column.kind]}" for name, column in shape.columns.items())
            self._connection.execute(
                f"CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})"
            )
            self._place = FileIdentity(path)
            self._connection.execute("BEGIN")
        except BaseException:
            self._connection.close()
            raise
        names = shape.names
        self._insert = f"INSERT INTO records ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    def write(self, record: Told) -> None:
        """See :class:`Writer`."""
        row = row_of(record, self._shape)
        for name in LISTS:
            if row.get(name) is not None:
                row[name] = json.dumps(row[name])
        self._connection.execute(self._insert, tuple(row.values()))

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
