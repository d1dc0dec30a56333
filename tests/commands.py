"""Runs the command ``jpegqf`` within a test: what each process would load anew is loaded once."""

import signal
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from jpegqf.advise import job as advising
from jpegqf.cli import main
from jpegqf.inputs.item import Item
from jpegqf.report import thumbnails
from jpegqf.workers import stream
from jpegqf.workers.stream import supervised

Done = subprocess.CompletedProcess[str]


def run_here(*arguments: object, stdin: str | bytes = "", cwd: Path | None = None) -> Done:
    """``jpegqf ARGUMENTS`` in this process and, where it asks for a single worker, without any.

    For what a command prints, writes and returns. How its process starts, is interrupted, finds its streams closed or
    looks after a worker is tested with a process.
    """
    interrupt = signal.getsignal(signal.SIGINT)
    words = [str(argument) for argument in arguments]
    with pytest.MonkeyPatch.context() as patch:
        for module in (stream, advising, thumbnails):
            patch.setattr(module, "supervised", _looked_at_here)
        patch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # a worker's look takes it away
        if cwd:
            patch.chdir(cwd)
        done = CliRunner().invoke(main, words, input=stdin, prog_name="jpegqf")
    signal.signal(signal.SIGINT, interrupt)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(["jpegqf", *words], done.exit_code, done.stdout, done.stderr)


def _looked_at_here(
    items: Iterator[Item],
    prepare: Callable[[], Callable[[Item], Any]],
    lost: Callable[..., Any],
    jobs: int,
    timeout: float | None,
) -> Generator[Any, None, None]:
    """What ``jpegqf.workers.stream.supervised`` gives, which is asked where there are several jobs."""
    if jobs > 1:
        yield from supervised(items, prepare, lost, jobs, timeout)
    else:
        yield from map(prepare(), items)
