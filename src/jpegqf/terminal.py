"""What commands print: lines, refusals, progress, and records on a terminal."""

import shutil
import signal
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from jpegqf.names import printable, visible
from jpegqf.terminal_colours import colour_of, painted

if TYPE_CHECKING:
    from jpegqf.record import Record


LABELLED = 12
"""Columns before the words of a line of a story: an indent, and the label."""
LEAST_WORDS = 30
"""Fewest columns for them, however narrow the terminal."""


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


def story_text(lines: Iterable[tuple[str, str]], record: "Record") -> list[str]:
    """A story, labels and words, as lines: the file, the verdict, then a line for each kind of evidence."""
    texts = []
    for label, words in lines:
        if label == "file":
            texts.append(painted(words, bold=True))
        elif label == "verdict":
            texts.append(f"  {painted(words[:1].upper() + words[1:], fg=colour_of(record))}")
        else:
            first, *more = _wrapped(words)
            texts += [f"  {painted(f'{label:<9}', dim=True)} {first}", *(" " * LABELLED + line for line in more)]
    return texts


def _wrapped(words: str) -> list[str]:
    """Words in lines that fit beside their label on a terminal; one line elsewhere, for programs."""
    if not sys.stdout.isatty():
        return [words]
    room = max(LEAST_WORDS, shutil.get_terminal_size().columns - LABELLED)
    return textwrap.wrap(words, room) or [""]


def tally_in_words(kinds: "Counter[str]", statuses: "Counter[str]") -> str:
    """The closing line of a scan: counts of ``Tally.kinds`` and ``Tally.statuses``.

    As in "563 ok: 487 consistent, 67 re-saved, 9 PNGs that were JPEGs; 12 skipped, 29 unreadable".
    """
    told = ", ".join(f"{count} {_plural(kind, count)}" for kind, count in kinds.most_common())
    parts = [f"{statuses['ok']} ok" + (f": {told}" if told else "")]
    lost = [f"{statuses[status]} {word}" for status, word in (("skipped", "skipped"), ("error", "unreadable"))
            if statuses[status]]  # fmt: skip
    return "; ".join([*parts, ", ".join(lost)] if lost else parts)


def _plural(kind: str, count: int) -> str:
    if not kind.endswith(" that was a JPEG"):
        return kind
    container = kind.split(" ")[0]
    return kind if count == 1 else f"{container}s that were JPEGs"


def shown_path(path: str) -> str:
    """A path as a terminal can show it."""
    return visible(printable(path))


def line_in_columns(path: str, quality: int | None, words: str, width: int) -> str:
    """A name, a quality and words as one line of a terminal ``width`` columns wide."""
    name = shown_path(path)
    room = max(12, width // 3)
    shown = name if len(name) <= room else "…" + name[1 - room :]
    return f"{shown:<{room}} {quality if quality is not None else '-':>3}  {words}"[: max(width, 40)]
