"""What commands print: lines, refusals, progress, and records on a terminal."""

import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from jpegqf.outputs.base import Shape
    from jpegqf.record import Record

T = TypeVar("T")


def tell_progress(line: str) -> None:
    """A line of progress on stderr, in place on a terminal."""
    width = shutil.get_terminal_size().columns - 1
    terminal = sys.stderr.isatty()
    say(f"\r{line[:width]:<{width}}" if terminal else line, nl=not terminal)


def progress_bar(what: str, numbers: Iterable[int]) -> Iterable[int]:
    """Yields ``numbers`` unchanged while a progress bar advances by each; ``what`` is the unit shown, as in "rows"."""
    from tqdm import tqdm

    with tqdm(unit=f" {what}", unit_scale=True) as bar:
        for number in numbers:
            bar.update(number)
            yield number


def say(line: str, nl: bool = True) -> None:
    """A line for people on standard error; where it cannot be written, the work counts all the same."""
    with suppress(OSError):
        click.echo(line, nl=nl, err=True)


class Refused(click.ClickException):
    """A bad call: one line, exit code 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """See the base class."""
        say(f"Error: {self.message}")


def print_lines(lines: list[str]) -> None:
    """Lines on standard output; a reader that went away ends the command, a full disk is a refusal."""
    try:
        click.echo("\n".join(lines))
    except BrokenPipeError:
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        raise Refused(f"standard output cannot be written: {(error.strerror or '').lower()}") from None


def exit_code(counts: "Counter[str]") -> int:
    """0 if all images of a call are ok, 1 if none is, 3 if some are; ``counts`` of ok, skipped and error."""
    if not counts["skipped"] + counts["error"]:
        return 0 if counts["ok"] else 1
    return 3 if counts["ok"] else 1


def spectators(
    outputs: tuple[str, ...],
    quiet: bool,
    shape: "Shape | None" = None,
    line_of: "Callable[[Any, int], str] | None" = None,
) -> "tuple[Callable[[Any], None] | None, Callable[[Iterable[Any]], Iterable[Any]]]":
    """What shows each row without -o, and the progress bar, or what stands for it.

    ``shape`` and ``line_of`` (a row and the terminal's width -> its line) are those of a record by default.
    """
    return (None, bar(quiet)) if outputs else (_shower(shape, line_of or table_line), iter)


def bar(quiet: bool) -> "Callable[[Iterable[T]], Iterable[T]]":
    """The progress bar, or what stands for it."""
    if quiet or not sys.stderr.isatty():
        return iter
    from tqdm import tqdm

    return lambda rows: tqdm(rows, unit="img")


def _shower(shape: "Shape | None", line_of: "Callable[[Any, int], str]") -> "Callable[[Any], None]":
    """How a row is shown without -o."""
    from jpegqf.outputs.base import RECORDS
    from jpegqf.outputs.json_lines import json_line

    if not sys.stdout.isatty():
        return lambda row: click.echo(json_line(row, shape or RECORDS))
    width = shutil.get_terminal_size().columns
    return lambda row: click.echo(line_of(row, width))


def shown_path(path: str) -> str:
    """A path as a terminal can show it."""
    from jpegqf.names import printable

    return "".join(letter if letter.isprintable() else "?" for letter in printable(path))


def table_line(record: "Record", width: int) -> str:
    """A record as one line of a terminal ``width`` columns wide: name, answer, verdict, in words."""
    words = record.message if record.status.value == "error" else record.verdict_text or record.message or ""
    return line_in_columns(record.path, record.qf, words or "", width)


def line_in_columns(path: str, quality: int | None, words: str, width: int) -> str:
    """A name, a quality and words as one line of a terminal ``width`` columns wide."""
    name = shown_path(path)
    room = max(12, width // 3)
    shown = name if len(name) <= room else "…" + name[1 - room :]
    return f"{shown:<{room}} {quality if quality is not None else '-':>3}  {words}"[: max(width, 40)]
