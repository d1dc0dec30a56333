"""RGB or grey samples -> which codec's decoder made the colours: a JPEG's, a WebP's, an AVIF's, a video's; or none.

Each decoder converts luma and chroma to RGB by its own arithmetic, and reaches only some of all colours: from full
range, as JPEG has it, about 23 % of them, from limited range one in six. That needs no grid, so it holds in any crop,
turned or not. Limited range is told by ``jpegqf.pixels.video_range``.

From full range luma is added to all three channels alike, so whether a colour can be reached depends on its differences
alone, of red and of blue to green. How many differences are reached is compared with what chance gives around them, and
with a share that is not known: the colours of one decoder are mostly, but not all, among another's.
"""

from dataclasses import dataclass
from functools import lru_cache, reduce
from math import lgamma
from typing import Literal

import numpy as np

from jpegqf.arrays import F32, F64, I64, U8, Bool
from jpegqf.pixels.video_range import cutting, looking_up, may_be_webp, rounding, spread, video_range

Codec = Literal["jpeg", "webp", "avif", "video", "heif", "jpeg_xl", "jpeg_2000"]
"""The last three are told by their containers alone."""

SAMPLE = 2**15
"""Most pixels looked at for their differences."""
LEAST_CHROMA = 2
"""Least of the larger of the two differences that is counted: greys are reached by all decoders."""
NEARLY_ALL = 500.0
"""Hits for each miss to expect where the decoder made the colours: the weight of hits in a beta distribution."""
AROUND = 2
"""How far from a difference chance is measured, levels."""
BEYOND_CHANCE = 12.0
"""Nats by which differences must be likelier to come from a decoder than from chance."""
FEWEST_FOR_SHARE = 48
"""Fewest differences of which a share is given."""
MOST_EDITED_SHARE = 0.9
"""Largest share of a JPEG's colours in an image that was edited: other decoders' reach more of them."""
ZERO_CHROMA = 128


@dataclass(frozen=True)
class PixelCodec:
    """The codec whose decoder made the colours, None if they tell none; and the share of them that it reaches, 0..1.

    Where no codec is told the share is that of a JPEG's decoder, None if there are too few colours.
    """

    codec: Codec | None
    share: float | None


@dataclass(frozen=True)
class _Decoder:
    """How a decoder converts from full range: which differences of red and of blue to green, each plus 255, it reaches.

    ``reached``: bool (511, 511). ``chance``: the share of those around each that are reached, float32 (511, 511).
    """

    codec: Codec
    reached: Bool
    chance: F32

    @classmethod
    def adding(cls, codec: Codec, red: F64, green: F64, blue: F64) -> "_Decoder":
        """The decoder that adds to luma these whole levels: ``red`` (256,) for each V, ``blue`` (256,) for each U, and
        ``green`` (256, 256) for each U and V.
        """
        to_red, to_blue = (red[None] - green).astype(np.int64), (blue[:, None] - green).astype(np.int64)
        inside = (np.abs(to_red) <= 255) & (np.abs(to_blue) <= 255)
        reached = np.zeros((511, 511), bool)
        reached[to_red[inside] + 255, to_blue[inside] + 255] = True
        return cls(codec, reached, _around(reached))

    def share(self, differences: I64) -> float:
        """Share of differences (n, 2) that it reaches."""
        return float(self.reached[tuple(differences.T)].mean())

    def lead(self, differences: I64) -> float:
        """Nats by which differences (n, 2) are likelier to be this decoder's than by chance, less BEYOND_CHANCE.

        Or than to be those of any other decoder, if that is less.
        """
        at = tuple(differences.T)
        right, by_chance = self.reached[at], self.chance[at].astype(np.float64)
        hits, misses = int(np.count_nonzero(right)), int(np.count_nonzero(~right))
        made = _of_share(hits, misses, NEARLY_ALL) - _of_share(0, 0, NEARLY_ALL)
        of_chance = float(np.log(np.where(right, by_chance, 1 - by_chance)).sum())
        return min(made - of_chance - BEYOND_CHANCE, made - _of_share(hits, misses, 1))


def _around(reached: Bool) -> F32:
    """Share that is reached of the (2 AROUND + 1)^2 - 1 neighbours of each difference, kept off 0 and 1."""
    side, sums = 2 * AROUND + 1, np.pad(reached, AROUND).astype(np.float32)
    for axis in (0, 1):
        length = reached.shape[axis]
        sums = reduce(np.add, (sums.take(range(shift, shift + length), axis) for shift in range(side)))
    return np.clip((sums - reached) / (side * side - 1), 0.02, 0.98).astype(np.float32)


def _of_share(hits: int, misses: int, weight: float) -> float:
    """Log of the beta function: the probability of hits and misses in their order for a share of hits not known.

    ``weight``: 1 if every share is as likely; the larger, the nearer to 1 it is expected. Less that of no hits and no
    misses it is a probability.
    """
    return lgamma(hits + weight) + lgamma(misses + 1) - lgamma(hits + misses + weight + 1)


@lru_cache(maxsize=1)
def _decoders() -> list[_Decoder]:
    """Those that convert from full range by BT.601: libjpeg, which rounds exactly, FFmpeg's libswscale, and libavif.

    libavif does so by libyuv, with weights in 1/64 (``row_common.cc``).
    """
    out = []
    for converter in (converter_of("BT.601", True) for converter_of in (rounding, cutting, looking_up)):
        green = np.rint(converter.green_u.table[:, None] + converter.green_v.table)
        out.append(_Decoder.adding("jpeg", np.rint(converter.red.table), green, np.rint(converter.blue.table)))
    level = np.arange(256) - ZERO_CHROMA
    red, green, blue = 90 * level, -22 * level[:, None] - 46 * level, 113 * level
    return [*out, _Decoder.adding("avif", *((part + 31 >> 6).astype(np.float64) for part in (red, green, blue)))]


def pixel_codec(samples: U8) -> PixelCodec:
    """What uint8 samples (height, width, 3) or (height, width) tell."""
    if samples.ndim == 2:
        return PixelCodec("video", 1.0) if video_range(samples) else PixelCodec(None, None)
    differences = _differences(samples)
    if len(differences):
        lead, best = max(((one.lead(differences), one) for one in _decoders()), key=lambda pair: pair[0])
        if lead > 0:
            return PixelCodec(best.codec, best.share(differences))
    limited = video_range(samples)
    if limited is None:
        return PixelCodec(None, _share(differences))
    if limited.arithmetic == "WebP" or (limited.arithmetic == "grey" and may_be_webp(samples)):
        return PixelCodec("webp", limited.strength)
    return PixelCodec("video", limited.strength)


def full_range_share(samples: U8) -> float | None:
    """Share of the differences of uint8 samples (height, width, 3) that a JPEG's decoder reaches.

    Of a JPEG's decoded pixels it is 1, of what was never one, was edited since or codes red, green and blue themselves
    0.25 or little more. None of greys and of samples of few differences.
    """
    return None if samples.ndim == 2 else _share(_differences(samples))


def _share(differences: I64) -> float | None:
    if len(differences) < FEWEST_FOR_SHARE:
        return None
    return max(decoder.share(differences) for decoder in _decoders() if decoder.codec == "jpeg")


def _differences(samples: U8) -> I64:
    """The different differences of red and of blue to green of unclipped pixels, each plus 255, int64 (n, 2)."""
    pixels = spread(samples.reshape(-1, 3), SAMPLE)
    unclipped = pixels[(pixels > 0).all(axis=1) & (pixels < 255).all(axis=1)].astype(np.int64)
    red, blue = unclipped[:, 0] - unclipped[:, 1], unclipped[:, 2] - unclipped[:, 1]
    coloured = np.maximum(np.abs(red), np.abs(blue)) >= LEAST_CHROMA
    packed = np.unique((red + 255 + 511 * (blue + 255))[coloured])
    return np.stack([packed % 511, packed // 511], axis=1)
