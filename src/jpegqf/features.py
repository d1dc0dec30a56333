"""Luma blocks -> DCT evidence for every candidate quality; the only preprocessing, shared with training.

What the blocks tell, per candidate table (the 100 IJG luma tables):

* comb: decoding rounds pixels, so a coefficient sits on a multiple of its step with an error of
  standard deviation 1/sqrt(12) (uniform pixel rounding under an orthonormal DCT);
* counts: how well a Laplacian explains which multiples occur, which tells a step from its divisors
  (Lam & Goodman, "A mathematical analysis of the DCT coefficient distributions for images", IEEE TIP 2000);
* synthesis: quantize the block with the candidate, transform back, compare with the pixels. Under the
  true table every pixel lies within the decoder's rounding. This holds where the comb's noise model
  fails: flat blocks, one-dimensional blocks and, with clipped pixels left free, saturated ones.

A mirrored patch has the same |coefficients| and the same blocks, mirrored: the evidence does not change.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jpegqf.decode import Luma
from jpegqf.tables import ijg_luma_all

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

CANDIDATES = 100
BINS_PER_UNIT = 4
"""Resolution of the |coefficient| histograms: a bin of 0.25 adds 6 % to the noise variance."""
BINS = 1056 * BINS_PER_UNIT
"""An 8-bit block's orthonormal coefficient is at most 8 * 128 = 1024 in magnitude (DC), some less for AC."""

SMALLEST_SHARE = np.float32(1e-3)
BIN_ROUNDING = 0.49
"""Not 0.5: a third of the frequencies take multiples of 1/8, which would then fall on the edges of bins."""


@dataclass(frozen=True)
class EvidenceSettings:
    """Numbers of the evidence; they live in the checkpoint's configuration, these are its defaults."""

    noise_sigma: float = 12**-0.5
    outlier_mass: float = 1e-3
    """Mass of a uniform floor under the comb: one bad coefficient costs a bounded amount of evidence."""
    pixel_tolerance: float = 0.56
    """Half a grey level of rounding, and the decoder's own arithmetic: at quality 10 to 90, 99.5 % of a
    photograph's blocks stay within 0.56 of an exact inverse DCT, but only 79 to 98 % within 0.52."""
    loose_tolerance: float = 1.05
    """The same for decoders with a fast, inexact inverse DCT."""
    rich_range: int = 8
    """Grey levels a block must span for its rounding errors to be white."""
    fewest_counted: int = 16
    """With fewer unclipped blocks than this, the least clipped ones are counted as well."""
    rich_blocks: int = 64
    low_blocks: int = 48
    flat_blocks: int = 48
    clipped_blocks: int = 24
    clip_rounds: int = 3
    """Times that the clipped pixels of a block are replaced by their synthesis."""

    def __post_init__(self) -> None:
        budgets = (self.fewest_counted, self.rich_blocks, self.low_blocks, self.flat_blocks, self.clipped_blocks)
        scales = (self.noise_sigma, self.outlier_mass, self.pixel_tolerance, self.loose_tolerance)
        sound = all(0 < scale < 10 for scale in scales) and self.outlier_mass < 1
        if not (sound and all(0 <= n <= 4096 for n in budgets) and 0 <= self.clip_rounds <= 16):
            raise ValueError("evidence settings out of bounds")


def _dct_basis() -> F64:
    """Orthonormal DCT-II of eight samples, float64 (frequency, sample)."""
    u = np.arange(8)
    basis: F64 = np.cos((2 * u[None] + 1) * u[:, None] * np.pi / 16) / 2
    basis[0] = np.sqrt(1 / 8)
    return basis


BASIS = _dct_basis()
FORWARD: F32 = np.kron(BASIS, BASIS).T.astype(np.float32)
"""Orthonormal 2-D DCT-II of row-major 8x8 blocks as one matrix, (64, 64): coefficients = block @ FORWARD."""
INVERSE = np.ascontiguousarray(FORWARD.T)
STEPS: F32 = ijg_luma_all().astype(np.float32)
STEP_INDEX = ijg_luma_all() - 1
"""(100, 64): column of each candidate's step in the tables over steps 1..255."""


@dataclass(frozen=True)
class Blocks:
    """Distinct 8x8 luma blocks, row-major: ``pixels`` uint8, ``low`` and ``high`` bool, each (blocks, 64).

    ``low`` marks pixels that clipping may have raised, ``high`` those it may have lowered.
    """

    pixels: U8
    low: Bool
    high: Bool
    seen: int
    """How many blocks there were before repeats were dropped."""

    def __len__(self) -> int:
        return len(self.pixels)


def _cut(plane: U8) -> U8:
    """Whole 8x8 blocks of a plane in raster order, (blocks, 64)."""
    height, width = (side - side % 8 for side in plane.shape)
    tiles = plane[:height, :width].reshape(height // 8, 8, width // 8, 8)
    return tiles.swapaxes(1, 2).reshape(-1, 64)


def first_of_each(pixels: U8) -> NDArray[np.int64]:
    """Indices of distinct rows; repeated blocks (drawn graphics, borders) are not independent evidence."""
    words = np.ascontiguousarray(pixels).view(np.uint64)
    multipliers = np.random.default_rng(0).integers(1, 2**63, 8, dtype=np.uint64) | np.uint64(1)
    mixed = words * multipliers
    keys = np.bitwise_xor.reduce(mixed ^ (mixed >> np.uint64(29)), axis=1)
    _, first = np.unique(keys, return_index=True)
    return np.sort(first)


def cut_blocks(patches: list[Luma]) -> Blocks:
    """The distinct whole 8x8 blocks of patches whose first pixel is on the grid."""
    pixels = np.concatenate([_cut(patch.plane) for patch in patches])
    keep = first_of_each(pixels)
    kept = pixels[keep]
    if any(patch.marks is None for patch in patches):
        return Blocks(kept, kept == 0, kept == 255, len(pixels))
    marks = np.concatenate([_cut(patch.marks) for patch in patches if patch.marks is not None])[keep]
    return Blocks(kept, (marks & 1).astype(bool), (marks & 2).astype(bool), len(pixels))


@lru_cache(maxsize=4)
def _bin_tables(settings: EvidenceSettings) -> tuple[F32, F32]:
    """For |c| of each bin and steps 1..255, float32 (BINS, 255 + 255) and (BINS, 255).

    First: the multiple that |c| rounds to, and whether it is zero. Second: log density of |c| under the
    comb of that step, given the multiples' own probabilities.
    """
    value = np.arange(BINS)[:, None] / BINS_PER_UNIT
    step = np.arange(1, 256)
    multiple = np.rint(value / step)
    error = value - multiple * step
    scale = settings.noise_sigma * np.sqrt(2 * np.pi)
    comb = sum(np.exp(-((error + j * step) ** 2) / (2 * settings.noise_sigma**2)) / scale for j in (-1, 0, 1))
    log_comb = np.log((1 - settings.outlier_mass) * comb + settings.outlier_mass / step)
    counted = np.concatenate([multiple, multiple == 0], axis=1)
    return counted.astype(np.float32), log_comb.astype(np.float32)


def _histogram(coefficients: F32) -> F32:
    """Counts of |coefficient| per frequency, float32 (64, BINS)."""
    bins = np.minimum((np.abs(coefficients) * BINS_PER_UNIT + BIN_ROUNDING).astype(np.int64), BINS - 1)
    counts = np.bincount((bins + np.arange(64) * BINS).ravel(), minlength=64 * BINS)
    return counts.reshape(64, BINS).astype(np.float32)


def _per_candidate(histogram: F32, table: F32) -> F32:
    """Sum of a bin table's columns over a histogram, for each candidate and frequency.

    ``table`` is (BINS, k * 255) for k quantities; returns float32 (k, 100, 64).
    """
    kinds = table.shape[1] // 255
    out = np.zeros((kinds, CANDIDATES, 64), np.float32)
    for frequency in range(64):
        filled = np.flatnonzero(histogram[frequency])
        if not len(filled):
            continue
        end = filled[-1] + 1
        sums = (histogram[frequency, :end] @ table[:end]).reshape(kinds, 255)
        out[:, :, frequency] = sums[:, STEP_INDEX[:, frequency]]
    return out


def _laplacian(count: int, zeros: F32, total: F32) -> F32:
    """Log probability of quantized values under a Laplacian whose scale is fitted to mean |k|.

    ``zeros`` and ``total`` (sum of |k|) are (100, 64). With x = exp(-step / (2 b)): P(0) = 1 - x,
    P(k) = (1 - x^2) / (2 x) * x^(2 |k|), and E|k| = x / (1 - x^2).
    """
    mean = total / max(count, 1) + np.float32(1e-4)
    x = np.clip((np.sqrt(1 + 4 * mean * mean) - 1) / (2 * mean), 1e-6, 1 - 1e-6)
    nonzero = count - zeros
    out: F32 = zeros * np.log1p(-x) + nonzero * np.log((1 - x * x) / (2 * x)) + 2 * total * np.log(x)
    return out


def _zero_inflated(count: int, zeros: F32, total: F32) -> F32:
    """The same with the mass at zero free: robust where an image is part smooth, part busy."""
    nonzero = count - zeros
    p_zero = (zeros + 0.5) / (count + 1)
    ratio = (total - nonzero + 0.2) / (total + 0.4)
    tail = nonzero * (np.log1p(-p_zero) + np.log((1 - ratio) / 2)) + (total - nonzero) * np.log(ratio)
    out: F32 = zeros * np.log(p_zero) + tail
    return out


def _synthesis(blocks: Blocks, rows: NDArray[np.int64], rounds: int, settings: EvidenceSettings) -> F32:
    """How badly each candidate's quantization gives the blocks back; float32 (100, 6).

    Columns: share of blocks with a pixel outside the tolerance, outside the loose tolerance, share of
    pixels outside; then the same on a log scale, where "one block in a hundred" differs from "none".
    Pixels marked as clipped may exceed their value. ``rounds`` > 0 replaces clipped pixels by their
    synthesis and quantizes again (projections onto convex sets).
    """
    if not len(rows):
        return np.zeros((CANDIDATES, 6), np.float32)
    pixels = blocks.pixels[rows].astype(np.float32) - 128
    low, high = blocks.low[rows], blocks.high[rows]
    coefficients = pixels @ FORWARD
    for remaining in range(rounds, -1, -1):
        quantized = np.rint(coefficients / STEPS[:, None]) * STEPS[:, None]
        synthesis = (quantized.reshape(-1, 64) @ INVERSE).reshape(quantized.shape)
        error = pixels - synthesis
        free = ((error > 0) & low) | ((error < 0) & high)
        if remaining:
            coefficients = (np.where(free, synthesis, pixels).reshape(-1, 64) @ FORWARD).reshape(quantized.shape)
    error = np.abs(np.where(free, 0, error))
    outside = error > settings.pixel_tolerance
    loose = error.max(axis=2) > settings.loose_tolerance
    columns = (outside.any(axis=2).mean(axis=1), loose.mean(axis=1), outside.mean(axis=(1, 2)))
    shares = np.stack(columns, axis=1).astype(np.float32)
    return np.concatenate([shares, np.log(shares + SMALLEST_SHARE)], axis=1)


@dataclass(frozen=True)
class _Classes:
    """Which blocks can carry which evidence; bool (blocks,) each."""

    clipped: Bool
    flat: Bool
    low: Bool
    """Unclipped and not flat, but one-dimensional or of few grey levels: rounding errors are not white."""
    rich: Bool
    counted: Bool
    """Blocks whose multiples are counted."""


def _ranked(key: NDArray[np.int64], blocks: Blocks) -> NDArray[np.int64]:
    """Rows by ascending ``key``; ties in an order that mirroring the image does not change."""
    wide = blocks.pixels.astype(np.int64)
    return np.lexsort((wide.sum(axis=1), (wide * wide).sum(axis=1), key))


def _activity(blocks: Blocks) -> NDArray[np.int64]:
    """Total variation of each block in grey levels, int64 (blocks,): exact, and the same mirrored."""
    square = blocks.pixels.reshape(-1, 8, 8).astype(np.int16)
    out: NDArray[np.int64] = sum(np.abs(np.diff(square, axis=axis)).sum(axis=(1, 2), dtype=np.int64) for axis in (1, 2))
    return out


def _classify(blocks: Blocks, settings: EvidenceSettings) -> _Classes:
    square = blocks.pixels.reshape(-1, 8, 8)
    marks = (blocks.low | blocks.high).sum(axis=1)
    clipped = marks > 0
    span = blocks.pixels.max(axis=1).astype(np.int64) - blocks.pixels.min(axis=1)
    flat = span == 0
    lines = (square == square[:, :1]).all(axis=(1, 2)) | (square == square[:, :, :1]).all(axis=(1, 2))
    low = ~clipped & ~flat & (lines | (span < settings.rich_range))
    counted = ~clipped
    if counted.sum() < settings.fewest_counted:
        counted = np.zeros_like(clipped)
        counted[_ranked(marks, blocks)[: settings.fewest_counted]] = True
    return _Classes(clipped, flat, low, ~clipped & ~flat & ~low, counted)


def _squash(x: F32) -> F32:
    """Signed logarithm: keeps order and sign of sums that span five decades."""
    out: F32 = np.sign(x) * np.log1p(np.abs(x))
    return out


def _below_best(x: F32) -> F32:
    """Evidence relative to the best candidate (<= 0), along the first axis."""
    out: F32 = x - x.max(axis=0)
    return out


def _totals(laplacian: F32, inflated: F32, comb: F32) -> F32:
    """Sums over frequencies, plain, with each frequency's vote bounded, and without DC; (100, 12)."""
    columns = []
    for evidence in (laplacian + comb, inflated + comb, comb, laplacian):
        relative = _below_best(evidence)
        for total in (relative.sum(axis=1), np.maximum(relative, -20).sum(axis=1), relative[:, 1:].sum(axis=1)):
            columns.append(_squash(_below_best(total)))
    return np.stack(columns, axis=1)


def _all_synthesis(blocks: Blocks, kinds: _Classes, settings: EvidenceSettings) -> F32:
    """Synthesis evidence of each class of blocks, the most active and least clipped first; (100, 24)."""
    visible = (~(blocks.low | blocks.high)).sum(axis=1)
    ranked = _ranked(-_activity(blocks) * visible, blocks)
    plan = (
        (kinds.rich, settings.rich_blocks, 0),
        (kinds.low, settings.low_blocks, 0),
        (kinds.flat & ~kinds.clipped, settings.flat_blocks, 0),
        (kinds.clipped & ~kinds.flat, settings.clipped_blocks, settings.clip_rounds),
    )
    parts = [_synthesis(blocks, ranked[mask[ranked]][:most], rounds, settings) for mask, most, rounds in plan]
    return np.concatenate(parts, axis=1)


def _context(blocks: Blocks, kinds: _Classes, coefficients: F32) -> F32:
    """What kind of image this is, the same for every candidate; (11,)."""
    masks = (kinds.rich, kinds.low, kinds.flat, kinds.clipped)
    counts = [blocks.seen, len(blocks), *(mask.sum() for mask in masks)]
    shares = [mask.mean() for mask in masks]
    return np.array([*np.log1p(counts), *shares, np.log1p(np.abs(coefficients[:, 1:]).mean())], np.float32)


FEATURES = 4 * 64 + 12 + 24 + 11
"""Width of the evidence: four maps over frequencies, totals, synthesis, context."""


def evidence(patches: list[Luma], settings: EvidenceSettings) -> F32:
    """Evidence of all patches together, float32 (100, FEATURES): row i speaks for quality i + 1.

    Raises ValueError if there is no patch or a patch holds no whole block.
    """
    if not patches:
        raise ValueError("evidence needs at least one patch")
    blocks = cut_blocks(patches)
    if not len(blocks):
        raise ValueError("evidence needs at least one whole 8x8 block")
    kinds = _classify(blocks, settings)
    coefficients = (blocks.pixels.astype(np.float32) - 128) @ FORWARD
    counted_table, comb_table = _bin_tables(settings)
    count = int(kinds.counted.sum())
    total, zeros = _per_candidate(_histogram(coefficients[kinds.counted]), counted_table)
    comb = _per_candidate(_histogram(coefficients[kinds.rich]), comb_table)[0]
    laplacian, inflated = _laplacian(count, zeros, total), _zero_inflated(count, zeros, total)
    maps = [_squash(_below_best(x)) for x in (laplacian + comb, inflated + comb, comb)]
    context = np.broadcast_to(_context(blocks, kinds, coefficients), (CANDIDATES, 11))
    synthesis = _all_synthesis(blocks, kinds, settings)
    columns = [*maps, np.log1p(count - zeros), _totals(laplacian, inflated, comb), synthesis, context]
    return np.concatenate(columns, axis=1).astype(np.float32)
