"""Luma blocks -> DCT evidence for every candidate quality; prediction and training both use it.

The evidence for each candidate, one of the 100 IJG luma tables:

* comb and counts: the log-likelihood of each step at each frequency (``jpegqf.evidence.likelihood``);
* synthesis: how well the candidate gives the blocks back (``jpegqf.evidence.synthesis``). This holds where the comb's
  noise model fails: flat blocks, one-dimensional blocks and, with clipped pixels left free, saturated ones;
* nearness: how far the best free choice of steps is from the candidate's, for tables of other encoders.

A mirrored patch has the same |coefficients| and the same blocks, mirrored: the evidence does not change.
"""

from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import F32, I64, U8, Bool, Numbers, beside, library, median
from jpegqf.evidence.blocks import Blocks, constant_along_an_axis, cut_blocks
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.likelihood import (
    comb_evidence,
    comb_table,
    histogram,
    laplacian,
    multiple_sums,
    zero_inflated,
)
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.evidence.synthesis import Misfit, clipped_misfit, flat_misfit, misfit
from jpegqf.jpeg.ijg import CANDIDATES, FREQUENCY_WEIGHTS, MAX_STEP, STEP_INDEX, STEPS, TURNED_INDEX
from jpegqf.pixels.luma import Luma

SMALLEST_SHARE = np.float32(1e-3)
"""Added to shares before their logarithm is taken."""
NEAR = 1.3
"""Largest ratio at which a step of another encoder's table counts as near a candidate's step."""


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
    """Classes of blocks by the evidence that they can give; bool (blocks,) each."""

    clipped: Bool
    flat: Bool
    low: Bool
    """Unclipped and not flat, but one-dimensional or of few grey levels: rounding errors are not white."""
    rich: Bool
    counted: Bool
    """Blocks whose multiples are counted."""


def _ranked(key: I64, blocks: Blocks) -> I64:
    """Rows by ascending ``key``; ties in an order that mirroring the image does not change."""
    wide = blocks.pixels.astype(np.int64)
    return np.lexsort((wide.sum(axis=1), (wide * wide).sum(axis=1), key))


def _activity(blocks: Blocks) -> I64:
    """Total variation of each block in grey levels, int64 (blocks,): exact, and the same mirrored."""
    square = blocks.pixels.reshape(-1, 8, 8).astype(np.int16)
    out: I64 = sum(np.abs(np.diff(square, axis=axis)).sum(axis=(1, 2), dtype=np.int64) for axis in (1, 2))
    return out


def _classify(blocks: Blocks, settings: EvidenceSettings) -> _Classes:
    marks = (blocks.low | blocks.high).sum(axis=1)
    clipped = marks > 0
    span = blocks.pixels.max(axis=1).astype(np.int64) - blocks.pixels.min(axis=1)
    flat = span == 0
    lines = constant_along_an_axis(blocks.pixels)
    low = ~clipped & ~flat & (lines | (span < settings.rich_range))
    counted = ~clipped
    if counted.sum() < settings.fewest_counted:
        counted = np.zeros_like(clipped)
        counted[_ranked(marks, blocks)[: settings.fewest_counted]] = True
    return _Classes(clipped, flat, low, ~clipped & ~flat & ~low, counted)


def _squash(x: Numbers) -> Numbers:
    """Signed logarithm: keeps order and sign of sums that span five decades."""
    xp = library(x)
    return xp.sign(x) * xp.log1p(xp.abs(x))


def _below_best(x: Numbers, axis: int) -> Numbers:
    """Evidence relative to the best candidate (<= 0), which are along ``axis``."""
    return x - library(x).amax(x, axis=axis, keepdims=True)


def _totals(laplacian: Numbers, inflated: Numbers, comb: Numbers) -> Numbers:
    """Sums over frequencies, plain, with each frequency's vote bounded, and without DC; (..., 100, 12)."""
    xp = library(comb)
    columns = []
    for evidence in (laplacian + comb, inflated + comb, comb, laplacian):
        relative = _below_best(evidence, axis=-2)
        for part in (relative, xp.clip(relative, -20, None), relative[..., 1:]):
            columns.append(_squash(_below_best(part.sum(axis=-1), axis=-1)))
    return xp.stack(columns, axis=-1)


def _near_windows() -> tuple[I64, I64, I64]:
    """Windows of the steps within the factor NEAR of each step 1..255, (255,) each.

    Each is two overlapping windows of a power of two, given as its logarithm, their first rows, and the others'.
    """
    step = np.arange(1, MAX_STEP + 1)
    first, last = np.ceil(step / NEAR).astype(int) - 1, np.minimum(np.floor(step * NEAR), MAX_STEP).astype(int)
    power = np.log2(last - first).astype(int)
    return power, first, last - 2**power


NEAR_WINDOWS = _near_windows()


def _best_near(evidence: Numbers) -> Numbers:
    """Greatest of the steps within the factor NEAR of each step, (..., 255, 64)."""
    xp = library(evidence)
    power, first, second = NEAR_WINDOWS
    greatest = [evidence]
    for width in 2 ** np.arange(power.max()):
        below = greatest[-1]
        pairs = xp.maximum(below[..., :-width, :], below[..., width:, :])
        greatest.append(xp.concatenate([pairs, below[..., -width:, :]], axis=-2))
    windows = xp.stack(greatest, axis=-3)
    return xp.maximum(windows[..., power, first, :], windows[..., power, second, :])


def _nearness(evidence: Numbers) -> tuple[Numbers, Numbers]:
    """How near each candidate is to the best steps of all, from log-likelihoods (..., 255, 64).

    First, (..., 100, 64): likelihood of the best step near the candidate's, below that of the best step of all.
    Second, (..., 100, 2): weighted mean of the absolute log ratios of the best steps to the candidate's, weighted
    by FREQUENCY_WEIGHTS times how clearly each frequency prefers its best step (with squares a few wrong steps would
    decide); and the sum of the first.
    """
    xp = library(evidence)
    highest = xp.amax(evidence, axis=-2)
    ratio = xp.log((evidence.argmax(axis=-2)[..., None, :] + 1) / beside(evidence, STEPS))
    weight = xp.log1p(highest - median(evidence, axis=-2)) * beside(evidence, FREQUENCY_WEIGHTS)
    distance = (xp.abs(ratio) * weight[..., None, :]).sum(axis=-1) / (weight.sum(axis=-1) + 1e-6)[..., None]
    by_candidate = (_best_near(evidence) - highest[..., None, :])[..., STEP_INDEX, np.arange(64)]
    total = _squash(_below_best(xp.clip(by_candidate, -20, None).sum(axis=-1), axis=-1))
    return _squash(by_candidate), xp.stack([distance, total], axis=-1)


def _turned_lead(evidence: Numbers) -> Numbers:
    """By how much the best candidate of an image turned by 90 degrees beats the best of an upright one, squashed.

    (..., 1, 1).
    """
    upright, turned = (
        library(evidence).amax(evidence[..., index, np.arange(64)].sum(axis=-1, keepdims=True), axis=-2, keepdims=True)
        for index in (STEP_INDEX, TURNED_INDEX)
    )
    return _squash(turned - upright)


@dataclass(frozen=True)
class GatheredBlocks:
    """Blocks of one image, classified: the input from which evidence is computed."""

    pixels: U8
    """Distinct blocks, uint8 (blocks, 64), row-major."""
    counted: Bool
    """Which blocks have their multiples counted, bool (blocks,)."""
    rich: Bool
    """Which blocks are used for the comb, bool (blocks,)."""
    synthesized: tuple[I64, I64, I64, I64]
    """Indices of the rich, low, flat and clipped blocks that are synthesized, int64 (n,) each."""
    low: Bool
    """Pixels of the synthesized clipped blocks that clipping may have raised, bool (clipped, 64)."""
    high: Bool
    """Pixels of the same blocks that clipping may have lowered, bool (clipped, 64)."""
    context: F32
    """Counts and shares of the classes of blocks, float32 (10,), the same for every candidate."""


def gather_blocks(patches: list[Luma], settings: EvidenceSettings) -> GatheredBlocks:
    """Cut, classify and rank the blocks of all patches. Raises ValueError as :func:`evidence` does."""
    if not patches:
        raise ValueError("evidence needs at least one patch")
    blocks = cut_blocks(patches)
    if not len(blocks):
        raise ValueError("evidence needs at least one whole 8x8 block")
    kinds = _classify(blocks, settings)
    visible = (~(blocks.low | blocks.high)).sum(axis=1)
    ranked = _ranked(-_activity(blocks) * visible, blocks)

    def best(mask: Bool, most: int) -> I64:
        """The most active and least clipped."""
        return ranked[mask[ranked]][:most]

    synthesized = (
        best(kinds.rich, settings.rich_blocks),
        best(kinds.low, settings.low_blocks),
        best(kinds.flat & ~kinds.clipped, settings.flat_blocks),
        best(kinds.clipped & ~kinds.flat, settings.clipped_blocks),
    )
    low, high = (marks[synthesized[3]] for marks in (blocks.low, blocks.high))
    return GatheredBlocks(blocks.pixels, kinds.counted, kinds.rich, synthesized, low, high, _context(blocks, kinds))


def _context(blocks: Blocks, kinds: _Classes) -> F32:
    masks = (kinds.rich, kinds.low, kinds.flat, kinds.clipped)
    counts = [blocks.with_repeats, len(blocks), *(mask.sum() for mask in masks)]
    return np.array([*np.log1p(counts), *(mask.mean() for mask in masks)], np.float32)


def _all_synthesis(gathered: GatheredBlocks, settings: EvidenceSettings) -> F32:
    """Synthesis evidence of each class of blocks; (100, 24)."""
    rich, low, flat, clipped = (gathered.pixels[rows] for rows in gathered.synthesized)
    tolerance = settings.pixel_tolerance
    found = (
        misfit(rich, tolerance),
        misfit(low, tolerance),
        flat_misfit(flat[:, 0], tolerance),
        clipped_misfit(clipped, gathered.low, gathered.high, settings.clip_rounds, tolerance),
    )
    return np.concatenate([_shares(of_kind, settings) for of_kind in found], axis=1)


def evidence(patches: list[Luma], settings: EvidenceSettings) -> F32:
    """Evidence of all patches together, float32 (100, FEATURES): row i speaks for quality i + 1.

    Raises ValueError if there is no patch or the patches hold no whole block.
    """
    return evidence_of(gather_blocks(patches, settings), settings)


def evidence_of(gathered: GatheredBlocks, settings: EvidenceSettings) -> F32:
    """Evidence of gathered blocks, float32 (100, FEATURES). ``jpegqf.evidence.on_torch`` does this for many."""
    coefficients = (gathered.pixels.astype(np.float32) - 128) @ FORWARD
    count = np.full(64, gathered.counted.sum(), np.float32)
    total, zeros = multiple_sums(histogram(coefficients[gathered.counted]))
    table = comb_table(settings.noise_sigma, settings.outlier_mass)
    comb = comb_evidence(histogram(coefficients[gathered.rich]), table)
    context = np.append(gathered.context, np.log1p(np.abs(coefficients[:, 1:]).mean()))
    return np.concatenate(
        [maps_and_totals(count, zeros, total, comb), _all_synthesis(gathered, settings),
         np.broadcast_to(context, (CANDIDATES, len(context)))],
        axis=1,
    ).astype(np.float32)  # fmt: skip


def maps_and_totals(count: Numbers, zeros: Numbers, total: Numbers, comb: Numbers) -> Numbers:
    """Evidence from histograms of coefficients: five maps, totals, nearness, lead of a turned table; (..., 100, 335).

    ``count``, ``zeros`` and ``total`` as for ``likelihood.laplacian``, ``comb`` as of ``likelihood.comb_evidence``.
    """
    xp = library(comb)
    by_counts, by_shape = laplacian(count, zeros, total), zero_inflated(count, zeros, total)
    near, nearness = _nearness(by_counts + comb)
    turned = _turned_lead(by_shape + comb)
    asked, shaped, combed, zeros = (x[..., STEP_INDEX, np.arange(64)] for x in (by_counts, by_shape, comb, zeros))
    maps = [_squash(_below_best(x, axis=-2)) for x in (asked + combed, shaped + combed, combed)]
    lead = xp.broadcast_to(turned, (*turned.shape[:-2], CANDIDATES, 1))
    totals = _totals(asked, shaped, combed)
    return xp.concatenate([*maps, xp.log1p(count - zeros), near, totals, nearness, lead], axis=-1)
