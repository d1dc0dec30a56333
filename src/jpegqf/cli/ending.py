"""Runs the job of a command, says what became of it, and ends with its exit code."""

import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jpegqf.errors import JpegqfError, OutputError
from jpegqf.terminal import Refused, exit_code, say, tally_in_words

if TYPE_CHECKING:
    from jpegqf.cluster.run import ClusterScan
    from jpegqf.scanning.job import Job
    from jpegqf.scanning.request import ScanRequest


def carry_out(make: "Callable[[], tuple[Job | ClusterScan, Callable[[], None]]]") -> None:
    """Make a job, run it and end with its exit code."""
    failure = None
    with refusals("the scan"):
        job, run = make()
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
    if request.summary:
        write_summary(request.summary, job.tally, Ending(job.seconds, code, job.stopped_by, failure))
    return code


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
