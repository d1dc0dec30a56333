"""Supervised worker processes: items -> results in order, one each, even if a worker crashes or hangs."""

import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import wait
from typing import Generic

from jpegqf.errors import Reason, WorkerError
from jpegqf.inputs.item import Item
from jpegqf.workers.process import MOST_FAILED_STARTS, NOT_READY, Lost, Prepare, T, WorkerProcess, signals_held

MOST_AT_ONCE = 64
"""Items in one message to a worker: quick ones (headers) travel together, slow ones alone."""
QUICK_SECONDS, SLOW_SECONDS = 0.02, 0.1
"""A message worked off faster makes the next ones longer; slower, shorter."""
MOST_AHEAD = 1024
"""Items taken from the input whose results are not handed on yet."""
MOST_BYTES_AT_ONCE, MOST_BYTES_AHEAD = 2**20, 2**27
"""The same for the bytes of archive members; one member alone may be larger."""
YIELD_AT_ONCE = 16
"""Results handed on before looking after the workers again."""


@dataclass
class _Worker:
    process: WorkerProcess
    work: deque[tuple[int, Item]] = field(default_factory=deque)
    """Handed over and not answered, in order, each with its number in the input."""
    begun: float = 0.0
    size: int = 0


def supervised(
    items: Iterator[Item],
    prepare: Prepare[T],
    lost: Lost[T],
    jobs: int,
    timeout: float | None,
    most_ahead: int = MOST_AHEAD,
) -> Generator[T, None, None]:
    """One result per item, in the order of ``items``, made by up to ``jobs`` processes, at most ``most_ahead`` ahead.

    A worker that ends, or is silent for ``timeout`` seconds over one item, is replaced. Its item is known if it
    was alone; otherwise all that were unanswered are tried again one by one, and the one that fails alone gets
    the result of ``lost``. Raises WorkerError if workers cannot start, and what ``prepare`` raised of
    JpegqfError. Closing the generator, or any exception in it, ends the workers.
    """
    supervisor = Supervisor(prepare, lost, jobs, timeout, most_ahead)
    try:
        yield from supervisor.run(items)
    finally:
        supervisor.end()


class Supervisor(Generic[T]):
    """The same for several runs with the same workers, one run after the other; ``end`` comes last.

    A run that is not taken to its end leaves nothing that a further one could use: only ``end`` may follow.
    """

    def __init__(
        self, prepare: Prepare[T], lost: Lost[T], jobs: int, timeout: float | None, most_ahead: int = MOST_AHEAD
    ) -> None:
        self._items: Iterator[Item] | None = None
        self._prepare, self._lost, self._jobs = prepare, lost, jobs
        self._timeout, self._most_ahead = timeout or float("inf"), most_ahead
        self._workers: list[_Worker] = []
        self._again: deque[tuple[int, Item]] = deque()
        self._done: dict[int, T] = {}
        self._sizes: dict[int, int] = {}
        self._taken = self._given = self._held_bytes = self._failed_starts = 0
        self._at_once = 1

    def run(self, items: Iterator[Item]) -> Iterator[T]:
        """One result per item, in order."""
        self._items = items
        while True:
            self._hand_out()
            yield from islice(self._in_order(), YIELD_AT_ONCE)
            if self._items is None and self._given == self._taken:
                return
            self._listen(block=self._given not in self._done)

    def end(self) -> None:
        """Kill the workers: idle ones have nothing to lose, the work of busy ones is not wanted any more."""
        while self._workers:
            self._drop(self._workers[-1])

    def _in_order(self) -> Iterator[T]:
        while self._given in self._done:
            self._held_bytes -= self._sizes.pop(self._given, 0)
            self._given += 1
            yield self._done.pop(self._given - 1)

    def _hand_out(self) -> None:
        """Give every idle worker something to do; start workers only as there is work for them."""
        while True:
            worker = next((worker for worker in self._workers if not worker.work), None)
            if worker is None and len(self._workers) >= self._jobs:
                return
            work = self._next_work()
            if not work:
                return
            worker = worker or self._start()
            worker.work.extend(work)
            worker.begun, worker.size = time.monotonic(), len(work)
            try:
                worker.process.send([item for _, item in work])
            except OSError:
                self._bury(worker)

    def _next_work(self) -> list[tuple[int, Item]]:
        if self._again:
            return [self._again.popleft()]
        work: list[tuple[int, Item]] = []
        size = 0
        while len(work) < self._at_once and size < MOST_BYTES_AT_ONCE and self._items is not None:
            if self._taken - self._given >= self._most_ahead or self._held_bytes >= MOST_BYTES_AHEAD:
                break
            item = next(self._items, None)
            if item is None:
                self._items = None
                break
            if item.data:
                self._sizes[self._taken] = len(item.data)
                self._held_bytes += len(item.data)
                size += len(item.data)
            work.append((self._taken, item))
            self._taken += 1
        return work

    def _start(self) -> _Worker:
        with signals_held():  # until it is in the list, nothing would end it
            worker = _Worker(WorkerProcess(self._prepare))
            self._workers.append(worker)
        return worker

    def _listen(self, block: bool) -> None:
        """Take what workers tell; without ``block``, only what is there already."""
        busy = [worker for worker in self._workers if worker.work]
        now = time.monotonic()
        patience = min((worker.process.deadline(self._timeout) - now for worker in busy), default=0.0)
        timeout = None if patience == float("inf") else max(0.0, patience)
        ready = set(wait([worker.process.pipe for worker in busy], timeout if block else 0.0))
        now = time.monotonic()
        for worker in busy:
            if worker.process.pipe in ready:
                self._take(worker)
            elif now >= worker.process.deadline(self._timeout):
                self._overdue(worker)

    def _take(self, worker: _Worker) -> None:
        try:
            results = worker.process.hear()
        except EOFError:
            return self._bury(worker)
        if not results:
            worker.begun = worker.process.since
            self._failed_starts = 0
            return None
        for result in results:
            number, _ = worker.work.popleft()
            self._done[number] = result
        if not worker.work:
            self._adapt(worker.process.since - worker.begun, worker.size)
        return None

    def _adapt(self, seconds: float, size: int) -> None:
        if seconds < QUICK_SECONDS and size >= self._at_once:
            self._at_once = min(MOST_AT_ONCE, 2 * self._at_once)
        elif seconds > SLOW_SECONDS:
            self._at_once = max(1, min(self._at_once, size) // 2)

    def _bury(self, worker: _Worker) -> None:
        """Replace a worker that ended by itself."""
        how = worker.process.how_it_ended()
        if worker.process.ready:
            return self._replace(worker, Reason.CRASHED, f"its worker process {how}")
        self._failed_starts += 1
        if self._failed_starts >= MOST_FAILED_STARTS:
            raise WorkerError(f"worker processes cannot start: the last one {how}")
        self._again.extend(worker.work)
        return self._drop(worker)

    def _overdue(self, worker: _Worker) -> None:
        if not worker.process.ready:
            raise WorkerError(NOT_READY)
        self._replace(worker, Reason.TIMEOUT, f"took longer than {self._timeout:g} s")

    def _replace(self, worker: _Worker, reason: Reason, words: str) -> None:
        if len(worker.work) == 1:
            number, item = worker.work[0]
            self._done[number] = self._lost(item, reason, words)
        else:
            self._again.extend(worker.work)
        self._drop(worker)

    def _drop(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.end()
