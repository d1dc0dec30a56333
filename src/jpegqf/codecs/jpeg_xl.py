"""Bytes of a JPEG XL -> its size, whether it is lossy, and whether it was made from a JPEG that can be given back."""

from collections.abc import Callable
from dataclasses import dataclass

from jpegqf.codecs.bits import LowestFirst
from jpegqf.codecs.iso_media import boxes

CODESTREAM = b"\xff\x0a"
MOST_HEADER_BYTES = 2**16
"""Bytes of the codestream that are looked at: the table of parts of an image of a gigapixel fits."""
SIZE = ((1, 9), (1, 13), (1, 18), (1, 30))
PREVIEW_EIGHTHS = ((16, 0), (32, 0), (1, 5), (33, 9))
PREVIEW = ((1, 6), (65, 8), (321, 10), (1345, 12))
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, where a code from 1 on tells it instead of the width."""
ALPHA, SPOT_COLOUR, COLOUR_FILTER = 0, 2, 5
"""Types of extra channels that tell more of themselves."""


@dataclass(frozen=True)
class JpegXl:
    """What the headers tell: width and height in pixels, as coded, and

    ``lossy``: the colours were coded as XYB, as lossy encoders do. ``animated``: there are several frames.
    ``from_jpeg``: a box holds what is needed to give back the JPEG that it was made from.
    """

    width: int
    height: int
    lossy: bool
    animated: bool
    from_jpeg: bool


@dataclass(frozen=True)
class ImageHeader:
    """What stands ahead of the first frame, as far as the colours: ``size`` is width and height, and

    ``as_usual``: nothing else was told but the size. ``extended``: a preview, an animation and the like may have been.
    ``timecodes``: each frame has one. ``extra_channels``: how many there are. ``xyb``: colours are coded as XYB.
    """

    size: tuple[int, int]
    as_usual: bool = True
    extended: bool = False
    preview: bool = False
    animated: bool = False
    timecodes: bool = False
    extra_channels: int = 0
    xyb: bool = True


def read_jpeg_xl(data: bytes) -> JpegXl | None:
    """The headers of a JPEG XL, None of what is none or breaks off (ISO/IEC 18181-1, D.1 to D.3; 18181-2)."""
    codestream, from_jpeg = codestream_of(data)
    if not codestream.startswith(CODESTREAM):
        return None
    try:
        told = image_header(LowestFirst(codestream[2:]))
    except EOFError:
        return None
    return JpegXl(*told.size, told.xyb, told.animated, from_jpeg)


def is_lossy(data: bytes) -> bool:
    """Whether a JPEG XL is lossy, as far as its headers tell."""
    told = read_jpeg_xl(data)
    return told is not None and told.lossy


def codestream_of(data: bytes) -> tuple[bytes, bool]:
    """The first bytes of the codestream, and whether the container around it has a "jbrd" box."""
    if data.startswith(CODESTREAM):
        return data[:MOST_HEADER_BYTES], False
    parts, from_jpeg = b"", False
    for kind, start, end in boxes(data):
        from_jpeg |= kind == b"jbrd"
        if kind in (b"jxlc", b"jxlp") and len(parts) < MOST_HEADER_BYTES:
            start += 4 * (kind == b"jxlp")  # the number of the part
            parts += data[start : min(end, start + MOST_HEADER_BYTES)]
    return parts, from_jpeg


def _size(bits: LowestFirst) -> tuple[int, int]:
    """Width and height."""
    eighths = bits.flag()

    def side() -> int:
        return 8 * (1 + bits.take(5)) if eighths else bits.chosen(*SIZE)

    return _with_ratio(bits, side(), side)


def _preview(bits: LowestFirst) -> tuple[int, int]:
    eighths = bits.flag()

    def side() -> int:
        return 8 * bits.chosen(*PREVIEW_EIGHTHS) if eighths else bits.chosen(*PREVIEW)

    return _with_ratio(bits, side(), side)


def _with_ratio(bits: LowestFirst, height: int, side: Callable[[], int]) -> tuple[int, int]:
    """Width and height, where the width is told by a ratio or by itself."""
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    across, down = RATIOS[ratio - 1]
    return height * across // down, height


def image_header(bits: LowestFirst) -> ImageHeader:
    """What stands ahead of the colours. Raises EOFError where it breaks off."""
    size = _size(bits)
    if bits.flag():
        return ImageHeader(size)
    extended = bits.flag()
    preview, animated, timecodes = _extra_fields(bits) if extended else (False, False, False)
    _bit_depth(bits)
    bits.flag()  # whether 16 bits are enough for buffers
    extra_channels = bits.chosen((0, 0), (1, 0), (2, 4), (1, 12))
    for _ in range(extra_channels):
        _extra_channel(bits)
    return ImageHeader(size, False, extended, preview, animated, timecodes, extra_channels, bits.flag())


def _extra_fields(bits: LowestFirst) -> tuple[bool, bool, bool]:
    """Whether there is a preview, an animation, and time codes of its frames; passes over orientation and sizes."""
    bits.take(3)
    if bits.flag():
        _size(bits)
    preview = bits.flag()
    if preview:
        _preview(bits)
    if not bits.flag():
        return preview, False, False
    bits.chosen((100, 0), (1000, 0), (1, 10), (1, 30))
    bits.chosen((1, 0), (1001, 0), (1, 8), (1, 10))
    bits.chosen((0, 0), (0, 3), (0, 16), (0, 32))
    return preview, True, bits.flag()


def _bit_depth(bits: LowestFirst) -> None:
    if bits.flag():  # floats
        bits.chosen((32, 0), (16, 0), (24, 0), (1, 6))
        bits.take(4)
    else:
        bits.chosen((8, 0), (10, 0), (12, 0), (1, 6))


def _extra_channel(bits: LowestFirst) -> None:
    if bits.flag():  # 8 bits of alpha
        return
    kind = bits.chosen((0, 0), (1, 0), (2, 4), (18, 6))
    _bit_depth(bits)
    bits.chosen((0, 0), (3, 0), (4, 0), (1, 3))
    bits.take(8 * bits.chosen((0, 0), (0, 4), (16, 5), (48, 10)))
    if kind == ALPHA:
        bits.flag()
    elif kind == SPOT_COLOUR:
        bits.take(4 * 16)
    elif kind == COLOUR_FILTER:
        bits.chosen((1, 0), (0, 2), (3, 4), (19, 8))
