"""One worker process: start it, hand it items, hear its results, end it, and say how it ended."""

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
"""Run once in each worker; gives what turns an item into a result. It must survive pickling."""
Lost = Callable[[Item, Reason, str], T]
"""Makes the result of an item whose worker crashed or took too long."""

SEND_SECONDS = 0.05
"""A worker holds finished results back no longer than this before it begins another item."""
MOST_FAILED_STARTS = 3
START_SECONDS = 120.0
"""Longest that loading code and model may take on a busy machine."""
KILLED_SECONDS = 1.0
"""A killed process that the kernel still holds (a dead network disk) is left behind after this."""
NOT_READY = f"worker processes cannot start: not ready after {START_SECONDS:.0f} s"


class WorkerProcess:
    """A process that prepares itself, then answers each list of items with their results, in one or more parts."""

    def __init__(self, prepare: Prepare[Any]) -> None:
        context = get_context("fork") if _copied() else get_context("spawn")
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, prepare), daemon=True)
        with signals_held():
            self._process.start()
        theirs.close()
        self.ready = False
        """Whether ``prepare`` is done."""
        self.since = time.monotonic()
        """When it last took or told something."""

    def send(self, items: list[Item]) -> None:
        """Hand over work. Raises OSError if the process has ended."""
        self.since = time.monotonic()
        self.pipe.send(items)

    def hear(self) -> list[Any]:
        """Wait for the next results; none when it tells that it is ready.

        Raises EOFError if the process has ended, and what ``prepare`` or an item raised of JpegqfError.
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
        """When, on the monotonic clock, silence has lasted too long; ``timeout`` in seconds an item may take."""
        return self.since + (timeout + SEND_SECONDS if self.ready else START_SECONDS)

    def ended(self) -> bool:
        """Whether it is gone already."""
        return self._process.exitcode is not None

    def how_it_ended(self) -> str:
        """In words; waits for an end that has begun."""
        self._process.join(KILLED_SECONDS)
        return _how_it_ended(self._process.exitcode)

    def kill(self) -> None:
        """Send the signal that nothing outlasts; any thread may."""
        with suppress(ValueError):  # closed already
            self._process.kill()

    def end(self) -> None:
        """Kill it and let go of it."""
        self.pipe.close()
        self._process.kill()
        self._process.join(KILLED_SECONDS)
        with suppress(ValueError):  # the kernel still holds it
            self._process.close()


def _copied() -> bool:
    """Whether a worker may be a copy of this process: ready sooner than a new one, but it must have no threads.

    NumPy stands for all that starts threads of its own: the process of a command that only hands out work has none.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and "numpy" not in sys.modules


def _how_it_ended(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-exit_code).name}"
        return f"was ended by signal {-exit_code}"
    return f"ended with exit code {exit_code}"


@contextmanager
def signals_held() -> Iterator[None]:
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
    """A worker in the middle of a long image does not see its pipe close: this thread does."""
    parent = parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)
