"""Bytes of a HEIF -> the quantizer of its first picture by HEVC, and the quality it amounts to; decodes nothing.

Parameter sets and slice headers of ITU-T H.265, 7.3; the "hvcC" property of ISO/IEC 14496-15, 8.3.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from jpegqf.codecs.bits import HighestFirst
from jpegqf.codecs.iso_media import PrimaryItem

SEQUENCE_SET, PICTURE_SET = 33, 34
LAST_PICTURE = 31
"""Types of units up to this one hold slices."""
IDR = (19, 20)
"""Those of pictures that need no other, whose slice header tells of no others."""
INTRA_SLICE = 2
HEADER_BYTES = 1024
"""Bytes of a unit that hold what is read of it, with room."""
MOST_UNITS = 64
"""Most units walked of the parameter sets, and before the first slice."""
LONGEST_CODE = 32
"""Most leading zeros of a number of variable length."""
MOST_LAYERS = 7
USUAL_QP = 26
"""The quantization parameter that parameter sets tell as 0, which x265 writes into them always."""
SETS_AT = 22
"""Where in "hvcC" the number of its arrays of parameter sets stands."""
BELOW_RATE_FACTOR = 6 * math.log2(1.4)
"""How much finer than its rate factor x265 quantizes an intra picture (its ``ipFactor`` is 1.4)."""
HEVC_SEQUENCES = (b"hevc", b"hevx", b"msf1")
"""Major brands of animations."""


@dataclass(frozen=True)
class _Sequence:
    """What of a sequence's parameters counts for a slice's header."""

    chroma_format: int
    """0 gray, 1 4:2:0, 2 4:2:2, 3 4:4:4."""
    planes_apart: bool
    filtered: bool
    """Whether samples may get offsets."""


class _Bits(HighestFirst):
    """With numbers of variable length (9.2)."""

    def unsigned(self) -> int:
        """A number that zeros tell the length of."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > LONGEST_CODE:
                raise EOFError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """The same with a sign: 1, -1, 2, -2 and so on."""
        number = self.unsigned()
        return (number + 1) // 2 if number % 2 else -(number // 2)


def heif_quality(data: bytes) -> float | None:
    """The quality, 0 to 100, with which libheif writes such a quantizer by x265; None where none is found.

    None, too, of pictures without loss, and where the quantizer is told otherwise than x265 does: other encoders
    (phones, macOS) have other scales, and where they tell it alike, the quality is that of such a quantizer. Two
    qualities write one quantizer: the multiple of 5 is told, or the upper one; of those from 93 on, which write the
    finest one, the middle one.
    """
    if data[8:12] in HEVC_SEQUENCES:
        return None
    try:
        found = first_qp(data)
    except (EOFError, KeyError):
        return None
    qualities = [quality for quality in range(101) if _written(quality) == found]
    if len(qualities) == 2 and qualities[0] % 5 == 0:
        return float(qualities[0])
    return float(qualities[len(qualities) // 2]) if qualities else None


def _written(quality: int) -> int:
    """The quantization parameter for a quality of libheif, whose rate factor is half of what lacks to 100."""
    return max(0, math.floor((100 - quality) / 2 - BELOW_RATE_FACTOR))


def first_qp(data: bytes) -> int | None:
    """The quantization parameter of the first slice of a file's primary image, 0 to 51; None as of the quality.

    Raises EOFError and KeyError as :class:`~jpegqf.codecs.iso_media.PrimaryItem` does.
    """
    item = PrimaryItem(data)
    configuration, sequence, picture = item.property(b"hvcC"), None, None
    for unit in _parameter_sets(configuration):
        if _kind(unit) == SEQUENCE_SET:
            sequence = _sequence(_content(unit))
        elif _kind(unit) == PICTURE_SET:
            picture = _picture(_content(unit))
    if sequence is None or picture is None or picture.qp != USUAL_QP or picture.lossless:
        return None
    length_bytes = (configuration[SETS_AT - 1] & 3) + 1
    for unit in _units(item.content(), 0, length_bytes, MOST_UNITS):
        if _kind(unit) <= LAST_PICTURE:
            return _slice_qp(_content(unit), sequence, picture) if _kind(unit) in IDR else None
    return None


def _parameter_sets(configuration: bytes) -> Iterator[bytes]:
    at = SETS_AT + 1
    for _ in range(configuration[SETS_AT] if len(configuration) > SETS_AT else 0):
        count = int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for unit in _units(configuration, at, 2, min(count, MOST_UNITS)):
            at += 2 + len(unit)
            yield unit


def _units(data: bytes, at: int, length_bytes: int, most: int) -> Iterator[bytes]:
    """Units, each behind its length, from ``at`` on."""
    for _ in range(most):
        start = at + length_bytes
        if start >= len(data):
            return
        at = start + int.from_bytes(data[at:start], "big")
        yield data[start:at]


@dataclass(frozen=True)
class _Picture:
    """What of a picture's parameters stands in a slice's header or counts for it."""

    shown_told: bool
    extra_bits: int
    qp: int
    lossless: bool
    """Whether blocks may go without quantization, and none has a quantizer of its own."""


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 63 if unit else -1


def _content(unit: bytes) -> _Bits:
    """The content of a unit behind its header of two bytes, without what keeps start codes out of it (7.3.1.1)."""
    return _Bits(unit[2:HEADER_BYTES].replace(b"\0\0\3", b"\0\0"))


def _slice_qp(bits: _Bits, of: _Sequence, picture: _Picture) -> int | None:
    """That of the first slice of a picture that needs no other (7.3.6.1)."""
    if not bits.flag():  # not the first one
        return None
    bits.flag()
    bits.unsigned()
    bits.take(picture.extra_bits)
    if bits.unsigned() != INTRA_SLICE:
        return None
    bits.take(picture.shown_told + 2 * of.planes_apart)
    if of.filtered:
        bits.take(2 if of.chroma_format and not of.planes_apart else 1)
    return picture.qp + bits.signed()


def _picture(bits: _Bits) -> _Picture:
    """The parameters of a picture (7.3.2.3)."""
    bits.unsigned()
    bits.unsigned()
    bits.flag()  # whether slices depend on others
    shown_told, extra_bits = bits.flag(), bits.take(3)
    bits.take(2)
    bits.unsigned()
    bits.unsigned()
    qp = USUAL_QP + bits.signed()
    bits.take(2)
    apart = bits.flag()  # whether blocks have quantizers of their own
    if apart:
        bits.unsigned()
    bits.signed()
    bits.signed()
    bits.take(3)
    bypassed = bits.flag()
    return _Picture(shown_told, extra_bits, qp, bypassed and not apart)


def _sequence(bits: _Bits) -> _Sequence:
    """The parameters of a sequence, as far as its filter (7.3.2.2)."""
    bits.take(4)
    layers = bits.take(3)
    bits.flag()
    _pass_profile(bits, layers)
    bits.unsigned()
    chroma_format = bits.unsigned()
    planes_apart = chroma_format == 3 and bits.flag()
    bits.unsigned()
    bits.unsigned()
    if bits.flag():  # the part that is shown
        for _ in range(4):
            bits.unsigned()
    for _ in range(3):  # bits of luma, of chroma, of an order
        bits.unsigned()
    for _ in range(layers + 1 if bits.flag() else 1):
        for _ in range(3):
            bits.unsigned()
    for _ in range(6):  # sizes of blocks
        bits.unsigned()
    if bits.flag() and bits.flag():
        _pass_scaling_lists(bits)
    bits.flag()  # asymmetric partitions
    return _Sequence(chroma_format, planes_apart, bits.flag())


def _pass_profile(bits: _Bits, layers: int) -> None:
    """Profile, tier and level of the whole and of its layers (7.3.3)."""
    bits.take(88)
    bits.take(8)
    told = [(bits.flag(), bits.flag()) for _ in range(layers)]
    if layers:
        bits.take(2 * (MOST_LAYERS + 1 - layers))
    for profile, level in told:
        bits.take(88 * profile)
        bits.take(8 * level)


def _pass_scaling_lists(bits: _Bits) -> None:
    """Weights of frequencies (7.3.4)."""
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if not bits.flag():
                bits.unsigned()
                continue
            if size > 1:
                bits.signed()
            for _ in range(min(64, 1 << (4 + 2 * size))):
                bits.signed()
