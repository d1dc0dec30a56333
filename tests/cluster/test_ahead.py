"""Items made ahead are the same, within bounds, and leave no thread behind."""

import threading
import time
from collections.abc import Generator

import pytest

from jpegqf.cluster.prefetch import MOST_ITEMS, made_ahead
from jpegqf.inputs.item import Item


def test_items_come_in_order_and_what_is_raised_comes_where_it_was() -> None:
    def items() -> Generator[Item, None, None]:
        yield from (Item(str(i), bytes(10)) for i in range(1000))
        raise OSError("the network is gone")

    found = made_ahead(items())
    assert [next(found).name for _ in range(1000)] == [str(i) for i in range(1000)]
    with pytest.raises(OSError, match="network"):
        next(found)
    nothing: list[Item] = []
    assert list(made_ahead(item for item in nothing)) == []


def test_no_more_is_made_than_may_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    def items(size: int) -> Generator[Item, None, None]:
        nonlocal made
        while True:
            made += 1
            yield Item("x", bytes(size))

    for size, limit in ((0, MOST_ITEMS), (1000, 10), (50_000, 1)):
        monkeypatch.setattr("jpegqf.cluster.prefetch.MOST_BYTES", 10_000)
        made = 0
        found = made_ahead(items(size))
        next(found)
        time.sleep(0.2)
        assert limit <= made <= limit + 2
        found.close()


def test_closing_ends_the_thread_and_the_source() -> None:
    closed = threading.Event()

    def items() -> Generator[Item, None, None]:
        try:
            while True:
                yield Item("x", bytes(100))
        finally:
            closed.set()

    before = threading.active_count()
    found = made_ahead(items())
    next(found)
    found.close()
    assert threading.active_count() == before
    assert closed.wait(5)
