"""What a look at an image found -> the tables and the subsampling to restore it with, tried on its own blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jpegqf.arrays import I32, I64, U8
from jpegqf.coefficients.alternating import chroma_fit
from jpegqf.coefficients.blocks.levels import is_within, quantized
from jpegqf.coefficients.draft import Layout
from jpegqf.errors import ImageSkippedError, Reason
from jpegqf.evidence.blocks import evenly_spread
from jpegqf.inspection.findings import Findings
from jpegqf.jpeg.ijg import IJG_CHROMA, MAX_STEP, QUALITIES, ijg_chroma, ijg_luma, scaled
from jpegqf.jpeg.jpegli import jpegli_table, quality_to_distance
from jpegqf.jpeg.known_tables import MOZJPEG_CHROMA, Family
from jpegqf.jpeg.listed_tables import by_steps
from jpegqf.jpeg.table_match import ROUNDINGS, equivalent_quality, match_mozjpeg, match_scaled
from jpegqf.model.prediction import Prediction
from jpegqf.pixels.chroma import Colours
from jpegqf.pixels.luma import Luma
from jpegqf.pixels.upsampling import AS_DECODED, NOT_SUBSAMPLED, Sampling
from jpegqf.tables.check import TOGETHER, share_expected
from jpegqf.tables.chroma_reading import read_chroma
from jpegqf.tables.step_likelihood import step_likelihoods, unclipped_blocks

SAMPLINGS = (*AS_DECODED, NOT_SUBSAMPLED)
"""Ways of subsampling that libjpeg's decoder undoes as the pixels show it, the usual one first."""
MOST_QUALITIES, POSSIBLE = 8, 0.001
"""Most IJG qualities that are tried, and the probability from which one is."""
BLOCKS = 384
"""Luma blocks on which tables are tried."""
FEW_RIGHT = 0.5
"""Share of the blocks expected to come back by rounding alone that must do so."""
FINE = 97
"""Equivalent quality from which that is not asked."""
ENOUGH = 0.02
"""Share of pixels whose chroma may not come back at first if no other table or subsampling is tried."""
COARSE = 0.7
"""Sum of chroma's steps against luma's from which on that is enough: finer ones explain chroma of any subsampling."""
HOPELESS = 0.3
"""Share from which nothing explains chroma."""
MANY_RIGHT = 0.1
"""Share of known pixels in MCUs that come back whole from which on the table with the most of them is the right one."""
SIDE = 512
"""Side of the part of the image in which chroma is tried."""


@dataclass(frozen=True)
class Plan:
    """``luma`` and ``chroma``: steps, int32 (64,); ``chroma`` and ``sampling`` are None of gray images.

    ``wrong``: share of the pixels whose chroma does not come back at first.
    """

    luma: I32
    chroma: I32 | None
    sampling: Sampling | None
    wrong: float = 0.0


def plan(found: Findings, pixels: U8) -> Plan:
    """The plan for pixels, uint8 (height, width) or (height, width, 3), whose grid starts at the first of them.

    Raises ImageSkippedError where no table explains them: they are not those of one JPEG.
    """
    luma = _luma_steps(found, pixels)
    if pixels.ndim == 2:
        return Plan(luma, None, None)
    return _with_chroma(found, pixels, luma)


def not_a_jpeg(words: str) -> ImageSkippedError:
    """The refusal of pixels that no JPEG gives."""
    return ImageSkippedError(Reason.NOT_A_JPEG, words)


def _luma_steps(found: Findings, pixels: U8) -> I32:
    luma = Luma(pixels) if pixels.ndim == 2 else Luma.from_rgb(pixels)
    blocks = evenly_spread(unclipped_blocks(luma), BLOCKS)
    tables = list(_luma_tables(found, blocks))
    if not len(blocks):
        return tables[0]
    levels = blocks.astype(np.int16)
    right = [is_within(quantized(blocks.astype(np.float32), table), levels, levels, table).mean() for table in tables]
    best = int(np.argmax(np.round(right, 2)))
    least = FEW_RIGHT * share_expected(tables[best].astype(np.int64)) ** TOGETHER
    if right[best] < least and equivalent_quality(tables[best].astype(np.int64)) < FINE:
        raise not_a_jpeg("no table explains the pixels: edited, resized or saved twice since")
    return tables[best]


def _luma_tables(found: Findings, blocks: U8) -> Iterator[I32]:
    """Luma tables that may be it, the likeliest first."""
    prediction, table = _prediction(found), found.table
    order = np.argsort(-prediction.probability, kind="stable")[:MOST_QUALITIES]
    likely = [int(QUALITIES[i]) for i in order if prediction.probability[i] >= POSSIBLE] or [prediction.rounded]
    if table is not None and not table.ijg:
        yield _completed(table.steps, blocks)
    for quality in likely:
        yield ijg_luma(quality).reshape(64).astype(np.int32)
    if table is not None and table.ijg and table.writer is None and any(table.steps):
        yield _completed(table.steps, blocks)


def _prediction(found: Findings) -> Prediction:
    if found.prediction is None:
        raise not_a_jpeg("the pixels show no trace of a JPEG")
    return found.prediction


def _completed(steps: tuple[int | None, ...], blocks: U8) -> I32:
    """A table with the steps that are not certain as the blocks show them."""
    read = _read_steps(blocks)
    return np.array([step or int(other) for step, other in zip(steps, read, strict=True)], np.int32)


def _read_steps(blocks: U8) -> I64:
    """The likeliest step of each frequency, int64 (64,); where nothing tells, the largest of those that are told."""
    likelihoods = step_likelihoods(blocks)
    told = np.ptp(likelihoods, axis=0) > 0
    steps = likelihoods.argmax(axis=0) + 1
    return np.asarray(np.where(told, steps, steps[told].max(initial=1)), np.int64)


def _with_chroma(found: Findings, pixels: U8, luma: I32) -> Plan:
    """With chroma's steps and subsampling: the first that brings chroma back, or those that come nearest."""
    part = pixels[_middle(len(pixels)), _middle(pixels.shape[1])]
    named = found.chroma.subsampling if found.chroma else None
    tried: list[tuple[Plan, float]] = []
    for sampling in sorted(SAMPLINGS, key=lambda one: one.name != named):
        for table in _chroma_tables(found, pixels, luma):
            fit = chroma_fit(part, Layout(part.shape[0], part.shape[1], sampling), table)
            planned = Plan(luma, table, sampling, fit.wrong)
            if fit.wrong <= ENOUGH and table.sum() >= COARSE * luma.sum():
                return planned
            tried.append((planned, fit.right))
    best, right = max(tried, key=lambda pair: pair[1])
    if right >= MANY_RIGHT:
        return best
    best = min((planned for planned, _ in tried), key=lambda planned: planned.wrong)
    if best.wrong > HOPELESS:
        raise not_a_jpeg("no chroma table explains the colours: edited or decoded otherwise")
    return best


def _middle(length: int) -> slice:
    """The middle of a side, from a multiple of 16 on."""
    first = max(0, length - SIDE) // 2 // 16 * 16
    return slice(first, first + SIDE if first else length if length <= SIDE else SIDE)


def _chroma_tables(found: Findings, pixels: U8, luma: I32) -> Iterator[I32]:
    """Chroma tables that may go with a luma table, the likeliest first, each once."""
    seen: set[bytes] = set()
    for table in _companions(found, pixels, luma.astype(np.int64)):
        steps = table.reshape(64).astype(np.int32)
        if steps.tobytes() not in seen:
            seen.add(steps.tobytes())
            yield steps


def _companions(found: Findings, pixels: U8, luma: I64) -> Iterator[I64]:
    table = found.table
    if found.chroma and found.chroma.quality:
        yield ijg_chroma(found.chroma.quality)
    if table is not None and not table.ijg:
        yield from _of_known_writer(found, luma)
    yield ijg_chroma(equivalent_quality(luma))
    colours = Colours.of_array(pixels)
    reading = read_chroma(colours, 0, 0) if colours else None
    if reading is not None:
        if reading.log_likelihood is not None:
            yield ijg_chroma(int(QUALITIES[reading.log_likelihood.argmax()]))
        yield _read_steps(reading.blocks)
    yield luma


def _of_known_writer(found: Findings, luma: I64) -> Iterator[I64]:
    """Chroma tables that known encoders write beside a luma table."""
    for listed in by_steps().get(tuple(luma.tolist()), ()):
        if listed.chroma:
            yield np.array(listed.chroma, np.int64)
    mozjpeg = match_mozjpeg(luma)
    if mozjpeg and mozjpeg[1].quality:
        yield scaled(np.array(MOZJPEG_CHROMA[mozjpeg[0]], np.int64), mozjpeg[1].quality)
    factor = match_scaled(luma)
    for rounding in ROUNDINGS if factor else ():
        yield np.clip(np.floor(np.array(IJG_CHROMA) * factor + rounding), 1, MAX_STEP).astype(np.int64)
    writer = found.table.writer if found.table else None
    if writer and writer.family == Family.JPEGLI and writer.quality:
        for subsampled in (False, True):
            yield jpegli_table(quality_to_distance(writer.quality), "Cb", subsampled)
    if writer and writer.family in (Family.FFMPEG, Family.GUETZLI):
        yield luma
