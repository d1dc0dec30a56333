"""Tables that encoders make by rules of their own: ffmpeg's, from MPEG's intra matrix, and guetzli's."""

from functools import lru_cache

import numpy as np

from jpegqf.arrays import I64
from jpegqf.jpeg.header import ZIGZAG
from jpegqf.jpeg.ijg import MAX_STEP

# fmt: off

MPEG_INTRA = (
    8, 16, 19, 22, 26, 27, 29, 34,
    16, 16, 22, 24, 27, 29, 34, 37,
    19, 22, 26, 27, 29, 34, 34, 38,
    22, 22, 26, 27, 29, 34, 37, 40,
    22, 26, 27, 29, 32, 35, 40, 48,
    26, 27, 29, 32, 35, 40, 48, 58,
    26, 27, 29, 34, 38, 46, 56, 69,
    27, 29, 35, 38, 46, 56, 69, 83,
)
"""Default matrix of intra blocks, row-major (ISO/IEC 11172-2:1993, 2.4.3.2; ISO/IEC 13818-2:2000, 6.3.11)."""

# fmt: on

FFMPEG_NAME = "ffmpeg -q:v"
FFMPEG_QUALITIES = range(1, 70)
"""What ``-q:v`` takes: 1 is the finest, 31 the coarsest unless ``-qmax`` allows more, and 69 the last."""
FFMPEG_DC = 8
"""ffmpeg's step of DC, at any quality."""


def ffmpeg_table(quality: int) -> I64:
    """The table that ffmpeg writes for ``-q:v``, for luma and chroma alike; int64 (64,), row-major, steps 1..255.

    Each step is ``MPEG_INTRA * quality // 8``, that of DC is 8. Measured: all 69 tables of ffmpeg 5.1 with 4:2:0,
    4:2:2 and 4:4:4. Raises ValueError for another quality.
    """
    if quality not in FFMPEG_QUALITIES:
        raise ValueError(f"ffmpeg has no quality {quality}: 1 to 69")
    table = np.clip(np.array(MPEG_INTRA, np.int64) * quality // 8, 1, MAX_STEP)
    table[0] = FFMPEG_DC
    return table


def match_ffmpeg(steps: I64) -> int | None:
    """The quality 1..69 at which ffmpeg writes these 64 steps, or None."""
    return _qualities().get(steps.astype(np.int64).tobytes())


@lru_cache(maxsize=1)
def _qualities() -> dict[bytes, int]:
    return {ffmpeg_table(quality).tobytes(): quality for quality in FFMPEG_QUALITIES}


GUETZLI_LARGEST = 63
"""Largest first step of guetzli's tables that is expected; at its lowest quality, 84, 11 was seen."""


def guetzli_tables() -> list[I64]:
    """The tables that guetzli chooses from, for luma and chroma alike; int64 (64,) each, row-major.

    In zigzag order some steps are an odd number, and the others larger by 2; which, it finds by trying. Measured on
    guetzli 1.0.1 at its qualities 84 to 95, as its ``processor.cc`` has it. One number alone could be others', too.
    """
    order, tables = np.array(ZIGZAG), []
    for first in range(1, GUETZLI_LARGEST + 1, 2):
        for count in range(1, 64):
            table = np.full(64, first + 2, np.int64)
            table[order[:count]] = first
            tables.append(table)
    return tables


def is_guetzli(steps: I64) -> bool:
    """Whether these 64 steps are one of guetzli's tables."""
    return steps.astype(np.int64).tobytes() in _guetzli_keys()


@lru_cache(maxsize=1)
def _guetzli_keys() -> frozenset[bytes]:
    return frozenset(table.tobytes() for table in guetzli_tables())
