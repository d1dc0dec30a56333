"""Segments that the tests of the header walk put files together from, and a stream that cannot seek."""

import io
import struct

from PIL import Image

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SMALL = Image.new("RGB", (24, 24), (9, 99, 199))


def segment(code: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(payload) + 2) + payload


def dqt(slot: int, step: int, wide: bool = False) -> bytes:
    return segment(0xDB, bytes([slot | 16 * wide]) + struct.pack(">64H" if wide else "64B", *[step] * 64))


def sof(*components: tuple[int, int, int], code: int = 0xC0, height: int = 16, precision: int = 8) -> bytes:
    parts = b"".join(bytes(part) for part in components)
    return segment(code, struct.pack(">BHHB", precision, height, 32, len(components)) + parts)


def sos(*ids: int) -> bytes:
    return segment(0xDA, bytes([len(ids)]) + b"".join(bytes([i, 0]) for i in ids) + b"\0\x3f\0") + b"\x12\xff\0\x34"


def app(number: int, payload: bytes) -> bytes:
    return segment(0xE0 + number, payload)


def tiff(order: str, *entries: tuple[int, int, int, bytes], tail: bytes = b"") -> bytes:
    """A TIFF of one directory; texts longer than four bytes lie in ``tail``, at 8 + 2 + 12 n."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    body = b"".join(struct.pack(order + "HHI", tag, kind, n) + value for tag, kind, n, value in entries)
    return head + struct.pack(order + "H", len(entries)) + body + tail


GRAY = dqt(0, 7) + sof((1, 0x11, 0)) + sos(1) + EOI


class Pipe(io.RawIOBase):
    """A stream that cannot seek, gives little at a time, and counts what it gave."""

    def __init__(self, data: bytes, at_most: int = 7) -> None:
        self.data, self.at_most, self.given = data, at_most, 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "the end was asked for"
        got = self.data[self.given : self.given + min(size, self.at_most)]
        self.given += len(got)
        return got

    def seekable(self) -> bool:
        return False
