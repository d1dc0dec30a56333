"""The numbers behind the pictures of evidence: patches, and histograms of DCT coefficients."""

import numpy as np
from numpy.typing import NDArray

from jpegqf.evidence.blocks import cut_blocks
from jpegqf.evidence.dct import FORWARD
from jpegqf.evidence.patches import corners
from jpegqf.model.predictor import Predictor
from jpegqf.pixels.luma import Luma

PLOTTED_FREQUENCIES = ((0, 1), (1, 0), (1, 1), (2, 2))
"""(row, column) of the DCT coefficients whose histograms are shown: low ones are seldom all zero."""


def coefficients_of(luma: Luma) -> NDArray[np.float32]:
    """DCT coefficients of the different blocks without clipped pixels, grid at the first pixel; (blocks, 64)."""
    blocks = cut_blocks([luma.crop(0, 0, 1024, 1024)])
    sound = ~(blocks.low | blocks.high).any(axis=1)
    out: NDArray[np.float32] = (blocks.pixels[sound].astype(np.float32) - 128) @ FORWARD
    return out


def coefficient_histogram(
    coefficients: NDArray[np.float32], frequency: tuple[int, int], step: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts (n,) and edges (n + 1,) of |coefficient| at one (row, column), up to some multiples of ``step``."""
    values = np.abs(coefficients[:, 8 * frequency[0] + frequency[1]])
    end = max(6 * step, float(np.quantile(values, 0.9)) if len(values) else 0.0)
    edges = np.arange(0, end + 0.5, max(0.25, end / 200))
    return np.histogram(values[values <= end], bins=edges)[0], edges


def patches_used(luma: Luma, predictor: Predictor) -> list[tuple[int, int, int]]:
    """Row and column of the first pixel, and side, of each patch judged; none where the image is used as a whole."""
    rule = predictor.model.config.patch_rule
    return [(top, left, rule.size) for top, left in corners(luma, rule)]
