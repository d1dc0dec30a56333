"""``jpegqf report``: results of a scan as one HTML page."""

import os
import sys
from typing import Any

import click

from jpegqf.cli import options
from jpegqf.cli.ending import folders_told
from jpegqf.errors import JpegqfError
from jpegqf.terminal import Refused, progress_bar, say

REPORT_EPILOG = """\b
Exit codes: 0 the page is written; 2 bad call, results that cannot be read or are empty, or a page that cannot be
written; 130, 143 interrupted (Ctrl-C, SIGTERM), with nothing written.
\b
Examples:
  jpegqf report photos.db -o report.html
  jpegqf report train.parquet --by folder:-1 --thumbnails -o train.html"""


@click.command(epilog=REPORT_EPILOG)
@click.argument("results", nargs=-1, required=True, metavar="RESULTS...", shell_complete=options.complete_files)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    shell_complete=options.complete_files,
    help="Write the page here; .html.",
)
@click.option("--by", default="folder", show_default=True, metavar="GROUP",
              help="Compare by folder, folder:N (the name at level N; -1 is the last) or any column.")  # fmt: skip
@click.option("rows", "--max-rows", cls=options.Option, also=("--rows",), type=click.IntRange(1, 5000), default=2000,
              show_default=True, metavar="N",
              help="Most images in the table: half the worst, half drawn from the others.")  # fmt: skip
@click.option("--thumbnails", is_flag=True, help="Show the images of the table that are there, read from their paths.")
@options.overwrite("the page if it exists")
@options.quiet
def report(results: tuple[str, ...], quiet: bool, **asked: Any) -> None:
    """Results of scan as one HTML page that opens offline.

    RESULTS are .csv .jsonl .db .sqlite .parquet files of scan, or folders of .parquet files.
    """
    from jpegqf.report.wording import images
    from jpegqf.report.writing import Request, write_report

    watch = {} if quiet or not sys.stderr.isatty() else {"watch": progress_bar}
    try:
        with folders_told([asked["output"]], quiet):
            rows = write_report(Request(results, **asked), **watch)
    except JpegqfError as error:
        raise Refused(str(error)) from None
    if not quiet:
        say(f"{asked['output']}: {images(rows)}, {os.path.getsize(asked['output']) / 1e6:.1f} MB")
