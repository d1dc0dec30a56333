"""Turns the counts of a running scan into lines of progress: images done, rate, time left, failures by reason."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta

from jpegqf.scanning.summary import Tally

LINE_SECONDS, LOG_SECONDS = 0.5, 60.0
"""Seconds between two lines on a terminal, and in a log file."""
REASONS_SHOWN = 4
"""Most reasons of failure in a line."""


class Progress:
    """Passes lines of progress to ``tell``, at most one every few seconds; to nobody if that is None.

    ``seconds``: time between two lines, by default LINE_SECONDS or LOG_SECONDS.
    """

    def __init__(self, tell: Callable[[str], None] | None, seconds: float | None = None) -> None:
        self._tell = tell
        self._every = seconds if seconds is not None else LINE_SECONDS if sys.stderr.isatty() else LOG_SECONDS
        self._started = self._last_line = time.monotonic()
        self._first: float | None = None
        self._share = 0.0

    def show(self, tally: Tally, share: float) -> None:
        """Pass on a line if it is time. ``share``: part of the sources, 0-1, up to the shard that was just done."""
        now = time.monotonic()
        self._share = max(self._share, share)
        if self._first is None:  # a resumed scan begins behind what was done
            self._first = self._share
        if self._tell and now - self._last_line >= self._every:
            self._last_line = now
            self._tell(line(tally, now - self._started, (self._first, self._share)))


def line(tally: Tally, seconds: float, shares: tuple[float, float]) -> str:
    """One line of progress.

    ``seconds``: time since the start of this run. ``shares``: parts of the sources, 0-1, done at its start and now.
    """
    shards, fresh = tally.shards, tally.rows - tally.resumed
    parts = [f"{shards.total() - shards['failed']} shards, {tally.rows} images, {fresh / max(seconds, 1e-9):.1f}/s"]
    first, now = shares
    if now > first:
        parts.append(f"{timedelta(seconds=round(seconds * (1 - now) / (now - first)))} left")
    parts += [f"{count} {reason}" for reason, count in tally.reasons.most_common(REASONS_SHOWN)]
    if shards["failed"]:
        parts.append(f"{shards['failed']} shards failed")
    return ", ".join(parts)
