"""One worker process: starts it, sends it items, receives results, ends it, and says how it ended."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from jpegqf.errors import JpegqfError, Reason
from jpegqf.inputs.item import Item

T = TypeVar("T")
Prepare = Callable[[], Callable[[Item], T]]
"""Called once in each worker; returns the function that turns an item into a result. It must be picklable."""
Lost = Callable[[Item, Reason, str], T]
"""Makes the result of an item whose worker crashed or took too long, from the reason and a sentence about it."""

SEND_SECONDS = 0.05
"""A worker that holds finished results for longer sends them before it begins the next item."""
MOST_FAILED_STARTS = 3
"""Starts in a row that may fail before no further one is tried."""
START_SECONDS = 120.0
"""Longest time for loading code and model; even a busy machine is faster."""
KILLED_SECONDS = 1.0
"""Longest wait for a killed process to end. One that hangs in the kernel, as on a dead network disk, is left alone."""
NOT_READY = f"worker processes cannot start: not ready after {START_SECONDS:.0f} s"


BLAS_THREADS = "OPENBLAS_NUM_THREADS"
"""The variable of the environment that bounds the threads of NumPy's matrix products."""


class WorkerProcess:
    """A process that calls ``prepare``, then answers each list of items with its results in one or more messages."""

    def __init__(self, prepare: Prepare[Any]) -> None:
        context = get_context("fork") if _copied() else get_context("spawn")
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, prepare), daemon=True)
        with signals_held(), one_blas_thread():
            self._process.start()
        theirs.close()
        self.ready = False
        """Whether the process has reported that ``prepare`` is done."""
        self.since = time.monotonic()
        """Time of the last message to or from the process, on the monotonic clock."""

    def send(self, items: list[Item]) -> None:
        """Send items to work on. Raises OSError if the process has ended."""
        self.since = time.monotonic()
        self.pipe.send(items)

    def hear(self) -> list[Any]:
        """Wait for the next results. The list is empty if the message only says that the process is ready.

        Raises EOFError if the process has ended, and any JpegqfError that ``prepare`` or an item raised.
        """
        try:
            message = self.pipe.recv()
        except OSError:
            raise EOFError from None
        self.since = time.monotonic()
        if isinstance(message, JpegqfError):
            raise message
        if message is None:
            self.ready = True
            return []
        return list(message)

    def deadline(self, timeout: float) -> float:
        """When, on the monotonic clock, the process counts as hanging; ``timeout``: seconds that one item may take."""
        return self.since + (timeout + SEND_SECONDS if self.ready else START_SECONDS)

    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.exitcode is not None

    def how_it_ended(self) -> str:
        """How the process ended, in words. Waits up to KILLED_SECONDS if it is still ending."""
        self._process.join(KILLED_SECONDS)
        return _how_it_ended(self._process.exitcode)

    def kill(self) -> None:
        """Kill the process without waiting for its end. Any thread may call this."""
        with suppress(ValueError):  # closed already
            self._process.kill()

    def end(self) -> None:
        """Kill the process, wait up to KILLED_SECONDS for its end, and free what belongs to it."""
        self.pipe.close()
        self._process.kill()
        self._process.join(KILLED_SECONDS)
        with suppress(ValueError):  # the kernel still holds it
            self._process.close()


def _copied() -> bool:
    """Whether workers may be forked from this process, which is faster than starting new ones.

    Forking is safe only while this process has no other threads. A loaded NumPy counts as having some, since its
    libraries start threads of their own; a command that only hands out work does not load it.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and "numpy" not in sys.modules


def _how_it_ended(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-exit_code).name}"
        return f"was ended by signal {-exit_code}"
    return f"ended with exit code {exit_code}"


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Have a process that is started meanwhile compute with one thread, unless the environment says otherwise.

    The matrices are small: further threads cost more than they give. NumPy reads this when it is imported there.
    """
    if BLAS_THREADS in os.environ:
        yield
        return
    os.environ[BLAS_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[BLAS_THREADS]


@contextmanager
def signals_held() -> Iterator[None]:
    """Block SIGINT and SIGTERM while a process is started, so that no signal reaches a half-started one.

    The new process inherits the block. Ctrl-C is sent to every process of a terminal, but only the process that
    writes the results decides when to stop.
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
    """The main function of a worker process: work until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a copy has its parent's handlers
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
    sent = time.monotonic()
    for item in items:
        if results and time.monotonic() - sent > SEND_SECONDS:
            pipe.send(results)
            results, sent = [], time.monotonic()
        results.append(work(item))
    pipe.send(results)


def _end_with_parent() -> None:
    """End this worker when its parent ends: in the middle of a long image it would not notice the closed pipe."""
    parent = parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)
