"""Runs the job of a command, says what became of it, and ends with its exit code."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from jpegqf.errors import JpegqfError, OutputError
from jpegqf.names import printable
from jpegqf.terminal import Refused, exit_code, say, tally_in_words

if TYPE_CHECKING:
    from jpegqf.cluster.run import ClusterScan
    from jpegqf.scanning.job import Job
    from jpegqf.scanning.request import ScanRequest


@contextmanager
def folders_told(paths: Iterable[str | None], quiet: bool) -> Iterator[None]:
    """Say which missing folders of the files at ``paths`` were made by what runs inside; addresses have none."""
    missing = {_first_missing(path) for path in paths if path and "://" not in path} - {""}
    try:
        yield
    finally:
        for folder in sorted(missing):
            if os.path.isdir(folder) and not quiet:
                say(f"made the folder {printable(folder)!r}")


def _first_missing(path: str) -> str:
    """The highest folder on the way to a file that does not exist, or an empty text."""
    found, folder = "", os.path.dirname(path)
    while folder and not os.path.lexists(folder):
        found, folder = folder, os.path.dirname(folder)
    return found


def carry_out(make: "Callable[[], tuple[Job | ClusterScan, Callable[[], None]]]") -> None:
    """Make a job, run it and end with its exit code."""
    failure = None
    with refusals("the scan"):
        job, run = make()
        asked = job.request
        with folders_told((*asked.outputs, asked.summary), asked.quiet):
            try:
                run()
            except OutputError as error:
                failure = str(error)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is written
            code = _ending(job, failure)
    sys.exit(code)


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Turn errors of a command into one line and its exit code; ``what`` cannot go on where the system fails."""
    try:
        yield
    except BrokenPipeError:
        sys.exit(128 + signal.SIGPIPE)
    except JpegqfError as error:
        raise Refused(str(error)) from None
    except OSError as error:
        raise Refused(f"{what} cannot go on: {error or type(error).__name__}") from None


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
        _tell_of_subfolders(request)
    if request.summary:
        write_summary(request.summary, job.tally, Ending(job.seconds, code, job.stopped_by, failure))
    return code


def _closing_line(job: "Job | ClusterScan") -> str:
    """Counts: of verdicts in words for a person at a terminal, else of the three statuses, for programs."""
    if sys.stderr.isatty():
        return tally_in_words(job.tally.kinds, job.tally.statuses)
    return ", ".join(f"{job.tally.statuses[kind]} {kind}" for kind in ("ok", "skipped", "error"))


def _tell_of_subfolders(request: "ScanRequest") -> None:
    """Tell a person at a terminal which folders have subfolders that were not searched."""
    if request.recursive or not sys.stderr.isatty():
        return
    for path in request.paths:
        if os.path.isdir(path):
            with suppress(OSError), os.scandir(path) as entries:
                if any(entry.is_dir(follow_symlinks=False) for entry in entries):
                    say(f"the subfolders of {printable(path)!r} were not searched: --recursive does")


def _how_to_go_on(request: "ScanRequest") -> str:
    """What an interrupted scan says of going on: it can where rows were written to files."""
    if not request.outputs:
        return "; with -o FILE a scan can go on with --resume"
    return f"; to go on: the same call with --resume{' in place of --overwrite' * request.overwrite}"
