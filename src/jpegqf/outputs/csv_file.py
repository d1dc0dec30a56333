"""Writes, continues and reads results as CSV."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from jpegqf.errors import UsageError
from jpegqf.outputs.base import (
    MAX_LINE,
    RECORDS,
    AppendedFile,
    Held,
    Results,
    Shape,
    Told,
    UncheckedColumns,
    WholeLines,
    check_beginning,
    in_columns,
    row_of,
)
from jpegqf.outputs.cells import FORMULA, guard_cell
from jpegqf.record import CELLS, COLUMN

csv.field_size_limit(MAX_LINE)  # a name inside an archive may be longer than Python's own limit for cells


def csv_column_names(path: str) -> tuple[str, ...]:
    """The names of a file's columns, in order."""
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
        return tuple(next(csv.reader(file), ()))


def read_csv_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[UncheckedColumns]:
    """The ``wanted`` columns of a file, ``at_once`` rows at a time. Types and ranges are not checked."""
    places = [results.names.index(name) for name in wanted]
    convert = [_cell_reader(name) for name in wanted]
    with open(results.path, newline="", encoding="utf-8-sig", errors="replace") as file:
        rows = csv.reader(file)
        next(rows, None)
        for some in in_columns(_whole_rows(results, rows), at_once):
            columns = list(some)
            yield [_converted(columns[place], read) for read, place in zip(convert, places, strict=True)]


def _converted(cells: Iterable[str], read: Callable[[str], Any]) -> list[Any]:
    """The values of cells. Each different text is converted only once, since most columns repeat few texts."""
    cells = list(cells)
    values = {cell: read(cell) for cell in set(cells)}
    return [values[cell] for cell in cells]


def _whole_rows(results: Results, rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The complete rows. The last one is left out if cells or its line break are missing, as after a killed scan.

    Raises UsageError for an earlier row with another number of cells.
    """
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
    """The function that turns a cell of this column into a value. Cells of columns that somebody added stay texts."""
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


def whole_csv_rows(path: str) -> Held:
    """The complete rows of a file that a scan may have left unfinished.

    Raises UsageError if its columns are not those of a scan, or if a row other than the last is damaged.
    """
    with open(path, "rb") as file:
        lines = WholeLines(file)
        rows = csv.reader(lines, strict=True)
        count, end = -1, 0
        try:
            for cells in rows:
                if count < 0 and cells != ["\ufeff" + CELLS[0], *CELLS[1:]]:
                    raise UsageError(f"{path!r} cannot be continued: it has other columns")
                if len(cells) != len(CELLS):
                    raise UsageError(f"{path!r} cannot be continued: row {count + 1} is damaged")
                count, end = count + 1, lines.end
        except csv.Error:
            pass  # a quoted cell that the file's end cut
    if count < 0:
        check_beginning(path, ("\ufeff" + ",".join(CELLS)).encode())
    return Held(path, max(count, 0), end)


class CsvLines:
    """The lines of a table. Unknown is an empty cell; no text can act as a formula."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._buffer = io.StringIO(newline="")
        self._csv = csv.writer(self._buffer)

    def header(self) -> str:
        """The names of the columns."""
        return self._line(self._shape.cells)

    def row(self, record: Told) -> str:
        """The cells of one row."""
        row = row_of(record, self._shape)
        return self._line(
            [guard_cell(cell) if isinstance(cell, str) else cell for cell in map(row.get, self._shape.cells)]
        )

    def _line(self, cells: Iterable[Any]) -> str:
        self._csv.writerow(cells)
        line = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return line


class CsvWriter:
    """Writes UTF-8 with a byte order mark and a header row; see :class:`CsvLines`."""

    def __init__(self, path: str, held: Held, shape: Shape = RECORDS) -> None:
        self.path = path
        self._lines = CsvLines(shape)
        self._file = AppendedFile(path, held.end)
        if not held.end:
            self._file.append(("\ufeff" + self._lines.header()).encode())

    def write(self, record: Told) -> None:
        """See :class:`Writer`."""
        self._file.append(self._lines.row(record).encode())

    def commit(self) -> None:
        """See :class:`Writer`."""
        self._file.place.check()

    def close(self) -> None:
        """See :class:`Writer`."""
        self._file.close()
        self._file.place.check()
