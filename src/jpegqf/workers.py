"""Supervised worker processes: items -> results in order, one each, even if a worker crashes or hangs."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from jpegqf.errors import JpegqfError, Reason, WorkerError
from jpegqf.items import Item

T = TypeVar("T")
Prepare = Callable[[], Callable[[Item], T]]
"""Run once in each worker; gives what turns an item into a result. It must survive pickling."""
Lost = Callable[[Item, Reason, str], T]
"""Makes the result of an item whose worker crashed or took too long."""

MOST_AT_ONCE = 64
"""Items in one message to a worker: quick ones (headers) travel together, slow ones alone."""
QUICK_SECONDS, SLOW_SECONDS = 0.02, 0.1
"""A message worked off faster makes the next ones longer; slower, shorter."""
TELL_SECONDS = 0.05
"""A worker holds finished results back no longer than this before it begins another item."""
MOST_AHEAD = 1024
"""Items taken from the input whose results are not handed on yet."""
MOST_BYTES_AT_ONCE, MOST_BYTES_AHEAD = 2**20, 2**27
"""The same for the bytes of archive members; one member alone may be larger."""
YIELD_AT_ONCE = 16
"""Results handed on before looking after the workers again."""
MOST_FAILED_STARTS = 3
START_SECONDS = 120.0
"""Longest that loading code and model may take on a busy machine."""
KILLED_SECONDS = 1.0
"""A killed process that the kernel still holds (a dead network disk) is left behind after this."""


@dataclass
class _Worker(Generic[T]):
    process: BaseProcess
    pipe: "Connection[Any, Any]"
    work: deque[tuple[int, Item]] = field(default_factory=deque)
    """Handed over and not answered, in order, each with its number in the input."""
    ready: bool = False
    since: float = field(default_factory=time.monotonic)
    """When it last took or told something."""
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
    supervisor = _Supervisor(items, prepare, lost, jobs, timeout, most_ahead)
    try:
        yield from supervisor.run()
    finally:
        supervisor.end()


class _Supervisor(Generic[T]):
    def __init__(
        self,
        items: Iterator[Item],
        prepare: Prepare[T],
        lost: Lost[T],
        jobs: int,
        timeout: float | None,
        most_ahead: int,
    ) -> None:
        self._items: Iterator[Item] | None = items
        self._prepare, self._lost, self._jobs = prepare, lost, jobs
        self._timeout, self._most_ahead = timeout or float("inf"), most_ahead
        self._workers: list[_Worker[T]] = []
        self._again: deque[tuple[int, Item]] = deque()
        self._done: dict[int, T] = {}
        self._sizes: dict[int, int] = {}
        self._taken = self._given = self._held_bytes = self._failed_starts = 0
        self._at_once = 1

    def run(self) -> Iterator[T]:
        """Results in order."""
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
            worker.since = worker.begun = time.monotonic()
            worker.size = len(work)
            try:
                worker.pipe.send([item for _, item in work])
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

    def _start(self) -> _Worker[T]:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._prepare), daemon=True)
        with _signals_held():
            process.start()
            worker: _Worker[T] = _Worker(process, ours)
            self._workers.append(worker)
        theirs.close()
        return worker

    def _listen(self, block: bool) -> None:
        """Take what workers tell; without ``block``, only what is there already."""
        busy = [worker for worker in self._workers if worker.work]
        now = time.monotonic()
        patience = min((self._deadline(worker) - now for worker in busy), default=0.0)
        timeout = None if patience == float("inf") else max(0.0, patience)
        told = set(wait([worker.pipe for worker in busy], timeout if block else 0.0))
        now = time.monotonic()
        for worker in busy:
            if worker.pipe in told:
                self._take(worker)
            elif now >= self._deadline(worker):
                self._overdue(worker)

    def _deadline(self, worker: _Worker[T]) -> float:
        return worker.since + (self._timeout + TELL_SECONDS if worker.ready else START_SECONDS)

    def _take(self, worker: _Worker[T]) -> None:
        try:
            told = worker.pipe.recv()
        except (EOFError, OSError):
            return self._bury(worker)
        worker.since = time.monotonic()
        if isinstance(told, JpegqfError):
            raise told
        if told is None:
            worker.ready, worker.begun = True, worker.since
            self._failed_starts = 0
            return None
        for result in told:
            number, _ = worker.work.popleft()
            self._done[number] = result
        if not worker.work:
            self._adapt(worker.since - worker.begun, worker.size)
        return None

    def _adapt(self, seconds: float, size: int) -> None:
        if seconds < QUICK_SECONDS and size >= self._at_once:
            self._at_once = min(MOST_AT_ONCE, 2 * self._at_once)
        elif seconds > SLOW_SECONDS:
            self._at_once = max(1, min(self._at_once, size) // 2)

    def _bury(self, worker: _Worker[T]) -> None:
        """Replace a worker that ended by itself."""
        worker.process.join(KILLED_SECONDS)
        how = _how_it_ended(worker.process.exitcode)
        if worker.ready:
            return self._replace(worker, Reason.CRASHED, f"its worker process {how}")
        self._failed_starts += 1
        if self._failed_starts >= MOST_FAILED_STARTS:
            raise WorkerError(f"worker processes cannot start: the last one {how}")
        self._again.extend(worker.work)
        return self._drop(worker)

    def _overdue(self, worker: _Worker[T]) -> None:
        if not worker.ready:
            raise WorkerError(f"worker processes cannot start: not ready after {START_SECONDS:.0f} s")
        self._replace(worker, Reason.TIMEOUT, f"took longer than {self._timeout:g} s")

    def _replace(self, worker: _Worker[T], reason: Reason, words: str) -> None:
        if len(worker.work) == 1:
            number, item = worker.work[0]
            self._done[number] = self._lost(item, reason, words)
        else:
            self._again.extend(worker.work)
        self._drop(worker)

    def _drop(self, worker: _Worker[T]) -> None:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.kill()
        worker.process.join(KILLED_SECONDS)
        with suppress(ValueError):  # the kernel still holds it
            worker.process.close()


def _how_it_ended(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-exit_code).name}"
        return f"was ended by signal {-exit_code}"
    return f"ended with exit code {exit_code}"


@contextmanager
def _signals_held() -> Iterator[None]:
    """Hold signals back while a process starts: it inherits that, and Ctrl-C never reaches a half-started one.

    Ctrl-C goes to every process of a terminal; the one that writes decides when to stop.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # the first start would run it, and let go of the signals then
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


def _serve(pipe: "Connection[Any, Any]", prepare: Prepare[Any]) -> None:
    """Be a worker until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            work = prepare()
            pipe.send(None)
            while True:
                _work_off(pipe, pipe.recv(), work)
        except JpegqfError as error:
            pipe.send(error)


def _work_off(pipe: "Connection[Any, Any]", items: list[Item], work: Callable[[Item], Any]) -> None:
    results: list[Any] = []
    told = time.monotonic()
    for item in items:
        if results and time.monotonic() - told > TELL_SECONDS:
            pipe.send(results)
            results, told = [], time.monotonic()
        results.append(work(item))
    pipe.send(results)


def _end_with_parent() -> None:
    """A worker in the middle of a long image does not see its pipe close: this thread does."""
    parent = parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)
