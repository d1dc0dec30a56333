"""Blocks -> the error of each candidate table's synthesis: quantized with it, transformed back, compared.

Under the table of the last save every pixel comes back within the decoder's rounding; clipped pixels do if their true
value is left free. All work is done on a few candidates at a time, so that it stays in the processor's cache.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import F32, U8, Bool
from jpegqf.evidence.blocks import BlockLattice
from jpegqf.evidence.dct import FORWARD, INVERSE
from jpegqf.jpeg.ijg import CANDIDATES, STEPS

AT_ONCE = 1280
"""Blocks synthesized at a time, over all candidates: 320 KiB a temporary."""


@dataclass(frozen=True)
class Misfit:
    """By how much pixels differ from their synthesis, in grey levels.

    ``worst`` is the largest error in each block, float32 (candidates, blocks); ``outside`` the share of all pixels
    whose error exceeds the tolerance asked for, float32 (candidates,).
    """

    worst: F32
    outside: F32


def _empty(candidates: int, blocks: int) -> Misfit:
    return Misfit(np.empty((candidates, blocks), np.float32), np.empty(candidates, np.float32))


def _batches(candidates: int, blocks: int) -> Iterator[slice]:
    size = max(1, AT_ONCE // max(blocks, 1))
    return (slice(first, first + size) for first in range(0, candidates, size))


def synthesized(coefficients: F32, steps: F32) -> F32:
    """Pixels less 128, before they are rounded, of coefficients, float32 (..., 64), quantized by steps: (..., 64).

    Both are broadcast: (blocks, 64) and (candidates, 1, 64) give (candidates, blocks, 64).
    """
    quantized: F32 = coefficients / steps
    np.rint(quantized, out=quantized)
    quantized *= steps
    return (quantized.reshape(-1, 64) @ INVERSE).reshape(quantized.shape)


def whole_levels(pixels: F32) -> F32:
    """Pixels less 128 as a decoder gives them: rounded and clipped."""
    return np.clip(np.rint(pixels), -128, 127)


def _errors(pixels: U8, steps: F32) -> Iterator[tuple[slice, F32]]:
    """Absolute errors (candidates, blocks, 64) of some candidates at a time."""
    centred = pixels.astype(np.float32) - 128
    coefficients = centred @ FORWARD
    for part in _batches(len(steps), len(pixels)):
        error = synthesized(coefficients, steps[part, None])
        yield part, np.abs(np.subtract(centred, error, out=error), out=error)


def given_back(pixels: U8, steps: F32, tolerance: float) -> Bool:
    """Which unclipped blocks, uint8 (blocks, 64), come back within ``tolerance``, bool (candidates, blocks).

    Under each table of ``steps``, float32 (candidates, 64).
    """
    return np.concatenate([error.max(axis=2) <= tolerance for _, error in _errors(pixels, steps)])


def misfit(pixels: U8, tolerance: float) -> Misfit:
    """Misfit of unclipped blocks, uint8 (blocks, 64), under all candidates."""
    out = _empty(CANDIDATES, len(pixels))
    for part, error in _errors(pixels, STEPS):
        _note(out, part, error, tolerance)
    return out


def _note(out: Misfit, part: slice, error: F32, tolerance: float) -> None:
    out.worst[part] = error.max(axis=2)
    out.outside[part] = np.count_nonzero(error > tolerance, axis=(1, 2)) / max(1, error.shape[1] * 64)


def flat_misfit(levels: NDArray[np.uint8], tolerance: float) -> Misfit:
    """Misfit of flat blocks of these grey levels, uint8 (blocks,): their one coefficient is eight times the level."""
    centred = levels.astype(np.float32) - 128
    step = STEPS[:, :1]
    error = np.abs(centred - np.rint(8 * centred / step) * step / 8)
    outside = np.count_nonzero(error > tolerance, axis=1) / max(1, len(levels))
    return Misfit(error, outside.astype(np.float32))


def clipped_misfit(pixels: U8, low: Bool, high: Bool, rounds: int, tolerance: float) -> Misfit:
    """Misfit of blocks with clipped pixels, uint8 (blocks, 64).

    The true value of pixels marked ``low`` may lie below their value, that of those marked ``high`` above it.

    In each of ``rounds`` rounds such pixels are replaced by their synthesis and the block is quantized again
    (projections onto convex sets).
    """
    out = _empty(CANDIDATES, len(pixels))
    for part in _batches(CANDIDATES, len(pixels)):
        _note(out, part, _clipped_errors(pixels, low, high, STEPS[part, None], rounds), tolerance)
    return out


def clipped_given_back(pixels: U8, low: Bool, high: Bool, steps: F32, rounds: int, tolerance: float) -> Bool:
    """Which of these blocks come back within ``tolerance`` under one table, float32 (64,); bool (blocks,)."""
    parts = [slice(first, first + AT_ONCE) for first in range(0, len(pixels), AT_ONCE)]
    errors = (_clipped_errors(pixels[part], low[part], high[part], steps[None, None], rounds)[0] for part in parts)
    return np.concatenate([error.max(axis=1) <= tolerance for error in errors])


def _clipped_errors(pixels: U8, low: Bool, high: Bool, steps: F32, rounds: int) -> F32:
    """Absolute errors (candidates, blocks, 64) under ``steps`` (candidates, 1, 64), as :func:`clipped_misfit` says."""
    centred = pixels.astype(np.float32) - 128
    coefficients = centred @ FORWARD
    for remaining in range(rounds, -1, -1):
        synthesis = synthesized(coefficients, steps)
        free = ((centred > synthesis) & low) | ((centred < synthesis) & high)
        nearest = np.where(free, synthesis, centred)
        if remaining:
            coefficients = (nearest.reshape(-1, 64) @ FORWARD).reshape(nearest.shape)
    return np.abs(nearest - synthesis)


def agreement(lattice: BlockLattice, steps: F32, tolerance: float, rounds: int) -> Bool:
    """Which blocks come back within ``tolerance`` grey levels under the table ``steps`` (64,); bool (rows, columns).

    Clipped pixels are left free, in ``rounds`` rounds. Flat blocks are not compared and count as not given back.
    """
    out, clipped, asked = np.zeros(lattice.shape, bool), lattice.clipped, lattice.informative
    sound = asked & ~clipped
    if sound.any():
        out[sound] = given_back(lattice.pixels[sound], steps[None], tolerance)[0]
    sound = asked & clipped
    if sound.any():
        pixels, low, high = lattice.pixels[sound], lattice.low[sound], lattice.high[sound]
        out[sound] = clipped_given_back(pixels, low, high, steps, rounds, tolerance)
    return out
