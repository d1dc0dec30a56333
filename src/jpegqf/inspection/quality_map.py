"""A plane -> the quality of each of its square pieces: parts that were pasted in stand out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jpegqf.errors import ImageSkippedError
from jpegqf.model.predictor import SMALLEST_SIDE, Predictor
from jpegqf.pixels.luma import Luma

MOST_PIECES = 600
"""Pieces of the map; they grow with the image."""
SMALLEST_PIECE = 64
"""Pixels of a piece's side, at least."""


@dataclass(frozen=True)
class PieceQualities:
    """Quality and confidence of each square piece of an image, float64 (rows, columns); ``side`` in pixels.

    Where a piece shows no JPEG grid, or nothing at all, both are NaN.
    """

    quality: NDArray[np.float64]
    confidence: NDArray[np.float64]
    side: int


def quality_map(predictor: Predictor, luma: Luma) -> PieceQualities:
    """Judge an image piece by piece: what was pasted in from another JPEG on the same grid stands out."""
    height, width = luma.plane.shape
    side = SMALLEST_PIECE
    while (height // side) * (width // side) > MOST_PIECES:
        side *= 2
    side = max(SMALLEST_SIDE, min(side, height // 8 * 8, width // 8 * 8))
    shape = (height // side, width // side)
    quality, confidence = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, column in np.ndindex(*shape):
        try:
            prediction = predictor.examine(luma.crop(row * side, column * side, side, side), search=False)
        except ImageSkippedError:  # a flat piece
            continue
        if prediction.has_grid:
            quality[row, column] = prediction.rounded
            confidence[row, column] = prediction.confidence
    return PieceQualities(quality, confidence, side)
