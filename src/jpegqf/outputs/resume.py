"""Continues an interrupted scan: counts what its output files hold and opens them to go on."""

import csv
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from jpegqf.errors import OutputError, UsageError
from jpegqf.inputs.item import Item
from jpegqf.names import printable
from jpegqf.outputs.base import Held
from jpegqf.outputs.formats import format_of, whole_rows
from jpegqf.outputs.results import read_records
from jpegqf.outputs.writing import Outputs, check_outputs, open_together
from jpegqf.record import Record


class Resumption:
    """The outputs that an interrupted scan left, and the rows they hold.

    The outputs may hold different numbers of rows. The missing rows of the shorter ones are copied from the longest
    one, so that no image has to be inspected again.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        """Count the complete rows of each file; none is changed. Raises UsageError for one that cannot be continued."""
        check_outputs(paths, replace=True)
        self._held = [whole_rows(path) for path in paths]
        self._lead = max(self._held, key=lambda held: held.rows)
        for path in paths:
            if not format_of(path).appendable and not self._lead.rows and os.path.lexists(path + ".part"):
                raise UsageError(
                    f"{path!r} was not finished, and an unfinished Parquet file cannot be continued: "
                    "--overwrite starts anew; a .csv, .jsonl or .db beside it can be continued, and fills it again"
                )

    @property
    def rows(self) -> int:
        """Number of images that are done: complete rows of the longest output."""
        return self._lead.rows

    def done(self, items: Iterator[Item]) -> Iterator[Record]:
        """The records that are done; one item is taken from ``items`` for each, so that only the rest is left.

        Raises UsageError if the items are not those of the records, or if the outputs come from different scans.
        """
        others = [held for held in self._held if held.rows and held is not self._lead]
        ends = [(held, _last_path(held)) for held in others]
        for number, record in enumerate(_whole_records(self._lead), 1):
            item = next(items, None)
            if item is None or printable(item.name) != record.path:
                now = "ends" if item is None else f"has {printable(item.name)!r}"
                raise UsageError(
                    f"the input changed since {self._lead.path!r} was written: row {number} is {record.path!r}, "
                    f"where the input now {now}; --overwrite starts anew"
                )
            for held, path in ends:
                if held.rows == number and path != record.path:
                    raise UsageError(f"{held.path!r} and {self._lead.path!r} are not of one scan: row {number} differs")
            yield record

    def open(self, watch: Callable[[Iterator[Record]], Iterator[Record]] = iter) -> Outputs:
        """Open the outputs: cut off incomplete rows, and copy missing ones from the longest output.

        ``watch`` is given the records that are copied, to count them; it may end the copying early.
        """
        # A Parquet file is written anew beside the old one, which it replaces when it is whole.
        starts = [Held(held.path, 0) if not format_of(held.path).appendable else held for held in self._held]
        outputs = open_together([(start.path, start) for start in starts], overwrite=False)
        try:
            outputs.catch_up([start.rows for start in starts], watch(_whole_records(self._lead)))
        except BaseException:
            outputs.__exit__(OutputError, OutputError(), None)
            raise
        return outputs


def _whole_records(held: Held) -> Iterator[Record]:
    """The complete records of a file that may be unfinished. Raises UsageError if they cannot be read."""
    if not held.rows:
        return
    try:
        yield from itertools.islice(read_records(held.path), held.rows)
    except (OSError, ValueError, TypeError, csv.Error, sqlite3.Error) as error:
        raise UsageError(f"{held.path!r} cannot be continued: {error}") from None


def _last_path(held: Held) -> str:
    last = ""
    for record in _whole_records(held):
        last = record.path
    return last
