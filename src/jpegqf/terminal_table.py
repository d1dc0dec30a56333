"""Records -> a table on a terminal, a row as each comes: columns fitted to the width, verdicts in colour."""

import shutil

import click
from rich.cells import cell_len, set_cell_size  # of rich only this: its console alone takes 70 ms of a start

from jpegqf.names import printable, visible
from jpegqf.record import Record, Status
from jpegqf.terminal_colours import colour_of, painted

QUALITY, VERDICT = len("quality"), len("no trace of a JPEG")
"""Widths of the columns of the answer and of the verdict."""
GAP = "  "
LEAST_NAME, LEAST_WIDTH = 12, 48
"""Narrowest column of names; narrower terminals than ``LEAST_WIDTH`` columns break lines."""
TAIL = 2 / 3
"""Share of a shortened path that is its end: names of files tell more than those of folders."""


class TerminalTable:
    """The table of one scan: a header row before the first record, then a row a record."""

    def __init__(self) -> None:
        self._begun = False

    def show(self, record: Record) -> None:
        """Print the row of a record."""
        width = max(shutil.get_terminal_size().columns, LEAST_WIDTH)
        if not self._begun:
            self._begun = True
            click.echo(painted(header_row(width), bold=True))
        click.echo(row(record, width))


def header_row(width: int) -> str:
    """The names of the columns, for a terminal ``width`` columns wide."""
    return "".join(_cells("image", "quality", "verdict", "evidence", width))


def row(record: Record, width: int) -> str:
    """A record as one line ``width`` columns wide: image, quality, verdict and the sentence behind it."""
    quality = "-" if record.qf is None else str(record.qf)
    words = record.message if record.status is Status.ERROR else record.verdict_text or record.message
    name = visible(printable(record.path))
    before, verdict, after = _cells(name, quality, record.outcome, visible(words or ""), width)
    return before + painted(verdict, fg=colour_of(record)) + after


def _cells(name: str, quality: str, verdict: str, words: str, width: int) -> tuple[str, str, str]:
    """The cells before the verdict's, its own, and those after it."""
    room = max(LEAST_NAME, (width - QUALITY - VERDICT - 3 * len(GAP)) // 2)
    before = set_cell_size(shortened(name, room), room) + GAP + f"{quality:>{QUALITY}}" + GAP
    left = width - cell_len(before) - VERDICT - len(GAP)
    end = words if cell_len(words) <= left else set_cell_size(words, max(0, left - 1)).rstrip() + "…"
    return before, set_cell_size(verdict, VERDICT), GAP + end


def shortened(text: str, room: int) -> str:
    """A text without its middle where it takes more than ``room`` columns; wide letters take two."""
    if cell_len(text) <= room:
        return text
    tail = int(TAIL * (room - 1))
    end = text[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return f"{set_cell_size(text, room - 1 - tail)}…{end}"
