"""Writes, continues and reads results as JSON Lines: one JSON object per line."""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from jpegqf.errors import UsageError
from jpegqf.outputs.base import (
    MAX_LINE,
    AppendedFile,
    Columns,
    Held,
    Results,
    Told,
    UncheckedColumns,
    WholeLines,
    check_beginning,
    in_columns,
    row_of,
)
from jpegqf.record import COLUMN, COLUMNS


def _json_rows(path: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Each line with its object, or with None if it is the last one and incomplete.

    Raises UsageError for any other line that is not a JSON object.
    """
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


def json_column_names(path: str) -> tuple[str, ...]:
    """The names of a file's columns, in order."""
    _, row = next(_json_rows(path), ("", None))
    return COLUMNS if row is None else tuple(row)  # without one whole line there is nothing that could be foreign


def read_json_columns(results: Results, wanted: Sequence[str], at_once: int) -> Iterator[UncheckedColumns]:
    """The ``wanted`` columns of a file, ``at_once`` rows at a time. Types and ranges are not checked."""

    def rows() -> Iterator[tuple[Any, ...]]:
        for _, row in _json_rows(results.path):
            if row is None:
                results.torn = True
                return
            yield tuple([row.get(name) for name in wanted])

    return in_columns(rows(), at_once)


def whole_json_lines(path: str) -> Held:
    """The complete rows of a file that a scan may have left unfinished.

    Raises UsageError if its columns are not those of a scan.
    """
    count = 0
    line = ""
    with open(path, "rb") as file:
        lines = WholeLines(file)
        for count, line in enumerate(lines, 1):
            if count == 1:
                _check_json_line(path, line)
    if line:
        _check_json_line(path, line)
    else:
        check_beginning(path, b'{"path": "')
    return Held(path, count, lines.end)


def _check_json_line(path: str, line: str) -> None:
    row = json.loads(line)
    if not isinstance(row, dict) or tuple(row) != COLUMNS:
        raise UsageError(f"{path!r} cannot be continued: it has other columns")


def json_line(record: Told, columns: Columns = COLUMN) -> str:
    """A record as JSON on one line, without the line break."""
    return json.dumps(row_of(record, columns), ensure_ascii=False)


class JsonLinesWriter:
    """Writes one JSON object per line in UTF-8; unknown is null."""

    def __init__(self, path: str, held: Held, columns: Columns = COLUMN) -> None:
        self.path, self._columns = path, columns
        self._file = AppendedFile(path, held.end)

    def write(self, record: Told) -> None:
        """See :class:`Writer`."""
        self._file.append((json_line(record, self._columns) + "\n").encode())

    def commit(self) -> None:
        """See :class:`Writer`."""
        self._file.place.check()

    def close(self) -> None:
        """See :class:`Writer`."""
        self._file.close()
        self._file.place.check()
