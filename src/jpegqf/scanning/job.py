"""One scan from paths to outputs: rows as they come, resumption, interruption and what became of it."""

import time
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


@dataclass
class Job:
    """A scan while it runs and after; ``tally`` is right at any moment, also after a failure."""

    request: ScanRequest
    tally: Tally = field(default_factory=Tally)
    stopped_by: int = 0
    """The signal that ended it early, or 0."""
    started: float = field(default_factory=time.monotonic)

    def run(
        self,
        show: Callable[[Any], None] | None = None,
        watch: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    ) -> None:
        """Write every record to the outputs and ``show`` it; ``watch`` is told each, for a progress bar.

        Returns early, with whole outputs, when Ctrl-C or SIGTERM asks for it. Raises UsageError for a bad call
        or changed input, before any output is touched, and OutputError when an output fails.
        """
        with stoppable(self) as stop:
            self._run(stop, show, watch)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    def _run(
        self,
        stop: Stop,
        show: Callable[[Any], None] | None,
        watch: Callable[[Iterable[Any]], Iterable[Any]],
    ) -> None:
        with ExitStack() as stack:
            with stop.at_once():  # until the first row is there, no output is touched
                items, resumption = self._prepare()
                asked = self.request
                records = stack.enter_context(closing(self._rows(items)))
                first = list(islice(records, 1))
                if not first and not self.tally.rows:
                    raise UsageError(
                        f"no image found in {' '.join(asked.paths)[:200]}; "
                        "--recursive descends, --exts names other suffixes"
                    )
            outputs = stack.enter_context(self._open(resumption, stop))
            for record in watch(unless_stopped(chain(first, records), stop)):
                outputs.write(record)
                self._count(record)
                if show:
                    show(record)

    def _rows(self, items: Iterator[Item]) -> Generator[Any, None, None]:
        """The row of each item; a command with other rows makes them here, counts and writes them below."""
        return scan_items(items, self.request.look, self.request.jobs or 1, self.request.timeout)

    def _count(self, row: Any) -> None:
        self.tally.add(row)

    def _prepare(self) -> tuple[Iterator[Item], Resumption | None]:
        """The items still to do, and what was done before."""
        asked = self.request
        check_paths(asked.paths)
        items = find_items(asked.paths, asked.suffixes, asked.recursive, asked.members)
        if not asked.resume:
            check_outputs(asked.outputs, asked.overwrite)
            return items, None
        resumption = Resumption(asked.outputs)
        for record in resumption.done(items):
            self.tally.add(record)
            self.tally.resumed += 1
        return items, resumption

    def _open(self, resumption: Resumption | None, stop: Stop) -> Outputs:
        if resumption:
            return resumption.open(lambda records: unless_stopped(records, stop))
        return open_outputs(self.request.outputs, self.request.overwrite)
