"""What commands print: lines, refusals, progress, and records on a terminal."""

import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
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
    outputs: tuple[str, ...], quiet: bool
) -> "tuple[Callable[[Record], None] | None, Callable[[Iterable[Record]], Iterable[Record]]]":
    """What shows each record without -o, and the progress bar, or what stands for it."""
    return (None, bar(quiet)) if outputs else (_shower(), iter)


def bar(quiet: bool) -> "Callable[[Iterable[T]], Iterable[T]]":
    """The progress bar, or what stands for it."""
    if quiet or not sys.stderr.isatty():
        return iter
    from tqdm import tqdm

    return lambda rows: tqdm(rows, unit="img")


def _shower() -> "Callable[[Record], None]":
    """How a record is shown without -o."""
    from jpegqf.outputs.json_lines import json_line

    if not sys.stdout.isatty():
        return lambda record: click.echo(json_line(record))
    width = shutil.get_terminal_size().columns
    return lambda record: click.echo(table_line(record, width))


def shown_path(path: str) -> str:
    """A path as a terminal can show it."""
    from jpegqf.names import printable

    return "".join(letter if letter.isprintable() else "?" for letter in printable(path))


def table_line(record: "Record", width: int) -> str:
    """A record as one line of a terminal ``width`` columns wide: name, answer, verdict, in words."""
    name = shown_path(record.path)
    room = max(12, width // 3)
    shown = name if len(name) <= room else "…" + name[1 - room :]
    words = record.message if record.status.value == "error" else record.verdict_text or record.message or ""
    return f"{shown:<{room}} {record.qf if record.qf is not None else '-':>3}  {words}"[: max(width, 40)]
