"""What a command shows of its rows while it works: the rows on standard output, or a progress bar."""

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from jpegqf.errors import UsageError

if TYPE_CHECKING:
    from jpegqf.inputs.counting import Counting
    from jpegqf.outputs.base import Shape
    from jpegqf.restoring.job import RestoreJob
    from jpegqf.scanning.job import Job

STANDARD_OUTPUT = "-"
"""The name of standard output where a file of rows is asked for."""
PATIENCE = 1.0
"""Seconds before a bar comes below rows that are shown: short scans need none."""
Show = Callable[[Any], None]
LineOf = Callable[[Any, int], str]
"""A row and the terminal's width -> its line."""


@dataclass(frozen=True)
class Showing:
    """``form``: the format of rows on standard output, or None where they go to files alone."""

    form: str | None

    @classmethod
    def take_from(cls, flags: dict[str, Any], files: str = "outputs") -> "Showing":
        """Take ``form``, and ``-`` from the ``files``, out of the flags of a command.

        Raises UsageError for a format where nothing goes to standard output.
        """
        form, named = flags.pop("form"), flags[files]
        flags[files] = tuple(name for name in named if name != STANDARD_OUTPUT)
        if named and STANDARD_OUTPUT not in named:
            if form:
                raise UsageError("--format is that of rows on standard output: give '-' as one more file of rows")
            return cls(None)
        return cls(form or ("table" if sys.stdout.isatty() else "jsonl"))

    def run(
        self, job: "Job | RestoreJob", shape: "Shape | None" = None, line_of: LineOf | None = None,
        done_before: Callable[[], int] = int,
    ) -> None:  # fmt: skip
        """Run a job and show its rows.

        ``shape`` and ``line_of``: of rows that are no records. ``done_before``: how many rows were taken over from an
        earlier run.
        """
        with _shown(self.form, shape, line_of) as show:
            asked = job.request
            if asked.quiet or not self._has_room_for_a_bar:
                job.run(show)
                return
            from jpegqf.inputs.counting import Counting

            counting = Counting(asked.paths, asked.suffixes, asked.recursive)
            if show and sys.stdout.isatty():
                job.run(_above_the_bar(show), lambda rows: progress(rows, counting, done_before(), PATIENCE))
            else:
                job.run(show, lambda rows: progress(rows, counting, done_before()))

    @property
    def _has_room_for_a_bar(self) -> bool:
        """Whether no other program writes to the terminal of standard error: rows go to files, or there as well."""
        if not sys.stderr.isatty():
            return False
        return self.form is None or sys.stdout.isatty() or stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)


@contextmanager
def _shown(form: str | None, shape: "Shape | None", line_of: LineOf | None) -> Iterator[Show | None]:
    """What shows a row in a format; None without one."""
    if form is None:
        yield None
    elif form == "table" and line_of:
        width, line = shutil.get_terminal_size().columns, line_of
        yield lambda row: click.echo(line(row, width))
    elif form == "table":
        from jpegqf.terminal_table import TerminalTable

        yield TerminalTable().show
    else:
        from jpegqf.outputs.base import RECORDS
        from jpegqf.outputs.printed import PRINTED

        printer = PRINTED[form](lambda text: click.echo(text, nl=False), shape or RECORDS)
        try:
            yield printer.show
        finally:
            printer.close()


def _above_the_bar(show: Show) -> Show:
    """Show each row above the bar, which makes way for it."""
    from tqdm import tqdm

    def shown(row: Any) -> None:
        with tqdm.external_write_mode():
            show(row)

    return shown


def progress(rows: Iterable[Any], counting: "Counting", done_before: int, patience: float = 0) -> Iterator[Any]:
    """Yields ``rows`` unchanged while a bar on standard error counts those done of all, and the time left.

    With ``patience`` the bar comes only after so many seconds, and goes at the end: rows are on the terminal, too.
    """
    from tqdm import tqdm

    begun = time.monotonic()
    with ExitStack() as stack:
        bar: Any = None
        for done, row in enumerate(rows, done_before):
            if bar is None and time.monotonic() - begun >= patience:
                bar = tqdm(unit=" images", initial=done, dynamic_ncols=True, leave=not patience)
                stack.enter_context(bar)
            if bar is not None:
                if bar.total is None:
                    counting.go_on()
                    bar.total = counting.total
                bar.update()
            yield row
