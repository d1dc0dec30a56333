"""The table of formats: which suffix is written, continued and read by which module. A new format is added here."""

import csv
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jpegqf.errors import MissingExtraError, UsageError
from jpegqf.outputs.base import Columns, Held, Results, UncheckedColumns, Writer
from jpegqf.outputs.csv_file import CsvWriter, csv_column_names, read_csv_columns, whole_csv_rows
from jpegqf.outputs.json_lines import JsonLinesWriter, json_column_names, read_json_columns, whole_json_lines
from jpegqf.outputs.parquet_file import ParquetWriter, parquet_column_names, read_parquet_columns, whole_parquet_rows
from jpegqf.outputs.sqlite_file import SqliteWriter, read_sqlite_columns, sqlite_column_names, whole_sqlite_rows
from jpegqf.record import CELLS, COLUMN, COLUMNS


@dataclass(frozen=True)
class Format:
    """The functions that write, continue and read results files of one format."""

    write: Callable[[str, Held, Columns], Writer]
    """Opens the file at a path for rows of these columns and continues it behind its complete rows."""
    whole_rows: Callable[[str], Held]
    """Counts the complete rows of a file that a scan may have left unfinished."""
    column_names: Callable[[str], tuple[str, ...]]
    """Reads the names of the columns of the file at a path."""
    read_columns: Callable[[Results, Sequence[str], int], Iterator[UncheckedColumns]]
    """Reads the columns of these names, at most this many rows at a time."""
    appendable: bool = True
    """Whether rows can be appended to a file that was closed or left unfinished."""
    columns: tuple[str, ...] = COLUMNS
    """The columns of a record that it holds."""
    journals: tuple[str, ...] = ()
    """Endings, added to the path, of files that the library keeps beside the open file."""


CSV = Format(CsvWriter, whole_csv_rows, csv_column_names, read_csv_columns, columns=CELLS)
JSON_LINES = Format(JsonLinesWriter, whole_json_lines, json_column_names, read_json_columns)
SQLITE = Format(SqliteWriter, whole_sqlite_rows, sqlite_column_names, read_sqlite_columns, journals=("-wal", "-shm"))
PARQUET = Format(ParquetWriter, whole_parquet_rows, parquet_column_names, read_parquet_columns, appendable=False)
FORMAT_OF_SUFFIX = {".csv": CSV, ".jsonl": JSON_LINES, ".db": SQLITE, ".sqlite": SQLITE, ".parquet": PARQUET}


def format_of(path: str) -> Format:
    """The format that the suffix of ``path`` names. Raises UsageError for another suffix."""
    found = FORMAT_OF_SUFFIX.get(os.path.splitext(path)[1].lower())
    if found is None:
        raise UsageError(f"{path!r}: the suffix must be one of {' '.join(FORMAT_OF_SUFFIX)}")
    return found


def check_target(path: str, replace: bool) -> None:
    """Raise UsageError if no format has the suffix, or if the file exists and ``replace`` is false."""
    try:
        format_of(path)
    except UsageError as error:
        raise UsageError(f"-o {error}") from None
    if os.path.lexists(path) and not replace:
        raise UsageError(f"-o {path!r} exists; --overwrite replaces it, --resume continues it")


def open_writer(path: str, overwrite: bool = False, held: Held | None = None, columns: Columns = COLUMN) -> Writer:
    """A writer for the suffix of ``path``; missing folders are created. With ``held``, the file is continued.

    Raises UsageError for another suffix, for a file that exists unless ``overwrite`` or ``held``, and for a
    place that cannot be written; MissingExtraError for Parquet without pyarrow.
    """
    check_target(path, overwrite or held is not None)
    found = format_of(path)
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if held is None:
            for name in (path, *(path + journal for journal in found.journals)):
                if os.path.lexists(name):
                    os.remove(name)
        return found.write(path, held or Held(path, 0), columns)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"-o {path!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def whole_rows(path: str) -> Held:
    """The whole rows of a results file that may have been broken off anywhere; changes nothing.

    No file, or one without its header yet, holds none. Raises UsageError for a file that is not one of ours.
    """
    found = format_of(path)
    if not os.path.lexists(path):
        return Held(path, 0)
    try:
        return found.whole_rows(path)
    except MissingExtraError:
        raise
    except (OSError, ValueError, csv.Error, sqlite3.Error) as error:
        raise UsageError(f"{path!r} cannot be continued: {error}") from None
