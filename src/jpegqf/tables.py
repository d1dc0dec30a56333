"""Quantization tables of known encoders, by quality factor."""

import numpy as np
from numpy.typing import NDArray

QUALITIES = np.arange(1, 101)
"""The IJG quality factors, int64 (100,)."""

# ITU-T T.81 (1992), Annex K, table K.1, in row-major (not zigzag) order: row = vertical frequency.
IJG_LUMA_BASE: NDArray[np.int64] = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def ijg_luma(quality: int) -> NDArray[np.int64]:
    """Luma table that libjpeg's ``jpeg_set_quality(quality, force_baseline=TRUE)`` writes.

    Returns steps as int64 (8, 8), 1..255, row = vertical frequency. Raises ValueError outside 1..100.
    Source: Independent JPEG Group, ``jcparam.c`` (``jpeg_quality_scaling``, ``jpeg_add_quant_table``).
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality factor {quality} is outside 1..100")
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((IJG_LUMA_BASE * scale + 50) // 100, 1, 255)


def ijg_luma_all() -> NDArray[np.int64]:
    """All candidate luma tables, int64 (100, 64): row i is quality i + 1, frequencies row-major."""
    return np.stack([ijg_luma(int(q)).reshape(64) for q in QUALITIES])
