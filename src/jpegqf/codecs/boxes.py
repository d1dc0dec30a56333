"""Walks the boxes of an ISO media file (ISO/IEC 14496-12, 4.2), within a limit."""

from collections.abc import Iterator

MOST_BOXES = 1024
"""Most boxes walked on one level; a still image has some ten."""


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Type, and where the content starts and ends, of each box between ``start`` and ``end``.

    A box that claims more than is there ends where the bytes end; one of an impossible size ends the walk.
    """
    end = len(data) if end is None else min(end, len(data))
    for _ in range(MOST_BOXES):
        if start + 8 > end:
            return
        size, kind, content = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8], start + 8
        if size == 1:
            size, content = int.from_bytes(data[start + 8 : start + 16], "big"), start + 16
        behind = end if size == 0 else start + size
        if behind < content:
            return
        yield kind, content, min(behind, end)
        start = behind
