"""A plane -> the quality of each of its square pieces: that of the last save, or of an earlier one."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64
from jpegqf.errors import ImageSkippedError
from jpegqf.evidence.blocks import block_lattice
from jpegqf.evidence.settings import EvidenceSettings
from jpegqf.evidence.synthesis import agreement
from jpegqf.history.earlier_save import earlier_save
from jpegqf.inspection.findings import Findings
from jpegqf.model.predictor import SMALLEST_SIDE, Predictor
from jpegqf.pixels.luma import Luma
from jpegqf.tables.check import share_expected

MOST_PIECES, SMALLEST_PIECE = 600, 64
"""Most pieces of the map of the last save, and their least side in pixels; they grow with the image."""
MOST_MODELLED_PIECES = 48
"""Most pieces of that map that the model judges, 5 to 10 ms each; pieces grow until few blocks decide the others."""
MOST_EARLIER_PIECES, SMALLEST_EARLIER_PIECE = 24, 96
"""The same of the map of earlier saves, of which a piece costs 10 to 40 ms."""
LEAST_RETURNING = 0.5
"""Least share of a piece's blocks that must come back under a table for the piece to be of its save."""
Judged = tuple[float, float]
"""The quality and the confidence of a piece."""


@dataclass(frozen=True)
class PieceQualities:
    """Quality and confidence of each square piece of an image, float64 (rows, columns); ``side`` in pixels.

    Where nothing was found in a piece, or nothing can be told, both are NaN.
    """

    quality: NDArray[np.float64]
    confidence: NDArray[np.float64]
    side: int


def quality_map(predictor: Predictor, luma: Luma, found: Findings) -> PieceQualities:
    """The quality of the last save in each piece, on the grid of the first pixel; NaN where it shows none there.

    NaN all over where neither the whole image nor a region shows one. ``luma``: the predicted plane of ``found``.
    Pieces whose blocks come back under the table of the last save, where that is known, have its quality; few blocks
    decide others; the model judges the rest.
    """
    side = _smallest_side(luma, SMALLEST_PIECE, MOST_PIECES)
    last = found.prediction
    if last and not last.has_grid and not found.is_mixture:
        return _blank(luma, side)
    luma = Luma(luma.plane, luma.marks, luma.green)  # converted once, where that is done when it is looked at
    decide = partial(_decided, predictor, _known_save(found))
    pieces = _blank(luma, side)
    while not _fill(pieces, luma, decide, MOST_MODELLED_PIECES):
        pieces = _blank(luma, pieces.side * 3 // 16 * 8)
    _fill(pieces, luma, partial(_modelled, predictor))
    return pieces


def _known_save(found: Findings) -> tuple[I64, Judged] | None:
    """The last save of the predicted plane where its table tells it: 64 steps, row-major, its quality and confidence.

    The table is the header's where the pixels are what that gives, or the one that the pixels show where it is not the
    IJG's. None elsewhere: pixels saved more coarsely come back under some IJG tables, too.
    """
    header, evidence, last = found.header, found.header_evidence, found.prediction
    if last is None or not last.has_grid:
        return None
    own_luma = found.decoded is not None and found.decoded.own_luma and not last.by_green
    if found.own_table and own_luma and header is not None and header.luma is not None:
        steps = header.luma.steps.T if last.grid.turned else header.luma.steps
        named = evidence.luma.quality if evidence and evidence.luma and evidence.luma.kind == "exact" else None
        return steps.reshape(64), (named or last.rounded, last.confidence)
    shown = None if found.table is None or found.table.ijg else found.table_of_plane
    return None if shown is None else (shown.reshape(64), (last.rounded, last.confidence))


def _decided(predictor: Predictor, known: tuple[I64, Judged] | None, piece: Luma) -> Judged | None:
    """What a piece's blocks say without the model; None where they leave it open."""
    if known and _comes_back(piece, known[0], predictor.model.config.evidence):
        return known[1]
    told = predictor.decided(piece, own_luma=False)
    return (told.rounded, told.confidence) if told else None


def _modelled(predictor: Predictor, piece: Luma) -> Judged | None:
    """What the model says of a piece; None where it shows no JPEG grid, or is flat."""
    try:
        told = predictor.examine(piece, search=False)
    except ImageSkippedError:
        return None
    return (told.rounded, told.confidence) if told.has_grid else None


def _comes_back(piece: Luma, steps: I64, settings: EvidenceSettings) -> bool:
    """Whether enough of a piece's blocks come back under 64 steps, row-major."""
    lattice = block_lattice(piece, 0, 0)
    asked = np.count_nonzero(lattice.informative)
    returning = agreement(lattice, steps.astype(np.float32), settings.pixel_tolerance, settings.clip_rounds)
    return bool(asked and np.count_nonzero(returning) >= LEAST_RETURNING * share_expected(steps) * asked)


def earlier_map(luma: Luma, last_table: I64) -> PieceQualities:
    """The quality of an earlier save in each piece of a JPEG; NaN where none was found or its quality is unknown.

    Arguments as for :func:`jpegqf.history.earlier_save.earlier_save`; confidence: the probability of that save.
    """

    def judge(piece: Luma) -> Judged | None:
        history = earlier_save(piece, last_table)
        if history.first is None or history.first.quality is None:
            return None
        return history.first.quality, history.recompressed_probability or 0.0

    pieces = _blank(luma, _smallest_side(luma, SMALLEST_EARLIER_PIECE, MOST_EARLIER_PIECES))
    _fill(pieces, luma, judge)
    return pieces


def _smallest_side(luma: Luma, smallest: int, most: int) -> int:
    """The least multiple of ``smallest``, in pixels, that gives at most ``most`` pieces; less of a smaller image."""
    height, width = luma.shape
    side = smallest
    while (height // side) * (width // side) > most:
        side += smallest
    return max(SMALLEST_SIDE, min(side, height // 8 * 8, width // 8 * 8))


def _blank(luma: Luma, side: int) -> PieceQualities:
    """Pieces of which nothing is known yet."""
    height, width = luma.shape
    shape = (height // side, width // side)
    return PieceQualities(np.full(shape, np.nan), np.full(shape, np.nan), side)


def _fill(
    pieces: PieceQualities, luma: Luma, judge: Callable[[Luma], Judged | None], most_open: float = math.inf
) -> bool:
    """Fill in what ``judge`` says of pieces not known yet; False once it leaves over ``most_open`` open."""
    still_open = 0
    for row, column in np.argwhere(np.isnan(pieces.quality)).tolist():
        judged = judge(luma.crop(row * pieces.side, column * pieces.side, pieces.side, pieces.side))
        if judged:
            pieces.quality[row, column], pieces.confidence[row, column] = judged
            continue
        still_open += 1
        if still_open > most_open:
            return False
    return True
