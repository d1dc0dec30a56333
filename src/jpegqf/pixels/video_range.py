"""RGB or grey samples -> whether a player made them from a video's limited range, 16 to 235, and by which arithmetic.

A converter makes colours from 220 levels of luma and 225 of each chroma, so it reaches one colour in six, and which
ones depends on its arithmetic. Of a video's frame every colour is one of them, of other images one in six. Where
chroma was interpolated between its levels, luma computed back from the colours is still near whole levels.

The arithmetics are exact rounding, libwebp's, and those of FFmpeg's libswscale (``x86/yuv_2_rgb.asm``; ``yuv2rgb.c``,
function ``fill_table``). The weights are those of ITU-R BT.601 and BT.709. A JPEG's colours come from full range.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F64, I64, U8, Bool

Matrix = Literal["BT.601", "BT.709"]
Arithmetic = Literal["rounded", "cut", "looked up", "WebP", "luma alone", "grey"]
"""A sum that is rounded; a sum of whole numbers, cut; levels looked up by such a sum; libwebp's. Else what told it."""

WEIGHTS: dict[Matrix, tuple[float, float, float]] = {
    "BT.601": (0.299, 0.587, 0.114),
    "BT.709": (0.2126, 0.7152, 0.0722),
}
"""Weights of red, green and blue in luma."""
FIXED: dict[Matrix, tuple[int, int, int, int]] = {
    "BT.601": (104597, -25675, -53279, 132201),
    "BT.709": (117489, -13975, -34925, 138438),
}
"""What libswscale adds to red per level of V, to green per level of U and of V, to blue per level of U, in 1/65536."""
ONE = 65536
BLACK, WHITE, ZERO_CHROMA = 16, 235, 128
UNREACHED = -(2.0**15)
"""In the place of the sum of a level that no sum makes."""
CUT_64THS = 0.5 - 1 / 128
"""What is taken from a sum of 64ths so that rounding cuts it."""
SAMPLE, GREY_SAMPLE = 2**13, 2**16
"""Most pixels looked at for their colours, and for their levels of grey."""
LEAST_CHROMA = 3
"""Least difference between the largest and the smallest channel of a colour that is counted."""
FEWEST_COLOURS, MANY_COLOURS = 24, 96
"""Fewest different colours that can tell a converter, and from how many on they alone are asked, not the greys."""
LEAST_SHARE = 0.97
"""Least share of the colours that a converter must reach: 1 if it made them, else 0.16, of one hue up to 0.87."""
ASKED_FIRST = 192
"""Colours that each converter is asked about before those it reaches are asked about all."""
COLOURS_OF_LUMA, LEAST_WHOLENESS = 512, 0.35
"""Fewest colours whose luma is asked, and the least mean of cos(2 pi luma): 0.4 to 0.6 where it is whole, else 0.03."""
LEAST_FILLED, LEAST_CHANCE = 0.7, 1e-6
"""Least share that must occur of the other levels between the darkest and the brightest; and the chance, below which it
is none, that of levels which occur as often as these none is one that is never reached."""


@dataclass(frozen=True)
class VideoRange:
    """What samples that were converted from limited range tell.

    ``matrix``: None where greys alone tell. ``strength``, 0..1: the share of the different colours that the converter
    reaches; of "luma alone" the mean of cos(2 pi luma); of "grey" the share of levels that occur.
    """

    matrix: Matrix | None
    arithmetic: Arithmetic
    strength: float


@dataclass(frozen=True)
class _Line:
    """A table of 256 numbers that is nearly a straight line: ``slope`` (index - 128) + ``offset``."""

    table: F64
    slope: float
    offset: float

    @classmethod
    def of(cls, table: NDArray[Any]) -> "_Line":
        """The line that fits the table best, by least squares."""
        index = np.arange(256) - 127.5
        slope = float(index @ table / (index @ index))
        return cls(table.astype(np.float64), slope, float(table.mean()) + slope * (ZERO_CHROMA - 127.5))

    def nearest(self, numbers: F64) -> I64:
        """The index, 0..255, of the entry next to each number."""
        index = np.rint((numbers - self.offset) * (1 / self.slope)) + ZERO_CHROMA
        out: I64 = np.clip(index, 0, 255).astype(np.int64)
        return out


@dataclass(frozen=True)
class Converter:
    """Red is luma[Y] + red[V], green luma[Y] + green_u[U] + green_v[V], blue luma[Y] + blue[U].

    Each of these sums is rounded; ``sums``, float64 (256,), has the sum that each 8-bit level is made from. ``weights``
    are those of red, green and blue in luma.
    """

    weights: tuple[float, float, float]
    sums: F64
    luma: _Line
    red: _Line
    green_u: _Line
    green_v: _Line
    blue: _Line

    def reached(self, colours: U8) -> Bool:
        """Which colours, uint8 (n, 3), it makes of some Y, U and V, bool (n,)."""
        red, green, blue = (self.sums[channel] for channel in colours.T)
        of_red, of_green, of_blue = self.weights
        offset = of_red * self.red.offset + of_blue * self.blue.offset
        offset += of_green * (self.green_u.offset + self.green_v.offset)
        nearest = self.luma.nearest(of_red * red + of_green * green + of_blue * blue - offset)
        out = np.zeros(len(colours), bool)
        for y in (nearest - 1, nearest, np.minimum(nearest + 1, 255)):
            base = self.luma.table[y]
            u, v = self.blue.nearest(blue - base), self.red.nearest(red - base)
            same = np.rint(base + self.red.table[v]) == red
            same &= np.rint(base + self.blue.table[u]) == blue
            out |= same & (np.rint(base + self.green_u.table[u] + self.green_v.table[v]) == green)
        return out


def _lines(parts: list[int], cut: bool) -> list[_Line]:
    """What chroma adds by these parts, in 1/65536 a level; each cut down to whole numbers if ``cut``."""
    index = np.arange(256) - ZERO_CHROMA
    return [_Line.of(index * part >> 16 if cut else index * part / ONE) for part in parts]


def _parts(matrix: Matrix, full: bool) -> tuple[int, int, list[int]]:
    """RGB levels to a level of luma, in 1/65536; luma's black; and what chroma adds, in 1/65536 a level."""
    if full:
        return ONE, 0, [part * 224 // 255 for part in FIXED[matrix]]
    return ONE * 255 // (WHITE - BLACK), BLACK, list(FIXED[matrix])


@lru_cache(maxsize=8)
def rounding(matrix: Matrix, full: bool = False) -> Converter:
    """The converter that computes exactly and rounds the sum; ``full``: from full range, as JFIF prescribes."""
    step, black, parts = _parts(matrix, full)
    luma = (np.arange(256) - black) * (step / ONE)
    return Converter(WEIGHTS[matrix], np.arange(256.0), _Line.of(luma), *_lines(parts, cut=False))


@lru_cache(maxsize=8)
def cutting(matrix: Matrix, full: bool = False) -> Converter:
    """The converter that cuts each part down to a whole number, of factors in 1/8192: libswscale's on x86."""
    step, black, parts = _parts(matrix, full)
    step, *parts = ((part + 4) // 8 * 8 for part in (step, *parts))
    luma = (np.arange(256) - black) * step >> 16
    return Converter(WEIGHTS[matrix], np.arange(256.0), _Line.of(luma), *_lines(parts, cut=True))


@lru_cache(maxsize=8)
def looking_up(matrix: Matrix, full: bool = False) -> Converter:
    """The converter that looks up levels at luma moved by what chroma is worth of it: libswscale's in C."""
    step, black, parts = _parts(matrix, full)
    moves = [int((part * ONE + ONE // 2) / step) for part in parts]
    lines = [_Line.of((np.arange(256) * move >> 16) - (move >> 9)) for move in moves]
    at, first = np.arange(-ZERO_CHROMA, 512), 384 if full else 326
    level = (at + first) * step - (384 + black) * ONE + ONE // 2 >> 16
    sums, inside = np.full(256, UNREACHED), (level >= 0) & (level <= 255)
    sums[level[inside]] = at[inside]
    return Converter(WEIGHTS[matrix], sums, _Line.of(np.arange(256)), *lines)


@lru_cache(maxsize=1)
def webp() -> Converter:
    """The converter of lossy WebP: libwebp's (``src/dsp/yuv.h``), which cuts a sum of 64ths."""
    index = np.arange(256)
    luma, red, green_u, green_v, blue = (index * part >> 8 for part in (19077, 26149, 6419, 13320, 33050))
    lines = [_Line.of(part / 64) for part in (red - 14234, 8708 - green_u, -green_v, blue - 17685)]
    return Converter(WEIGHTS["BT.601"], np.arange(256.0), _Line.of(luma / 64 - CUT_64THS), *lines)


@lru_cache(maxsize=1)
def _converters() -> list[tuple[Matrix, Arithmetic, Converter]]:
    """All converters from limited range."""
    out: list[tuple[Matrix, Arithmetic, Converter]] = [("BT.601", "WebP", webp())]
    for matrix in WEIGHTS:
        out += [(matrix, "cut", cutting(matrix)), (matrix, "looked up", looking_up(matrix))]
        out += [(matrix, "rounded", rounding(matrix))]
    return out


def video_range(samples: U8) -> VideoRange | None:
    """What uint8 samples (height, width, 3) or (height, width) tell; None if they do not come from limited range.

    None too of samples of too few colours or levels, and of an image that was resized or edited since.
    """
    if samples.ndim == 2:
        return _of_greys(spread(samples.reshape(-1), GREY_SAMPLE))
    colours = distinct_colours(samples)
    found = _by_converter(colours) or _by_luma(colours)
    if found or len(colours) >= MANY_COLOURS:
        return found
    pixels = spread(samples.reshape(-1, 3), GREY_SAMPLE)
    return _of_greys(pixels[(pixels[:, :1] == pixels).all(axis=1), 0])


def may_be_webp(samples: U8) -> bool:
    """Whether samples (height, width, 3) whose greys come from limited range have those that libwebp makes.

    Of luma without chroma it makes, at some levels, red, green and blue that differ by one: no greys.
    """
    pixels = spread(samples.reshape(-1, 3), GREY_SAMPLE)
    near_grey = np.unique(pixels[np.ptp(pixels.astype(np.int16), axis=1) < LEAST_CHROMA], axis=0)
    unclipped = near_grey[(near_grey.min(axis=1) > 0) & (near_grey.max(axis=1) < 255)]
    of_webp = (unclipped[:, None] == _webp_greys()).all(axis=2).any(axis=1)
    return bool(of_webp.mean() >= LEAST_SHARE)


@lru_cache(maxsize=1)
def _webp_greys() -> I64:
    """Red, green and blue of each luma without chroma, int64 (256, 3)."""
    converter = webp()
    luma, none = converter.luma.table, ZERO_CHROMA
    green = converter.green_u.table[none] + converter.green_v.table[none]
    channels = [
        np.rint(luma + of_chroma) for of_chroma in (converter.red.table[none], green, converter.blue.table[none])
    ]
    greys: I64 = np.clip(np.stack(channels, axis=1), 0, 255).astype(np.int64)
    return greys


def spread(pixels: U8, most: int) -> U8:
    """At most that many pixels, evenly spread."""
    return pixels[:: -(-max(len(pixels), 1) // most) | 1]


def distinct_colours(samples: U8) -> U8:
    """The different colours, uint8 (n, 3), of a sample of (height, width, 3); greys and clipped ones left out."""
    red, green, blue = spread(samples.reshape(-1, 3), SAMPLE).T.astype(np.int32)
    lowest, highest = np.minimum(np.minimum(red, green), blue), np.maximum(np.maximum(red, green), blue)
    told = (lowest > 0) & (highest < 255) & (highest - lowest >= LEAST_CHROMA)
    packed = np.unique((red | green << 8 | blue << 16)[told])
    return np.stack([packed & 255, packed >> 8 & 255, packed >> 16], axis=1).astype(np.uint8)


def _by_converter(colours: U8) -> VideoRange | None:
    """The converter from limited range that reaches the colours."""
    if len(colours) < FEWEST_COLOURS:
        return None
    some, best = spread(colours, ASKED_FIRST), None
    for matrix, arithmetic, converter in _converters():
        if converter.reached(some).mean() >= LEAST_SHARE:
            share = float(converter.reached(colours).mean())
            if share >= LEAST_SHARE and (best is None or share > best.strength):
                best = VideoRange(matrix, arithmetic, share)
    return best


def _by_luma(colours: U8) -> VideoRange | None:
    """The weights by which luma of the colours is near whole levels of limited range."""
    if len(colours) < COLOURS_OF_LUMA:
        return None
    wholeness = {matrix: _wholeness(colours @ np.array(weights)) for matrix, weights in WEIGHTS.items()}
    best = max(wholeness, key=lambda matrix: wholeness[matrix])
    return VideoRange(best, "luma alone", wholeness[best]) if wholeness[best] >= LEAST_WHOLENESS else None


def _wholeness(luma: F64) -> float:
    """The mean of cos(2 pi luma), -1..1, where ``luma`` 0..255 is taken back to limited range."""
    return float(np.cos(luma * (2 * np.pi * (WHITE - BLACK) / 255)).mean())


def _of_greys(greys: U8) -> VideoRange | None:
    """Whether grey pixels, uint8 (n,), occur on all levels but those that a converter of limited range leaves out."""
    counts = np.bincount(greys, minlength=256)
    counts[[0, 255]] = 0
    occurring = np.flatnonzero(counts)
    if not len(occurring):
        return None
    between = (np.arange(256) >= occurring[0]) & (np.arange(256) <= occurring[-1])
    for gaps in _gaps():
        left_out, others = counts[gaps & between], counts[~gaps & between]
        filled = float(np.count_nonzero(others) / (len(others) + 1))
        if not left_out.any() and filled >= LEAST_FILLED and (1 - filled) ** len(left_out) <= LEAST_CHANCE:
            return VideoRange(None, "grey", filled)
    return None


@lru_cache(maxsize=1)
def _gaps() -> list[Bool]:
    """For each arithmetic the levels of grey, bool (256,), that it makes of no limited luma."""
    made = [np.rint(convert("BT.601", False).luma.table) for convert in (rounding, cutting)]
    made.append(np.flatnonzero(looking_up("BT.601").sums != UNREACHED))
    return [~np.isin(np.arange(256), levels) for levels in made]
