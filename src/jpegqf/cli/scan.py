"""``jpegqf scan``: one row of evidence per image, on one machine or a cluster."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from jpegqf.cli import options
from jpegqf.cli.ending import carry_out
from jpegqf.cli.showing import Showing
from jpegqf.errors import UsageError
from jpegqf.terminal import tell_progress

if TYPE_CHECKING:
    from jpegqf.cluster.run import ClusterScan
    from jpegqf.scanning.job import Job
    from jpegqf.scanning.request import ScanRequest

SCAN_EPILOG = """\b
Exit codes: 0 every image was judged; 1 none was; 2 bad call, or an output cannot be written; 3 some were, some
are skipped or errors, or a shard failed; 130, 143 interrupted (Ctrl-C, SIGTERM), with what was done in the files.
\b
Examples:
  jpegqf scan photo.jpg
  jpegqf scan photos --recursive -o photos.csv -o photos.db
  find . -name '*.jpg' | jpegqf scan - > photos.jsonl
  cat photo.jpg | jpegqf scan -
  jpegqf scan crawl.tar --only header -o headers.parquet
  jpegqf scan --engine ray 's3://crawl/{00000..09999}.tar' -o s3://results/crawl"""


@click.command(epilog=SCAN_EPILOG)
@options.paths
@options.recursive
@options.outputs
@options.row_format
@options.overwrite()
@click.option("--resume", is_flag=True, help="Go on after the rows that the -o files hold already.")
@click.option(
    "--summary",
    metavar="FILE",
    shell_complete=options.complete_files,
    help="Write counts, reasons, rates and versions here, as JSON.",
)
@click.option("--only", type=click.Choice(["header", "pixels"]), help="Look at one kind of evidence alone.")
@options.exts
@click.option("--members", is_flag=True, help="Each picture of a multi-picture JPEG (MPO, gain map) as photo.jpg!1, "
                                              "photo.jpg!2; else the first one.")  # fmt: skip
@click.option("--jobs", "-j", type=click.IntRange(1, 100_000), help="Worker processes: 1, or with Ray all cores.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
              help="ray: on a cluster, from paths and URLs to a folder or URL, -o.")  # fmt: skip
@click.option("--address", metavar="HOST:PORT", help="The Ray cluster; without, Ray starts on this machine.")
@click.option("--shard-images", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, metavar="N",
              help="With Ray, images of folders and lists in one file of rows.")  # fmt: skip
@options.device
@options.max_pixels()
@options.timeout("Give up an image that takes longer: one error row. Headers alone, with one job, are read without.")
@click.option("--even-qualities", is_flag=True, help="Take an earlier save at any quality as equally likely; else "
                                                     "more so at 75, 80 and other defaults.")  # fmt: skip
@click.option("--prove", is_flag=True, help="Of pixels that were a JPEG, look for the JPEG that gives exactly them: "
                                            "the column proven; needs the extra restore.")  # fmt: skip
@options.quiet
def scan(**flags: Any) -> None:
    """One row of evidence per image.

    PATH is a file, a folder, a glob, an http address, @LIST (a file with a path a line), - (the same on standard
    input, or the bytes of one image), or a .tar, .zip, .parquet, .pdf or .dcm file with images. Without -o: a table on
    a terminal, JSON Lines in a pipe.
    """
    carry_out(lambda: _job(Showing.take_from(flags), request_of(_with_prover(flags))))


def _with_prover(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags, with what proves records in place of --prove. Raises MissingExtraError without the extra restore."""
    if not flags["prove"]:
        return flags | {"prove": None}
    from jpegqf.restoring.proving import Prover

    prover = Prover(flags["timeout"], flags["max_pixels"])
    prover.check()
    return flags | {"prove": prover}


def request_of(flags: dict[str, Any]) -> "ScanRequest":
    """What a scan is asked to do, from the flags of a command. Raises UsageError for what does not go together."""
    from jpegqf.scanning.request import ScanRequest

    return ScanRequest(**flags)


def _job(showing: Showing, request: "ScanRequest") -> "tuple[Job | ClusterScan, Callable[[], None]]":
    """The scan on the engine asked for, and what runs it."""
    if request.engine == "ray":
        from jpegqf.cluster.run import ClusterScan

        scan = ClusterScan(request)
        return scan, lambda: scan.run(None if request.quiet else tell_progress)
    if request.jobs and request.jobs > options.MOST_JOBS:
        raise UsageError(f"--jobs: at most {options.MOST_JOBS} on one machine")
    from jpegqf.scanning.job import Job

    job = Job(request)
    return job, lambda: showing.run(job, done_before=lambda: job.tally.resumed)
