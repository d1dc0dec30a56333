"""A plane -> the quality of each of its square pieces: that of the last save, or of an earlier one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegqf.arrays import I64
from jpegqf.errors import ImageSkippedError
from jpegqf.history.earlier_save import earlier_save
from jpegqf.model.predictor import SMALLEST_SIDE, Predictor
from jpegqf.pixels.luma import Luma

MOST_PIECES, SMALLEST_PIECE = 600, 64
"""Most pieces of the map of the last save, and their least side in pixels; they grow with the image."""
MOST_EARLIER_PIECES, SMALLEST_EARLIER_PIECE = 24, 96
"""The same of the map of earlier saves, of which a piece costs 10 to 40 ms."""
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


def quality_map(predictor: Predictor, luma: Luma) -> PieceQualities:
    """The quality of the last save in each piece, on the grid of the first pixel; NaN where it shows none there."""

    def judge(piece: Luma) -> Judged | None:
        try:
            prediction = predictor.examine(piece, search=False)
        except ImageSkippedError:  # a flat piece
            return None
        return (prediction.rounded, prediction.confidence) if prediction.has_grid else None

    return _of_pieces(luma, judge, SMALLEST_PIECE, MOST_PIECES)


def earlier_map(luma: Luma, last_table: I64) -> PieceQualities:
    """The quality of an earlier save in each piece of a JPEG; NaN where none was found or its quality is unknown.

    Arguments as for :func:`jpegqf.history.earlier_save.earlier_save`; confidence: the probability of that save.
    """

    def judge(piece: Luma) -> Judged | None:
        history = earlier_save(piece, last_table)
        if not history.found or history.first_quality is None:
            return None
        return history.first_quality, history.recompressed_probability or 0.0

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
