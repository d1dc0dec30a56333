"""Records -> CSV, JSON Lines, SQLite and Parquet files, and back."""

import csv
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol

from jpegqf.errors import MissingExtraError, UsageError
from jpegqf.record import COLUMNS, Record, Status, Verdict, column_type
from jpegqf.sinks import FORMULA, guard_cell, printable

if TYPE_CHECKING:
    import pyarrow

ROWS_PER_COMMIT = 500
ROWS_PER_GROUP = 10_000
SQL_TYPES = {str: "TEXT", int: "INTEGER", float: "REAL", bool: "INTEGER"}


class Writer(Protocol):
    """Takes records one by one."""

    def write(self, record: Record) -> None:
        """Append one row."""

    def close(self) -> None:
        """Finish the file."""


def _row(record: Record) -> dict[str, Any]:
    """Columns in order, texts as Unicode that every format can hold."""
    return {name: printable(value) if isinstance(value, str) else value for name, value in record.to_dict().items()}


class CsvWriter:
    """UTF-8 with BOM, one header row, empty cells for unknown; no cell can be taken for a formula."""

    def __init__(self, path: str) -> None:
        self._file: IO[str] = open(path, "w", newline="", encoding="utf-8-sig")  # noqa: SIM115 - closed by close()
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        cells = _row(record).values()
        self._writer.writerow([guard_cell(cell) if isinstance(cell, str) else cell for cell in cells])
        self._file.flush()

    def close(self) -> None:
        """See :class:`Writer`."""
        self._file.close()


class JsonLinesWriter:
    """One JSON object a line, UTF-8, null for unknown."""

    def __init__(self, path: str) -> None:
        self._file: IO[str] = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed by close()

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        self._file.write(json_line(record) + "\n")
        self._file.flush()

    def close(self) -> None:
        """See :class:`Writer`."""
        self._file.close()


def json_line(record: Record) -> str:
    """A record as one line of JSON."""
    return json.dumps(_row(record), ensure_ascii=False)


class SqliteWriter:
    """Table ``records`` behind an autoincrement ``id``, committed every ROWS_PER_COMMIT rows."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path)
        columns = ", ".join(f"{name} {SQL_TYPES[column_type(name)]}" for name in COLUMNS)
        self._connection.execute(f"CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})")
        self._insert = f"INSERT INTO records ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
        self._pending = 0

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        self._connection.execute(self._insert, list(_row(record).values()))
        self._pending += 1
        if self._pending >= ROWS_PER_COMMIT:
            self._connection.commit()
            self._pending = 0

    def close(self) -> None:
        """See :class:`Writer`."""
        self._connection.commit()
        self._connection.close()


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError('Parquet needs pyarrow: pip install "jpegqf[parquet]"') from None
    return pyarrow


class ParquetWriter:
    """Row groups of ROWS_PER_GROUP; the file gets its name when it is whole."""

    def __init__(self, path: str) -> None:
        self._arrow = _pyarrow()
        self._path, self._part = path, path + ".part"
        self._writer = self._arrow.parquet.ParquetWriter(self._part, arrow_schema())
        self._rows: list[dict[str, Any]] = []

    def write(self, record: Record) -> None:
        """See :class:`Writer`."""
        self._rows.append(_row(record))
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, schema=arrow_schema()))
            self._rows = []

    def close(self) -> None:
        """See :class:`Writer`."""
        self._flush()
        self._writer.close()
        os.replace(self._part, self._path)


def arrow_schema() -> "pyarrow.Schema":
    """The columns as an Arrow schema. Raises MissingExtraError without pyarrow."""
    arrow = _pyarrow()
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    return arrow.schema([(name, types[column_type(name)]) for name in COLUMNS])


WRITERS: dict[str, type[CsvWriter | JsonLinesWriter | SqliteWriter | ParquetWriter]] = {
    ".csv": CsvWriter,
    ".jsonl": JsonLinesWriter,
    ".db": SqliteWriter,
    ".sqlite": SqliteWriter,
    ".parquet": ParquetWriter,
}


def _check_target(path: str, overwrite: bool) -> type[CsvWriter | JsonLinesWriter | SqliteWriter | ParquetWriter]:
    kind = WRITERS.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise UsageError(f"-o {path!r}: the suffix must be one of {' '.join(WRITERS)}")
    if os.path.lexists(path) and not overwrite:
        raise UsageError(f"-o {path!r} exists; --overwrite replaces it")
    return kind


def open_writer(path: str, overwrite: bool = False) -> Writer:
    """A writer for the suffix of ``path``; parents are created.

    Raises UsageError for another suffix, for a file that exists unless ``overwrite``, and for a place that
    cannot be written; MissingExtraError for Parquet without pyarrow.
    """
    kind = _check_target(path, overwrite)
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if os.path.lexists(path):
            os.remove(path)
        return kind(path)
    except (OSError, sqlite3.Error) as error:
        raise UsageError(f"-o {path!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None


def open_writers(paths: Sequence[str], overwrite: bool = False) -> list[Writer]:
    """:func:`open_writer` for several files, none of which is touched if one is refused beforehand."""
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        raise UsageError("-o names one file twice")
    for path in paths:
        _check_target(path, overwrite)
    return [open_writer(path, overwrite) for path in paths]


def read_records(path: str) -> Iterator[Record]:
    """The records of a results file of any of the formats. Raises UsageError for another suffix."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in WRITERS:
        raise UsageError(f"{path!r}: the suffix must be one of {' '.join(WRITERS)}")
    for values in _READERS[WRITERS[suffix]](path):
        yield _record(values)


def _record(values: dict[str, Any]) -> Record:
    known: dict[str, Any] = {name: values.get(name) for name in COLUMNS}
    known["progressive"] = None if known["progressive"] is None else bool(known["progressive"])
    known["status"], known["verdict"] = Status(known["status"]), Verdict(known["verdict"])
    return Record(**known)


def _read_csv(path: str) -> Iterable[dict[str, Any]]:
    with open(path, newline="", encoding="utf-8-sig") as file:
        for cells in csv.DictReader(file):
            yield {name: _cell(name, cell) for name, cell in cells.items()}


def _cell(name: str, cell: str) -> Any:
    kind = column_type(name)
    if cell == "":
        return "" if name in ("path", "filename") else None
    if kind is bool:
        return cell == "True"
    return kind(cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell)


def _read_json_lines(path: str) -> Iterable[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _read_sqlite(path: str) -> Iterable[dict[str, Any]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for row in connection.execute(f"SELECT {', '.join(COLUMNS)} FROM records ORDER BY id"):
            yield dict(zip(COLUMNS, row, strict=True))
    finally:
        connection.close()


def _read_parquet(path: str) -> Iterable[dict[str, Any]]:
    with _pyarrow().parquet.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


_READERS = {
    CsvWriter: _read_csv,
    JsonLinesWriter: _read_json_lines,
    SqliteWriter: _read_sqlite,
    ParquetWriter: _read_parquet,
}
