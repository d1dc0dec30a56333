"""Writes and reads results as Parquet, and turns records into Arrow tables."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from jpegqf.errors import UsageError
from jpegqf.optional import pyarrow
from jpegqf.outputs.base import Columns, FileIdentity, Held, Results, Row, Told, UncheckedColumns, row_of
from jpegqf.record import COLUMN, COLUMNS, REGION_SPANS, Record

if TYPE_CHECKING:
    from pyarrow import Schema, Table


def parquet_column_names(path: str) -> tuple[str, ...]:
    """The names of a file's columns, in order."""
    with pyarrow().parquet.ParquetFile(path) as file:
        return tuple(file.schema_arrow.names)


def read_parquet_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[UncheckedColumns]:
    """The ``wanted`` columns of a file, ``at_once`` rows at a time. Types and ranges are not checked."""
    with pyarrow().parquet.ParquetFile(results.path) as file:
        for batch in file.iter_batches(batch_size=at_once, columns=list(wanted)):
            yield [batch.column(name).to_pylist() for name in wanted]


def whole_parquet_rows(path: str) -> Held:
    """The complete rows of a file that a scan may have left unfinished.

    Raises UsageError if its columns are not those of a scan.
    """
    with pyarrow().parquet.ParquetFile(path) as file:
        if tuple(file.schema_arrow.names) != COLUMNS:
            raise UsageError(f"{path!r} cannot be continued: it has other columns")
        return Held(path, file.metadata.num_rows)


ROWS_PER_GROUP = 10_000
"""Rows held in memory before they are written as one row group."""


class ParquetWriter:
    """Writes to ``<path>.part`` in row groups of ROWS_PER_GROUP rows, and renames that file when it is complete."""

    def __init__(self, path: str, held: Held, columns: Columns = COLUMN) -> None:
        self._columns = columns
        self._arrow = pyarrow()
        self.path, self._part = path, path + ".part"
        with suppress(FileNotFoundError):
            os.remove(self._part)  # of a scan that broke off, or a link that somebody left there
        self._writer = self._arrow.parquet.ParquetWriter(self._part, arrow_schema(columns))
        self._place = FileIdentity(self._part)
        self._rows: list[Row] = []

    def write(self, record: Told) -> None:
        """See :class:`Writer`."""
        self._rows.append(row_of(record, self._columns))
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def commit(self) -> None:
        """See :class:`Writer`."""
        self._place.check()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(_rows_table(self._rows, self._columns))
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


def arrow_schema(columns: Columns = COLUMN) -> "Schema":
    """The columns of a record, or of other rows, as an Arrow schema. Raises MissingExtraError without pyarrow."""
    arrow = pyarrow()
    types = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    region = arrow.struct([(name, types[kind]) for name, (kind, _, _) in REGION_SPANS.items()])
    lists = {"pixel_table": arrow.list_(arrow.int16()), "region_list": arrow.list_(region)}
    return arrow.schema([(name, lists.get(name) or types[column.kind]) for name, column in columns.items()])


def records_table(records: Iterable[Record]) -> "Table":
    """The records as an Arrow table with the schema of :func:`arrow_schema`."""
    return _rows_table([row_of(record) for record in records])


def _rows_table(rows: list[Row], columns: Columns = COLUMN) -> "Table":
    return pyarrow().Table.from_pylist(rows, schema=arrow_schema(columns))
