"""Restoring from paths to JPEGs and rows: one object from the flags of the command to what became of it."""

import os
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field

from jpegqf.errors import UsageError
from jpegqf.inputs.find import check_paths, find_items
from jpegqf.inputs.suffixes import IMAGE_SUFFIXES, JPEG_SUFFIXES, MULTI_PICTURE_SUFFIX, normalize_suffixes
from jpegqf.limits import DEFAULT_PIXELS, SEARCH_SHARE
from jpegqf.outputs.writing import Outputs, open_outputs
from jpegqf.record import Status
from jpegqf.restoring.row import ROWS, RestoredRow
from jpegqf.restoring.work import SUFFIX, Work, lost_row
from jpegqf.scanning.job import RowsJob, no_image
from jpegqf.scanning.stopping import Stop


@dataclass(frozen=True)
class RestoreRequest:
    """What to restore, how, and where to. Raises UsageError for what does not go together."""

    paths: tuple[str, ...]
    output: str
    rows: tuple[str, ...] = ()
    recursive: bool = False
    exts: tuple[str, ...] = ()
    near: bool = False
    crop: bool = False
    progressive: bool = False
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
        how = self.near, self.crop, self.progressive, self.overwrite, self.resume
        return Work(self.output, roots, *how, self.max_pixels, SEARCH_SHARE * self.timeout)


@dataclass
class Saving:
    """Images whose proven JPEGs were written: how many, and their bytes and those of the JPEGs."""

    images: int = 0
    before: int = 0
    after: int = 0

    def add(self, before: int, after: int) -> None:
        """Count one image."""
        self.images, self.before, self.after = self.images + 1, self.before + before, self.after + after


@dataclass
class RestoreJob(RowsJob):
    """The work while it runs and after; counts are right at any moment."""

    request: RestoreRequest
    statuses: Counter[str] = field(default_factory=Counter)
    savings: dict[str, Saving] = field(default_factory=dict)
    """By the container's suffix."""
    stopped_by: int = 0

    def _start(self) -> Generator[RestoredRow, None, None]:
        from jpegqf.workers.stream import supervised

        asked = self.request
        check_paths(asked.paths)
        items = find_items(asked.paths, asked.suffixes, asked.recursive)
        return supervised(items, asked.work, lost_row, asked.jobs or 1, asked.timeout)

    def _check_empty(self) -> None:
        raise no_image(self.request.paths)

    def _open(self, stop: Stop) -> Outputs:
        return open_outputs(self.request.rows, self.request.overwrite or self.request.resume, ROWS)

    def _count(self, row: RestoredRow) -> None:
        self.statuses[row.status.value] += 1
        if row.status == Status.OK and row.bytes_before and row.bytes_after:
            container = os.path.splitext(row.path)[1].lower() or "no suffix"
            self.savings.setdefault(container, Saving()).add(row.bytes_before, row.bytes_after)
