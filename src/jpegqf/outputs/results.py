"""Reads results files, as batches of checked columns (fast, for millions of rows) or as records."""

import csv
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jpegqf.errors import UsageError
from jpegqf.outputs.base import Batch, Results
from jpegqf.outputs.formats import format_of
from jpegqf.record import COLUMN, COLUMNS, LISTS, Column, Record, Status, Verdict, list_told

ROWS_AT_ONCE, RECORDS_AT_ONCE = 20_000, 500
"""Rows held in memory while columns are read, and while records are made of them."""
SHOWN = 60
"""Characters of a wrong value in a message."""


def batches(results: Results, wanted: Sequence[str], at_once: int = ROWS_AT_ONCE) -> Iterator[Batch]:
    """The ``wanted`` columns of a file, at most ``at_once`` rows at a time, in the file's order.

    Raises UsageError if a column is missing, the file cannot be read to its end, or a value is out of its column's
    range.
    """
    for name in wanted:
        if name not in results.names:
            raise UsageError(f"{results.path!r} has no column {name!r}")
    row = 0
    with _errors_in_words(results.path):
        for columns in format_of(results.path).read_columns(results, wanted, at_once):
            batch = {name: list(values) for name, values in zip(wanted, columns, strict=True)}
            last = row + len(batch[wanted[0]])
            yield {name: _checked(name, batch[name], f"{results.path!r}, rows {row + 1}-{last}") for name in wanted}
            row = last


def open_results(path: str) -> list[Results]:
    """The results file at ``path``, or all Parquet files of that folder, sorted by name; none is changed.

    Raises UsageError if there is none, if the suffix is unknown, or if a column of a scan is missing.
    """
    if os.path.isdir(path):
        found = sorted(
            os.path.join(folder, name)
            for folder, _, names in os.walk(path)
            for name in names
            if name.endswith(".parquet") and not name.startswith((".", "_"))
        )
        if not found:
            raise UsageError(f"no .parquet file in the folder {path!r}")
    else:
        found = [path]
    return [_open(name) for name in found]


def read_records(path: str) -> Iterator[Record]:
    """The records of a results file, or of all files of a folder. Errors are those of open_results and batches."""
    for results in open_results(path):
        held = format_of(results.path).columns
        for batch in batches(results, held, RECORDS_AT_ONCE):
            batch |= {"status": list(map(Status, batch["status"])), "verdict": list(map(Verdict, batch["verdict"]))}
            for name in LISTS:
                told = batch.get(name, [None] * len(batch["path"]))
                batch[name] = [list_told(name, value) for value in told]
            yield from map(Record, *(batch[name] for name in COLUMNS))


def _open(path: str) -> Results:
    found = format_of(path)
    if not os.path.isfile(path):
        raise UsageError(f"no such results file: {path!r}")
    with _errors_in_words(path):
        names = found.column_names(path)
    for name in found.columns:
        if name not in names:
            raise UsageError(f"{path!r} is no results file of jpegqf scan: it has no column {name!r}")
    return Results(path, names)


@contextmanager
def _errors_in_words(path: str) -> Iterator[None]:
    """Turn the errors that libraries raise on a broken file into UsageError with one line of text."""
    try:
        yield
    # pyarrow's errors are among the first two; JSON nested deeper than Python recurses raises the last
    except (OSError, ValueError, csv.Error, sqlite3.Error, RecursionError) as error:
        words = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())[:200]
        raise UsageError(f"{path!r} cannot be read: {words}") from None


def _checked(name: str, values: list[Any], place: str) -> list[Any]:
    """The values, whole numbers as int. Raises UsageError for a value that the column cannot hold."""
    column = COLUMN.get(name)
    if column is None:
        return values
    kind = column.kind
    if kind is list:
        return [_checked_list(name, value, place) for value in values]
    found = set(map(type, values)) - {type(None)}
    if kind in (int, float) and found <= {int, float}:
        if kind is int and float in found:  # pandas makes floats of whole numbers beside unknown ones
            values = [None if value is None or value != value else _whole(value, name, place) for value in values]
    elif kind is bool and found <= {bool, int}:  # SQLite has no truth values
        values = [None if value is None else bool(value) for value in values]
    elif not found <= {kind}:
        wrong = next(value for value in values if value is not None and type(value) is not kind)
        raise _wrong(name, wrong, place)
    for value in set(values):
        if not _allowed(column, value):
            raise _wrong(name, value, place)
    return values


def _allowed(column: Column, value: Any) -> bool:
    """Whether a value of the column's type is in its range or among its codes. NaN counts as unknown."""
    if value is None:
        return column.name != "path" and column.codes is None
    if column.codes is not None:
        return value in column.codes
    return column.span is None or value != value or column.span[0] <= value <= column.span[1]


def _checked_list(name: str, value: Any, place: str) -> Any:
    try:
        list_told(name, value)
    except (TypeError, ValueError):
        raise _wrong(name, value, place) from None
    return value


def _whole(value: float, name: str, place: str) -> int:
    if not float(value).is_integer():
        raise _wrong(name, value, place)
    return int(value)


def _wrong(name: str, value: object, place: str) -> UsageError:
    return UsageError(f"{place}: the column {name} cannot hold {repr(value)[:SHOWN]}")
