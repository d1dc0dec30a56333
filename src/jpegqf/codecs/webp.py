"""Bytes of a WebP -> whether it is lossy, and the quality that libwebp was asked for; decodes nothing.

The frame header of VP8 is that of RFC 6386, sections 9.2 to 9.6 and 19.2; the container that of RFC 9649.
"""

from dataclasses import dataclass
from math import inf, log

MOST_CHUNKS = 16
"""Most chunks walked before the first image: profile, metadata, animation, alpha."""
START_CODE = b"\x9d\x01\x2a"
HEADER_BYTES = 512
"""Bytes of a frame that hold its header up to the quantizers, with room."""
SEGMENTS, COARSEST = 4, 127
USUAL = (0, 25, 50, 80, 100)
"""Strengths of spatial noise shaping, ``-sns``, by what they take from the quantizer of chroma's mean, 0 to 4.

They are those of libwebp's presets: 0 of icon and text, 25 of drawing, 50 by default, 80 of photo and picture.
"""
STRENGTH_TO_EXPONENT = 0.9 / 100 / 128
"""By how much an exponent changes for each strength and each susceptibility (``SNS_TO_DQ`` in ``quant_enc.c``)."""
SPAN, MOST_SUSCEPTIBLE = 255, 127
"""Of susceptibilities of segments: least to greatest, and where they are clipped (``SetSegmentAlphas``)."""


@dataclass(frozen=True)
class Quantizers:
    """Quantizer index, 0..127, of each segment and its share of the image, 1 in all, and the delta of chroma's mean."""

    indices: tuple[int, ...]
    shares: tuple[float, ...]
    chroma_mean: int


def is_lossy(data: bytes) -> bool:
    """Whether the first image is in a "VP8 " chunk, not in a "VP8L" one (RFC 9649, section 2)."""
    return _first_image(data)[0] != b"VP8L"


def webp_quality(data: bytes) -> float | None:
    """The quality, 0 to 100, at which libwebp writes such quantizers, its ``-q``; None of a lossless file."""
    name, start = _first_image(data)
    found = read_quantizers(data[start : start + HEADER_BYTES]) if name == b"VP8 " else None
    return None if found is None else quality_of(found)


def _first_image(data: bytes) -> tuple[bytes, int]:
    """The name of the chunk with the first image, and where its content starts; an empty name where there is none."""
    at = 12
    for _ in range(MOST_CHUNKS):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in (b"VP8L", b"VP8 "):
            return name, at + 8
        at += 24 if name == b"ANMF" else 8 + size + size % 2  # a frame's chunks follow its 16 bytes
    return b"", 0


class _Bits:
    """The boolean decoder of RFC 6386, section 7, for bits that are as likely 0 as 1."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 2
        self._value = int.from_bytes(data[:2], "big")
        self._range, self._shifted = 255, 0
        if len(data) < 2:
            raise EOFError

    def flag(self) -> bool:
        """The next bit."""
        split = 1 + (self._range - 1 >> 1)
        bit = self._value >= split << 8
        if bit:
            self._value -= split << 8
        self._range = self._range - split if bit else split
        while self._range < 128:
            self._value, self._range, self._shifted = self._value << 1, self._range << 1, self._shifted + 1
            if self._shifted == 8:
                if self._at >= len(self._data):
                    raise EOFError
                self._value |= self._data[self._at]
                self._at, self._shifted = self._at + 1, 0
        return bit

    def number(self, bits: int) -> int:
        """The next number, its highest bit first."""
        value = 0
        for _ in range(bits):
            value = value << 1 | self.flag()
        return value

    def signed(self, bits: int) -> int:
        """A number that may be absent, which is 0, and its sign."""
        if not self.flag():
            return 0
        value = self.number(bits)
        return -value if self.flag() else value


def read_quantizers(frame: bytes) -> Quantizers | None:
    """The quantizers of a key frame of VP8; None of anything else, and where the header breaks off."""
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != START_CODE:
        return None
    try:
        return _quantizers(_Bits(frame[10:]))
    except EOFError:
        return None


def _quantizers(bits: _Bits) -> Quantizers:
    bits.number(2)  # colour space and clamping
    absolute, indices, shares = _segments(bits) if bits.flag() else (True, None, (1.0,))
    bits.number(1 + 6 + 3)  # loop filter: kind, level, sharpness
    if bits.flag() and bits.flag():  # its adjustments
        for _ in range(8):
            bits.signed(6)
    bits.number(2)  # partitions
    base = bits.number(7)
    _, _, _, chroma_mean, _ = (bits.signed(4) for _ in range(5))
    added = 0 if absolute else base
    found = (base,) if indices is None else tuple(max(0, min(COARSEST, added + index)) for index in indices)
    return Quantizers(found, shares if len(found) == SEGMENTS else (1.0,), chroma_mean)


def _segments(bits: _Bits) -> tuple[bool, tuple[int, ...] | None, tuple[float, ...]]:
    """Whether indices stand for themselves, the indices, None where none are told, and the share of each segment."""
    has_map, has_data = bits.flag(), bits.flag()
    absolute, indices = True, None
    if has_data:
        absolute = bits.flag()
        indices = tuple(bits.signed(7) for _ in range(SEGMENTS))
        for _ in range(SEGMENTS):
            bits.signed(6)
    if not has_map:
        return absolute, indices, (1.0, 0.0, 0.0, 0.0)
    first, second, third = (bits.number(8) / 255 if bits.flag() else 1.0 for _ in range(3))
    return absolute, indices, (first * second, first * (1 - second), (1 - first) * third, (1 - first) * (1 - third))


def quality_of(found: Quantizers) -> float:
    """The quality that explains the quantizers best.

    libwebp makes of a quality q a compression c = x^(1/3), where x = 2/3 q/100 below 75 and 2 q/100 - 1 from there on;
    of that, for a segment of susceptibility a, an index of 127 (1 - c^(1 - k a)), cut to a whole number, where k grows
    with the strength of noise shaping. Weighted by shares, susceptibilities are 0 on average, and SPAN from the least
    to the greatest, but clipped (``VP8SetSegmentParams`` in ``quant_enc.c``).
    """
    used = [(index, share) for index, share in zip(found.indices, found.shares, strict=True) if share > 0]
    least, most = min(index for index, _ in used), max(index for index, _ in used)
    if most == 0 or least == COARSEST:
        return 100.0 if most == 0 else 0.0
    strength = USUAL[max(0, min(len(USUAL) - 1, -found.chroma_mean))]
    return float(min(range(1, 100), key=lambda quality: _misfit(quality, used, strength)))


def _compression(quality: float) -> float:
    share = quality / 100
    return float((share * 2 / 3 if share < 0.75 else 2 * share - 1) ** (1 / 3))


def _misfit(quality: float, used: list[tuple[int, float]], strength: int) -> float:
    """How far the quantizers are from those of a quality: squares of differences in units of what rounding explains."""
    base = log(_compression(quality))
    if len({index for index, _ in used}) == 1 or not strength:
        middle = sum(share * index for index, share in used) / sum(share for _, share in used)
        return abs(COARSEST * (1 - _compression(quality)) - 0.5 - middle)
    exponent = STRENGTH_TO_EXPONENT * strength
    told = []
    for index, share in used:
        compression = max(1 - (index + 0.5) / COARSEST, 0.5 / COARSEST)
        susceptibility = (1 - log(compression) / base) / exponent
        rounding = 0.5 / COARSEST / compression / -base / exponent
        told.append((susceptibility, rounding, share))
    return min(_unlikeliness(told, clipped) for clipped in (None, False, True))


def _unlikeliness(told: list[tuple[float, float, float]], clipped: bool | None) -> float:
    """The misfit of susceptibilities, each with what rounding leaves open and its share.

    ``clipped``: whether that of the most, or of the least susceptible segment was clipped; None: none was.
    """
    low, high = min(told), max(told)
    total = sum(share for _, _, share in told)
    mean = sum(value * share for value, _, share in told) / total
    doubt = sum((rounding * share / total) ** 2 for _, rounding, share in told) + 1
    if clipped is None:
        over = max(0.0, high[0] - MOST_SUSCEPTIBLE, -MOST_SUSCEPTIBLE - low[0])
        return mean**2 / doubt + ((high[0] - low[0] - SPAN) ** 2 + over**2) / (low[1] ** 2 + high[1] ** 2 + 1)
    end, other = (high, low) if clipped else (low, high)
    limit = MOST_SUSCEPTIBLE if clipped else -MOST_SUSCEPTIBLE
    own = other[0] + (SPAN if clipped else -SPAN)
    if abs(own) < MOST_SUSCEPTIBLE:
        return inf
    mean += (own - end[0]) * end[2] / total
    doubt += ((other[1] * end[2]) / total) ** 2
    return mean**2 / doubt + (end[0] - limit) ** 2 / (end[1] ** 2 + 1)
