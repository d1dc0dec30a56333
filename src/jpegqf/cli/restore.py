"""``jpegqf restore``: the JPEGs back that lossless images were."""

import signal
import sys
from typing import Any

import click

from jpegqf.cli import options
from jpegqf.cli.ending import folders_told, refusals
from jpegqf.cli.showing import Showing
from jpegqf.terminal import exit_code, say

RESTORE_EPILOG = """\b
Exit codes: 0 every image was restored; 1 none was; 2 bad call, or a file cannot be written; 3 some were, others are
skipped or errors; 130, 143 interrupted (Ctrl-C, SIGTERM), with what was done in the files.
\b
Examples:
  jpegqf restore photo.png -o photo.jpg
  jpegqf restore pngs --recursive -o jpegs --rows restored.csv
  jpegqf restore dataset.tar -o jpegs -j 8 --rows restored.parquet
  jpegqf restore crops -o jpegs --crop --progressive"""


@click.command(epilog=RESTORE_EPILOG, short_help="The JPEG back from a lossless image that was one, proven.")
@options.paths
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR|FILE",
    shell_complete=options.complete_files,
    help="Write JPEGs to this folder, or one to a .jpg.",
)
@click.option("rows", "--rows", multiple=True, metavar="FILE", shell_complete=options.complete_files,
              help="Write a row for each image here; .csv .jsonl .db .sqlite .parquet; repeatable.")  # fmt: skip
@options.row_format
@click.option("--near", is_flag=True, help="Where none is proven, write the nearest JPEG; its comment and row say so.")
@click.option("--crop", is_flag=True, help="Take images, too, that were cut out of a JPEG: write one that covers "
                                           "them; the columns crop_x and crop_y tell where.")  # fmt: skip
@click.option("--progressive", is_flag=True, help="Write progressive JPEGs, which are mostly smaller.")
@options.recursive
@options.exts
@options.overwrite("JPEGs and files of rows that exist")
@click.option("--resume", is_flag=True, help="Leave JPEGs that exist, and go on with the other images.")
@options.jobs()
@options.max_pixels()
@options.timeout(seconds=300)
@options.quiet
def restore(**flags: Any) -> None:
    """Give the JPEG back from a lossless image that was a JPEG, proven pixel by pixel; needs the extra restore.

    PATH is as for scan. A JPEG is written only if it decodes to exactly the image's pixels. Images are
    left as they are.
    """
    from jpegqf.restoring.job import RestoreJob, RestoreRequest
    from jpegqf.restoring.row import ROWS
    from jpegqf.restoring.show import line_of, savings_table

    with refusals("restoring"):
        showing = Showing.take_from(flags, files="rows")
        job = RestoreJob(RestoreRequest(**flags))
        with folders_told(job.request.rows, job.request.quiet):
            showing.run(job, ROWS, line_of)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is written
    if not job.request.quiet:
        line = ", ".join(f"{job.statuses[kind]} {kind}" for kind in ("ok", "skipped", "error"))
        go_on = "; to go on: the same call with --resume" + " in place of --overwrite" * job.request.overwrite
        say(f"interrupted: {line}{go_on}" if job.stopped_by else line)
        for of_container in savings_table(job.savings):
            say(of_container)
    sys.exit(128 + job.stopped_by if job.stopped_by else exit_code(job.statuses))
