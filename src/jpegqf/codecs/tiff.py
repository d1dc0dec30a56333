"""A TIFF's directories -> its pages, and the JPEG headers of those compressed as JPEG; decodes nothing.

TIFF 6.0, section 2; BigTIFF; JPEG by Adobe's TIFF Technical Note 2: tag 347 holds the tables, strips or tiles the rest.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from jpegqf.codecs.containers import TIFF_STARTS

MOST_PAGES = 1024
"""Most pages that are told of one file; a loop of directories ends there at the latest."""
MOST_ENTRIES = 1024
"""Most entries read of one directory."""
MOST_TABLE_BYTES = 2**16
"""Longest tables, and most bytes of the first strip or tile, that are read."""
WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC = 256, 257, 259, 262
STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES, JPEG_TABLES = 273, 279, 324, 325, 347
SIZES = {1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8}
"""Bytes of one value of each type that is read: whole numbers, offsets and bytes."""
FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}
JPEG = 7
"""The compression of the technical note; 6, the one before it, is not read."""
RGB = 2
"""The photometric interpretation where red, green and blue are coded themselves."""
START, END = b"\xff\xd8", b"\xff\xd9"


@dataclass(frozen=True)
class TiffPage:
    """One page: ``tags`` has the first number of each tag, ``tables`` what tag 347 holds, None without it."""

    tags: dict[int, int] = field(default_factory=dict)
    tables: bytes | None = None

    @property
    def size(self) -> tuple[int | None, int | None]:
        """Width and height in pixels."""
        return self.tags.get(WIDTH), self.tags.get(HEIGHT)

    @property
    def is_jpeg(self) -> bool:
        """Whether the page is compressed as JPEG."""
        return self.tags.get(COMPRESSION) == JPEG

    @property
    def coded_as_rgb(self) -> bool:
        """Whether red, green and blue are coded, not luma and chroma."""
        return self.tags.get(PHOTOMETRIC) == RGB

    def jpeg_start(self, file: IO[bytes]) -> bytes:
        """The beginning of a JPEG with the page's tables and the frame header of its first strip or tile.

        The frame's size is that of the strip or tile.
        """
        offset = self.tags.get(TILE_OFFSETS, self.tags.get(STRIP_OFFSETS, 0))
        size = self.tags.get(TILE_BYTES, self.tags.get(STRIP_BYTES, MOST_TABLE_BYTES))
        part = _at(file, offset, min(size, MOST_TABLE_BYTES))
        tables = self.tables or START
        return tables.removesuffix(END) + part.removeprefix(START)


def is_tiff(data: bytes) -> bool:
    """Whether these are the first bytes of a TIFF or BigTIFF."""
    return data[:4] in TIFF_STARTS


def tiff_pages(file: IO[bytes]) -> Iterator[TiffPage]:
    """The pages of a TIFF, as far as its directories can be read; none of any other file. Raises OSError alone."""
    head = _at(file, 0, 16)
    if not is_tiff(head):
        return
    order, big = "<" if head[:1] == b"I" else ">", head[2:4] in (b"+\0", b"\0+")
    try:
        at = struct.unpack_from(order + "Q", head, 8)[0] if big else struct.unpack_from(order + "I", head, 4)[0]
        seen: set[int] = set()
        while at and at not in seen and len(seen) < MOST_PAGES:
            seen.add(at)
            page, at = _directory(file, at, order, big)
            yield page
    except (struct.error, EOFError):
        return


def _directory(file: IO[bytes], at: int, order: str, big: bool) -> tuple[TiffPage, int]:
    """The page of a directory, and where the next one is: 0 after the last."""
    counted, entry, offset = ("Q", 20, "Q") if big else ("H", 12, "I")
    count_bytes, offset_bytes = struct.calcsize(counted), struct.calcsize(offset)
    (count,) = struct.unpack(order + counted, _at(file, at, count_bytes))
    if count > MOST_ENTRIES:
        raise EOFError
    entries = _at(file, at + count_bytes, count * entry + offset_bytes)
    (behind,) = struct.unpack_from(order + offset, entries, count * entry)
    tags: dict[int, int] = {}
    tables = None
    for start in range(0, count * entry, entry):
        tag, kind, number = struct.unpack_from(f"{order}HH{offset}", entries, start)
        value = entries[start + 4 + offset_bytes : start + entry]
        if tag == JPEG_TABLES and number <= MOST_TABLE_BYTES:
            tables = _values(file, value, number * SIZES.get(kind, 1), order, offset)
        elif kind in SIZES and number:
            size = SIZES[kind]
            first = _values(file, value, number * size, order, offset, size)
            tags[tag] = struct.unpack_from(order + FORMATS[size], first)[0]
    return TiffPage(tags, tables), behind


def _values(file: IO[bytes], value: bytes, size: int, order: str, offset: str, wanted: int | None = None) -> bytes:
    """The first ``wanted`` bytes of an entry's values, or all of them: those that fit are in the entry itself."""
    if size <= len(value):
        return value[: wanted or size]
    (at,) = struct.unpack(order + offset, value)
    return _at(file, at, wanted or size)


def _at(file: IO[bytes], at: int, size: int) -> bytes:
    try:
        file.seek(at)
        return file.read(size)
    except (ValueError, OverflowError):  # an offset that no file has
        raise EOFError from None
