"""Worker processes for a stream: one result per item, in order, even if a worker crashes or hangs."""

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
"""Most items in one message to a worker. Quick items (headers) are sent together, slow ones one by one."""
QUICK_SECONDS, SLOW_SECONDS = 0.02, 0.1
"""If a message's items took less than the first, the next messages get more items; if more than the second, fewer."""
MOST_AHEAD = 1024
"""Most items taken from the input whose results were not yielded yet."""
MOST_BYTES_AT_ONCE, MOST_BYTES_AHEAD = 2**20, 2**27
"""Most bytes of archive members in one message, and in memory. A single larger member is still sent."""
YIELD_AT_ONCE = 16
"""Most results yielded before the workers are looked after again."""


@dataclass
class _Worker:
    process: WorkerProcess
    work: deque[tuple[int, Item]] = field(default_factory=deque)
    """Items sent and not answered yet, in order, each with its number in the input."""
    begun: float = 0.0
    """When work on the last message could begin, on the monotonic clock."""
    size: int = 0
    """Number of items in that message."""


def supervised(
    items: Iterator[Item],
    prepare: Prepare[T],
    lost: Lost[T],
    jobs: int,
    timeout: float | None,
    most_ahead: int = MOST_AHEAD,
) -> Generator[T, None, None]:
    """One result per item, in the order of ``items``, made by up to ``jobs`` worker processes.

    At most ``most_ahead`` items are read before their results are taken. A worker that ends, or that takes longer than
    ``timeout`` seconds over one item, is replaced. If it had several items, each is tried again alone; an item that
    fails alone gets the result that ``lost`` makes. Raises WorkerError if workers cannot start, and any JpegqfError
    that ``prepare`` raised. Closing the generator, or any exception in it, ends the workers.
    """
    supervisor = Supervisor(prepare, lost, jobs, timeout, most_ahead)
    try:
        yield from supervisor.run(items)
    finally:
        supervisor.end()


class Supervisor(Generic[T]):
    """Runs several streams one after the other with the same workers, by the rules of :func:`supervised`.

    Call :meth:`end` at last. After a run that was not read to its end, only :meth:`end` may be called.
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
        """One result per item, in the order of ``items``. Errors are those of :func:`supervised`."""
        self._items = items
        while True:
            self._hand_out()
            yield from islice(self._in_order(), YIELD_AT_ONCE)
            if self._items is None and self._given == self._taken:
                return
            self._listen(block=self._given not in self._done)

    def end(self) -> None:
        """Kill all workers; the results of busy ones are dropped."""
        while self._workers:
            self._drop(self._workers[-1])

    def _in_order(self) -> Iterator[T]:
        while self._given in self._done:
            self._held_bytes -= self._sizes.pop(self._given, 0)
            self._given += 1
            yield self._done.pop(self._given - 1)

    def _hand_out(self) -> None:
        """Send items to every idle worker. A new worker is started only if there is work for it."""
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
        """Receive the results of workers and replace those that hang. Without ``block``, do not wait for results."""
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
        """Replace a worker that ended. Raises WorkerError if several in a row ended before they were ready."""
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
