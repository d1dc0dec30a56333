"""Rows -> texts for standard output: JSON Lines, one JSON array, or CSV, a row as each comes."""

from collections.abc import Callable
from typing import Protocol

from jpegqf.outputs.base import Shape, Told
from jpegqf.outputs.csv_file import CsvLines
from jpegqf.outputs.json_lines import json_line

Write = Callable[[str], None]


class Printer(Protocol):
    """Shows rows; what it writes is whole after ``close``."""

    def show(self, row: Told) -> None:
        """Write one row."""

    def close(self) -> None:
        """Write what ends the rows."""


class JsonLinesPrinter:
    """One JSON object per line."""

    def __init__(self, write: Write, shape: Shape) -> None:
        self._write, self._shape = write, shape

    def show(self, row: Told) -> None:
        """See :class:`Printer`."""
        self._write(json_line(row, self._shape) + "\n")

    def close(self) -> None:
        """See :class:`Printer`."""


class JsonPrinter:
    """One JSON array, an object a line; nothing at all without rows."""

    def __init__(self, write: Write, shape: Shape) -> None:
        self._write, self._shape, self._begun = write, shape, False

    def show(self, row: Told) -> None:
        """See :class:`Printer`."""
        self._write((",\n" if self._begun else "[\n") + json_line(row, self._shape))
        self._begun = True

    def close(self) -> None:
        """See :class:`Printer`."""
        if self._begun:
            self._write("\n]\n")


class CsvPrinter:
    """CSV with a header row, as in a file, but without its byte order mark: it is for other programs."""

    def __init__(self, write: Write, shape: Shape) -> None:
        self._write, self._lines, self._begun = write, CsvLines(shape), False

    def show(self, row: Told) -> None:
        """See :class:`Printer`."""
        self._write(("" if self._begun else self._lines.header()) + self._lines.row(row))
        self._begun = True

    def close(self) -> None:
        """See :class:`Printer`."""


PRINTED: dict[str, Callable[[Write, Shape], Printer]] = {
    "json": JsonPrinter,
    "jsonl": JsonLinesPrinter,
    "csv": CsvPrinter,
}
"""By the name of the format."""
