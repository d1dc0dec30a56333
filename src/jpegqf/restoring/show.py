"""What the command restore shows of each row, and its progress."""

import sys
from collections.abc import Callable, Iterable

import click

from jpegqf.restoring.row import ROWS, RestoredRow
from jpegqf.terminal import bar, shown_path


def spectators(
    rows: tuple[str, ...], quiet: bool
) -> tuple[Callable[[RestoredRow], None] | None, Callable[[Iterable[RestoredRow]], Iterable[RestoredRow]]]:
    """What shows each row without files of ``rows``, and the progress bar, or what stands for it."""
    if rows:
        return None, bar(quiet)
    from jpegqf.outputs.json_lines import json_line

    if not sys.stdout.isatty():
        return lambda row: click.echo(json_line(row, ROWS)), iter
    return lambda row: click.echo(f"{shown_path(row.path)}: {row.message or _restored(row)}"), iter


def _restored(row: RestoredRow) -> str:
    """What became of a restored image, in words."""
    quality = "tables of no IJG quality" if row.quality is None else f"quality {row.quality}"
    return f"{row.output}, {quality}, {row.subsampling}, {row.bytes_before} -> {row.bytes_after} bytes, proven"
