"""Worker processes for requests: each item is awaited by itself, and a crash or hang loses only that item."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock
from typing import Generic

from jpegqf.errors import Reason, WorkerError
from jpegqf.inputs.item import Item
from jpegqf.workers.process import MOST_FAILED_STARTS, NOT_READY, START_SECONDS, Lost, Prepare, T, WorkerProcess

ENDED = "the workers were ended"


class Pool(Generic[T]):
    """Up to ``jobs`` worker processes; one that crashes or takes too long is replaced.

    Each worker has a thread that talks to it, so that the event loop never waits. ``timeout``: seconds that an item may
    take from when a worker receives it. ``restarts``: number of workers lost so far, by reason.
    """

    def __init__(self, prepare: Prepare[T], lost: Lost[T], jobs: int, timeout: float) -> None:
        self.jobs = jobs
        self.waiting = 0
        """Number of items that are asked about and not answered yet."""
        self.restarts = {Reason.CRASHED: 0, Reason.TIMEOUT: 0}
        self._prepare, self._lost, self._timeout = prepare, lost, timeout
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="jpegqf-worker")
        self._seats: SimpleQueue[_Seat] = SimpleQueue()
        self._all = [_Seat() for _ in range(jobs)]
        for seat in self._all:
            self._seats.put(seat)
        self._starting = Lock()
        self._closed = False

    async def ask(self, item: Item) -> T:
        """The result of one item; if its worker crashes or takes too long, the result that ``lost`` makes.

        Raises WorkerError if workers cannot start or the pool is closed, and any JpegqfError that ``prepare`` raised.
        """
        if self._closed:
            raise WorkerError(ENDED)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._work, item)
        except asyncio.CancelledError:
            if self._closed:  # it was waiting for a worker
                raise WorkerError(ENDED) from None
            raise
        finally:
            self.waiting -= 1

    def start(self) -> None:
        """Start all workers and wait until they are ready. Raises what :meth:`ask` raises."""
        for done in [self._threads.submit(self._work, None) for _ in range(self.jobs)]:
            done.result()

    def close(self) -> None:
        """Kill the workers, busy or not. Every caller that still waits for a result gets a WorkerError."""
        with self._starting:
            self._closed = True
            for seat in self._all:
                if seat.worker:
                    seat.worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for seat in self._all:
            seat.leave()

    def _work(self, item: Item | None) -> T:
        """The result of one item, in a thread of the pool. A seat is free for each thread: their numbers are equal."""
        seat = self._seats.get()
        try:
            worker = self._ready(seat)
            return self._result(seat, worker, item) if item else None  # type: ignore[return-value]
        finally:
            self._seats.put(seat)

    def _ready(self, seat: "_Seat") -> WorkerProcess:
        """The seat's worker, ready for an item; it is started if there is none. Raises WorkerError if that fails."""
        how = ""
        for _ in range(MOST_FAILED_STARTS):
            worker = self._seated(seat)
            if worker.ready:
                return worker
            try:
                if not worker.pipe.poll(START_SECONDS):
                    seat.leave()
                    raise WorkerError(NOT_READY)
                worker.hear()
            except EOFError:
                how = worker.how_it_ended()
                seat.leave()
        raise WorkerError(f"worker processes cannot start: the last one {how}")

    def _seated(self, seat: "_Seat") -> WorkerProcess:
        with self._starting:
            if seat.worker and seat.worker.ended():  # while it had nothing to do
                seat.leave()
            if self._closed:
                raise WorkerError(ENDED)
            seat.worker = seat.worker or WorkerProcess(self._prepare)
            return seat.worker

    def _result(self, seat: "_Seat", worker: WorkerProcess, item: Item) -> T:
        try:
            worker.send([item])
            if worker.pipe.poll(self._timeout):
                result: T = worker.hear()[0]
                return result
            reason, words = Reason.TIMEOUT, f"took longer than {self._timeout:g} s"
        except (EOFError, OSError):
            reason, words = Reason.CRASHED, f"its worker process {worker.how_it_ended()}"
        seat.leave()
        if self._closed:
            raise WorkerError(ENDED)
        self.restarts[reason] += 1
        return self._lost(item, reason, words)


class _Seat:
    """The place of one worker, which may be empty."""

    def __init__(self) -> None:
        self.worker: WorkerProcess | None = None

    def leave(self) -> None:
        """End the worker, if there is one."""
        worker, self.worker = self.worker, None
        if worker:
            worker.end()
