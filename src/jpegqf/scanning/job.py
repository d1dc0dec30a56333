"""One scan from paths to outputs: rows as they come, resumption, interruption and what became of it."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from jpegqf.errors import UsageError
from jpegqf.inputs.find import check_paths, find_items
from jpegqf.inputs.item import Item
from jpegqf.outputs.resume import Resumption
from jpegqf.outputs.writing import Outputs, check_outputs, open_outputs
from jpegqf.scanning.request import ScanRequest
from jpegqf.scanning.stopping import Stop, stoppable, unless_stopped
from jpegqf.scanning.stream import scan_items
from jpegqf.scanning.summary import Tally


class RowsJob(ABC):
    """Images of some paths, to a row each in outputs: what all such jobs do."""

    stopped_by: int = 0
    """The signal that ended it early, or 0."""

    def run(
        self,
        show: Callable[[Any], None] | None = None,
        watch: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    ) -> None:
        """Write every row to the outputs and ``show`` it; ``watch`` is told each, for a progress bar.

        Returns early, with whole outputs, when Ctrl-C or SIGTERM asks for it. Raises UsageError for a bad call
        or changed input, before any output is touched, and OutputError when an output fails.
        """
        with stoppable(self) as stop, ExitStack() as stack:
            with stop.at_once():  # until the first row is there, no output is touched
                rows = stack.enter_context(closing(self._start()))
                first = list(islice(rows, 1))
                if not first:
                    self._check_empty()
            outputs = stack.enter_context(self._open(stop))
            for row in watch(unless_stopped(chain(first, rows), stop)):
                outputs.write(row)
                self._count(row)
                if show:
                    show(row)

    @abstractmethod
    def _start(self) -> Generator[Any, None, None]:
        """The row of each image that is still to do."""

    @abstractmethod
    def _check_empty(self) -> None:
        """Raise UsageError if it is a bad call that there is no row."""

    @abstractmethod
    def _open(self, stop: Stop) -> Outputs:
        """The outputs, opened when the first row is there."""

    @abstractmethod
    def _count(self, row: Any) -> None:
        """Count a row that was written."""


def no_image(paths: tuple[str, ...]) -> UsageError:
    """What is said where paths lead to no image."""
    words = f"no image found in {' '.join(paths)[:200]}; --recursive descends, --exts names other suffixes"
    return UsageError(words)


@dataclass
class Job(RowsJob):
    """A scan while it runs and after; ``tally`` is right at any moment, also after a failure."""

    request: ScanRequest
    tally: Tally = field(default_factory=Tally)
    stopped_by: int = 0
    started: float = field(default_factory=time.monotonic)
    _resumption: Resumption | None = field(default=None, init=False, repr=False)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    def _start(self) -> Generator[Any, None, None]:
        asked = self.request
        check_paths(asked.paths)
        items = find_items(asked.paths, asked.suffixes, asked.recursive, asked.members)
        if not asked.resume:
            check_outputs(asked.outputs, asked.overwrite)
            return self._rows(items)
        self._resumption = Resumption(asked.outputs)
        for record in self._resumption.done(items):
            self.tally.add(record)
            self.tally.resumed += 1
        return self._rows(items)

    def _rows(self, items: Iterator[Item]) -> Generator[Any, None, None]:
        """The row of each item; a command with other rows makes them here, counts and writes them below."""
        return scan_items(items, self.request.look, self.request.jobs or 1, self.request.timeout)

    def _check_empty(self) -> None:
        if not self.tally.rows:
            raise no_image(self.request.paths)

    def _open(self, stop: Stop) -> Outputs:
        if self._resumption:
            return self._resumption.open(lambda records: unless_stopped(records, stop))
        return open_outputs(self.request.outputs, self.request.overwrite)

    def _count(self, row: Any) -> None:
        self.tally.add(row)
