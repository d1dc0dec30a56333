"""A request to stop (Ctrl-C, SIGTERM) -> a flag, so that the work in hand is finished and written."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stop:
    """Remembers the signal that asked to stop; 0 while none did."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self, number: int, frame: Any) -> None:
        """Be a signal handler."""
        self.signal = number
        signal.signal(number, signal.SIG_DFL)  # a second request ends at once

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for Ctrl-C and SIGTERM while a batch runs."""
        earlier = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
