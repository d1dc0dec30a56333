"""A JPEG of several pictures (MPO, gain maps of Ultra HDR) -> where each of them is in the file.

The index of CIPA DC-007 (Multi-Picture Format), 5.2: an APP2 segment named "MPF" of the first picture, with a TIFF
directory. Offsets count from that directory's start.
"""

import struct
from typing import IO

from jpegqf.errors import ImageBrokenError, Reason
from jpegqf.jpeg.markers import APP0, EOI, LONE, SOS

JPEG_START = b"\xff\xd8"
APP2 = APP0 + 2
NAME = b"MPF\0"
COUNT, ENTRIES = 0xB001, 0xB002
"""Tags of the number of pictures and of their entries."""
ENTRY_BYTES = 16
"""Of an entry: attributes, size and offset of 4 bytes each, and two numbers of entries that it depends on."""
MOST_SEGMENTS = 1_000
"""Most segments walked before the index."""
MOST_PICTURES = 256
"""Most pictures told of one file; cameras write two, panoramas some ten."""
MOST_TAGS = 64
"""Most tags read of the directory, which has some three."""

Place = tuple[int, int]
"""Where a picture starts, and how many bytes its entry says it has."""


def picture_places(file: IO[bytes]) -> list[Place]:
    """Where the pictures of a JPEG are, the first one at 0; none of a file without an index that can be read.

    Raises OSError alone.
    """
    index = _index(file)
    if index is None:
        return []
    start, directory = index
    try:
        entries = _entries(directory)
    except struct.error:
        return []
    return [(0, entries[0][0]), *((start + offset, size) for size, offset in entries[1:])] if entries else []


def picture(file: IO[bytes], number: int, most: int) -> bytes:
    """The bytes of a picture, counted from 1, at most ``most``. Of a file without an index the first one is all of it.

    Raises ImageBrokenError where there is no such picture.
    """
    places = picture_places(file) or [(0, most)]
    start, size = places[number - 1] if number <= len(places) else (0, 0)
    file.seek(start)
    data = file.read(min(size, most))
    if not data.startswith(JPEG_START):
        words = f"picture {number} of a multi-picture JPEG is not where its index says"
        raise ImageBrokenError(Reason.CORRUPT, words)
    return data


def _index(file: IO[bytes]) -> tuple[int, bytes] | None:
    """Where the directory starts in the file, and its bytes; None without one before the first scan."""
    file.seek(0)
    if file.read(2) != JPEG_START:
        return None
    at = 2
    for _ in range(MOST_SEGMENTS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[0] != 0xFF or head[1] in (*LONE, SOS, EOI):
            return None
        size = int.from_bytes(head[2:4], "big")
        if head[1] == APP2 and head[4:] == NAME:
            return at + 8, file.read(max(size - 6, 0))
        at += 2 + size
    return None


def _entries(directory: bytes) -> list[tuple[int, int]]:
    """Size and offset of each picture. Raises struct.error for a directory that breaks off."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(directory[:4])
    if order is None:
        return []
    (first,) = struct.unpack_from(order + "I", directory, 4)
    (count,) = struct.unpack_from(order + "H", directory, first)
    tags = [struct.unpack_from(order + "HHII", directory, first + 2 + 12 * i) for i in range(min(count, MOST_TAGS))]
    values = {tag: (number, value) for tag, _, number, value in tags}
    if COUNT not in values or ENTRIES not in values:
        return []
    size, start = values[ENTRIES]
    pictures = min(values[COUNT][1], size // ENTRY_BYTES, MOST_PICTURES)
    return [struct.unpack_from(order + "II", directory, start + ENTRY_BYTES * i + 4) for i in range(pictures)]
