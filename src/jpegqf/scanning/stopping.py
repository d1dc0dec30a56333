"""A request to stop (Ctrl-C, SIGTERM) -> a flag, so that the work in hand is finished and written."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

ONE_REQUEST = 0.5
"""Seconds in which further signals are the same request: ``timeout`` sends one to the process and one to its group."""


class Stopped(KeyboardInterrupt):
    """Raised by a stop signal inside :meth:`Stop.at_once`, where nothing is being written and work may be abandoned."""


class Stop:
    """Remembers the signal that asked to stop; 0 while none did."""

    def __init__(self) -> None:
        self.signal = 0
        self._asked = 0.0
        self._at_once = False

    def __call__(self, number: int, frame: Any) -> None:
        """Be a signal handler."""
        if self.signal:
            if time.monotonic() - self._asked >= ONE_REQUEST:  # a second request ends at once
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            return
        self.signal, self._asked = number, time.monotonic()
        if self._at_once:
            self._at_once = False
            raise Stopped

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let a request end what runs inside by raising Stopped; elsewhere it waits until it is asked for."""
        if self.signal:
            raise Stopped
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for Ctrl-C and SIGTERM while a batch runs."""
        earlier = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


class Stoppable(Protocol):
    """A job that tells which signal ended it early, or 0."""

    stopped_by: int


@contextmanager
def stoppable(job: Stoppable) -> Iterator[Stop]:
    """Let Ctrl-C or SIGTERM end what runs inside; the signal is told to the job, also after a failure."""
    stop = Stop()
    with stop.listening():
        try:
            yield stop
        except Stopped:
            pass
        finally:
            job.stopped_by = stop.signal


def unless_stopped(rows: Iterator[T], stop: Stop) -> Iterator[T]:
    """``rows`` until a request to stop, which ends the wait for the next one at once."""
    while True:
        try:
            with stop.at_once():
                row = next(rows, None)
        except Stopped:
            return
        if row is None:
            return
        yield row
