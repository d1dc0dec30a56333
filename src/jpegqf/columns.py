"""Results files -> batches of checked columns, as who counts millions of rows needs them, or records."""

import csv
import itertools
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from jpegqf.errors import UsageError
from jpegqf.readers import MAX_LINE, connect_read_only, kind_of, pyarrow
from jpegqf.record import COLUMN, COLUMNS, Column, Record, Status, Verdict
from jpegqf.sinks import FORMULA

ROWS_AT_ONCE, RECORDS_AT_ONCE = 20_000, 500
SHOWN = 60
"""Characters of a wrong value in a message."""

Batch = dict[str, list[Any]]
"""The columns asked for, each with as many values as there are rows; unknown is None."""
Columns = Iterable[Sequence[Any]]
"""The same, not checked yet."""


@dataclass
class Results:
    """A results file: ``names`` are its columns, ours and any that others added."""

    path: str
    names: tuple[str, ...]
    torn: bool = False
    """Whether the last line turned out to be cut off, as in the output of a scan that was killed."""


def batches(results: Results, wanted: Sequence[str], at_once: int = ROWS_AT_ONCE) -> Iterator[Batch]:
    """The ``wanted`` columns of a file, so many rows at a time at most, in the file's order.

    Raises UsageError for a file without one of them, or that cannot be read to its end, or with a value that
    its column cannot have.
    """
    for name in wanted:
        if name not in results.names:
            raise UsageError(f"{results.path!r} has no column {name!r}")
    row = 0
    with _told(results.path):
        for columns in _READERS[kind_of(results.path)](results, wanted, at_once):
            batch = {name: list(values) for name, values in zip(wanted, columns, strict=True)}
            last = row + len(batch[wanted[0]])
            yield {name: _checked(name, batch[name], f"{results.path!r}, rows {row + 1}-{last}") for name in wanted}
            row = last


def open_results(path: str) -> list[Results]:
    """A results file, or those of a folder of Parquet files, sorted; changes nothing.

    Raises UsageError for a path that leads to none, for another suffix, and for a file that is not ours.
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
    """The records of a results file, or of those of a folder; errors as for :func:`batches`."""
    for results in open_results(path):
        for batch in batches(results, COLUMNS, RECORDS_AT_ONCE):
            batch |= {"status": list(map(Status, batch["status"])), "verdict": list(map(Verdict, batch["verdict"]))}
            yield from map(Record, *(batch[name] for name in COLUMNS))


def _open(path: str) -> Results:
    kind = kind_of(path)
    if not os.path.isfile(path):
        raise UsageError(f"no such results file: {path!r}")
    with _told(path):
        names = _NAMES[kind](path)
    for name in COLUMNS:
        if name not in names:
            raise UsageError(f"{path!r} is no results file of jpegqf scan: it has no column {name!r}")
    return Results(path, names)


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Turn what the libraries raise on a broken file into one line."""
    try:
        yield
    # pyarrow's errors are among the first two; JSON nested deeper than Python recurses raises the last
    except (OSError, ValueError, csv.Error, sqlite3.Error, RecursionError) as error:
        words = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())[:200]
        raise UsageError(f"{path!r} cannot be read: {words}") from None


def _checked(name: str, values: list[Any], place: str) -> list[Any]:
    """The values, whole numbers as int. Raises UsageError for one that the column cannot have."""
    column = COLUMN.get(name)
    if column is None:
        return values
    kind = column.kind
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
    """Whether a value of the column's kind is one that it can hold; NaN stands for unknown."""
    if value is None:
        return column.name != "path" and column.codes is None
    if column.codes is not None:
        return value in column.codes
    return column.span is None or value != value or column.span[0] <= value <= column.span[1]


def _whole(value: float, name: str, place: str) -> int:
    if not float(value).is_integer():
        raise _wrong(name, value, place)
    return int(value)


def _wrong(name: str, value: object, place: str) -> UsageError:
    return UsageError(f"{place}: the column {name} cannot hold {repr(value)[:SHOWN]}")


def _batched(rows: Iterable[Sequence[Any]], at_once: int) -> Iterator[Columns]:
    """Rows -> columns of ``at_once`` rows."""
    source = iter(rows)
    while some := list(itertools.islice(source, at_once)):
        yield zip(*some, strict=True)


def _csv_names(path: str) -> tuple[str, ...]:
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        return tuple(next(csv.reader(file), ()))


def _csv_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[Columns]:
    places = [results.names.index(name) for name in wanted]
    convert = [_cell_reader(name) for name in wanted]
    with open(results.path, newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file)
        next(rows, None)
        for some in _batched(_whole_rows(results, rows), at_once):
            columns = list(some)
            yield [_converted(columns[place], read) for read, place in zip(convert, places, strict=True)]


def _converted(cells: Sequence[str], read: Callable[[str], Any]) -> list[Any]:
    """The values of cells, each different one read once: most columns repeat themselves."""
    values = {cell: read(cell) for cell in set(cells)}
    return [values[cell] for cell in cells]


def _whole_rows(results: Results, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """Rows with every cell. The last one may lack some, or the end of its line: a killed scan, or a copy, left it."""
    width, number = len(results.names), 0
    following = next(rows, None)
    while following is not None:
        cells, following, number = following, next(rows, None), number + 1
        results.torn = following is None and (len(cells) < width or not _ends_a_line(results.path))
        if results.torn:
            return
        if len(cells) != width:
            raise UsageError(f"{results.path!r}: row {number} has {len(cells)} cells instead of {width}")
        yield cells


def _ends_a_line(path: str) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) in (b"\n", b"\r")


def _cell_reader(name: str) -> Callable[[str], Any]:
    """What makes a value of a CSV cell; texts of foreign columns stay as they are."""
    kind = COLUMN[name].kind if name in COLUMN else str
    if kind is bool:
        return {"True": True, "False": False}.get
    if kind in (int, float):
        return lambda cell: _number(cell) if cell else None
    empty = "" if name in ("path", "filename") else None
    return lambda cell: (cell[1:] if cell[0] == "'" and FORMULA.match(cell) else cell) if cell else empty


def _number(cell: str) -> int | float:
    try:
        return int(cell)
    except ValueError:
        return float(cell)


def _json_rows(path: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Lines with their objects; the last one may be cut off, and then has None."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        for number in itertools.count(1):
            line = file.readline(MAX_LINE)
            if not line:
                return
            try:
                row = json.loads(line)
            except ValueError:
                if line.endswith("\n") or file.readline(1):
                    raise UsageError(f"{path!r}: line {number} is no JSON, or longer than {MAX_LINE}") from None
                row = None
            if row is not None and not isinstance(row, dict):
                raise UsageError(f"{path!r}: line {number} is no JSON object")
            yield line, row


def _json_names(path: str) -> tuple[str, ...]:
    _, row = next(_json_rows(path), ("", None))
    return COLUMNS if row is None else tuple(row)  # without one whole line there is nothing that could be foreign


def _json_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[Columns]:
    def rows() -> Iterator[tuple[Any, ...]]:
        for _, row in _json_rows(results.path):
            if row is None:
                results.torn = True
                return
            yield tuple([row.get(name) for name in wanted])

    return _batched(rows(), at_once)


def _sqlite_names(path: str) -> tuple[str, ...]:
    connection = connect_read_only(path)
    try:
        return tuple(row[1] for row in connection.execute("PRAGMA table_info(records)"))
    finally:
        connection.close()


def _sqlite_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[Columns]:
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in wanted)
    connection = connect_read_only(results.path)
    connection.text_factory = lambda text: text.decode("utf-8", "backslashreplace")
    try:
        order = "ORDER BY id" if "id" in results.names else ""
        rows = connection.execute(f"SELECT {quoted} FROM records {order}")  # noqa: S608 - names are quoted
        yield from _batched(rows, at_once)
    finally:
        connection.close()


def _parquet_names(path: str) -> tuple[str, ...]:
    with pyarrow().parquet.ParquetFile(path) as file:
        return tuple(file.schema_arrow.names)


def _parquet_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[Columns]:
    with pyarrow().parquet.ParquetFile(results.path) as file:
        for batch in file.iter_batches(batch_size=at_once, columns=list(wanted)):
            yield [batch.column(name).to_pylist() for name in wanted]


_NAMES: dict[str, Callable[[str], tuple[str, ...]]] = {
    "csv": _csv_names,
    "jsonl": _json_names,
    "sqlite": _sqlite_names,
    "parquet": _parquet_names,
}
_READERS: dict[str, Callable[[Results, Sequence[str], int], Iterator[Columns]]] = {
    "csv": _csv_columns,
    "jsonl": _json_columns,
    "sqlite": _sqlite_columns,
    "parquet": _parquet_columns,
}
