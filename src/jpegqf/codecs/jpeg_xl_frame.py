"""Bytes of a lossy JPEG XL -> the scale of its quantizer, and the quality it amounts to; decodes nothing.

ISO/IEC 18181-1: the rest of the image header (annex D), the frame header (annex F) with its table of parts, and the
beginning of the frame's first part, where the quantizer stands unless patches or splines, which are entropy-coded,
stand before it.
"""

import math
from dataclasses import dataclass

from jpegqf.codecs.bits import LowestFirst
from jpegqf.codecs.jpeg_xl import CODESTREAM, ImageHeader, codestream_of, image_header

ENUM = ((0, 0), (1, 0), (2, 4), (18, 6))
"""Ways in which a choice from a list is told."""
COORDINATE = ((0, 19), (524_288, 19), (1_048_576, 20), (2_097_152, 21))
CUSTOM, GRAY, XYB = 2, 1, 2
"""Choices of a white point or of primaries, and of a space of colours."""
HALF = 16
"""Bits of a float."""
UPSAMPLING_WEIGHTS = (15, 55, 210)
"""How many weights upsampling by 2, 4 and 8 has, where they are told."""
REGULAR = 0
"""The type of a frame that is shown."""
NOISE, PATCHES, SPLINES, DC_APART = 1, 2, 16, 32
"""Flags of a frame; the last: DC coefficients stand in a frame of their own."""
GROUP, LARGE_GROUP = 256, 2048
"""Pixels a side of the parts that hold AC coefficients, and of those that hold DC."""
NOISE_BITS = 80
SCALE = ((1, 11), (2049, 11), (4097, 12), (8193, 16))
DC_SCALE = ((16, 0), (1, 5), (1, 8), (1, 16))
ONE = 65_536
"""The scale of a quantizer that is 1."""
SCALES = (0.39, 0.79)
"""What libjxl divides by the distance for its scale, at efforts from 5 and up to 4 (``enc_heuristics.cc``)."""
FIELD_TARGET = 5
HALVED = 9.9
"""The distance from which on, or nearly, libjxl halves an image in size by itself."""
LIMITING_DC = 10
"""The scale of DC at which the whole scale is limited by it, so that both follow from the distance."""


@dataclass(frozen=True)
class Quantizer:
    """How finely coefficients are quantized: the larger, the finer."""

    scale: int
    """Of all coefficients (``global_scale``)."""
    dc: int
    """By how much finer DC is (``quant_dc``)."""
    halvings: int
    """How often the image was halved in size before it was coded."""


def jpeg_xl_quality(data: bytes) -> float | None:
    """The quality, 0 to 100, with which libjxl writes such a quantizer; None where none is found.

    It is that of ``JxlEncoderDistanceFromQuality``. None of files without loss or made from a JPEG, of animations, of
    frames with patches, and where a profile of colours stands before the frame: that is entropy-coded, too.
    """
    codestream, from_jpeg = codestream_of(data)
    if from_jpeg or not codestream.startswith(CODESTREAM):
        return None
    try:
        found = _quantizer(LowestFirst(codestream[2:]))
    except EOFError:
        return None
    if found is None or found.halvings > 1:
        return None
    distance = _distance(found)
    if found.halvings and distance < HALVED:
        return None  # it was made smaller because somebody asked for that
    return _quality(distance)


def _quality(distance: float) -> float:
    """The quality whose distance is the nearest."""
    return float(min(range(101), key=lambda quality: abs(_distance_of(quality) - distance)))


def _distance_of(quality: int) -> float:
    if quality >= 30:
        return 0.1 + 0.09 * (100 - quality) if quality < 100 else 0.0
    return 53 / 3000 * quality * quality - 23 / 20 * quality + 25


def _distance(of: Quantizer) -> float:
    """The distance that libjxl was asked for.

    At most efforts the scale is the distance's alone, and that of DC says at which; that is rounded more, and
    decides where the scale follows the content, as from effort 8 on.
    """
    distance = _of_dc(of.scale * of.dc / ONE)
    limited = of.dc == LIMITING_DC and FIELD_TARGET * of.scale * distance < SCALES[-1] * ONE
    for scale in () if limited else SCALES:
        asked = scale * ONE / (FIELD_TARGET * of.scale)
        if round(_dc(asked) * ONE / of.scale) == of.dc:
            distance = asked
            break
    return 4 * distance - 1 if of.halvings else distance  # of an image that it halves, it takes d / 4 + 0.25


def _dc(distance: float) -> float:
    """How finely libjxl quantizes DC (``InitialQuantDC``)."""
    return 1.095924047623553 / max(0.5 * distance, min(distance, 0.3 * math.pow(distance / 0.3, 0.83)))


def _of_dc(scale: float) -> float:
    """The distance at which DC is quantized like that: the inverse of :func:`_dc`."""
    low, high = 0.001, 100.0
    while high - low > 1e-4:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _dc(middle) > scale else (low, middle)
    return low


def _quantizer(bits: LowestFirst) -> Quantizer | None:
    image = image_header(bits)
    if image.preview or image.animated or not _pass_colours(bits, image):
        return None
    bits.skip_to_byte()
    frame = _frame(bits, image)
    if frame is None or frame.flags & (PATCHES | SPLINES) or not _pass_parts(bits, image, frame):
        return None
    bits.take(NOISE_BITS * bool(frame.flags & NOISE))
    if not bits.flag():
        bits.take(3 * HALF)
    return Quantizer(bits.chosen(*SCALE), bits.chosen(*DC_SCALE), frame.halvings)


def _pass_colours(bits: LowestFirst, image: ImageHeader) -> bool:
    """Passes over the rest of the image header; False if a profile of colours follows it."""
    if not image.as_usual:
        if not bits.flag() and not _pass_encoding(bits):
            return False
        if image.extended and not bits.flag():
            bits.take(2 * HALF + 1 + HALF)  # how bright white is
        _pass_extensions(bits)
    if not bits.flag():
        if image.xyb and not bits.flag():
            bits.take(16 * HALF)
        told = bits.take(3)
        for number, weights in enumerate(UPSAMPLING_WEIGHTS):
            bits.take(weights * HALF * (told >> number & 1))
    return True


def _pass_encoding(bits: LowestFirst) -> bool:
    """Passes over a description of colours; False of one that is a profile."""
    if bits.flag():
        return False
    space = bits.chosen(*ENUM)
    if space != XYB:
        _pass_points(bits, 1)
    if space not in (GRAY, XYB):
        _pass_points(bits, 3)
    if space != XYB:
        if bits.flag():
            bits.take(24)  # gamma
        else:
            bits.chosen(*ENUM)
    bits.chosen(*ENUM)
    return True


def _pass_points(bits: LowestFirst, count: int) -> None:
    """Passes over a white point or primaries."""
    if bits.chosen(*ENUM) == CUSTOM:
        for _ in range(2 * count):
            bits.chosen(*COORDINATE)


def _pass_extensions(bits: LowestFirst) -> None:
    told = _long(bits)
    bits.take(sum(_long(bits) for number in range(64) if told >> number & 1))


def _long(bits: LowestFirst) -> int:
    """A number of up to 64 bits (B.3)."""
    way = bits.take(2)
    if way < 3:
        return (0, 1, 17)[way] + bits.take((0, 4, 8)[way])
    value, shift = bits.take(12), 12
    while bits.flag():
        width = 4 if shift == 60 else 8
        value |= bits.take(width) << shift
        shift += width
        if width == 4:
            break
    return value


@dataclass(frozen=True)
class _Frame:
    flags: int = 0
    halvings: int = 0
    passes: int = 1


def _frame(bits: LowestFirst, image: ImageHeader) -> _Frame | None:
    """The header of a frame that holds the whole image; None of other frames, and of those without loss."""
    if bits.flag():
        return _Frame()
    kind, modular, flags = bits.take(2), bits.flag(), _long(bits)
    if kind != REGULAR or modular or flags & DC_APART or (not image.xyb and bits.flag()):
        return None
    halvings = bits.take(2)
    bits.take(2 * image.extra_channels)
    bits.take(6 * image.xyb)
    passes = _passes(bits)
    if bits.flag():  # a part of the image
        return None
    for _ in range(1 + image.extra_channels):
        if bits.chosen((0, 0), (1, 0), (2, 0), (3, 2)):  # drawn over another frame
            return None
    if not bits.flag():  # not the last one
        return None
    _pass_name(bits)
    _pass_filters(bits)
    _pass_extensions(bits)
    return _Frame(flags, halvings, passes)


def _passes(bits: LowestFirst) -> int:
    """The number of passes, passing over which of them are enough for a smaller image."""
    passes = bits.chosen((1, 0), (2, 0), (3, 0), (4, 3))
    if passes > 1:
        smaller = bits.chosen((0, 0), (1, 0), (2, 0), (1, 3))
        bits.take(2 * (passes - 1) + 2 * smaller)
        for _ in range(smaller):
            bits.chosen((0, 0), (1, 0), (2, 0), (0, 3))
    return passes


def _pass_name(bits: LowestFirst) -> None:
    bits.take(8 * bits.chosen((0, 0), (0, 4), (16, 5), (48, 10)))


def _pass_filters(bits: LowestFirst) -> None:
    """Passes over the filters after decoding."""
    if bits.flag():
        return
    if bits.flag() and bits.flag():
        bits.take(6 * HALF)
    if bits.take(2):
        for weights in (8, 5, 4):
            bits.take(weights * HALF * bits.flag())
    _pass_extensions(bits)


def _pass_parts(bits: LowestFirst, image: ImageHeader, frame: _Frame) -> bool:
    """Passes over the sizes of a frame's parts; False where their order, which is entropy-coded, is told."""
    if bits.flag():
        return False
    bits.skip_to_byte()
    sides = [-(-side // (1 << frame.halvings)) for side in image.size]
    groups, large = (math.prod(-(-side // size) for side in sides) for size in (GROUP, LARGE_GROUP))
    for _ in range(1 if groups * frame.passes == 1 else 2 + large + groups * frame.passes):
        bits.chosen((0, 10), (1024, 14), (17_408, 22), (4_211_712, 30))
    bits.skip_to_byte()
    return True
