"""Bytes of an AVIF -> the quantizer of its first frame, and the quality it amounts to; decodes nothing.

Boxes of ISO/IEC 14496-12, 8.11, and 23008-12: the primary item, or of a grid the first tile, and where its bytes are.
"""

from jpegqf.codecs.av1 import Quantizer, first_quantizer
from jpegqf.codecs.bits import HighestFirst
from jpegqf.codecs.boxes import boxes

MOST_ITEMS = 1024
"""Most items, and most places of one item, that are looked at."""
FRAME_BYTES = 2**16
"""Bytes of the first frame that are looked at: far more than its headers."""
LINEAR = tuple(((100 - quality) * 63 + 50) // 100 for quality in range(101))
"""Which of 64 quantizers libavif asks of libaom for each quality (``avifQualityToQuantizer`` in ``write.c``)."""
FOR_THE_EYE = (
    63, 63, 63, 62, 62, 62, 61, 61, 60, 60, 59, 59, 58, 58, 57, 57, 56, 56, 55, 55, 54, 54, 53, 53, 52, 52, 51, 51,
    50, 50, 49, 49, 48, 48, 47, 46, 46, 45, 45, 44, 43, 43, 42, 42, 41, 40, 40, 39, 39, 38, 37, 37, 36, 36, 35, 34,
    33, 33, 32, 31, 30, 30, 29, 28, 27, 27, 26, 25, 24, 24, 23, 22, 21, 21, 20, 19, 18, 18, 17, 16, 15, 15, 14, 13,
    12, 12, 11, 10, 9, 9, 8, 7, 6, 6, 5, 4, 3, 3, 2, 1, 0,
)  # fmt: skip
"""The same where libaom is tuned for the quality of still images (``tune=iq``, the default of libavif 1.4 on).

That tuning writes quantizer matrices, by which it is told. Measured by Pillow 13.0 with libavif 1.4.2.
"""
SEQUENCE = b"avis"
"""The brand of an animation."""
IN_FILE, IN_BOX = 0, 1
"""Ways in which an item's bytes are held: anywhere in the file, or in the "idat" box."""


def avif_quality(data: bytes) -> float | None:
    """The quality, 0 to 100, with which libavif writes such a quantizer by libaom; None where none is found.

    Of two qualities that write the same one, it is the multiple of 5 or the upper one; of more, the middle one. Pillow,
    avifenc and libheif have this scale; other encoders of AV1 have none, and other quantizers count as the nearest.
    """
    found = None if data[8:12] == SEQUENCE else avif_quantizer(data)  # frames of sequences are quantized by other rules
    if found is None:
        return None
    written = [_index(step) for step in (FOR_THE_EYE if found.matrices else LINEAR)]
    nearest = min(abs(index - found.index) for index in written)
    qualities = [quality for quality, index in enumerate(written) if abs(index - found.index) == nearest]
    if len(qualities) == 2 and qualities[0] % 5 == 0:
        return float(qualities[0])
    return float(qualities[len(qualities) // 2])


def _index(step: int) -> int:
    """The index of one of libaom's 64 quantizers (``quantizer_to_qindex`` in ``av1_quantize.c``)."""
    return 4 * step if step < 62 else (249, 255)[step - 62]


def avif_quantizer(data: bytes) -> Quantizer | None:
    """That of the primary image's first frame, or of the first tile of its grid; None if none is found."""
    whole = next(((start + 4, end) for kind, start, end in boxes(data) if kind == b"meta"), None)
    if whole is None:
        return None
    inside = {kind: (start, end) for kind, start, end in boxes(data, *whole)}
    try:
        primary = _primary(data, inside)
        item = _first_tile(data, inside, primary)
        return first_quantizer(_bytes_of(data, inside, item))
    except (EOFError, KeyError):
        return None


def _full_box(data: bytes, at: tuple[int, int]) -> tuple[int, HighestFirst]:
    """The version of a box, and what follows its flags."""
    bits = HighestFirst(data[at[0] : at[1]])
    version = bits.take(8)
    bits.take(24)
    return version, bits


def _primary(data: bytes, inside: dict[bytes, tuple[int, int]]) -> int:
    version, bits = _full_box(data, inside[b"pitm"])
    return bits.take(32 if version else 16)


def _first_tile(data: bytes, inside: dict[bytes, tuple[int, int]], item: int) -> int:
    """The first item that ``item`` is derived from, or itself."""
    if b"iref" not in inside:
        return item
    start, end = inside[b"iref"]
    version, _ = _full_box(data, (start, end))
    width = 32 if version else 16
    for kind, first, last in boxes(data, start + 4, end):
        bits = HighestFirst(data[first:last])
        if kind == b"dimg" and bits.take(width) == item and bits.take(16):
            return bits.take(width)
    return item


def _bytes_of(data: bytes, inside: dict[bytes, tuple[int, int]], item: int) -> bytes:
    """The first FRAME_BYTES of an item. Raises KeyError for one that is not there, or is held otherwise."""
    version, bits = _full_box(data, inside[b"iloc"])
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
            if found == item and method in (IN_FILE, IN_BOX) and len(parts) < FRAME_BYTES:
                start = offset + (inside[b"idat"][0] if method == IN_BOX else 0)
                parts += data[start : start + min(length or FRAME_BYTES, FRAME_BYTES)]
        if found == item:
            return parts
    raise KeyError(item)
