"""A stream of items -> a stream of records in the same order, on one core or several."""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context

from jpegqf.decode import MAX_PIXELS
from jpegqf.errors import Reason
from jpegqf.inspection import Inspector, Only
from jpegqf.items import IMAGE_SUFFIXES, Item, find_items
from jpegqf.record import Record, Status

AHEAD = 8
"""Items in work per process: enough to keep it busy, few enough to bound memory."""


@lru_cache(maxsize=2)
def _inspector(only: Only | None, max_pixels: int) -> Inspector:
    """One per process and setting: loading the model takes longer than an image."""
    return Inspector(only=only, max_pixels=max_pixels)


def _inspect(item: Item, only: Only | None, max_pixels: int) -> Record:
    if item.problem:
        name = os.path.basename(item.name)
        return Record(item.name, name, Status.ERROR, reason=Reason.UNREADABLE.value, message=item.problem)
    source = item.name if item.data is None else item.data
    return _inspector(only, max_pixels).inspect(source, item.name)


def scan(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    recursive: bool = False,
    suffixes: frozenset[str] = IMAGE_SUFFIXES,
    only: Only | None = None,
    jobs: int = 1,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[Record]:
    """Records of all images that ``paths`` lead to (see ``jpegqf.items.find_items``), one each, in order.

    ``only`` is None, "header" or "pixels". ``jobs`` processes work ahead within a bounded window. Raises
    UsageError for a path that leads nowhere.
    """
    several = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    items = find_items((os.fspath(path) for path in several), suffixes, recursive)
    if jobs <= 1:
        for item in items:
            yield _inspect(item, only, max_pixels)
        return
    window: deque[Future[Record]] = deque()
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_ignore_interrupt)
    try:
        for item in items:
            window.append(pool.submit(_inspect, item, only, max_pixels))
            if len(window) >= AHEAD * jobs:
                yield window.popleft().result()
        while window:
            yield window.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _ignore_interrupt() -> None:
    """Ctrl-C reaches every process of a terminal; the one that writes decides when to stop."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
