"""The command ``jpegqf``: arguments -> scan -> files or terminal, and exit code."""

import io
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from jpegqf.errors import JpegqfError, OutputError, UsageError
from jpegqf.front_door import FrontDoor, are_few_files, tell_files
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.terminal import (
    Refused,
    exit_code,
    print_lines,
    progress_bar,
    say,
    spectators,
    tally_in_words,
    tell_progress,
)
from jpegqf.version import __version__

if TYPE_CHECKING:
    from jpegqf.cluster.run import ClusterScan
    from jpegqf.restoring.proving import Prover
    from jpegqf.scanning.job import Job
    from jpegqf.scanning.request import ScanRequest


# The matrices are small: a second BLAS thread costs more than it gives. NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

MOST_JOBS = 256


class _Seconds(click.FloatRange):
    """A time of up to a day; ``nan``, which is neither above nor below any bound, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See the base class."""
        seconds = super().convert(value, param, ctx)
        return self.fail(f"{value!r} is no time.", param, ctx) if seconds != seconds else seconds


SECONDS = _Seconds(0, 86_400, min_open=True)

SCAN_EPILOG = """\b
Examples:
  jpegqf scan photo.jpg
  jpegqf scan photos --recursive -o photos.csv -o photos.db
  find . -name '*.jpg' | jpegqf scan - > photos.jsonl
  cat photo.jpg | jpegqf scan -
  jpegqf scan crawl.tar --only header -o headers.parquet
  jpegqf scan --engine ray 's3://crawl/{00000..09999}.tar' -o s3://results/crawl
\b
Exit codes: 0 every image was judged; 1 none was; 2 bad call, or an output cannot be written; 3 some were, some
are skipped or errors, or a shard failed; 130, 143 interrupted (Ctrl-C, SIGTERM), with what was done in the files."""

RESTORE_EPILOG = """\b
Examples:
  jpegqf restore photo.png -o photo.jpg
  jpegqf restore pngs --recursive -o jpegs --rows restored.csv
  jpegqf restore dataset.tar -o jpegs -j 8 --rows restored.parquet
  jpegqf restore crops -o jpegs --crop --progressive
\b
Exit codes: 0 every image was restored; 1 none was; 2 bad call, or a file cannot be written; 3 some were, others are
skipped or errors; 130, 143 interrupted (Ctrl-C, SIGTERM), with what was done in the files."""

REPORT_EPILOG = """\b
Examples:
  jpegqf report photos.db -o report.html
  jpegqf report train.parquet --by folder:-1 --thumbnails -o train.html
\b
Exit codes: 0 the page is written; 2 bad call, results that cannot be read or are empty, or a page that cannot be
written; 130, 143 interrupted (Ctrl-C, SIGTERM), with nothing written."""


FILES_EPILOG = """\b
Examples:
  jpegqf photo.jpg
  jpegqf before.jpg after.png
\b
Exit codes: 0 every image was judged; 1 none was; 2 bad call; 3 some were."""

GROUP_EPILOG = """\b
Without a command, files are told one by one, and folders, globs and archives scanned:
  jpegqf photo.jpg
  jpegqf photos"""


@click.group(
    cls=FrontDoor,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="FILE... | COMMAND [ARGS]...",
    epilog=GROUP_EPILOG,
)
@click.version_option(__version__, prog_name="jpegqf")
def main() -> None:
    """Tell how hard images were compressed as JPEG: from header, pixels and history."""


@click.command("jpegqf", epilog=FILES_EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def tell(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Tell the story of one or a few images: verdict, quality, header, pixels, history, regions, and what is odd.

    Folders, globs, lists, archives and more than a dozen files are scanned, as `jpegqf scan` does without flags.
    """
    if not are_few_files(files):
        ctx.invoke(scan, paths=files)
    sys.exit(tell_files(files))


main.files_command = tell


@main.command(epilog=SCAN_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--recursive", "-r", is_flag=True, help="Descend into subfolders.")
@click.option("outputs", "-o", "--output", multiple=True, metavar="FILE",
              help="Write rows here; .csv .jsonl .db .sqlite .parquet; may be given several times.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace output files that exist.")
@click.option("--resume", is_flag=True, help="Go on after the rows that the -o files hold already.")
@click.option("--summary", metavar="FILE", help="Write counts, reasons, rates and versions here, as JSON.")
@click.option("--only", type=click.Choice(["header", "pixels"]), help="Look at one kind of evidence alone.")
@click.option(
    "--exts",
    multiple=True,
    metavar="EXT",
    help="Suffixes to take in folders and archives, .png,.jpg; repeatable.",
)
@click.option("--jobs", "-j", type=click.IntRange(1, 100_000), help="Worker processes: 1, or with Ray all cores.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
              help="ray: on a cluster, from paths and URLs to a folder or URL, -o.")  # fmt: skip
@click.option("--address", metavar="HOST:PORT", help="The Ray cluster; without, Ray starts on this machine.")
@click.option("--shard-images", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, metavar="N",
              help="With Ray, images of folders and lists in one file of rows.")  # fmt: skip
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="Where the model runs.")  # fmt: skip
@click.option("--max-pixels", type=click.IntRange(1), default=DEFAULT_PIXELS, show_default=True, metavar="N",
              help="Skip larger images, told from the header.")  # fmt: skip
@click.option("timeout", "--timeout-per-image", type=SECONDS, default=60, show_default=True,
              metavar="SECONDS", help="Give up an image that takes longer: one error row. Headers alone, with one "
                                      "job, are read without.")  # fmt: skip
@click.option("--even-qualities", is_flag=True, help="Take an earlier save at any quality as equally likely; else "
                                                     "more so at 75, 80 and other defaults.")  # fmt: skip
@click.option("--prove", is_flag=True, help="Of pixels that were a JPEG, look for the JPEG that gives exactly them: "
                                            "the column proven; needs jpegqf[restore].")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, no summary line.")
def scan(**flags: Any) -> None:
    """One row of evidence per image.

    PATH is a file, a folder, a glob, an http address, @LIST (a file with a path a line), - (the same on standard
    input, or the bytes of one image), or a .tar, .zip, .parquet, .pdf or .dcm file with images. Without -o: a table on
    a terminal, JSON Lines in a pipe.
    """
    _carry_out(lambda: _job(_request(flags | {"prove": _prover(flags) if flags["prove"] else None})))


def _prover(flags: dict[str, Any]) -> "Prover":
    """What proves records. Raises MissingExtraError without jpegqf[restore]."""
    from jpegqf.restoring.proving import Prover

    prover = Prover(flags["timeout"], flags["max_pixels"])
    prover.check()
    return prover


ADVISE_EPILOG = """\b
Examples:
  jpegqf advise photos --recursive -o advice.csv
  jpegqf advise photos --recursive --duplicates -o advice.db
\b
Exit codes: as of scan."""


@main.command(epilog=ADVISE_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--recursive", "-r", is_flag=True, help="Descend into subfolders.")
@click.option("outputs", "-o", "--output", multiple=True, metavar="FILE",
              help="Write rows here; .csv .jsonl .db .sqlite .parquet; may be given several times.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace output files that exist.")
@click.option("--duplicates", is_flag=True, help="Tell files that show the same picture, and which to keep; needs "
                                                 "jpegqf[duplicates].")  # fmt: skip
@click.option("--prove", is_flag=True, help="Restore each PNG and the like that was a JPEG, in memory: tell what "
                                            "that would save; needs jpegqf[restore].")  # fmt: skip
@click.option("--jobs", "-j", type=click.IntRange(1, MOST_JOBS), default=1, show_default=True, help="Worker processes.")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, no summary line.")
def advise(duplicates: bool, prove: bool, **flags: Any) -> None:
    """What the evidence means for somebody who must act: one row of advice per image.

    PATH is what scan takes. Nothing is changed.
    """

    def job() -> "tuple[Job, Callable[[], None]]":
        from jpegqf.advise.advice import ROWS, advice_line
        from jpegqf.advise.job import AdviseJob

        found = AdviseJob(_request(flags), duplicates=duplicates, prove=prove)
        return found, lambda: found.run(*spectators(found.request.outputs, found.request.quiet, ROWS, advice_line))

    _carry_out(job)


def _carry_out(make: "Callable[[], tuple[Job | ClusterScan, Callable[[], None]]]") -> None:
    """Make a job, run it and end with its exit code."""
    failure = None
    with _refusals("the scan"):
        job, run = make()
        try:
            run()
        except OutputError as error:
            failure = str(error)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is written
        code = _ending(job, failure)
    sys.exit(code)


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Turn errors of a command into one line and its exit code; ``what`` cannot go on where the system fails."""
    try:
        yield
    except BrokenPipeError:
        sys.exit(128 + signal.SIGPIPE)
    except JpegqfError as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{what} cannot go on: {error or type(error).__name__}") from None


def _request(flags: dict[str, Any]) -> "ScanRequest":
    from jpegqf.scanning.request import ScanRequest

    return ScanRequest(**flags)


def _job(request: "ScanRequest") -> "tuple[Job | ClusterScan, Callable[[], None]]":
    """The scan on the engine asked for, and what runs it."""
    if request.engine == "ray":
        from jpegqf.cluster.run import ClusterScan

        scan = ClusterScan(request)
        return scan, lambda: scan.run(None if request.quiet else tell_progress)
    if request.jobs and request.jobs > MOST_JOBS:
        raise UsageError(f"--jobs: at most {MOST_JOBS} on one machine")
    from jpegqf.scanning.job import Job

    job = Job(request)
    return job, lambda: job.run(*spectators(request.outputs, request.quiet))


def _ending(job: "Job | ClusterScan", failure: str | None) -> int:
    """Say what became of the scan, on the terminal and in the summary file; returns the exit code."""
    from jpegqf.scanning.summary import Ending, write_summary

    request, counts, failed = job.request, job.tally.statuses, job.tally.shards["failed"]
    code = 2 if failure else 128 + job.stopped_by if job.stopped_by else exit_code(counts + Counter(error=failed))
    line = _closing_line(job)
    line += f", {failed} shards failed: {'; '.join(job.tally.failed_shards)}" if failed else ""
    if failure:
        say(f"Error: {failure} ({line})")
    elif not request.quiet and (request.outputs or job.stopped_by or sys.stdout.isatty()):
        say((f"interrupted: {line}{_how_to_go_on(request)}") if job.stopped_by else line)
    if request.summary:
        write_summary(request.summary, job.tally, Ending(job.seconds, code, job.stopped_by, failure))
    return code


@main.command(epilog=RESTORE_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-o", "--output", required=True, metavar="DIR|FILE", help="Write JPEGs to this folder, or one to a .jpg.")
@click.option("rows", "--rows", multiple=True, metavar="FILE",
              help="Write a row for each image here; .csv .jsonl .db .sqlite .parquet; repeatable.")  # fmt: skip
@click.option("--near", is_flag=True, help="Where none is proven, write the nearest JPEG; its comment and row say so.")
@click.option("--crop", is_flag=True, help="Take images, too, that were cut out of a JPEG: write one that covers "
                                           "them; the columns crop_x and crop_y tell where.")  # fmt: skip
@click.option("--progressive", is_flag=True, help="Write progressive JPEGs, which are mostly smaller.")
@click.option("--recursive", "-r", is_flag=True, help="Descend into subfolders.")
@click.option("--exts", multiple=True, metavar="EXT",
              help="Suffixes to take in folders and archives, .png,.bmp; repeatable.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace JPEGs and files of rows that exist.")
@click.option("--resume", is_flag=True, help="Leave JPEGs that exist, and go on with the other images.")
@click.option("--jobs", "-j", type=click.IntRange(1, MOST_JOBS), help="Worker processes: 1.")
@click.option("--max-pixels", type=click.IntRange(1), default=DEFAULT_PIXELS, show_default=True, metavar="N",
              help="Skip larger images, told from the header.")  # fmt: skip
@click.option("timeout", "--timeout-per-image", type=SECONDS, default=300, show_default=True,
              metavar="SECONDS", help="Give up an image that takes longer: one error row.")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, no summary line.")
def restore(**flags: Any) -> None:
    """Give the JPEG back from a lossless image that was a JPEG, proven pixel by pixel; needs jpegqf[restore].

    PATH is as for scan. A JPEG is written only if it decodes to exactly the image's pixels. Images are
    left as they are.
    """
    from jpegqf.restoring.job import RestoreJob, RestoreRequest
    from jpegqf.restoring.show import savings_table
    from jpegqf.restoring.show import spectators as watching

    with _refusals("restoring"):
        job = RestoreJob(RestoreRequest(**flags))
        job.run(*watching(job.request.rows, job.request.quiet))
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is written
    if not job.request.quiet:
        line = ", ".join(f"{job.statuses[kind]} {kind}" for kind in ("ok", "skipped", "error"))
        say(("interrupted: " if job.stopped_by else "") + line)
        for line in savings_table(job.savings):
            say(line)
    sys.exit(128 + job.stopped_by if job.stopped_by else exit_code(job.statuses))


def _closing_line(job: "Job | ClusterScan") -> str:
    """Counts: of verdicts in words for a person at a terminal, else of the three statuses, for programs."""
    if sys.stderr.isatty():
        return tally_in_words(job.tally.kinds, job.tally.statuses)
    return ", ".join(f"{job.tally.statuses[kind]} {kind}" for kind in ("ok", "skipped", "error"))


def _how_to_go_on(request: "ScanRequest") -> str:
    """What an interrupted scan says of going on: it can where rows were written to files."""
    if not request.outputs:
        return ""
    return f"; to go on: the same call with --resume{' in place of --overwrite' * request.overwrite}"


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def header(files: tuple[str, ...]) -> None:
    """Print what each JPEG's header tells: qualities, encoder, tables.

    Exit codes: 0 every header was read, 1 none was, 3 some were.
    """
    from jpegqf.inputs.files import read_bytes
    from jpegqf.jpeg.encoders import identify
    from jpegqf.jpeg.header import read_header
    from jpegqf.names import printable
    from jpegqf.views.header_text import header_lines

    counts: Counter[str] = Counter()
    for name in files:
        try:
            found = read_header(read_bytes(name))
            lines = header_lines(printable(name), found, identify(found))
        except JpegqfError as error:
            say(f"{printable(name)}: {error}")
            counts["error"] += 1
            continue
        print_lines(lines)
        counts["ok"] += 1
    sys.exit(exit_code(counts))


@main.command()
@click.argument("file", metavar="FILE")
@click.option("--plot", "picture", metavar="PNG", help="Write a picture of the evidence; needs jpegqf[plot].")
@click.option("--overwrite", is_flag=True, help="Replace the picture if it exists.")
def explain(file: str, picture: str | None, overwrite: bool) -> None:
    """Tell the evidence of one image in words, and as a picture with --plot."""
    from jpegqf.inputs.files import read_bytes
    from jpegqf.inspection.inspector import Inspector, default_predictor
    from jpegqf.inspection.to_record import to_record
    from jpegqf.names import printable
    from jpegqf.views.explain import explain_lines
    from jpegqf.views.plot import plot

    _check_picture(picture, file, overwrite)
    try:
        predictor = default_predictor()
        found = Inspector(predictor).look(read_bytes(file), printable(file))
        lines = explain_lines(found, to_record(found))
        print_lines(lines)
        drawing = io.BytesIO()
        if picture and plot(found, predictor, lines[0], drawing):
            _write_picture(picture, drawing.getvalue())
        elif picture:
            say(f"nothing was drawn: there are no judged pixels, and {printable(picture)!r} was not written")
    except JpegqfError as error:
        raise Refused(str(error)) from None
    sys.exit(0 if found.prediction else 1)


def _check_picture(picture: str | None, file: str, overwrite: bool) -> None:
    """Raise Refused for a --plot that has another suffix, is the image itself, or exists and may not be replaced."""
    if not picture:
        return
    if not picture.lower().endswith(".png"):
        raise Refused(f"--plot {picture!r}: the suffix must be .png")
    if os.path.lexists(picture) and not overwrite:
        raise Refused(f"--plot {picture!r} exists; --overwrite replaces it")
    if os.path.realpath(picture) == os.path.realpath(file):
        raise Refused(f"--plot {picture!r} is the image itself")


def _write_picture(picture: str, data: bytes) -> None:
    """Write the file whole or not at all. Raises Refused if it cannot be written."""
    from jpegqf.outputs.atomic import write_whole

    try:
        write_whole(picture, data)
    except (OSError, ValueError) as error:
        raise Refused(f"--plot {picture!r} cannot be written: {getattr(error, 'strerror', None) or error}") from None


@main.command(epilog=REPORT_EPILOG)
@click.argument("results", nargs=-1, required=True, metavar="RESULTS...")
@click.option("-o", "--output", required=True, metavar="FILE", help="Write the page here; .html.")
@click.option("--by", default="folder", show_default=True, metavar="GROUP",
              help="Compare by folder, folder:N (the name at level N; -1 is the last) or any column.")  # fmt: skip
@click.option("--rows", type=click.IntRange(1, 5000), default=2000, show_default=True, metavar="N",
              help="Images in the table: half the worst, half drawn from the others.")  # fmt: skip
@click.option("--thumbnails", is_flag=True, help="Show the images of the table that are there, read from their paths.")
@click.option("--overwrite", is_flag=True, help="Replace the page if it exists.")
@click.option("--quiet", "-q", is_flag=True, help="No progress bar, no closing line.")
def report(results: tuple[str, ...], quiet: bool, **asked: Any) -> None:
    """Results of scan as one HTML page that opens offline.

    RESULTS are .csv .jsonl .db .sqlite .parquet files of scan, or folders of .parquet files.
    """
    from jpegqf.report.wording import images
    from jpegqf.report.writing import Request, write_report

    watch = {} if quiet or not sys.stderr.isatty() else {"watch": progress_bar}
    try:
        rows = write_report(Request(results, **asked), **watch)
    except JpegqfError as error:
        raise Refused(str(error)) from None
    if not quiet:
        say(f"{asked['output']}: {images(rows)}, {os.path.getsize(asked['output']) / 1e6:.1f} MB")


SERVE_EPILOG = """\b
Examples:
  jpegqf serve
  jpegqf serve --port 0 --workers 4
  jpegqf serve --host 0.0.0.0 --token-file token.txt
\b
Exit codes: 0 ended by Ctrl-C or SIGTERM; 2 bad call, the port is in use, or workers cannot start."""


@main.command(epilog=SERVE_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="NAME",
              help="Address to listen on; any but loopback is reached from the network.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="0: any free one.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Worker processes.")
@click.option("--max-body", type=click.IntRange(1, 2**31), default=2**26, show_default=True, metavar="BYTES",
              help="Of a request: 413 above.")  # fmt: skip
@click.option("--max-images", type=click.IntRange(1, 10_000), default=100, show_default=True, metavar="N",
              help="In a request: 422 above.")  # fmt: skip
@click.option("--max-pixels", type=click.IntRange(1), default=DEFAULT_PIXELS, show_default=True, metavar="N",
              help="Of an image, told from its header: 422 above.")  # fmt: skip
@click.option("--timeout-per-image", "timeout", type=SECONDS, default=60,
              show_default=True, metavar="SECONDS", help="Give up an image that takes longer: 422.")  # fmt: skip
@click.option("--max-requests", type=click.IntRange(1, 10_000), default=32, show_default=True, metavar="N",
              help="With images, at once: 429 above. Each may hold --max-body twice in memory.")  # fmt: skip
@click.option("--token-file", metavar="FILE", help="Ask for the bearer token in this file's first line.")
@click.option("origins", "--allow-origin", multiple=True, metavar="ORIGIN",
              help="Let pages of this origin call, https://example.org; repeatable.")  # fmt: skip
@click.option("hosts", "--allow-host", multiple=True, metavar="NAME",
              help="Answer requests that address this name, too; repeatable. With a --host that is not loopback: only "
                   "these names, that host and the loopback names.")  # fmt: skip
def serve(token_file: str | None, **asked: Any) -> None:
    """Serve a local web page to drop images on, and an API for programs; needs jpegqf[serve].

    Images are looked at in memory and stored nowhere. Unless --host says otherwise only this machine is answered.
    """
    try:
        from jpegqf.serving.run import serve as run
        from jpegqf.serving.settings import Limits, Settings, checked_origin, read_token
    except ImportError as error:
        raise Refused(f'the server needs {error.name}: pip install "jpegqf[serve]"') from None
    limits = Limits(*(asked.pop(name) for name in ("max_body", "max_pixels", "max_images", "timeout", "max_requests")))
    try:
        token = read_token(token_file) if token_file else None
        asked["origins"] = tuple(map(checked_origin, asked["origins"]))
        run(Settings(limits=limits, token=token, **asked), say)
    except JpegqfError as error:
        raise Refused(str(error)) from None


if __name__ == "__main__":
    main()
