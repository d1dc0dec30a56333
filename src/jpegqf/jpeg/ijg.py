"""The quantization tables that libjpeg (IJG) scales by a quality of 1 to 100."""

from functools import lru_cache

import numpy as np

from jpegqf.arrays import F32, F64, I64

QUALITIES = np.arange(1, 101)
"""The IJG quality factors, int64 (100,)."""

# fmt: off

IJG_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)
"""ITU-T T.81 (1992), Annex K, table K.1, row-major: row = vertical frequency."""

IJG_LUMA_BASE: I64 = np.array(IJG_LUMA).reshape(8, 8)
"""IJG_LUMA as int64 (8, 8)."""

MAX_STEP, MAX_WIDE_STEP = 255, 32767
"""Largest steps written in 8-bit tables (``force_baseline``) and in 16-bit ones."""


def scaled(base: I64, quality: int, largest: int = MAX_STEP) -> I64:
    """``base`` as libjpeg scales it for a quality 1..100; int64 of its shape, steps 1..``largest``.

    Raises ValueError outside 1..100. Source: Independent JPEG Group, ``jcparam.c``
    (``jpeg_quality_scaling``, ``jpeg_add_quant_table``).
    """
    if not 1 <= quality <= 100:
        raise ValueError(f"quality factor {quality} is outside 1..100")
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((base * scale + 50) // 100, 1, largest)


def real_quality(factor: float) -> float:
    """The quality, to 0.1, at which libjpeg would scale the base tables by ``factor`` if it took real numbers."""
    return round(100 - 50 * factor if factor < 1 else 50 / factor, 1)


def ijg_luma(quality: int) -> I64:
    """Luma table that libjpeg's ``jpeg_set_quality(quality, force_baseline=TRUE)`` writes.

    Returns steps as int64 (8, 8), 1..255, row = vertical frequency. Raises ValueError outside 1..100.
    """
    return scaled(IJG_LUMA_BASE, quality)


@lru_cache(maxsize=1)
def ijg_luma_all() -> I64:
    """All candidate luma tables, int64 (100, 64), read-only: row i is quality i + 1, frequencies row-major."""
    tables = np.stack([ijg_luma(int(q)).reshape(64) for q in QUALITIES])
    tables.flags.writeable = False
    return tables


STEP_INDEX = ijg_luma_all() - 1
"""Index of each candidate's step among the steps 1..255, int64 (100, 64)."""
TURNED_INDEX = STEP_INDEX.reshape(100, 8, 8).swapaxes(1, 2).reshape(100, 64)
"""The same for an image turned by 90 degrees, which transposes its tables."""

CANDIDATES = 100
"""Number of candidate tables: one of each IJG quality."""
INTEGER_STEPS: I64 = ijg_luma_all()
"""Quantization steps of the candidates, the 100 IJG luma tables: int64 (100, 64), row i is quality i + 1."""
STEPS: F32 = INTEGER_STEPS.astype(np.float32)
"""The same as float32."""

IJG_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99,
)
"""ITU-T T.81 (1992), Annex K, table K.2, row-major."""
IJG_CHROMA_BASE: I64 = np.array(IJG_CHROMA).reshape(8, 8)
"""IJG_CHROMA as int64 (8, 8)."""
FREQUENCY_WEIGHTS: F64 = 1 / (1 + np.add.outer(np.arange(8), np.arange(8)).reshape(64))
FREQUENCY_WEIGHTS /= FREQUENCY_WEIGHTS.sum()
"""Weight of each frequency when tables are compared: 1 / (1 + row + column), float64 (64,), row-major, sum 1.

See :func:`jpegqf.jpeg.table_match.table_error`.
"""


def ijg_chroma(quality: int) -> I64:
    """Chroma table that ``jpeg_set_quality(quality, force_baseline=TRUE)`` writes, int64 (8, 8), steps 1..255."""
    return scaled(IJG_CHROMA_BASE, quality)
