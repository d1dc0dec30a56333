"""A plane -> the quality of each of its square pieces: that of the last save, or of an earlier one."""

from collections.abc import Callable
from dataclasses import dataclass

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

    ``luma``: the predicted plane of ``found``. Where that shows another table than the IJG's, pieces whose blocks come
    back under it have its quality; the model judges the others.
    """
    last, settings = found.prediction, predictor.model.config.evidence
    shown = None if found.table is None or found.table.ijg else found.table_of_plane

    def judge(piece: Luma) -> Judged | None:
        if last and shown is not None and _comes_back(piece, shown.reshape(64), settings):
            return last.rounded, last.confidence
        try:
            prediction = predictor.examine(piece, search=False)
        except ImageSkippedError:  # a flat piece
            return None
        return (prediction.rounded, prediction.confidence) if prediction.has_grid else None

    return _of_pieces(luma, judge, SMALLEST_PIECE, MOST_PIECES)


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

    return _of_pieces(luma, judge, SMALLEST_EARLIER_PIECE, MOST_EARLIER_PIECES)


def _of_pieces(luma: Luma, judge: Callable[[Luma], Judged | None], smallest: int, most: int) -> PieceQualities:
    height, width = luma.shape
    side = smallest
    while (height // side) * (width // side) > most:
        side += smallest
    side = max(SMALLEST_SIDE, min(side, height // 8 * 8, width // 8 * 8))
    shape = (height // side, width // side)
    quality, confidence = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, column in np.ndindex(*shape):
        judged = judge(luma.crop(row * side, column * side, side, side))
        if judged:
            quality[row, column], confidence[row, column] = judged
    return PieceQualities(quality, confidence, side)
