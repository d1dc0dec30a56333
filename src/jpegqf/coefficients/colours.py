"""Luma and chroma -> RGB with every rounding of libjpeg's decoder, and what RGB pixels say about luma and chroma."""

import numpy as np

from jpegqf.arrays import F32, I16, U8, Bool
from jpegqf.coefficients.blocks.levels import HIGHEST, LOWEST
from jpegqf.pixels.chroma import BITS, BLUE, ONE, RED, U_TO_BLUE, U_TO_GREEN, V_TO_GREEN, V_TO_RED


def added_to_luma(cb: I16, cr: I16) -> tuple[I16, I16, I16]:
    """What chroma adds to luma in red, green and blue, int16 of the planes' shape (``jdcolor.c``)."""
    u, v, half = cb.astype(np.int32) - 128, cr.astype(np.int32) - 128, ONE // 2
    red = V_TO_RED * v + half >> BITS
    green = U_TO_GREEN * u + V_TO_GREEN * v + half >> BITS
    blue = U_TO_BLUE * u + half >> BITS
    return red.astype(np.int16), green.astype(np.int16), blue.astype(np.int16)


def rgb_of(luma: I16, cb: I16, cr: I16) -> U8:
    """The pixels that libjpeg makes of planes of levels 0..255, uint8 (height, width, 3)."""
    out = np.empty((*luma.shape, 3), np.uint8)
    for number, added in enumerate(added_to_luma(cb, cr)):
        added += luma
        out[..., number] = np.clip(added, 0, 255, out=added)
    return out


def luma_bounds(pixels: U8, cb: I16, cr: I16) -> tuple[I16, I16]:
    """Lowest and highest luma samples, int16 (height, width), with which chroma gives these RGB pixels.

    Where no luma does, the lowest is above the highest. Samples below 0 and above 255 decode to 0 and 255.
    """
    low = np.full(cb.shape, LOWEST, np.int16)
    high = np.full(cb.shape, HIGHEST, np.int16)
    for number, added in enumerate(added_to_luma(cb, cr)):
        channel = pixels[..., number].astype(np.int16)
        wanted = channel - added
        np.maximum(low, np.where(channel == 0, LOWEST, wanted), out=low)
        np.minimum(high, np.where(channel == 255, HIGHEST, wanted), out=high)
    return _opened(low, high)


def _opened(low: I16, high: I16) -> tuple[I16, I16]:
    """Bounds of levels 0..255 as bounds of samples before they are cut to that."""
    low, high = np.maximum(low, 0), np.minimum(high, 255)
    opened_low = np.where((low <= high) & (low == 0), LOWEST, low)
    opened_high = np.where((low <= high) & (high == 255), HIGHEST, high)
    return opened_low.astype(np.int16), opened_high.astype(np.int16)


def chroma_bounds(pixels: U8, luma: I16, cb: I16, cr: I16) -> tuple[F32, F32]:
    """Lowest and highest levels of Cb and Cr with which luma gives these RGB pixels, float32 (2, height, width) each.

    Blue bounds Cb and red Cr. Green bounds each of them given the other, where that does not contradict.
    """
    red, green, blue = (_channel_bounds(pixels[..., i], luma) for i in range(3))
    u, v = cb.astype(np.float32) - 128, cr.astype(np.float32) - 128
    of_u = _narrowed(_scaled(blue, BLUE), _scaled(_shifted(green, -V_GREEN * v), U_GREEN))
    of_v = _narrowed(_scaled(red, RED), _scaled(_shifted(green, -U_GREEN * u), V_GREEN))
    return np.stack([of_u[0], of_v[0]]) + 128, np.stack([of_u[1], of_v[1]]) + 128


Bounds = tuple[F32, F32]
"""Lowest and highest values."""
U_GREEN, V_GREEN = np.float32(U_TO_GREEN / ONE), np.float32(V_TO_GREEN / ONE)
"""What a level of Cb and of Cr adds to green."""
FAR = np.float32(512)
"""A difference of a channel and luma that never occurs."""


def _channel_bounds(channel: U8, luma: I16) -> Bounds:
    """Bounds of what chroma adds to luma in a channel, before rounding."""
    added, half = channel.astype(np.float32) - luma, np.float32(0.5)
    return np.where(channel == 0, -FAR, added - half), np.where(channel == 255, FAR, added + half)


def _scaled(bounds: Bounds, factor: float | np.float32) -> Bounds:
    low, high = bounds[0] / np.float32(factor), bounds[1] / np.float32(factor)
    return (low, high) if factor > 0 else (high, low)


def _shifted(bounds: Bounds, by: F32) -> Bounds:
    return bounds[0] + by, bounds[1] + by


def _narrowed(bounds: Bounds, other: Bounds) -> Bounds:
    """Bounds within others where both can hold."""
    low, high = np.maximum(bounds[0], other[0]), np.minimum(bounds[1], other[1])
    both = low <= high
    return np.where(both, low, bounds[0]), np.where(both, high, bounds[1])


def differing(one: U8, other: U8) -> Bool:
    """Which pixels differ, bool (height, width)."""
    if one.ndim == 2:
        return np.asarray(one != other)
    out: Bool = one[..., 0] != other[..., 0]
    for channel in (1, 2):  # any() over an axis of three is slower by far
        out |= one[..., channel] != other[..., channel]
    return out
