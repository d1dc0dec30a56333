"""Luma blocks -> DCT evidence for every candidate quality; the only preprocessing, shared with training.

What the blocks tell, per candidate table (the 100 IJG luma tables):

* comb and counts: the log-likelihood of each step at each frequency (``jpegqf.likelihood``);
* synthesis: how well the candidate gives the blocks back (``jpegqf.synthesis``). This holds where the comb's
  noise model fails: flat blocks, one-dimensional blocks and, with clipped pixels left free, saturated ones;
* nearness: how far the best free choice of steps is from the candidate's, for tables of other encoders.

A mirrored patch has the same |coefficients| and the same blocks, mirrored: the evidence does not change.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegqf.blocks import F32, FORWARD, Blocks, Bool, cut_blocks
from jpegqf.decode import Luma
from jpegqf.likelihood import MAX_STEP, comb_evidence, comb_table, histogram, laplacian, multiples, zero_inflated
from jpegqf.synthesis import CANDIDATES, STEPS, Misfit, clipped_misfit, flat_misfit, misfit
from jpegqf.tables import FREQUENCY_WEIGHTS, ijg_luma_all

SMALLEST_SHARE = np.float32(1e-3)


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


STEP_INDEX = ijg_luma_all() - 1
"""(100, 64): row of each candidate's step among the steps 1..255."""
TURNED_INDEX = STEP_INDEX.reshape(100, 8, 8).swapaxes(1, 2).reshape(100, 64)
"""The same after the image was turned by 90 degrees, which transposes its tables."""
NEAR = 1.3
"""Factor up to which steps of other encoders' tables count as near a candidate's."""


def _shares(found: Misfit, settings: EvidenceSettings) -> F32:
    """How badly each candidate gives the blocks back; float32 (100, 6).

    Columns: share of blocks with a pixel outside the tolerance, outside the loose tolerance, share of
    pixels outside; then the same on a log scale, where "one block in a hundred" differs from "none".
    """
    if not found.worst.size:
        return np.zeros((CANDIDATES, 6), np.float32)
    outside, loose = (
        (found.worst > limit).mean(axis=1) for limit in (settings.pixel_tolerance, settings.loose_tolerance)
    )
    shares = np.stack([outside, loose, found.outside], axis=1).astype(np.float32)
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


def _near_windows() -> NDArray[np.int64]:
    """Ends of the window of steps within the factor NEAR of each step 1..255, as rows, interleaved (510,)."""
    step = np.arange(1, MAX_STEP + 1)
    first, last = np.ceil(step / NEAR).astype(int) - 1, np.minimum(np.floor(step * NEAR), MAX_STEP).astype(int)
    return np.stack([first, last], axis=1).reshape(-1)


NEAR_WINDOWS = _near_windows()


def _nearness(evidence: F32) -> tuple[F32, F32]:
    """How near each candidate is to the best steps of all, from log-likelihoods (255, 64).

    First, (100, 64): likelihood of the best step near the candidate's, below that of the best step of all.
    Second, (100, 2): weighted mean of the absolute log ratios of the best steps to the candidate's, weights those
    of ``tables.table_error`` times what each frequency tells (squares let a few wrong steps decide); and the sum
    of the first.
    """
    padded = np.concatenate([evidence, evidence[-1:]])
    near = np.maximum.reduceat(padded, NEAR_WINDOWS, axis=0)[::2] - evidence.max(axis=0)
    ratio = np.log((evidence.argmax(axis=0) + 1) / STEPS)
    weight = FREQUENCY_WEIGHTS * np.log1p(evidence.max(axis=0) - np.median(evidence, axis=0))
    distance = np.abs(ratio) @ weight / (weight.sum() + 1e-6)
    by_candidate = near[STEP_INDEX, np.arange(64)]
    total = _squash(_below_best(np.maximum(by_candidate, -20).sum(axis=1)))
    return _squash(by_candidate), np.stack([distance, total], axis=1)


def _turned_lead(evidence: F32) -> np.float32:
    """By how much the best candidate of an image turned by 90 degrees beats the best of an upright one, squashed."""
    upright, turned = (evidence[index, np.arange(64)].sum(axis=1).max() for index in (STEP_INDEX, TURNED_INDEX))
    return np.float32(_squash(turned - upright))


def _all_synthesis(blocks: Blocks, kinds: _Classes, settings: EvidenceSettings) -> F32:
    """Synthesis evidence of each class of blocks, the most active and least clipped first; (100, 24)."""
    visible = (~(blocks.low | blocks.high)).sum(axis=1)
    ranked = _ranked(-_activity(blocks) * visible, blocks)
    tolerance = settings.pixel_tolerance

    def best(mask: Bool, most: int) -> NDArray[np.int64]:
        return ranked[mask[ranked]][:most]

    rich, low = (
        misfit(blocks.pixels[best(mask, most)], tolerance)
        for mask, most in ((kinds.rich, settings.rich_blocks), (kinds.low, settings.low_blocks))
    )
    flat = flat_misfit(blocks.pixels[best(kinds.flat & ~kinds.clipped, settings.flat_blocks), 0], tolerance)
    rows = best(kinds.clipped & ~kinds.flat, settings.clipped_blocks)
    clipped = clipped_misfit(blocks.pixels[rows], blocks.low[rows], blocks.high[rows], settings.clip_rounds, tolerance)
    return np.concatenate([_shares(found, settings) for found in (rich, low, flat, clipped)], axis=1)


def _context(blocks: Blocks, kinds: _Classes, coefficients: F32) -> F32:
    """What kind of image this is, the same for every candidate; (11,)."""
    masks = (kinds.rich, kinds.low, kinds.flat, kinds.clipped)
    counts = [blocks.seen, len(blocks), *(mask.sum() for mask in masks)]
    shares = [mask.mean() for mask in masks]
    return np.array([*np.log1p(counts), *shares, np.log1p(np.abs(coefficients[:, 1:]).mean())], np.float32)


FEATURES = 5 * 64 + 12 + 2 + 24 + 12
"""Width of the evidence: five maps over frequencies, totals, nearness, synthesis, context."""


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
    return np.concatenate(
        [_maps_and_totals(coefficients, kinds, settings), _all_synthesis(blocks, kinds, settings),
         np.broadcast_to(_context(blocks, kinds, coefficients), (CANDIDATES, 11))],
        axis=1,
    ).astype(np.float32)  # fmt: skip


def _maps_and_totals(coefficients: F32, kinds: _Classes, settings: EvidenceSettings) -> F32:
    """What histograms of coefficients tell: five maps, totals, nearness, lead of a turned table; (100, 335)."""
    count = np.full(64, kinds.counted.sum(), np.float32)
    total, zeros = multiples(histogram(coefficients[kinds.counted]))
    comb = comb_evidence(histogram(coefficients[kinds.rich]), comb_table(settings.noise_sigma, settings.outlier_mass))
    by_counts, by_shape = laplacian(count, zeros, total), zero_inflated(count, zeros, total)
    near, nearness = _nearness(by_counts + comb)
    turned = np.full((CANDIDATES, 1), _turned_lead(by_shape + comb))
    places = (STEP_INDEX, np.arange(64))
    asked, shaped, combed = by_counts[places], by_shape[places], comb[places]
    maps = [_squash(_below_best(x)) for x in (asked + combed, shaped + combed, combed)]
    nonzero = np.log1p(count - zeros[places])
    return np.concatenate([*maps, nonzero, near, _totals(asked, shaped, combed), nearness, turned], axis=1)
