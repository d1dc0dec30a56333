"""Restoring from paths to JPEGs and rows: one object from the flags of the command to what became of it."""

import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain, islice

from jpegqf.errors import UsageError
from jpegqf.inputs.find import check_paths, find_items
from jpegqf.inputs.item import Item
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES, JPEG_SUFFIXES, MULTI_PICTURE_SUFFIX, normalize_suffixes
from jpegqf.limits import DEFAULT_PIXELS
from jpegqf.outputs.writing import open_outputs
from jpegqf.record import Status
from jpegqf.restoring.row import ROWS, RestoredRow
from jpegqf.restoring.work import SUFFIX, Work, lost_row
from jpegqf.scanning.stopping import Stop, stoppable, unless_stopped


@dataclass(frozen=True)
class RestoreRequest:
    """What to restore, how, and where to. Raises UsageError for what does not go together."""

    paths: tuple[str, ...]
    output: str
    rows: tuple[str, ...] = ()
    recursive: bool = False
    exts: tuple[str, ...] = ()
    near: bool = False
    max_pixels: int = DEFAULT_PIXELS
    timeout: float = 300.0
    jobs: int | None = None
    overwrite: bool = False
    resume: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise UsageError("--resume leaves JPEGs that exist: not with --overwrite")
        single = self.output.lower().endswith((SUFFIX, ".jpeg"))
        if single and (len(self.paths) != 1 or os.path.isdir(self.paths[0])):
            raise UsageError("-o names one file: give one image, or a folder to write to")
        if single and os.path.lexists(self.output) and not (self.overwrite or self.resume):
            raise UsageError(f"-o {self.output!r} exists; --overwrite replaces it")

    @property
    def suffixes(self) -> frozenset[str]:
        """Suffixes to take in folders and archives: those of images but for JPEG's."""
        named = [suffix for text in self.exts for suffix in text.replace(",", " ").split()]
        return normalize_suffixes(named) if self.exts else IMAGE_SUFFIXES - {*JPEG_SUFFIXES, MULTI_PICTURE_SUFFIX}

    @property
    def work(self) -> Work:
        """How each image is restored."""
        roots = tuple(path for path in self.paths if os.path.isdir(path))
        return Work(self.output, roots, self.near, self.overwrite, self.resume, self.max_pixels)


@dataclass
class RestoreJob:
    """The work while it runs and after; counts are right at any moment."""

    request: RestoreRequest
    statuses: Counter[str] = field(default_factory=Counter)
    bytes_before: int = 0
    """Of the images whose proven JPEGs were written."""
    bytes_after: int = 0
    """Of these JPEGs."""
    stopped_by: int = 0
    started: float = field(default_factory=time.monotonic)

    def run(
        self,
        show: Callable[[RestoredRow], None] | None = None,
        watch: Callable[[Iterable[RestoredRow]], Iterable[RestoredRow]] = iter,
    ) -> None:
        """Restore every image, write its row and ``show`` it. Ctrl-C or SIGTERM end it early, with whole files.

        Raises UsageError for a bad call, OutputError when a file of rows fails.
        """
        with stoppable(self) as stop:
            self._run(stop, show, watch)

    def _run(
        self,
        stop: Stop,
        show: Callable[[RestoredRow], None] | None,
        watch: Callable[[Iterable[RestoredRow]], Iterable[RestoredRow]],
    ) -> None:
        asked = self.request
        check_paths(asked.paths)
        items = find_items(asked.paths, asked.suffixes, asked.recursive)
        with ExitStack() as stack:
            rows = stack.enter_context(closing(_rows(items, asked)))
            with stop.at_once():
                first = list(islice(rows, 1))
            if not first:
                raise UsageError(f"no image found in {' '.join(asked.paths)[:200]}; --recursive descends")
            outputs = stack.enter_context(open_outputs(asked.rows, asked.overwrite or asked.resume, ROWS))
            for row in watch(unless_stopped(chain(first, rows), stop)):
                outputs.write(row)
                self._count(row)
                if show:
                    show(row)

    def _count(self, row: RestoredRow) -> None:
        self.statuses[row.status.value] += 1
        if row.status == Status.OK and row.bytes_before and row.bytes_after:
            self.bytes_before += row.bytes_before
            self.bytes_after += row.bytes_after


def _rows(items: Iterator[Item], asked: RestoreRequest) -> Generator[RestoredRow, None, None]:
    from jpegqf.workers.stream import supervised

    return supervised(items, asked.work, lost_row, asked.jobs or 1, asked.timeout)
