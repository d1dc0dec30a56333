"""A results file (CSV, JSON Lines, SQLite or Parquet) that may be broken off -> how much of it is whole."""

import csv
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from jpegqf.errors import MissingExtraError, UsageError
from jpegqf.record import COLUMNS

MAX_LINE = 2**20
"""Bytes of a line: far above any row of ours."""
csv.field_size_limit(MAX_LINE)  # a name inside an archive may be longer than Python's own limit for cells


def kind_of(path: str) -> str:
    """The format that the suffix of ``path`` names. Raises UsageError for another suffix."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path!r}: the suffix must be one of {' '.join(SUFFIXES)}")
    return SUFFIXES[suffix]


SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".db": "sqlite", ".sqlite": "sqlite", ".parquet": "parquet"}


def connect_read_only(path: str) -> sqlite3.Connection:
    """A connection that changes nothing, whatever characters the path has."""
    name = os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{name}?mode=ro", uri=True)


def pyarrow() -> Any:
    """The module. Raises MissingExtraError without it."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError('Parquet needs pyarrow: pip install "jpegqf[parquet]"') from None
    return arrow


@dataclass(frozen=True)
class Held:
    """What a results file holds: ``rows`` that are whole, which of a text file end at byte ``end``."""

    path: str
    rows: int
    end: int = 0


def examine(path: str) -> Held:
    """Count the whole rows of a results file that may have been broken off anywhere; changes nothing.

    No file, or one without its header yet, holds none. Raises UsageError for a file that is not one of ours.
    """
    kind = kind_of(path)
    if not os.path.lexists(path):
        return Held(path, 0)
    try:
        return {"csv": _examine_csv, "jsonl": _examine_json_lines, "sqlite": _examine_sqlite}.get(
            kind, _examine_parquet
        )(path)
    except MissingExtraError:
        raise
    except (OSError, ValueError, csv.Error, sqlite3.Error) as error:
        raise UsageError(f"{path!r} cannot be continued: {error}") from None


class _Lines:
    """Whole lines of a binary file as text, with the number of bytes they took."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.end = 0

    def __iter__(self) -> Iterator[str]:
        while (line := self._file.readline(MAX_LINE)).endswith(b"\n"):
            self.end += len(line)
            yield line.decode("utf-8", "replace")


def _examine_csv(path: str) -> Held:
    with open(path, "rb") as file:
        lines = _Lines(file)
        rows = csv.reader(lines, strict=True)
        count, end = -1, 0
        try:
            for cells in rows:
                if count < 0 and cells != ["\ufeff" + COLUMNS[0], *COLUMNS[1:]]:
                    raise UsageError(f"{path!r} cannot be continued: it has other columns")
                if len(cells) != len(COLUMNS):
                    raise UsageError(f"{path!r} cannot be continued: row {count + 1} is damaged")
                count, end = count + 1, lines.end
        except csv.Error:
            pass  # a quoted cell that the file's end cut
    if count < 0:
        _check_begun(path, ("\ufeff" + ",".join(COLUMNS)).encode())
    return Held(path, max(count, 0), end)


def _examine_json_lines(path: str) -> Held:
    count = 0
    line = ""
    with open(path, "rb") as file:
        lines = _Lines(file)
        for count, line in enumerate(lines, 1):
            if count == 1:
                _check_json_line(path, line)
    if line:
        _check_json_line(path, line)
    else:
        _check_begun(path, b'{"path": "')
    return Held(path, count, lines.end)


def _check_begun(path: str, beginning: bytes) -> None:
    """A file without one whole line may be cut back to nothing only if it began as ours."""
    with open(path, "rb") as file:
        found = file.read(len(beginning))
    if not beginning.startswith(found):
        raise UsageError(f"{path!r} cannot be continued: it is not a results file")


def _check_json_line(path: str, line: str) -> None:
    row = json.loads(line)
    if not isinstance(row, dict) or tuple(row) != COLUMNS:
        raise UsageError(f"{path!r} cannot be continued: it has other columns")


def _examine_sqlite(path: str) -> Held:
    connection = connect_read_only(path)
    try:
        columns = tuple(row[1] for row in connection.execute("PRAGMA table_info(records)"))
        others = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if columns != ("id", *COLUMNS) and (columns or others):
            raise UsageError(f"{path!r} cannot be continued: it has other columns")
        rows = connection.execute("SELECT count(*) FROM records").fetchone()[0] if columns else 0
        return Held(path, rows)
    finally:
        connection.close()


def _examine_parquet(path: str) -> Held:
    with pyarrow().parquet.ParquetFile(path) as file:
        if tuple(file.schema_arrow.names) != COLUMNS:
            raise UsageError(f"{path!r} cannot be continued: it has other columns")
        return Held(path, file.metadata.num_rows)
