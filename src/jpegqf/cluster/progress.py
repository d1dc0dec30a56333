"""Counts of a running scan -> a line now and then: shards and images done, rate, time left, failures by reason."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta

from jpegqf.scanning.summary import Tally

LINE_SECONDS, LOG_SECONDS = 0.5, 60.0
"""Between lines on a terminal, and in a log."""
REASONS_SHOWN = 4


class Progress:
    """Gives lines to ``tell``, no more often than they can be read."""

    def __init__(self, tell: Callable[[str], None] | None, seconds: float | None = None) -> None:
        self._tell = tell
        self._every = seconds if seconds is not None else LINE_SECONDS if sys.stderr.isatty() else LOG_SECONDS
        self._started = self._last_line = time.monotonic()
        self._first: float | None = None
        self._share = 0.0

    def show(self, tally: Tally, share: float) -> None:
        """Tell how far the scan is, ``share`` of the sources being behind the shard that was done last."""
        now = time.monotonic()
        self._share = max(self._share, share)
        if self._first is None:  # a resumed scan begins behind what was done
            self._first = self._share
        if self._tell and now - self._last_line >= self._every:
            self._last_line = now
            self._tell(line(tally, now - self._started, (self._first, self._share)))


def line(tally: Tally, seconds: float, shares: tuple[float, float]) -> str:
    """One line; ``seconds`` since the start of this run, in which the share done grew from the first to the second."""
    shards, fresh = tally.shards, tally.rows - tally.resumed
    parts = [f"{shards.total() - shards['failed']} shards, {tally.rows} images, {fresh / max(seconds, 1e-9):.1f}/s"]
    first, now = shares
    if now > first:
        parts.append(f"{timedelta(seconds=round(seconds * (1 - now) / (now - first)))} left")
    parts += [f"{count} {reason}" for reason, count in tally.reasons.most_common(REASONS_SHOWN)]
    if shards["failed"]:
        parts.append(f"{shards['failed']} shards failed")
    return ", ".join(parts)
