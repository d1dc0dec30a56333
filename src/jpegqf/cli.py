"""The command ``jpegqf``: arguments -> scan -> files or terminal, and exit code."""

import os

# The matrices are small: a second BLAS thread costs more than it gives. NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import shutil
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack, closing
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from jpegqf import __version__
from jpegqf.errors import JpegqfError

if TYPE_CHECKING:
    from jpegqf.record import Record

SCAN_EPILOG = """\b
Examples:
  jpegqf scan photo.jpg
  jpegqf scan photos --recursive -o photos.csv -o photos.db
  find . -name '*.jpg' | jpegqf scan - > photos.jsonl
  jpegqf scan crawl.tar --only header -o headers.parquet
\b
Exit codes: 0 every image was judged; 1 none was; 2 bad call; 3 some were, some are skipped or errors;
130, 143 interrupted, with what was done in the files."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jpegqf")
def main() -> None:
    """Tell how hard images were compressed as JPEG: from header, pixels and history."""


@main.command(epilog=SCAN_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--recursive", "-r", is_flag=True, help="Descend into subfolders.")
@click.option("outputs", "-o", "--output", multiple=True, metavar="FILE",
              help="Write rows here; .csv .jsonl .db .sqlite .parquet; may be given several times.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace output files that exist.")
@click.option("--only", type=click.Choice(["header", "pixels"]), help="Look at one kind of evidence alone.")
@click.option(
    "--exts",
    multiple=True,
    metavar="EXT",
    help="Suffixes to take in folders and archives, .png,.jpg; repeatable.",
)
@click.option("--jobs", "-j", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@click.option("--max-pixels", type=click.IntRange(1), metavar="N", help="Skip larger images, told from the header.")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, no summary.")
def scan(
    paths: tuple[str, ...],
    recursive: bool,
    outputs: tuple[str, ...],
    overwrite: bool,
    only: str | None,
    exts: tuple[str, ...],
    jobs: int,
    max_pixels: int | None,
    quiet: bool,
) -> None:
    """One row of evidence per image.

    PATH is a file, a folder, a glob, @LIST (a file with a path a line), - (the same on standard input), or a
    .tar or .zip archive. Without -o: a table on a terminal, JSON Lines in a pipe.
    """
    from jpegqf.decode import MAX_PIXELS
    from jpegqf.items import IMAGE_SUFFIXES
    from jpegqf.scanning import scan as scan_paths
    from jpegqf.sources import normalize_suffixes

    try:
        named = [part for words in exts for part in words.replace(",", " ").split()]
        suffixes = normalize_suffixes(named) if exts else IMAGE_SUFFIXES
        records = scan_paths(paths, recursive, suffixes, only, jobs, max_pixels or MAX_PIXELS)  # type: ignore[arg-type]
        counts, stopped_by = _write(records, outputs, overwrite, quiet)
    except JpegqfError as error:
        raise _Refused(str(error)) from None
    except BrokenPipeError:
        sys.exit(128 + signal.SIGPIPE)
    except (OSError, BrokenExecutor, sqlite3.Error) as error:
        raise _Refused(f"the scan cannot go on: {error or type(error).__name__}") from None
    if not counts and not stopped_by:
        raise _Refused(f"no image found in {' '.join(paths)[:200]}; --recursive descends, --exts names other suffixes")
    if not quiet and (outputs or stopped_by or sys.stdout.isatty()):
        told = ", ".join(f"{counts[kind]} {kind}" for kind in ("ok", "skipped", "error"))
        click.echo(("interrupted: " if stopped_by else "") + told, err=True)
    sys.exit(128 + stopped_by if stopped_by else _exit_code(counts))


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def header(files: tuple[str, ...]) -> None:
    """Print what each JPEG's header tells: qualities, encoder, tables.

    Exit codes: 0 every header was read, 1 none was, 3 some were.
    """
    from pathlib import Path

    from jpegqf.decode import read_bytes
    from jpegqf.encoders import identify
    from jpegqf.header import read_header
    from jpegqf.present import header_lines
    from jpegqf.sinks import printable

    counts: Counter[str] = Counter()
    for name in files:
        try:
            found = read_header(read_bytes(Path(name)))
            click.echo("\n".join(header_lines(printable(name), found, identify(found))))
            counts["ok"] += 1
        except JpegqfError as error:
            click.echo(f"{printable(name)}: {error}", err=True)
            counts["error"] += 1
    sys.exit(_exit_code(counts))


@main.command()
@click.argument("file", metavar="FILE")
@click.option("--plot", "picture", metavar="PNG", help="Write a picture of the evidence; needs jpegqf[plot].")
def explain(file: str, picture: str | None) -> None:
    """Tell the evidence of one image in words, and as a picture with --plot."""
    from pathlib import Path

    from jpegqf.decode import read_bytes
    from jpegqf.explain import explain as explain_image
    from jpegqf.explain import plot
    from jpegqf.inspection import default_predictor, inspect
    from jpegqf.sinks import printable

    if picture and (not picture.lower().endswith(".png") or os.path.lexists(picture)):
        raise _Refused(f"--plot {picture!r} must be a new file with the suffix .png")
    try:
        data = read_bytes(Path(file))
        predictor = default_predictor()
        lines, luma, said = explain_image(data, inspect(data, printable(file)), predictor)
        click.echo("\n".join(lines))
        if picture and luma and said:
            plot(luma, said, predictor, lines[0], picture)
    except JpegqfError as error:
        raise _Refused(str(error)) from None
    except OSError as error:
        raise _Refused(f"{picture or 'standard output'} cannot be written: {error}") from None
    sys.exit(0 if said else 1)


class _Refused(click.ClickException):
    """A bad call: one line, exit code 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        click.echo(f"Error: {self.message}", err=True)


def _exit_code(counts: "Counter[str]") -> int:
    if not counts["skipped"] + counts["error"]:
        return 0 if counts["ok"] else 1
    return 3 if counts["ok"] else 1


def _write(
    records: Iterator["Record"], outputs: tuple[str, ...], overwrite: bool, quiet: bool
) -> "tuple[Counter[str], int]":
    """Send each record to every output as it comes.

    Returns how many had which status, and the signal that ended it early, or 0; outputs are whole either way.
    """
    from tqdm import tqdm

    from jpegqf.stopping import Stop
    from jpegqf.writers import open_writers

    counts: Counter[str] = Counter()
    stop = Stop()
    with ExitStack() as stack:
        first = list(islice(records, 1))  # a path that leads nowhere is told before any file is touched
        writers = [stack.enter_context(closing(writer)) for writer in open_writers(outputs, overwrite)]
        show = _shower() if not outputs else None
        hidden = quiet or not outputs or not sys.stderr.isatty()
        stack.enter_context(stop.listening())
        for record in tqdm(chain(first, records), unit="img", disable=hidden):
            for writer in writers:
                writer.write(record)
            if show:
                show(record)
            counts[record.status.value] += 1
            if stop.signal:
                break
    return counts, stop.signal


def _shower() -> "Callable[[Record], None]":
    """How a record is shown without -o."""
    from jpegqf.writers import json_line

    if not sys.stdout.isatty():
        return lambda record: click.echo(json_line(record))
    width = shutil.get_terminal_size().columns
    return lambda record: click.echo(table_line(record, width))


def table_line(record: "Record", width: int) -> str:
    """A record as one line of a terminal ``width`` columns wide: name, answer, verdict, in words."""
    from jpegqf.sinks import printable

    name = "".join(letter if letter.isprintable() else "?" for letter in printable(record.path))
    room = max(12, width // 3)
    shown = name if len(name) <= room else "…" + name[1 - room :]
    words = record.message if record.status.value == "error" else record.verdict_text or record.message or ""
    return f"{shown:<{room}} {record.qf if record.qf is not None else '-':>3}  {words}"[: max(width, 40)]


if __name__ == "__main__":
    main()
