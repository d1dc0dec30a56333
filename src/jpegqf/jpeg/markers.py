"""Marker codes, and a forward reader over bytes or a stream that finds them."""

import re
from collections.abc import Callable
from typing import Protocol

CHUNK = 2**16
"""Bytes read at a time from a stream inside entropy-coded data."""

SOI, EOI, SOS, DQT, DNL, DRI, COM, DHT = 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xFE, 0xC4
APP0, APP15 = 0xE0, 0xEF
STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
LONE = frozenset((0x00, *STANDALONE, SOI, EOI, 0xFF))
"""Second bytes after which no length comes: markers without a segment, a stuffed zero, a fill byte."""
FOREIGN = (b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"%PDF", b"PK\3\4", b"8BPS", b"\0\0\0\x0cJXL ")
"""Beginnings of other formats, whose embedded JPEG would be a thumbnail and not the image."""
STANDARD_HUFFMAN = frozenset((0x9898900E, 0x06F8F02E, 0x57A406EB, 0xA1415F28))
"""CRC-32 of the code counts and values of tables K.3 to K.6 (ITU-T T.81, Annex K)."""
_MARKER_IN_SCAN = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
"""Other codes do not occur there, except in damage: stuffed zeros, restarts, fill bytes, JPEG-LS's stuffed bits."""


class Stream(Protocol):
    """What is asked of a stream: up to ``size`` bytes, none at the end."""

    def read(self, size: int, /) -> bytes:
        """Read on."""


class Reader:
    """Bytes or a stream as one forward sequence; raises EOFError where it ends."""

    def __init__(self, source: bytes | Stream) -> None:
        self.buffer = bytes(source) if isinstance(source, (bytes, bytearray, memoryview)) else b""
        self.at = 0
        self.read: Callable[[int], bytes] | None = getattr(source, "read", None)

    def fill(self, size: int) -> bool:
        """Buffer ``size`` bytes ahead; returns whether the source had as many."""
        if len(self.buffer) - self.at >= size:
            return True
        if self.read is None:
            return False
        parts = [self.buffer[self.at :]]
        missing = size - len(parts[0])
        while missing > 0 and (got := self.read(missing)):
            parts.append(got)
            missing -= len(got)
        self.buffer, self.at = b"".join(parts), 0
        return missing <= 0

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        start, end = self.at, self.at + size
        if end <= len(self.buffer):
            self.at = end
            return self.buffer[start:end]
        if self.read and self.at == len(self.buffer):  # the usual case with streams, without copies
            self.buffer, self.at = self.read(size), 0
        if not self.fill(size):
            raise EOFError
        self.at += size
        return self.buffer[self.at - size : self.at]

    def segment(self) -> tuple[int, bytes] | None:
        """Code and payload of the next segment, if it follows at once and is held whole; else None, nothing taken."""
        buffer, at = self.buffer, self.at
        if len(buffer) - at < 4 or buffer[at] != 0xFF or buffer[at + 1] in LONE:
            return None
        size = buffer[at + 2] << 8 | buffer[at + 3]
        end = at + 2 + size
        if size < 2 or end > len(buffer):
            return None
        self.at = end
        return buffer[at + 1], buffer[at + 4 : end]

    def rest(self, size: int) -> bytes:
        """Up to ``size`` bytes ahead, left in place."""
        self.fill(size)
        return self.buffer[self.at : self.at + size]

    def skip(self, size: int) -> None:
        """Pass over ``size`` bytes; of a stream, never more than a chunk is held."""
        while size > 0:
            step = min(size, CHUNK) if self.read else size
            self.take(step)
            size -= step

    def marker_in_scan(self) -> int:
        """Code of the next marker in entropy-coded data, restarts and stuffed zeros passed over."""
        while True:
            if not self.fill(2):
                raise EOFError
            if self.read and len(self.buffer) - self.at < CHUNK:
                self.fill(CHUNK)
            found = _MARKER_IN_SCAN.search(self.buffer, self.at)
            if found:
                self.at = found.end()
                return self.buffer[self.at - 1]
            self.at = len(self.buffer) - self.buffer.endswith(b"\xff")
            if self.read is None:
                raise EOFError
