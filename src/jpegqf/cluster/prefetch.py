"""Reads items of a slow source ahead in a thread, within limits of memory."""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import closing

from jpegqf.inputs.item import Item

MOST_ITEMS, MOST_BYTES = 256, 2**26
"""Most items, and most bytes of them, that are held in memory. A single larger item is still read."""


def made_ahead(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The items in their order, read ahead by a thread.

    An error of ``items`` is raised after the items before it. Closing the generator ends the thread.
    """
    ahead = _Ahead(items)
    try:
        while (item := ahead.take()) is not None:
            yield item
    finally:
        ahead.stop()


class _Ahead:
    """The thread that reads ahead, and the items that it holds."""

    def __init__(self, items: Generator[Item, None, None]) -> None:
        self._items = items
        self._held: deque[Item] = deque()
        self._bytes = 0
        self._ended = self._stopped = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._make, daemon=True)
        self._thread.start()

    def _make(self) -> None:
        try:
            with closing(self._items):
                for item in self._items:
                    if not self._put(item):
                        return
        except BaseException as error:  # raised again where the item is asked for
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, item: Item) -> bool:
        """Wait for room and hold an item. Returns False if the thread is to stop."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or not self._held or self._room())
            self._held.append(item)
            self._bytes += len(item.data or b"")
            self._changed.notify_all()
            return not self._stopped

    def _room(self) -> bool:
        return len(self._held) < MOST_ITEMS and self._bytes < MOST_BYTES

    def take(self) -> Item | None:
        """Wait for the next item; None after the last. Raises the error that ended the reading."""
        with self._changed:
            self._changed.wait_for(lambda: self._held or self._ended)
            if self._held:
                item = self._held.popleft()
                self._bytes -= len(item.data or b"")
                self._changed.notify_all()
                return item
        if self._error:
            raise self._error
        return None

    def stop(self) -> None:
        """Stop the thread after the item that it is reading, and wait for its end."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()
