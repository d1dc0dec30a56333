"""ISO media files (AVIF, HEIF, JPEG 2000, JPEG XL) -> their boxes, and the primary image's bytes and properties.

Boxes of ISO/IEC 14496-12, 4.2 and 8.11, and of 23008-12; every walk ends at a limit, and nothing is decoded.
"""

from collections.abc import Iterator

from jpegqf.codecs.bits import HighestFirst

MOST_BOXES = 1024
"""Most boxes walked on one level; a still image has some ten."""
MOST_ITEMS = 1024
"""Most items, and most places of one item, that are looked at."""
FRAME_BYTES = 2**16
"""Bytes of an item that are looked at: far more than the headers of a frame."""
IN_FILE, IN_BOX = 0, 1
"""Ways in which an item's bytes are held: anywhere in the file, or in the "idat" box."""

Place = tuple[int, int]
"""Where the content of a box starts and ends."""


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


class PrimaryItem:
    """The primary item of a file, or of a grid its first tile.

    Every method, and making one, raises KeyError for what is not there or is held otherwise, EOFError for boxes that
    break off.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        whole = {kind: (start + 4, end) for kind, start, end in boxes(data)}[b"meta"]
        self._inside = {kind: (start, end) for kind, start, end in boxes(data, *whole)}
        self._item = self._first_tile(self._primary())

    def content(self) -> bytes:
        """Its first FRAME_BYTES."""
        version, bits = self._full_box(b"iloc")
        offset_bits, length_bits, base_bits, index_bits = (8 * bits.take(4) for _ in range(4))
        number_bits = 32 if version == 2 else 16
        for _ in range(min(bits.take(number_bits), MOST_ITEMS)):
            found = bits.take(number_bits)
            method = bits.take(16) & 15 if version else IN_FILE
            bits.take(16)
            base = bits.take(base_bits)
            parts = b""
            for _ in range(min(bits.take(16), MOST_ITEMS)):
                bits.take(index_bits if version else 0)
                offset, length = base + bits.take(offset_bits), bits.take(length_bits)
                if found == self._item and method in (IN_FILE, IN_BOX) and len(parts) < FRAME_BYTES:
                    start = offset + (self._inside[b"idat"][0] if method == IN_BOX else 0)
                    parts += self._data[start : start + min(length or FRAME_BYTES, FRAME_BYTES)]
            if found == self._item:
                return parts
        raise KeyError(self._item)

    def property(self, kind: bytes) -> bytes:
        """The content of its first property of this type."""
        parts = {name: place for name, *place in boxes(self._data, *self._inside[b"iprp"])}
        known = list(boxes(self._data, *parts[b"ipco"]))
        for number in self._numbers((parts[b"ipma"][0], parts[b"ipma"][1])):
            if 0 < number <= len(known) and known[number - 1][0] == kind:
                return self._data[known[number - 1][1] : known[number - 1][2]]
        raise KeyError(kind)

    def _numbers(self, place: Place) -> list[int]:
        """Which of the properties are its own, from 1 (23008-12, 9.3.1)."""
        bits = HighestFirst(self._data[place[0] : place[1]])
        version = bits.take(8)
        bits.take(23)
        width = 15 if bits.flag() else 7
        for _ in range(min(bits.take(32), MOST_ITEMS)):
            item = bits.take(32 if version else 16)
            numbers = []
            for _ in range(bits.take(8)):
                bits.flag()
                numbers.append(bits.take(width))
            if item == self._item:
                return numbers
        raise KeyError(self._item)

    def _full_box(self, kind: bytes) -> tuple[int, HighestFirst]:
        """The version of a box, and what follows its flags."""
        start, end = self._inside[kind]
        bits = HighestFirst(self._data[start:end])
        version = bits.take(8)
        bits.take(24)
        return version, bits

    def _primary(self) -> int:
        version, bits = self._full_box(b"pitm")
        return bits.take(32 if version else 16)

    def _first_tile(self, item: int) -> int:
        """The first item that ``item`` is derived from, or itself."""
        if b"iref" not in self._inside:
            return item
        start, end = self._inside[b"iref"]
        version, _ = self._full_box(b"iref")
        width = 32 if version else 16
        for kind, first, last in boxes(self._data, start + 4, end):
            bits = HighestFirst(self._data[first:last])
            if kind == b"dimg" and bits.take(width) == item and bits.take(16):
                return bits.take(width)
        return item
